# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plane's traffic shifted step by step, and killed after any write: somebody always serves, and run again it ends the same, forward and back."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.plan import MOVE, SETTLED
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.planes import Plane, other
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.shifts import PlaneScene, phase, shift_plan
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import planes
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import merge
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_planes import DECLARED, NAMESPACE, declared, live, scene

EVERYTHING = 10_000


class Killed(Exception):
    """The run ended after a write."""


class Check:
    """Looks at every state that the cluster is in."""

    def __init__(self, plane: Plane) -> None:
        self.plane, self.shares = plane, []  # type: tuple[Plane, list[list[int]]]

    def __call__(self, there: dict[str, Any]) -> None:
        weighed = look(self.plane, there).state.weighed
        assert [one.fault for one in weighed] == [""] * len(weighed)
        self.shares.append([one.share("green") for one in weighed])


def look(plane: Plane, there: dict[str, Any]) -> PlaneScene:
    return scene(planes.plane("east", NAMESPACE, plane), there)


def write(there: dict[str, Any], one: Any) -> None:
    target = next(each for each in there[one.ref.kind] if (each["metadata"]["namespace"], each["metadata"]["name"]) == (one.ref.namespace, one.ref.name))
    assert one.before == target, "a write must be of the object as it stands"
    merge(target, copy.deepcopy(one.body))


def run(plane: Plane, there: dict[str, Any], target: str, check: Callable[[Any], None], writes: int = EVERYTHING) -> int:
    """The play, as far as that many writes: each step looks, and writes in order."""
    done = 0
    for _step in range(20):
        coming = [step for step in shift_plan("shop", plane, [look(plane, there).state], target).steps if step.name == MOVE]
        if not coming:
            return done
        share = plane.weights[coming[0].wave - 1]
        seen = copy.deepcopy(look(plane, there))
        orders = planes.shift(plane, seen, target, share)
        assert orders, f"{coming[0]} has nothing to write, and is not through"
        for order in orders:
            if done == writes:
                raise Killed
            write(there, order)
            done += 1
            check(there)
    raise AssertionError("it never ends")


def ended(plane: Plane, target: str = "green", start: dict[str, Any] | None = None) -> tuple[dict[str, Any], int]:
    there = copy.deepcopy(start) if start else live()
    return there, run(plane, there, target, Check(plane))


@pytest.fixture(params=list(DECLARED))
def plane(request: Any) -> Plane:
    return declared(request.param)


def test_all_of_it_ends_at_the_target(plane: Plane) -> None:
    there, writes = ended(plane)
    state = look(plane, there).state
    assert phase(state, "green") == SETTLED
    assert [one.green for one in state.weighed] == [100] * len(plane.splits)
    assert writes >= 2


def test_no_step_gives_green_more_than_its_share_and_none_takes_it_back(plane: Plane) -> None:
    check = Check(plane)
    run(plane, live(), "green", check)
    for column in zip(*check.shares, strict=True):
        assert list(column) == sorted(column)
        assert set(column) <= {0, *plane.weights}


def test_killed_after_any_write_it_ends_the_same(plane: Plane) -> None:
    for target in ("green", "blue"):
        start = live() if target == "green" else ended(plane)[0]
        whole, writes = ended(plane, target, start)
        for kill in range(writes):
            there, check = copy.deepcopy(start), Check(plane)
            with pytest.raises(Killed):
                run(plane, there, target, check, kill)
            run(plane, there, target, check)
            assert there == whole, (target, kill)


def test_turned_back_after_any_write_everything_is_blue(plane: Plane) -> None:
    _whole, writes = ended(plane)
    for kill in range(writes + 1):
        there, check = live(), Check(plane)
        if kill < writes:
            with pytest.raises(Killed):
                run(plane, there, "green", check, kill)
        else:
            run(plane, there, "green", check)
        run(plane, there, "blue", check)
        assert [one.green for one in look(plane, there).state.weighed] == [0] * len(plane.splits), kill


def test_a_failed_step_is_turned_back_to_the_one_before_it(plane: Plane) -> None:
    """What the role does when a gate fails: the former gets all that the target had not before the step."""
    plan = shift_plan("shop", plane, [look(plane, live()).state], "green")
    for failed in plan.shifts:
        there = live()
        for step in plan.shifts[: failed.number]:
            for order in planes.shift(plane, copy.deepcopy(look(plane, there)), "green", step.share):
                write(there, order)
        for order in planes.shift(plane, copy.deepcopy(look(plane, there)), other("green"), 100 - failed.before):
            write(there, order)
        coarse = {one.coarse for one in look(plane, there).state.weighed}
        expected = failed.before if coarse == {False} else min(failed.before, 50) and 50
        assert {one.green for one in look(plane, there).state.weighed} == {expected}, failed


def test_an_object_that_stands_further_is_left_alone(plane: Plane) -> None:
    there, _writes = ended(plane)
    assert planes.shift(plane, look(plane, there), "green", 10) == []
