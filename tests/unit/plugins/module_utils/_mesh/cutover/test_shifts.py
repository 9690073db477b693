# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps by which a plane's traffic goes from one colour to the other, from the weights that were read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.declared import planes
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.plan import ABSENT, MOVING, READY, SETTLED
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.shifts import (
    PlaneState,
    Weighed,
    phase,
    refusals,
    shift_plan,
    shift_table,
    shifts,
)

SPLIT = {"kind": "VirtualService", "namespace": "shop", "name": "shop", "blue": {"host": "a"}, "green": {"host": "b"}}
BOTH = {"blue": {"revision": "in-1"}, "green": {"revision": "in-2"}}
PLANE = planes({"ingress": {**BOTH, "splits": [SPLIT]}})["ingress"]


def state(*greens: int, cluster: str = "east", **more: Any) -> PlaneState:
    return PlaneState(cluster, "ingress", tuple(Weighed(f"VirtualService shop/{number}", green) for number, green in enumerate(greens)), **more)


def says(states: list[PlaneState], target: str = "green", together: bool = False) -> list[tuple[str, tuple[str, ...], str]]:
    return [(step.name, step.clusters, step.says) for step in shift_plan("shop", PLANE, states, target, together).steps]


def test_green_is_tested_and_gets_more_and_more() -> None:
    assert says([state(0)]) == [
        ("try", ("east",), "test green by its own host"),
        ("move", ("east",), "give green 10 percent of plane ingress"),
        ("move", ("east",), "give green 50 percent of plane ingress"),
        ("move", ("east",), "give green 100 percent of plane ingress"),
    ]


def test_a_killed_run_goes_on_at_the_object_that_is_furthest_behind() -> None:
    assert [name for _step, _clusters, name in says([state(50, 10)])][1:] == [
        "give green 50 percent of plane ingress",
        "give green 100 percent of plane ingress",
    ]
    assert shift_plan("shop", PLANE, [state(100, 100)], "green").done


def test_back_is_the_same_plan_with_the_colours_in_each_others_place() -> None:
    assert [step[2] for step in says([state(100)], "blue")] == [step[2].replace("green", "blue") for step in says([state(0)], "green")]


def test_clusters_one_by_one_or_together() -> None:
    east, west = state(0), state(0, cluster="west")
    assert [step[1] for step in says([east, west])][1:] == [("east",)] * 3 + [("west",)] * 3
    assert [step[1] for step in says([east, west], together=True)][1:] == [("east", "west")] * 3
    assert [(one.number, one.before, one.share) for one in shifts(PLANE, ["east", "west"], False)] == [
        (1, 0, 10), (2, 10, 50), (3, 50, 100), (4, 0, 10), (5, 10, 50), (6, 50, 100),
    ]  # fmt: skip


def test_steps_keep_their_numbers_when_a_cluster_is_through() -> None:
    plan = shift_plan("shop", PLANE, [state(100), state(10, cluster="west")], "green")
    assert [step.wave for step in plan.steps] == [0, 5, 6]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (state(0), READY),
        (state(0, away={"green": "its control plane in-2 is not installed"}), ABSENT),
        (state(0, unready={"green": "no pod is ready"}), ABSENT),
        (state(0, away={"blue": "its control plane in-1 is not installed"}), READY),
        (state(0, 10), MOVING),
        (state(100), SETTLED),
    ],
)
def test_phases_have_the_words_of_every_cutover(seen: PlaneState, expected: str) -> None:
    assert phase(seen, "green") == expected


def test_a_control_plane_that_is_missing_is_brought_up_first() -> None:
    plan = shift_plan("shop", PLANE, [state(0), state(0, cluster="west", away={"green": "away"})], "green")
    assert (plan.steps[0].name, plan.steps[0].clusters, plan.steps[0].says) == ("prepare", ("west",), "bring up in-2, the green one of plane ingress")


def test_pods_are_enough_for_the_way_back() -> None:
    seen = state(50, away={"blue": "its control plane is away"}, unready={"green": "no pod is ready"})
    assert seen.hindered("blue")
    assert not seen.hindered("blue", back=True)
    assert seen.hindered("green", back=True)


def test_what_knows_no_weights_has_both_in_between() -> None:
    both = Weighed("EndpointSlice a and b", 50, coarse=True)
    assert [both.reaches("green", share) for share in (10, 50, 90, 100)] == [True, True, True, False]
    assert not Weighed("EndpointSlice a and b", 0, coarse=True).reaches("green", 10)
    assert not Weighed("VirtualService a", 50).reaches("green", 90)


def test_an_object_that_cannot_be_told_reaches_nothing_and_is_refused() -> None:
    seen = PlaneState("east", "ingress", (Weighed("VirtualService shop/shop", fault="does not exist"),))
    assert seen.late("green", 10) == ["VirtualService shop/shop does not exist"]
    assert refusals(PLANE, [seen], "green") == ["east: VirtualService shop/shop does not exist."]


def test_an_object_that_another_tool_keeps_is_refused_unless_a_task_file_writes_it_there() -> None:
    seen = PlaneState("east", "ingress", (Weighed("VirtualService shop/shop", 0, keeper="Argo CD"),))
    assert "is kept by Argo CD, which would write its weights back. Name a task file" in refusals(PLANE, [seen], "green")[0]
    assert refusals(PLANE, [seen], "green", gitops=True) == []
    assert refusals(PLANE, [seen], "blue") == []


def test_a_plane_without_weights_is_refused() -> None:
    simple = planes({"ingress": {"blue": {"revision": "in-1"}}})["ingress"]
    assert "nothing to shift between" in refusals(simple, [], "blue")[0]
    assert "declares no splits" in refusals(planes({"ingress": BOTH})["ingress"], [], "green")[0]


def test_facts_survive_json() -> None:
    seen = state(10, away={"green": "why"})
    assert PlaneState.of(json.loads(json.dumps(seen.facts()))) == seen


def test_the_table_says_where_it_stands() -> None:
    seen = [state(10), state(0, cluster="west", away={"green": "its control plane in-2 is not installed"})]
    assert shift_table(shift_plan("shop", PLANE, seen, "green"), seen)[:6] == [
        "mesh shop, plane ingress (ingress): from blue to green",
        "  east: moving",
        "    VirtualService shop/0 gives green 10 percent",
        "  west: absent",
        "    VirtualService shop/0 gives green 0 percent",
        "    green cannot take traffic: its control plane in-2 is not installed",
    ]
