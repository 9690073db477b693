# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where planes stand, for reports: who gets how much, and what was left half done."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.declared import planes
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.plane_report import standing, unfinished
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.shifts import Door, PlaneState, Weighed

SPLIT = {"kind": "VirtualService", "namespace": "shop", "name": "shop", "blue": {"host": "a"}, "green": {"host": "b"}}
BOTH = {"blue": {"revision": "in-1"}, "green": {"revision": "in-2"}}
PLANE = planes({"ingress": {**BOTH, "splits": [SPLIT]}})["ingress"]
SIMPLE = planes({"application": {"blue": {"revision": "app-1"}}})["application"]
OPEN, SHUT = Door("Deployment in/a", 3), Door("Deployment in/b", 0)
AGAIN = "run meshops.lifecycle.cutover again with cutover_plane=ingress, to go on or to turn it back"


def state(*greens: int, **more: Any) -> PlaneState:
    return PlaneState("east", "ingress", tuple(Weighed(f"VirtualService shop/{number}", green) for number, green in enumerate(greens)), **more)


def test_each_colour_has_what_all_objects_give_it() -> None:
    seen = standing(PLANE, state(10, 50, away={"green": "it is not installed"}, doors={"blue": (OPEN, SHUT)}))
    assert (seen["plane"], seen["role"]) == ("ingress", "ingress")
    assert [(one["colour"], one["revision"], one["shares"], one["away"], one["gateways"]) for one in seen["colours"]] == [
        ("blue", "in-1", [50, 90], "", 3), ("green", "in-2", [10, 50], "it is not installed", None),
    ]  # fmt: skip


@pytest.mark.parametrize(("seen", "said"), [
    (state(0, 0), []),
    (state(100), []),
    (state(100, doors={"blue": (OPEN,)}), []),
    (state(0, doors={"green": (SHUT,), "blue": (OPEN,)}), []),
    (state(10), [f"a cutover of the plane ingress is half done: VirtualService shop/0 gives green 10 percent; {AGAIN}"]),
    (state(100, 0), ["a cutover of the plane ingress is half done: VirtualService shop/0 gives green 100 percent, VirtualService shop/1 gives green 0 percent; "
                     + AGAIN]),
    (state(100, doors={"blue": (OPEN, SHUT)}),
     [f"a cutover of the plane ingress is half done: nothing leads to blue, of whose gateways Deployment in/a still has pods; {AGAIN}"]),
    (state(100, doors={"green": (SHUT,)}), ["the plane ingress leads traffic to green, and Deployment in/b has no pods; bring it up"]),
    (state(0, away={"blue": "istiod is away", "green": "x"}), ["the plane ingress leads traffic to blue, and istiod is away; bring it up"]),
])  # fmt: skip
def test_what_is_half_done_or_wrong_is_said(seen: PlaneState, said: list[str]) -> None:
    assert unfinished(PLANE, seen) == said


def test_an_object_in_doubt_is_named_and_counts_for_nobody() -> None:
    seen = PlaneState("east", "ingress", (Weighed("VirtualService shop/a", fault="does not exist"),))
    assert unfinished(PLANE, seen) == ["the plane ingress: VirtualService shop/a does not exist, so nobody knows who serves"]
    assert [one["shares"] for one in standing(PLANE, seen)["colours"]] == [[], []]


def test_the_only_colour_serves_without_weights() -> None:
    lost = PlaneState("east", "application", away={"blue": "it is not installed"})
    assert unfinished(SIMPLE, lost) == ["the plane application leads traffic to blue, and it is not installed; bring it up"]
    assert unfinished(SIMPLE, PlaneState("east", "application")) == []
