# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cluster_info on a cluster in memory."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Permission
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.discovery import Kind
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install import stage_refusals
from ansible_collections.meshops.lifecycle.plugins.modules.cluster_info import reconcile
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.quorums import Servers
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import crd
from ansible_collections.meshops.lifecycle.tests.unit.support.cutover_cluster import CutoverCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import HOOKS, NAMESPACE, REV, World, space
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import deployment as workload
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER


class TestRefused:
    """What a stage of Consul's install will refuse is told before anything is written."""

    WISH: ClassVar[dict[str, Any]] = {"cluster": "west", "mesh": "shop", "provider": "consul", "namespace": "mesh"}

    def refused(self, cluster, wish, permissions=()):
        return reconcile(cluster, {"permissions": list(permissions), "crds": [], "wish": wish})["refused"]

    def test_by_what_runs(self):
        secondary = Servers(standing="secondary")
        (said,) = self.refused(secondary, self.WISH)
        assert said.startswith("It is a secondary datacenter, and Consul cannot make it a peer")
        assert self.refused(secondary, {**self.WISH, "role": "remote", "primary": "east"}) == []

    def test_not_without_a_wish_nor_where_nothing_runs_nor_of_what_can_never_be(self):
        assert self.refused(Servers(standing="secondary"), {}) == []
        assert self.refused(FakeCluster(), self.WISH) == []
        assert self.refused(Servers(standing="secondary"), {**self.WISH, "values": {"servers": {"replicas": 2}}}) == []

    def test_not_where_the_answers_would_not_be_whole(self, monkeypatch):
        right = {"verb": "list", "group": "", "resource": "pods", "namespace": "mesh", "name": None}
        cluster = Servers(standing="secondary")
        monkeypatch.setattr(cluster, "denied", list)
        assert self.refused(cluster, self.WISH, [right]) == []

    def test_a_stage_that_cannot_be_looked_at_yet_says_nothing(self, monkeypatch):
        monkeypatch.setattr(stage_refusals, "look", failing)
        assert self.refused(Servers(standing="secondary"), self.WISH) == []


def failing(_cluster, _look):
    raise MeshError("east: the API server has no kind IngressGateway.")


def node(name, version, *cidrs):
    status = {"nodeInfo": {"kubeletVersion": version}}
    spec = {"podCIDRs": list(cidrs)}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec, "status": status}


def told(cluster, permissions=(), crds=()):
    return reconcile(cluster, {"permissions": list(permissions), "crds": list(crds)})


def test_who_it_is():
    result = told(FakeCluster(name="east", uid="some-uid"))
    assert (result["name"], result["uid"], result["openshift"]) == ("east", "some-uid", False)
    assert result["version"] == {"git_version": "v1.34.1", "major": 1, "minor": 34}
    assert result["server"] == "https://east.example:6443"
    assert result["changed"] is False


def test_openshift_is_known_by_its_configuration():
    config = Kind("config.openshift.io/v1", "ClusterVersion", "clusterversions", False)
    assert told(FakeCluster(kinds=[config]))["openshift"]


def test_nodes_and_how_far_they_are_behind():
    cluster = FakeCluster(node("a", "v1.34.1", "10.1.0.0/24"), node("b", "v1.32.7", "10.2.0.0/24"))
    expected = {"count": 2, "kubelet_versions": ["v1.32.7", "v1.34.1"], "skew": 2}
    found = told(cluster)["nodes"]
    assert {key: found[key] for key in expected} == expected


def test_nodes_that_may_not_be_listed_are_left_out(monkeypatch):
    cluster = FakeCluster()
    handle = cluster.backend.handle

    def forbidding(method, path, *rest):
        return Answer(403, b'{"kind": "Status"}') if path == "/api/v1/nodes" else handle(method, path, *rest)

    monkeypatch.setattr(cluster.backend, "handle", forbidding)
    assert told(cluster)["nodes"] is None


def test_missing_permissions_are_ready_to_be_said():
    missing = Permission("create", "", "secrets", "mesh")
    asked = [{"verb": "create", "group": "", "resource": "secrets", "namespace": "mesh", "name": None}]
    (denied,) = told(FakeCluster(refuses=[missing]), permissions=asked)["denied"]
    assert denied == {**asked[0], "sentence": "create secrets in namespace mesh"}


def test_definitions_of_the_groups_and_of_those_below_them():
    helm = {
        "annotations": {"meta.helm.sh/release-name": "istio-base", "meta.helm.sh/release-namespace": "istio-system"},
        "labels": {"app.kubernetes.io/managed-by": "Helm", "operators.coreos.com/sail.operators": ""},
        "managedFields": [
            {"manager": "helm", "operation": "Update", "apiVersion": "v1", "fieldsV1": {}},
            {"manager": "kube-apiserver", "operation": "Update", "subresource": "status", "fieldsV1": {}},
        ],
    }
    ours, other = crd("networking.istio.io"), crd("notistio.io")
    ours["metadata"] |= helm
    (found,) = told(FakeCluster(ours, other), crds=["istio.io"])["crds"]
    assert found == {
        "name": "widgets.networking.istio.io",
        "release": "istio-system/istio-base",
        "managed_by": "Helm",
        "operators": ["sail.operators"],
        "managers": ["helm"],
        "keeper": "",
        "bundle": None,
        "channel": None,
        "stored_versions": ["v1"],
    }


def test_definitions_of_nobody():
    (found,) = told(FakeCluster(crd("istio.io")), crds=["istio.io"])["crds"]
    assert (found["release"], found["managed_by"], found["operators"]) == (None, None, [])
    assert told(FakeCluster(crd("istio.io")))["crds"] == []


def deployment(name, image):
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "one", "image": image}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "app"}, "spec": spec}


def supplied(cluster):
    return reconcile(cluster, {"permissions": [], "crds": [], "supply": "istio", "namespace": "mesh"})["supply"]


def test_what_names_a_place_that_goes_away_is_found_wherever_it_runs():
    hub = {"values": '{"global": {"hub": "gcr.io/istio-release"}}'}
    config = {"name": "istio-sidecar-injector-stable", "namespace": "mesh", "labels": {"istio.io/rev": "stable"}}
    template = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": config, "data": hub}
    cluster = FakeCluster(deployment("old", "registry.istio.io/release/pilot:1.30.2"), deployment("new", "docker.io/istio/pilot:1.31.3"), template)
    assert supplied(cluster) == {"unread": [], "named": [
        {"place": "registry.istio.io", "kind": "Deployment", "where": "app/old", "text": "registry.istio.io/release/pilot:1.30.2"},
        {"place": "gcr.io/istio-release", "kind": "injection template", "where": "mesh/istio-sidecar-injector-stable", "text": "gcr.io/istio-release"},
    ]}
    assert told(cluster)["supply"] is None


def test_kinds_that_may_not_be_listed_are_named(monkeypatch):
    cluster = FakeCluster(deployment("old", "registry.istio.io/release/pilot:1.30.2"))
    handle = cluster.backend.handle

    def forbidding(method, path, *rest):
        return Answer(403, b'{"kind": "Status"}') if path in ("/api/v1/pods", "/apis/apps/v1/daemonsets") else handle(method, path, *rest)

    monkeypatch.setattr(cluster.backend, "handle", forbidding)
    found = supplied(cluster)
    assert (found["unread"], [one["where"] for one in found["named"]]) == (["DaemonSet", "Pod"], ["app/old"])


def test_of_the_gateway_apis_definitions_the_metadata_will_do() -> None:
    """These CRDs are large, and the collection does not write them."""
    borrowed = crd("gateway.networking.k8s.io")
    borrowed["metadata"]["annotations"] = {"gateway.networking.k8s.io/bundle-version": "v1.5.1", "gateway.networking.k8s.io/channel": "standard"}
    cluster = FakeCluster(borrowed)
    (found,) = told(cluster, crds=["gateway.networking.k8s.io"])["crds"]
    assert (found["bundle"], found["channel"]) == ("v1.5.1", "standard")
    assert not [request for request in cluster.transport.requests if "customresourcedefinitions/" in request]


def astray(cluster, mesh="istio"):
    return reconcile(cluster, {"permissions": [], "crds": [], "supply": mesh, "namespace": NAMESPACE})["stray"]


def test_what_leads_pods_astray_is_told_in_the_words_of_a_cutover():
    world = World.of([space("shop", **{REV: "prod"}), space("bank", **{REV: "gone"})], [workload("shop", "a")], {"prod": "blue"})
    world.planes.pop("green")
    cluster = CutoverCluster(world)
    (plain,) = [pod["metadata"] for pod in cluster.backend.of("Pod") if pod["metadata"]["namespace"] == "shop"]
    del plain["annotations"][REV]
    left, label, pod = astray(cluster)
    assert left.startswith(f"of the revision green, which has no control plane, these objects are left: {HOOKS} istio-sidecar-injector-green")
    assert label == "namespace bank follows gone, which is neither a revision nor a tag, so its pods start without a proxy; mend the label"
    assert pod == f"a pod of namespace shop runs without a proxy ({plain['name']}); restart what has none first"


def test_pods_are_read_only_where_a_namespace_is_injected_and_nothing_by_a_mesh_without_revisions(monkeypatch):
    cluster = FakeCluster()
    assert astray(cluster) == []
    assert not [request for request in cluster.transport.requests if "/api/v1/pods" in request and "status.phase" in request]
    monkeypatch.setitem(PROVIDERS, "paper", PAPER)
    assert astray(FakeCluster(), "paper") == []


def forbidden(cluster, monkeypatch, path):
    handle = cluster.backend.handle
    monkeypatch.setattr(cluster.backend, "handle", lambda method, asked, *rest: Answer(403, b'{"kind": "Status", "message": "user jane may not"}')
                        if path in asked else handle(method, asked, *rest))


def test_who_may_not_read_pods_is_told_of_tags_and_labels_and_that_nobody_looked_for_pods(monkeypatch):
    world = World.of([space("shop", **{REV: "prod"}), space("bank", **{REV: "gone"})], [workload("shop", "a")], {"prod": "blue", "old": "grey"})
    cluster = CutoverCluster(world)
    forbidden(cluster, monkeypatch, "/api/v1/pods")
    left, tag, label, unread = astray(cluster)
    assert left.startswith("of the revision grey, which has no control plane, these objects are left")
    assert tag == "the revision tag old leads to grey, which is not installed; lead it elsewhere or delete it"
    assert label.startswith("namespace bank follows gone")
    assert unread == "the credential is not allowed to list pods, so nobody looked for pods that run without a proxy"


def test_who_may_not_read_webhooks_is_told_that_nobody_looked(monkeypatch):
    cluster = CutoverCluster(World.of([space("shop", **{REV: "gone"})], [workload("shop", "a")], {}))
    forbidden(cluster, monkeypatch, "mutatingwebhook")
    (unread,) = astray(cluster)
    told = "so nobody looked for labels, revision tags and webhooks that lead pods astray"
    assert unread == f"the credential is not allowed to list mutatingwebhookconfigurations, {told}"
