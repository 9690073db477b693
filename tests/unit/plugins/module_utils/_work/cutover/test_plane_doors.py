# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gateways of a plane's colours get their pods before any traffic and lose them after all of it, killed after any write, forward and back."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.declared import planes
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.plan import ABSENT, MOVE, MOVED, PREPARE, SETTLED
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.planes import other
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.shifts import DRAIN, PlaneState, phase, shift_plan
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.plane_doors import REPLICAS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import cutover_plane
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_planes import DECLARED, NAMESPACE, SPACE, live
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

PLANE = "application"
ARGO = [{"manager": "argocd-controller", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]


def door(colour: str, replicas: int, **meta: Any) -> dict[str, Any]:
    one = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": f"door-{colour}", "namespace": SPACE, **meta}}
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
    return {**one, "spec": {"replicas": replicas}, "status": {**counts, "observedGeneration": 1}}


def given(**more: Any) -> dict[str, Any]:
    wanted = copy.deepcopy({PLANE: DECLARED[PLANE]})
    for colour in ("blue", "green"):
        wanted[PLANE][colour] |= {"gateways": [{"namespace": SPACE, "name": f"door-{colour}"}], **more}
    return wanted


class Estate:
    """A cluster whose Deployments have as many pods as they ask for, and which counts its writes."""

    def __init__(self, blue: int = 3, green: int = 0, *more: dict[str, Any], **meta: Any) -> None:
        objects = [*(one for kind in live().values() for one in kind), door("blue", blue, **meta), door("green", green), *more]
        self.cluster = FakeCluster(*objects, react=self.follow)

    @staticmethod
    def follow(there: dict[str, Any]) -> None:
        if there["kind"] == "Deployment":
            counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), there["spec"]["replicas"])
            there["status"] = {**counts, "observedGeneration": there["metadata"].get("generation", 1)}

    def ask(self, cluster: FakeCluster | None = None, **params: Any) -> dict[str, Any]:
        usual = {"provider": "istio", "namespace": NAMESPACE, "mesh": "shop", "to": None, "share": None, "test": False, "back": False, "kept": "write"}
        more = {"wave": 0, "timeout": 60, "lease": None, "plane": PLANE, "planes": given(), "gateways": None}
        return cutover_plane.reconcile(cluster or self.cluster, {**usual, **more, **params}, clock=Ticking())

    def state(self) -> PlaneState:
        return PlaneState.of(json.loads(self.ask()["state"]))

    def pods(self) -> dict[str, int]:
        return {colour: sum(one.replicas for one in own) for colour, own in self.state().doors.items()}

    def run(self, target: str) -> None:
        """What the role does: the gateways of the target first, then its shares, and those of the former last."""
        plane = planes(given())[PLANE]
        for _step in range(20):
            steps = shift_plan("shop", plane, [self.state()], target).steps
            if not steps:
                return
            if steps[0].name == PREPARE:
                self.ask(to=target, gateways="open")
            elif steps[-1].name == DRAIN and len(steps) == 1:
                self.ask(to=other(target), gateways="drain")
            else:
                moves = [step for step in steps if step.name == MOVE]
                self.ask(to=target, share=plane.weights[moves[0].wave - 1])
        raise AssertionError("it never ends")


class Killed(BaseException):
    """The run ended after a write."""


def killed(estate: Estate, target: str, after: int) -> bool:
    """Run until so many writes were made; return whether it was killed."""
    left = [after]
    amend = estate.cluster.amend

    def write(*args: Any, **how: Any) -> Any:
        if not left[0]:
            raise Killed
        left[0] -= 1
        served(estate)
        change = amend(*args, **how)
        served(estate)
        return change

    estate.cluster.amend = write  # type: ignore[method-assign]
    try:
        estate.run(target)
    except Killed:
        return True
    finally:
        estate.cluster.amend = amend  # type: ignore[method-assign]
    return False


def served(estate: Estate) -> None:
    """Whoever gets traffic has pods."""
    there = {one["metadata"]["name"]: one["spec"]["replicas"] for one in estate.cluster.list("apps/v1", "Deployment", SPACE)}
    weighed = estate.state().weighed
    for colour in ("blue", "green"):
        assert there[f"door-{colour}"] or not any(one.share(colour) for one in weighed), colour


def test_all_of_it_forward_and_back() -> None:
    estate = Estate(blue=3)
    assert phase(estate.state(), "green") == ABSENT
    estate.run("green")
    assert (estate.pods(), phase(estate.state(), "green")) == ({"blue": 0, "green": 3}, SETTLED)
    blue = estate.cluster.list("apps/v1", "Deployment", SPACE)[0]["metadata"]
    assert (blue["name"], blue["annotations"]) == ("door-blue", {REPLICAS: "3"})
    estate.run("blue")
    assert (estate.pods(), {one.green for one in estate.state().weighed}) == ({"blue": 3, "green": 0}, {0})
    assert REPLICAS not in (estate.cluster.list("apps/v1", "Deployment", SPACE)[0]["metadata"].get("annotations") or {})


@pytest.mark.parametrize("target", ["green", "blue"])
def test_killed_after_any_write_somebody_serves_and_it_ends_the_same(target: str) -> None:
    for after in range(100):
        estate = Estate(blue=3)
        if target == "blue":
            estate.run("green")
        if not killed(estate, target, after):
            assert after > 10
            return
        assert not killed(estate, target, 100)
        assert estate.pods() == {target: 3, other(target): 0}, after


def test_turned_back_after_any_write_everything_is_blue() -> None:
    for after in range(100):
        estate = Estate(blue=3)
        stopped = killed(estate, "green", after)
        assert not killed(estate, "blue", 100)
        assert (estate.pods(), {one.green for one in estate.state().weighed}) == ({"blue": 3, "green": 0}, {0}), after
        if not stopped:
            return


def test_again_it_writes_nothing() -> None:
    estate = Estate(blue=0, green=2)
    assert [estate.ask(to=to, gateways=what)["changed"] for to, what in (("green", "open"), ("blue", "drain"))] == [False, False]


def test_nobody_loses_pods_that_traffic_still_goes_to() -> None:
    estate = Estate(green=2)
    estate.ask(to="green", share=50)
    before = len(estate.cluster.writes)
    with pytest.raises(Refused, match="the gateways of blue of plane application keep their pods, because traffic still goes there: VirtualService planes/shop "
                                      "gives it 50 percent.*Give green all of it first"):  # fmt: skip
        estate.ask(to="blue", gateways="drain")
    estate.ask(to="green", share=100)
    estate.cluster.backend.objects.pop(("v1", "pods", SPACE, "application-green-1"))
    with pytest.raises(Refused, match="keep their pods, because green cannot take the traffic: no pod of namespace planes"):
        estate.ask(to="blue", gateways="drain")
    assert [one for one in estate.cluster.writes[before:] if "deployments" in one] == []


def test_a_colour_without_pods_gets_no_traffic() -> None:
    estate = Estate()
    with pytest.raises(NotReady, match="green of plane application cannot take traffic after 6. s, because Deployment planes/door-green has no pods"):
        estate.ask(to="green", share=10)
    assert estate.cluster.writes == []


@pytest.mark.parametrize(("scaler", "said"), [
    ({"spec": {"minReplicas": 0}}, "may be scaled to none and back by HorizontalPodAutoscaler any"),
    ({"spec": {"minReplicas": 1}, "owner": "ScaledObject"}, "is scaled by KEDA's ScaledObject by-queue, which would wake it again"),
])  # fmt: skip
def test_who_would_wake_a_gateway_is_refused(scaler: dict[str, Any], said: str) -> None:
    owners = [{"kind": scaler["owner"], "name": "by-queue"}] if "owner" in scaler else []
    aimed = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "door-blue"}
    one = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "any", "namespace": SPACE, "ownerReferences": owners},
           "spec": {**scaler["spec"], "scaleTargetRef": aimed}}  # fmt: skip
    estate = Estate(3, 2, one)
    estate.ask(to="green", share=100)
    with pytest.raises(Refused, match=said):
        estate.ask(to="blue", gateways="drain")
    assert estate.pods()["blue"] == 3


def test_one_that_does_not_exist_is_named() -> None:
    estate = Estate()
    wanted = given()
    wanted[PLANE]["green"]["gateways"][0]["name"] = "nobody"
    with pytest.raises(Refused, match="Deployment planes/nobody does not exist; mend gateways in mesh_planes"):
        estate.ask(to="green", gateways="open", planes=wanted)


def test_it_comes_back_with_as_many_pods_as_the_other_one_needs_by_now() -> None:
    estate = Estate(blue=0, green=5, annotations={REPLICAS: "3"})
    estate.ask(to="blue", gateways="open")
    assert estate.pods() == {"blue": 5, "green": 5}


def test_what_another_tool_keeps_is_named_and_waited_for() -> None:
    estate = Estate(3, 2, managedFields=ARGO)
    estate.ask(to="green", share=100)
    asked = estate.ask(estate.cluster.checking(), to="blue", gateways="drain", kept="wait")["kept"]
    assert [(one["name"], one["keeper"], one["patch"]["spec"]) for one in asked] == [("door-blue", "Argo CD", {"replicas": 0})]
    with pytest.raises(NotReady, match="gateways of plane application still have pods after 6. s: Deployment planes/door-blue"):
        estate.ask(to="blue", gateways="drain", kept="wait")
    assert estate.pods()["blue"] == 3


def test_check_mode_stores_nothing() -> None:
    estate = Estate(3, 2)
    estate.ask(to="green", share=100)
    assert estate.ask(estate.cluster.checking(), to="blue", gateways="drain")["changed"]
    assert estate.pods() == {"blue": 3, "green": 2}


def test_where_it_stands_between_the_last_share_and_the_end() -> None:
    estate = Estate(3, 2)
    estate.ask(to="green", share=100)
    assert phase(estate.state(), "green") == MOVED
    plane = planes(given())[PLANE]
    assert [step.name for step in shift_plan("shop", plane, [estate.state()], "green").steps] == [DRAIN]
    assert shift_plan("shop", plane, [estate.state()], "green", drains=False).done
