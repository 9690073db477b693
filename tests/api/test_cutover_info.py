# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows which revision, read from a real API server: its webhooks, labels and pods, and an istiod that a port-forward reaches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import ClusterState
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install import tags
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_live import synced
from meshlab import apionly

from .conftest import Play, Step, way_to
from .istio_crds import istio_crds
from .kubelet import kubelet

SYSTEM, REV = "cut-system", "istio.io/rev"
SPACES = {SYSTEM: {}, "cut-tagged": {REV: "api-prod"}, "cut-named": {REV: "green"}, "cut-plain": {REV: "gren"}, "cut-none": {}}
CONTAINER = {"name": "app", "image": "app"}


def labelled(kind: str, version: str, name: str, space: str | None = None, **more: Any) -> dict[str, Any]:
    labels, rest = more.pop("labels", {}), more
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **({"namespace": space} if space else {}), "labels": labels}, **rest}


def workload(space: str, name: str, kind: str = "Deployment", **labels: str) -> dict[str, Any]:
    own = {"app": name, **labels}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": own}, "spec": {"containers": [CONTAINER]}}}
    return labelled(kind, "apps/v1", name, space, spec={**spec, **({"serviceName": name} if kind == "StatefulSet" else {})})


def istiod(revision: str) -> dict[str, Any]:
    own = {"app": "istiod", REV: revision}
    container = {"name": "discovery", "image": f"istio/pilot:1.31.{len(revision)}"}
    template = {"metadata": {"labels": {**own, "sidecar.istio.io/inject": "false"}}, "spec": {"containers": [container]}}
    return labelled("Deployment", "apps/v1", f"istiod-{revision}", SYSTEM, labels=own, spec={"selector": {"matchLabels": own}, "template": template})


def webhook(revision: str) -> dict[str, Any]:
    """With the selectors of the chart, which this collection's tags have too."""
    _service, hook = tags.manifests(ControlPlane("east", "cut", version="1.31.0", revision=revision, tags=(revision,), namespace=SYSTEM))
    del hook["metadata"]["labels"]["istio.io/tag"]
    hook["metadata"]["name"] = f"istio-sidecar-injector-{revision}-{SYSTEM}"
    return hook


def pod(space: str, name: str, made_by: str = "", **more: Any) -> dict[str, Any]:
    annotations = {REV: made_by} if made_by else {}
    spec = {"automountServiceAccountToken": False, "containers": [CONTAINER], **more}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": space, "annotations": annotations}, "spec": spec}


def report(cluster: Cluster, path: str, **status: Any) -> None:
    answer = cluster._server.transport.request("PATCH", f"{path}/status", body={"status": status}, content_type="application/merge-patch+json")
    assert answer.ok, answer.body


def make_pods(cluster: Cluster) -> None:
    """Before there is a webhook: nobody answers it here."""
    for one in (pod("cut-tagged", "a-1", "blue"), pod("cut-named", "b-1", "blue"), pod("cut-named", "old"), pod(SYSTEM, "istiod-blue-1", nodeName="cut")):
        space, name = one["metadata"]["namespace"], one["metadata"]["name"]
        if name == "istiod-blue-1":
            one["metadata"]["labels"] = {"app": "istiod", REV: "blue", "sidecar.istio.io/inject": "false"}
        cluster.create(one)
        state = {"name": "app", "ready": True, "restartCount": 0, "image": "x", "imageID": "x", "state": {"running": {}}}
        conditions = [{"type": "Ready", "status": "True"}]
        report(cluster, f"/api/v1/namespaces/{space}/pods/{name}", phase="Running", containerStatuses=[state], conditions=conditions)


@pytest.fixture(scope="module")
def api_server() -> Iterator[Any]:
    """A server of its own: no controller removes these namespaces, and other tests would wait for pods in them."""
    with apionly.running("of-cutover-info") as server:
        yield server


@pytest.fixture(scope="module")
def admin(api_server: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"kubeconfig": way_to(api_server, tmp_path_factory.mktemp("way")).kubeconfig, "context": "admin", "cluster": "east"}


@pytest.fixture(scope="module")
def there(admin: dict[str, Any], api_server: Any) -> Iterator[Cluster]:
    cluster = connect(admin, environ={})
    service, hook = tags.manifests(ControlPlane("east", "cut", version="1.31.0", revision="blue", tags=("api-prod",), namespace=SYSTEM))
    hooks = [hook, webhook("blue"), webhook("green")]
    route = labelled("VirtualService", "networking.istio.io/v1", "web", "cut-named", labels={REV: "blue"}, spec={"hosts": ["web"]})
    with kubelet(api_server.directory / "pki") as node:
        cluster.apply([labelled("Namespace", "v1", name, labels=labels) for name, labels in SPACES.items()])
        accounts = [labelled("ServiceAccount", "v1", "default", name) for name in SPACES]
        cluster.apply([*accounts, istio_crds()["virtualservices.networking.istio.io"], labelled("Node", "v1", "cut")])
        here = [{"type": "InternalIP", "address": "127.0.0.1"}]
        report(cluster, "/api/v1/nodes/cut", addresses=here, daemonEndpoints={"kubeletEndpoint": {"Port": node.port}})
        make_pods(cluster)
        cluster.apply([istiod("blue"), istiod("green"), service, route, workload("cut-tagged", "a"), workload("cut-named", "b", "StatefulSet"), *hooks])
        report(cluster, f"/apis/apps/v1/namespaces/{SYSTEM}/deployments/istiod-blue", replicas=1, readyReplicas=1)
        said = json.dumps([synced("a-1.cut-tagged"), synced("b-1.cut-named", cluster_acked=""), synced("a-1.cut-tagged", "west")]).encode()
        node.answer = lambda _request: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)
        yield cluster


@pytest.fixture
def seen(there: Cluster, play: Play) -> dict[str, Any]:
    ran = play(Step("cutover_info", {"namespace": there and SYSTEM}))
    (told,) = ran.results
    assert not told["failed"], ran.output
    return told


def test_what_follows_which_revision(seen: dict[str, Any]) -> None:
    assert [(one["name"], one["ready"], one["desired"]) for one in seen["revisions"]] == [("blue", 1, 1), ("green", 0, 1)]
    assert seen["tags"] == [{"name": "api-prod", "webhook": "blue", "service": "blue"}]
    state = ClusterState.of(json.loads(seen["state"]))
    rules = {name: (state.space[name].following.rule, state.space[name].following.revision) for name in SPACES}
    outside = dict.fromkeys((SYSTEM, "cut-none"), ("nothing", ""))
    assert rules == {**outside, "cut-tagged": ("tag", "blue"), "cut-named": ("named", "green"), "cut-plain": ("named", "")}
    assert (state.space["cut-named"].following.blocked, state.space["cut-plain"].following.plain) == (True, True)
    assert [(one.name, one.revision) for one in state.objects if "cut-" in one.name] == [("VirtualService cut-named/web", "blue")]
    assert [name for name in seen["plain"] if name.startswith("cut-")] == ["cut-named/old"]


def test_who_serves_which_proxy(seen: dict[str, Any]) -> None:
    state = ClusterState.of(json.loads(seen["state"]))
    pods = {one.where: (dict(one.made), dict(one.connected), one.unsynced) for one in state.workloads if one.kind == "Pod"}
    assert pods["Pod cut-tagged/a-1"] == ({"blue": 1}, {"blue": 1}, ())
    assert pods["Pod cut-named/b-1"] == ({"blue": 1}, {"blue": 1}, ("b-1",))
    assert {(one.kind, one.restarts) for one in state.workloads if one.name in ("a", "b")} == {("Deployment", "rolling"), ("StatefulSet", "rolling")}


def test_a_plan_follows_from_it(seen: dict[str, Any]) -> None:
    hosts = {"east": {"mesh_name": "cut", "mesh_kube": {"context": "admin"}, "seen": seen}}
    made = FILTERS["_cutover_plan"](list(hosts), hosts, "east", "seen", {"to": "green", "former": "blue"})
    assert made["phases"] == {"east": "absent"}
    assert [step["step"] for step in made["steps"]][:3] == ["prepare", "try", "move"]
    assert made["waves"][0]["spaces"] == {"east": ["cut-named", "cut-tagged"]}
    told = "east: namespace cut-plain follows gren, which is neither a revision nor a tag, so its pods start without a proxy; mend the label."
    assert told in made["findings"]


def test_without_rights_it_says_which(there: Cluster, play: Play) -> None:
    (told,) = play(Step("cutover_info", {"namespace": there and SYSTEM, "context": "reader"})).results
    assert told["failed"]
    assert told["msg"].startswith("east: not allowed to")
