# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster's objects say of its revisions and of what follows them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.configured import LabelledObject
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import (
    DELETING,
    EAST_WEST,
    GATEWAY_API,
    INGRESS,
    NEVER,
    ROLLING,
    MeshWorkload,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.left_over import left_over
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import ENABLE, HOOKS, REV, World, api_gateway, deployment, injector, space

ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}


def world(*workloads: dict[str, Any], **more: Any) -> World:
    return World.of([space("shop", **{REV: "prod"}), space("own")], workloads, {"prod": "blue"}, **more)


def seen(there: World, name: str) -> MeshWorkload:
    return next(workload for workload in there.state().workloads if workload.name == name)


def pod(name: str, revision: str, owner: dict[str, Any] | None = None, **labels: str) -> dict[str, Any]:
    owners = [{"controller": True, **owner}] if owner else []
    meta = {"name": name, "namespace": "shop", "labels": labels, "annotations": {REV: revision} if revision else {}, "ownerReferences": owners}
    return {"metadata": meta, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}


@pytest.mark.parametrize(
    ("kind", "spec", "restarts"),
    [("StatefulSet", {}, ROLLING), ("StatefulSet", ON_DELETE, DELETING), ("DaemonSet", ON_DELETE, DELETING)],
)
def test_each_kind_is_made_anew_in_its_own_way(kind: str, spec: dict[str, Any], restarts: str) -> None:
    one = deployment("shop", "store")
    one["spec"] |= spec
    there = world(**{kind: [one]})
    there.live["Pod"].append(pod("store-0", "blue", {"kind": kind, "name": "store"}))
    assert (seen(there, "store").restarts, seen(there, "store").made) == (restarts, {"blue": 1})


@pytest.mark.parametrize(
    ("owner", "kind", "name"),
    [
        (None, "Pod", "alone"),
        ({"kind": "Job", "name": "import"}, "Pod", "alone"),
        ({"kind": "Kafka", "name": "events"}, "Kafka", "events"),
    ],
)
def test_what_no_restart_reaches_is_listed(owner: dict[str, Any] | None, kind: str, name: str) -> None:
    there = world()
    there.live["Pod"].append(pod("alone", "blue", owner))
    assert (seen(there, name).kind, seen(there, name).restarts) == (kind, NEVER)


def test_what_an_operator_makes_is_not_restarted_behind_its_back() -> None:
    assert seen(world(deployment("shop", "a", ownerReferences=[{"kind": "Kafka", "name": "x", "controller": True}])), "a").restarts == NEVER


def test_pods_that_ended_or_have_no_proxy_do_not_count() -> None:
    there = world(deployment("shop", "a"))
    ended, leaving = pod("ended", "blue"), pod("leaving", "blue")
    ended["status"]["phase"], leaving["metadata"]["deletionTimestamp"] = "Succeeded", "2026-11-27T00:00:00Z"
    there.live["Pod"] += [ended, leaving]
    assert [workload.name for workload in there.state().workloads] == ["a"]


def test_pods_made_while_nobody_injected_are_seen() -> None:
    there = world()
    there.live["Pod"] += [pod("bare", ""), pod("declined", "", None, **{"sidecar.istio.io/inject": "false"})]
    assert [one.plain for one in there.state().spaces if one.name == "shop"] == [("bare",)]


def test_gateways_by_the_service_before_them() -> None:
    annotations = {"inject.istio.io/templates": "gateway"}
    doors = [deployment("own", name, {REV: "blue"}, annotations=annotations) for name in ("in", "ew")]
    services = [{"metadata": {"name": f"{name}-svc", "namespace": "own", "labels": labels}, "spec": {"selector": {"app": name}}}
                for name, labels in (("in", {}), ("ew", {"topology.istio.io/network": "net"}))]
    there = world(*doors, services=services, gateways=[api_gateway("shop", "door"), api_gateway("shop", "named", {REV: "green"})])
    assert [(seen(there, name).gateway, seen(there, name).entrance) for name in ("in", "ew", "door")] == [
        (INGRESS, "own/in-svc"), (EAST_WEST, "own/ew-svc"), (GATEWAY_API, "shop/door"),
    ]  # fmt: skip
    assert (seen(there, "door").following.revision, seen(there, "named").following.revision) == ("blue", "green")


def test_a_budget_that_never_lets_a_pod_go_is_named() -> None:
    def budget(**status: int) -> dict[str, Any]:
        return {"metadata": {"name": "all", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "a"}}}, "status": status}

    stuck = budget(currentHealthy=1, expectedPods=1, disruptionsAllowed=0)
    assert seen(world(deployment("shop", "a"), PodDisruptionBudget=[stuck]), "a").blocked_by == "PodDisruptionBudget all"
    for status in ({"currentHealthy": 0, "expectedPods": 1}, {"currentHealthy": 2, "expectedPods": 2, "disruptionsAllowed": 1}):
        assert seen(world(deployment("shop", "a"), PodDisruptionBudget=[budget(**status)]), "a").blocked_by == ""
    assert seen(world(deployment("shop", "b"), PodDisruptionBudget=[stuck]), "b").blocked_by == ""


def test_objects_that_one_revision_reads_and_their_copies() -> None:
    routes = [{"metadata": {"name": name, "namespace": "shop", "labels": labels}}
              for name, labels in (("a", {REV: "blue"}), ("a-green", {REV: "green"}), ("b", {REV: "blue"}), ("c", {}))]
    assert list(world(VirtualService=routes).state().objects) == [
        LabelledObject("VirtualService shop/a", "blue", ("green",)),
        LabelledObject("VirtualService shop/a-green", "green", ("blue",)),
        LabelledObject("VirtualService shop/b", "blue"),
    ]
    routes[1]["spec"] = {"hosts": ["changed"]}
    assert [one.others for one in world(VirtualService=routes).state().objects] == [("green",), ("blue",), ()]


def test_webhooks_of_nobody_and_those_that_may_be_ignored() -> None:
    there = world()
    there.live[HOOKS] += [injector("grey"), injector("grey", ignored=True) | {"metadata": {"name": "lax", "labels": {REV: "grey"}}}]
    left = left_over(there.live, "istio-system", {"blue", "green"})
    assert [(one.name, one.removable) for one in left] == [
        (f"{HOOKS} istio-sidecar-injector-grey", True), (f"{HOOKS} lax", False),
    ]  # fmt: skip
    assert there.state().unguarded == ("lax/rev.namespace.sidecar-injector.istio.io", "lax/rev.object.sidecar-injector.istio.io")


def test_who_keeps_a_namespace_and_what_it_followed_before() -> None:
    kept = space("kept", **{ENABLE: "enabled", "app.kubernetes.io/managed-by": "hashicorp-vso"})
    turned = space("turned", **{REV: "green"})
    turned["metadata"]["annotations"] = {"meshops.lifecycle/cutover-former": "istio-injection=enabled"}
    there = World.of([kept, turned], [], {"default": "blue"})
    spaces = there.state().space
    assert spaces["kept"].keeper == "the Vault Secrets Operator"
    assert spaces["turned"].former and spaces["turned"].former.revision == "blue"
    assert spaces["turned"].following.revision == "green"
