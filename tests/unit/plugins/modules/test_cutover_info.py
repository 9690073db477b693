# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows which revision, from the objects of a cluster in memory and from what its istiods say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import ClusterState
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.probes import SPACES
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.target import in_use
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.modules import cutover_info
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import (
    HOOKS,
    NAMESPACE,
    REV,
    World,
    deployment,
    injector,
    said,
    space,
    stored,
    tag,
)

SYNCZ = {name: (NAMESPACE, f"istiod-{name}-1", 15014, "/debug/syncz") for name in ("blue", "green")}


def world() -> World:
    spaces = [space("default"), space("shop", **{REV: "prod"}), space("bank", **{REV: "green"}), space("none")]
    return World.of(spaces, [deployment("shop", "a"), deployment("bank", "b"), deployment("none", "c")], {"prod": "blue", "default": "blue"})


def info(there: World, *more: dict[str, Any], answers: dict[Any, Any] | None = None, **odd: Any) -> dict[str, Any]:
    seen = FakeCluster(*stored(there), *more, answers={**said(there, **odd), **(answers or {})})
    told = cutover_info.reconcile(seen, {"provider": "istio", "namespace": NAMESPACE})
    assert seen.writes == []
    return told


def workload(told: dict[str, Any], name: str) -> Any:
    return next(one for one in ClusterState.of(json.loads(told["state"])).workloads if one.name == name)


def test_who_follows_which_revision() -> None:
    told = info(world())
    assert [(one["name"], one["version"], one["ready"]) for one in told["revisions"]] == [("blue", "1.30.1", 1), ("green", "1.31.0", 1)]
    assert told["tags"] == [{"name": name, "webhook": "blue", "service": "blue"} for name in ("default", "prod")]
    assert told["follows"] == {
        "blue": {"namespaces": 1, "workloads": 1, "made": 1, "served": 1},
        "green": {"namespaces": 1, "workloads": 1, "made": 1, "served": 1},
    }
    assert (told["default_revision"], told["turned"], told["plain"], told["silent"], told["changed"]) == ("blue", [], [], [], False)


def test_the_state_is_all_there_after_its_way_through_json() -> None:
    told = info(world())
    state = ClusterState.of(json.loads(told["state"]))
    assert json.dumps(state.facts(), separators=(",", ":")) == told["state"]
    assert (state.space["shop"].following.rule, state.ready("green"), state.legacy) == ("tag", True, "")
    assert workload(told, "a").moved("blue")


def test_tags_are_read_although_other_namespaces_come_before_that_of_the_mesh() -> None:
    there = world()
    there.live["Namespace"].insert(0, space("a-first"))
    assert [tag["name"] for tag in info(there)["tags"]] == ["default", "prod"]


def test_a_proxy_that_left_one_istiod_for_another_is_served_by_the_one_that_it_is_in_sync_with() -> None:
    there = world()
    name = next(pod["metadata"]["name"] for pod in there.live["Pod"] if pod["metadata"]["namespace"] == "shop")
    stale = istio_live.synced(f"{name}.shop", cluster_acked="an earlier one")
    assert dict(workload(info(there, green=[stale]), "a").connected) == {"blue": 1}
    sent = {"resources": {"type": {"sentTime": "2100-01-01T00:00:00.5Z"}}}
    later = istio_live.synced(f"{name}.shop", **sent)  # type: ignore[arg-type]
    assert dict(workload(info(there, green=[later]), "a").connected) == {"green": 1}
    answers = {SYNCZ["blue"]: json.dumps([stale]).encode()}
    assert workload(info(there, answers=answers), "a").unsynced == (name,)


@pytest.mark.parametrize("answer", [MeshError("no route"), b"<html>"])
def test_an_istiod_that_says_nothing_is_named_and_its_proxies_are_served_by_nobody(answer: Any) -> None:
    told = info(world(), answers={SYNCZ["blue"]: answer})
    assert told["silent"] == ["istio-system/istiod-blue-1"]
    assert (dict(workload(told, "a").connected), workload(told, "a").moved("blue")) == ({"": 1}, False)


def remote(there: World, east: FakeCluster) -> dict[str, Any]:
    """West, which has no control plane; east serves it."""
    params = {"provider": "istio", "namespace": NAMESPACE, "primary_kube": {"cluster": "east"}}
    seen = FakeCluster(*stored(World(there.live, {})), name="west")
    told = cutover_info.reconcile(seen, params, lambda *_to, **_how: east)
    assert (seen.writes, east.writes) == ([], [])
    return told


def test_proxies_of_another_cluster_are_told_apart_and_measured_there() -> None:
    """Both clusters have a pod of the same name."""
    there = world()
    names = {pod["metadata"]["namespace"]: pod["metadata"]["name"] for pod in there.live["Pod"]}
    elsewhere = [istio_live.synced(f"{names['shop']}.shop", "west"), istio_live.synced(f"{names['bank']}.bank", "west", cluster_acked="")]
    assert dict(workload(info(there, green=elsewhere), "a").connected) == {"blue": 1}
    west = remote(there, FakeCluster(*stored(there), answers=said(there, green=elsewhere)))
    assert west["served_by"] == "east"
    assert [one["name"] for one in west["revisions"]] == ["blue", "green"]
    assert dict(workload(west, "a").connected) == {"green": 1}
    assert workload(west, "b").unsynced == (names["bank"],)


def test_a_remote_cluster_has_only_those_revisions_whose_webhooks_it_has() -> None:
    there, fewer = world(), world()
    fewer.live[HOOKS] = [hook for hook in fewer.live[HOOKS] if hook["metadata"]["name"] != "istio-sidecar-injector-blue"]
    west = remote(fewer, FakeCluster(*stored(there), answers=said(there)))
    assert [one["name"] for one in west["revisions"]] == ["green"]


def test_an_istiod_of_the_primary_that_says_nothing_is_named() -> None:
    there = world()
    assert remote(there, FakeCluster(*stored(there)))["silent"] == ["istio-system/istiod-blue-1", "istio-system/istiod-green-1"]


def test_namespaces_in_which_a_revision_is_tried_are_not_the_users() -> None:
    there = world()
    before = info(there)["follows"]["green"]
    for name in SPACES:
        there.live["Namespace"].append(space(name, **{REV: "green", "app.kubernetes.io/name": "meshops-probe"}))
        there.live["Deployment"].append(deployment(name, "echo"))
        there.roll(there.live["Deployment"][-1])
    assert info(there)["follows"]["green"] == before == {"namespaces": 1, "workloads": 1, "made": 1, "served": 1}


def test_the_namespace_of_the_role_verify_moves_like_any_other() -> None:
    there = world()
    there.live["Namespace"].append(space("meshops-probe", **{REV: "green", "app.kubernetes.io/name": "meshops-probe"}))
    there.live["Deployment"].append(deployment("meshops-probe", "echo"))
    there.roll(there.live["Deployment"][-1])
    assert info(there)["follows"]["green"] == {"namespaces": 2, "workloads": 2, "made": 2, "served": 2}


def test_another_mesh_in_the_cluster_is_left_alone() -> None:
    """Its webhooks are no leftovers, its revisions are not in use, and its pods are not without a proxy."""
    there = world()
    for hook in (injector("red"), tag("next", "red")[1]):
        for each in hook["webhooks"]:
            each["clientConfig"]["service"]["namespace"] = "istio-other"
        there.live[HOOKS].append(hook)
    there.live["Namespace"] += [space("istio-other"), space("theirs", **{REV: "red"}), space("tagged", **{REV: "next"})]
    there.live["Deployment"].append(deployment("theirs", "x"))
    there.live["Pod"].append({"metadata": {"name": "x-1", "namespace": "theirs", "annotations": {REV: "red"}, "labels": {}}, "status": {"phase": "Running"}})
    told = info(there)
    state = ClusterState.of(json.loads(told["state"]))
    assert (sorted(told["follows"]), state.leftovers, in_use([state], "green"), told["plain"]) == (["blue", "green"], (), ["blue"], [])
    assert {"theirs", "tagged"} & {known.name for known in state.spaces} == set()
    assert [known["name"] for known in told["tags"]] == ["default", "prod"]


def test_versions_beside_the_revisions() -> None:
    agent = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "cni", "namespace": "kube-system", "labels": {"k8s-app": "istio-cni-node"}},
             "spec": {"template": {"spec": {"containers": [{"image": "docker.io/istio/install-cni:1.30.0"}]}}}}  # fmt: skip
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {
        "name": "gateways.gateway.networking.k8s.io", "annotations": {"gateway.networking.k8s.io/bundle-version": "v1.4.0"}},
        "spec": {"group": "gateway.networking.k8s.io", "scope": "Namespaced", "names": {"kind": "Gateway", "plural": "gateways"},
                 "versions": [{"name": "v1", "served": True, "storage": True}]}}  # fmt: skip
    state = json.loads(info(world(), agent, crd)["state"])
    assert (state["cni"], state["gateway_api"], state.get("node_proxies")) == ("1.30.0", "v1.4.0", None)
