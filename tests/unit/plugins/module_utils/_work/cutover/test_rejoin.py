# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before a revision goes, gateways serve from their first Deployments again: write by write, killed after any of them, and turned back after any of them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Aim
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.turning import SECOND_OF
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import cutover
from ansible_collections.meshops.lifecycle.tests.unit.support.cutover_cluster import API, CutoverCluster, Kept
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import NAMESPACE, REV, World, deployment, space
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

FORWARD, BACK = Aim("green", "blue"), Aim("blue", "green")
GATEWAY = {"inject.istio.io/templates": "gateway"}
DOOR, BELL, ARCH = f"{NAMESPACE}/door", "bells/bell", "arches/arch"
SERVICES = [DOOR, BELL, ARCH]
REPLICAS = 2


def gateway(place: str, labels: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    where, _slash, name = place.partition("/")
    made = deployment(where, name, labels, annotations=GATEWAY)
    made["spec"]["replicas"] = REPLICAS
    return made, {"metadata": {"name": name, "namespace": where, "labels": {}}, "spec": {"selector": {"app": name}}}


def scaler(place: str) -> dict[str, Any]:
    where, _slash, name = place.partition("/")
    aimed = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {"metadata": {"name": name, "namespace": where}, "spec": {"minReplicas": 1, "maxReplicas": 5, "scaleTargetRef": aimed}}


def budget(**picks: str) -> dict[str, Any]:
    return {"metadata": {"name": "door", "namespace": NAMESPACE}, "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "door", **picks}}}}


def cluster(*more: dict[str, Any]) -> CutoverCluster:
    """A gateway whose template names its revision, as a release makes it; one that names a tag; and one that follows its namespace."""
    pairs = [gateway(DOOR, {REV: "blue"}), gateway(BELL, {REV: "prod"}), gateway(ARCH, {})]
    spaces = [space("shop", **{REV: "prod"}), space("bells"), space("arches", **{REV: "prod"})]
    there = World.of(spaces, [deployment("shop", "a"), *(one for one, _service in pairs)], {"prod": "blue"}, services=[service for _one, service in pairs])
    there.live |= {"HorizontalPodAutoscaler": [scaler(DOOR)], "PodDisruptionBudget": [budget(**{REV: "blue"})]}
    own = {"service": {"name": "istiod-green", "namespace": NAMESPACE}}
    there.live["ValidatingWebhookConfiguration"][0]["webhooks"] = [{"name": "any", "clientConfig": {"service": {"name": "istiod-blue"}}}]
    there.live["ValidatingWebhookConfiguration"] += [
        {"metadata": {"name": f"istio-validator-{name}", "labels": {REV: name}}, "webhooks": [{"name": "any", "clientConfig": own}]}
        for name in ("blue", "green")
    ]
    return CutoverCluster(there, *more)


def ask(there: CutoverCluster, step: str, aim: Aim = FORWARD, **options: Any) -> dict[str, Any]:
    told = {name: spec.get("default") for name, spec in cutover.TASK["argument_spec"].items()}
    wanted = {"provider": "istio", "namespace": NAMESPACE, "mesh": "prod", "step": step, "target": aim.target, "former": aim.former, "timeout": 30, **options}
    return cutover.reconcile(there, {**told, **wanted}, None, Ticking())


def move(there: CutoverCluster, aim: Aim = FORWARD) -> None:
    ask(there, "move", aim, spaces=["shop"])
    for service in SERVICES:
        ask(there, "move", aim, services=[service])
    ask(there, "finish", aim)


def moved(*more: dict[str, Any]) -> CutoverCluster:
    there = cluster(*more)
    move(there)
    return there


def settle(there: CutoverCluster, aim: Aim = FORWARD) -> None:
    ask(there, "rejoin", aim)
    ask(there, "retire_first", aim)


class Served:
    """Each Service always has so many pods, and all are of the revision that everything follows, or, on the way back, of one of both."""

    def __init__(self, there: CutoverCluster) -> None:
        self.there, self.states = there, 0

    def __call__(self) -> None:
        self.states += 1
        for slices in self.there.backend.of("EndpointSlice"):
            assert len(slices["endpoints"]) >= REPLICAS, (self.states, slices["metadata"]["name"])


def gateways(there: CutoverCluster) -> dict[str, tuple[int, str]]:
    """By name, how many pods each has and which revision its template names."""
    seen = [one for one in there.backend.of("Deployment") if one["spec"]["template"].get("metadata", {}).get("annotations") == GATEWAY]
    return {one["metadata"]["name"]: (one["spec"]["replicas"], one["spec"]["template"]["metadata"]["labels"].get(REV, "")) for one in seen}


def names(there: CutoverCluster, kind: str) -> list[str]:
    return sorted(one["metadata"]["name"] for one in there.backend.of(kind))


def serving(there: CutoverCluster) -> set[str]:
    notes = [pod["metadata"].get("annotations", {}) for pod in there.backend.of("Pod")]
    return {note[REV] for note in notes if GATEWAY.items() <= note.items()}


def states(there: CutoverCluster) -> list[Kept]:
    """As it is after the first write of settling, after the second, and so on."""
    seen: list[Kept] = []
    there.watch(Served(there), lambda: seen.append(there.kept()))
    settle(there)
    there.watch()
    return seen


def test_each_gateway_serves_from_its_first_deployment_and_nothing_of_the_second_is_left() -> None:
    there = moved()
    assert gateways(there) == {"door": (0, "blue"), "bell": (0, "prod"), "arch": (0, ""),
                               "door-green": (2, "green"), "bell-green": (2, "green"), "arch-green": (2, "green")}  # fmt: skip
    there.watch(Served(there))
    told = ask(there, "rejoin")
    assert (told["late"], told["step"]) == ([], "rejoin")
    assert {name: count for name, (count, _label) in gateways(there).items() if count} == {"door": 2, "bell": 2, "arch": 2}
    ask(there, "retire_first")
    assert gateways(there) == {"door": (2, "green"), "bell": (2, "prod"), "arch": (2, "")}
    assert (names(there, "HorizontalPodAutoscaler"), names(there, "PodDisruptionBudget")) == (["door"], ["door"])
    assert serving(there) == {"green"}


def test_again_it_writes_nothing() -> None:
    there = moved()
    settle(there)
    assert [ask(there, step)["changed"] for step in ("rejoin", "retire_first")] == [False, False]


def test_killed_after_any_write_it_ends_the_same() -> None:
    there = moved()
    left = states(there)
    whole = there.picture()
    assert len(left) == 3 + 3 + 3 + 5, "each comes in, each leaves, the tag's halves and the validator forget, each goes with what scales and guards it"
    for number, kept in enumerate(left):
        there.back_to(kept)
        there.watch(Served(there))
        settle(there)
        assert there.picture() == whole, number


def test_turned_back_after_any_write_the_former_revision_serves_and_can_settle_too() -> None:
    there = moved()
    for number, kept in enumerate(states(there)):
        there.back_to(kept)
        there.watch(Served(there))
        move(there, BACK)
        assert serving(there) == {"blue"}, number
        settle(there, BACK)
        assert (serving(there), sorted(name for name, (count, _label) in gateways(there).items() if count)) == ({"blue"}, ["arch", "bell", "door"]), number
        assert [one for one in gateways(there) if one.endswith(("-blue", "-green"))] == [], number


@pytest.mark.parametrize("replicas", [0, 1, REPLICAS])
def test_whatever_installed_it_may_have_brought_it_to_the_target_before(replicas: int) -> None:
    """A release that says how many replicas there are lets it serve by itself; with an autoscaler it leaves the number alone."""
    there = moved()
    door = there.live("Deployment", NAMESPACE, "door")
    door["spec"]["template"]["metadata"]["labels"] |= {REV: "green", "app.kubernetes.io/version": "1.31.0"}
    door["spec"]["replicas"] = replicas
    there.backend.control()
    there.watch(Served(there))
    settle(there)
    assert (gateways(there)["door"], "door-green" in gateways(there)) == ((2, "green"), False)


def test_as_many_pods_come_in_as_leave() -> None:
    there = moved()
    there.live("Deployment", NAMESPACE, "door-green")["spec"]["replicas"] = 5
    there.backend.control()
    settle(there)
    assert gateways(there)["door"] == (5, "green")


def test_the_second_of_a_second_one_belongs_to_the_first() -> None:
    """Neither is retired in between, so the next cutover begins where the second Deployment serves."""
    there = moved()
    there.backend.objects.pop(("apps/v1", "deployments", NAMESPACE, "door-blue"), None)
    there.live("Deployment", NAMESPACE, "door")["spec"]["template"]["metadata"]["labels"][REV] = "green"
    move(there, BACK)
    assert there.live("Deployment", NAMESPACE, "door-blue")["metadata"]["annotations"][SECOND_OF] == "door"
    settle(there, BACK)
    assert gateways(there)["door"] == (2, "blue")
    assert names(there, "HorizontalPodAutoscaler") == ["door"]


def test_a_deployment_whose_selector_names_its_revision_goes_and_its_second_one_stays() -> None:
    there = cluster()
    there.live("Deployment", NAMESPACE, "door")["spec"]["selector"]["matchLabels"][REV] = "blue"
    move(there)
    there.watch(Served(there))
    settle(there)
    assert {name: count for name, count in gateways(there).items() if name.startswith("door")} == {"door-green": (2, "green")}


def test_a_gateway_that_somebody_else_took_the_pods_of_stays() -> None:
    own, _service = gateway(f"{NAMESPACE}/spare", {REV: "blue"})
    own["spec"]["replicas"] = 0
    there = moved({"apiVersion": API["Deployment"], "kind": "Deployment", **own})
    settle(there)
    assert gateways(there)["spare"] == (0, "blue")


def test_nothing_of_the_revision_goes_while_a_second_deployment_serves() -> None:
    there = moved()
    before = there.picture()
    said = "gateways serve from the second Deployments arch-green, bell-green, door-green. Do the step rejoin before blue is removed"
    with pytest.raises(Refused, match=said):
        ask(there, "retire_first")
    assert there.picture() == before


def test_whoever_installed_it_with_helm_is_told_what_to_set() -> None:
    there = moved()
    for where, name in ((NAMESPACE, "door"), ("bells", "bell")):
        there.live("Deployment", where, name)["metadata"]["annotations"] = {"meta.helm.sh/release-name": name}
    told = ask(there, "rejoin")["notices"]
    way = "Let them name green before you upgrade that release again."
    assert told == [f"east: Deployment {NAMESPACE}/door belongs to the Helm release door, whose values name blue. {way}"], "the label of bell names a tag"
    assert ask(there, "rejoin")["notices"] == []


def test_nobody_comes_in_by_a_control_plane_that_is_not_ready() -> None:
    there = moved()
    there.live("Deployment", NAMESPACE, "istiod-green")["status"]["readyReplicas"] = 0
    before = there.picture()
    with pytest.raises(Refused, match="the control plane green is not ready"):
        ask(there, "rejoin")
    assert there.picture() == before


def test_the_second_one_stays_while_the_service_does_not_send_traffic_to_the_first() -> None:
    there = moved()
    there.backend._endpoints = lambda: None  # type: ignore[method-assign]
    with pytest.raises(NotReady, match="does not send traffic to"):
        ask(there, "rejoin")
    assert {count for name, (count, _label) in gateways(there).items() if name.endswith("-green")} == {2}


def test_check_mode_stores_nothing() -> None:
    there = moved()
    before, checking = there.picture(), there.checking()
    checking.ask_all = there.ask_all  # type: ignore[method-assign]
    assert ask(checking, "rejoin")["changed"]
    assert there.picture() == before
