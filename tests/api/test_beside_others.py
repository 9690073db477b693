# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster in which others have objects already: another revision, the platform, istioctl. On a real API server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Conflict
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.claim import objections
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install import claims, control_plane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links import remote_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.releases import reconcile
from ansible_collections.meshops.lifecycle.plugins.modules import cluster_info
from ansible_collections.meshops.lifecycle.tests.unit.support.helm_records import record
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_wishes import CREDENTIAL, WISHES


@pytest.fixture(scope="module")
def cluster(admin: dict[str, Any]) -> Cluster:
    return connect(admin, environ={})


def _narrowed(cluster: Cluster, name: str) -> None:
    """What AKS does to every webhook, some seconds after it was written."""
    path = f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{name}"
    added = {"key": "control-plane", "operator": "NotIn", "values": ["true"]}
    patch = [{"op": "add", "path": "/webhooks/0/namespaceSelector/matchExpressions/-", "value": added}]
    told = cluster._server.transport.request("PATCH", path, {"fieldManager": "admissionsenforcer"}, patch, content_type="application/json-patch+json")
    assert told.ok


def test_a_revision_beside_another_leaves_validation_and_definitions_where_they_are(cluster: Cluster) -> None:
    """Which revision validates is read from a live webhook and Helm's records."""
    place = "validated"
    hook = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "istiod-default-validator", "labels": {"istio.io/rev": "1-29"}}, "webhooks": []}  # fmt: skip
    helms = record("istio-base", version="1.31.0", values={"defaultRevision": "1-28", "global": {"istioNamespace": place}}, namespace=place)
    wish = ControlPlane.of({"cluster": "east", "mesh": "shop", "namespace": place, "version": "1.30.2", "revision": "1-30"})
    wished = {"releases": [one.as_dict() for one in control_plane.releases(wish)], "state": "present", "pending_grace": 0}
    before = reconcile(cluster, wished)["due"][0]
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}}, hook, helms])
    try:
        beside = reconcile(cluster, wished)["due"][0]
    finally:
        cluster.delete([Ref.of(hook), Ref.of(helms)])
    assert (before["values"]["defaultRevision"], before["version"]) == ("1-30", "1.30.2"), "the first install sets it"
    assert (beside["values"]["defaultRevision"], beside["version"]) == ("1-29", "1.31.0")
    assert beside["reason"] == 'defaultRevision "1-28" -> "1-29"', "what Helm remembers is mended to what lives"


def test_what_the_platform_narrowed_is_left_to_it(cluster: Cluster) -> None:
    """AKS's admissions enforcer owns a selector to which it has added something. If we wrote the selector, each later write would conflict."""
    wish = control_plane.manifests(WISHES["primary"])[1:]
    hook = Ref.of(wish[-1])
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}}])
    try:
        first = cluster.apply(wish)
        _narrowed(cluster, hook.name)
        second = cluster.apply(wish)
        moved = cluster.apply(control_plane.manifests(replace(WISHES["primary"], revision="1-30"))[1:])
        live = cluster.get(hook) or {}
    finally:
        cluster.delete([Ref.of(each) for each in wish])
    assert [[change.action for change in changes] for changes in (first, second, moved)] == [["created"] * 2, ["unchanged"] * 2, ["updated"] * 2]
    keys = [one["key"] for one in live["webhooks"][0]["namespaceSelector"]["matchExpressions"]]
    assert keys == ["istio.io/rev", "istio-injection", "control-plane"], "both are heeded"
    assert live["webhooks"][0]["clientConfig"]["service"]["name"] == "istiod-1-30"


LEFT = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: istio-reader-service-account, namespace: istio-system, labels: {app: istio-reader, release: istio}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: istio-reader-clusterrole-stable-istio-system, labels: {app: istio-reader, release: istio}}
rules: []
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-revision-tag-default, labels: {app: sidecar-injector, istio.io/rev: 1-27, istio.io/tag: default}}
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig: {service: {name: istiod-1-27, namespace: istio-system, path: /inject, port: 443}}
  namespaceSelector: {matchExpressions: [{key: istio.io/rev, operator: In, values: [default]}]}
  rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods]}]
  failurePolicy: Fail
  sideEffects: None
  admissionReviewVersions: [v1]
---
apiVersion: v1
kind: Secret
metadata: {name: istio-remote-secret-west, namespace: istio-system, labels: {istio/multiCluster: "true"}, annotations: {networking.istio.io/cluster: west}}
stringData: {west: a kubeconfig that is not one}
---
apiVersion: v1
kind: Secret
metadata: {name: mesh-peer-west, namespace: istio-system, labels: {istio/multiCluster: "true"}}
stringData: {west: another kubeconfig that is not one}
"""


@pytest.fixture
def left(cluster: Cluster) -> Iterator[list[Ref]]:
    """What istioctl and a person's kubectl made, as they make it: not by server-side apply."""
    objects = list(yaml.safe_load_all(LEFT))
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}}])
    for one in objects:
        kind = cluster._server.discovery.find(one["apiVersion"], one["kind"])
        assert kind
        query = {"fieldManager": "kubectl-client-side-apply"}
        assert cluster._server.transport.request("POST", kind.path(one["metadata"].get("namespace")), query, one).ok
    yield [Ref.of(one) for one in objects]
    cluster.delete([Ref.of(one) for one in [*objects, *control_plane.manifests(WISHES["primary"])[1:]]])


def test_what_istioctl_left_is_named_and_taken_over_by_one_word(cluster: Cluster, left: list[Ref]) -> None:
    wish = WISHES["primary"]
    claimed = [claim.as_dict() for claim in claims.claims(wish, ["west"])]

    def seen(adopt: bool = False) -> list[str]:
        return objections(cluster_info.reconcile(cluster, {"permissions": [], "crds": [], "claims": [{**one, "adopt": adopt} for one in claimed]})["claimed"])

    leading, named, rival = seen()
    assert leading.startswith("the MutatingWebhookConfiguration istio-revision-tag-default leads to the revision 1-27, and an install of another one would")
    assert named.startswith("the ServiceAccount istio-system/istio-reader-service-account and 2 more belong to the field manager kubectl-client-side-apply ")
    assert rival.startswith("the Secret istio-system/mesh-peer-west belongs to ") and "leads to west, as istio-remote-secret-west " in rival
    assert "a kubeconfig" not in named + rival
    assert seen(adopt=True) == [leading, rival], "which of the two is to go, and what new pods get, is for a person to say"
    ours = [*control_plane.manifests(wish)[1:], remote_secret.link(CREDENTIAL, "istio-system")]
    with pytest.raises(Conflict, match="belongs to kubectl-client-side-apply"):
        cluster.apply(ours)
    taken, again = cluster.apply(ours, force=True), cluster.apply(ours)
    assert [change.action for change in taken] == ["created", "updated", "updated"]
    assert [change.action for change in again] == ["unchanged"] * 3
    live = cluster.get(left[2]) or {}
    assert live["metadata"]["labels"]["istio.io/rev"] == "stable"
    assert {hook["clientConfig"]["service"]["name"] for hook in live["webhooks"]} == {"istiod-stable"}
    assert "and 1 more belong to" in seen()[0], "what is Helm's is Helm's to take"
