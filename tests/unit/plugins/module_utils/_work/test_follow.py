# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The function that waits: what ends the wait, what happens meanwhile, and how often it looks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.waiting import awaited
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.follow import Pace, follow
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking


def late(seen: int, seconds: float) -> NotReady:
    return NotReady(f"{seen} after {seconds:.1f} s")


def watch(seen: Iterator[int], clock: Ticking, **how: Any) -> int:
    return follow(lambda: next(seen), **{"done": lambda one: one == 0, "late": late, "timeout": 10.0, "clock": clock, **how})


def test_what_is_done_is_looked_at_once_and_nothing_else_happens() -> None:
    clock, called = Ticking(), list[str]()
    assert watch(iter([0]), clock, keep=lambda: called.append("keep"), remedy=lambda *_seen: called.append("remedy")) == 0
    assert (clock.passed, called) == (0.0, [])


def test_each_look_that_shows_it_undone_keeps_alive_and_then_mends() -> None:
    clock, called = Ticking(), list[str]()
    assert watch(iter([2, 1, 0]), clock, keep=lambda: called.append("keep"), remedy=lambda seen, _seconds: called.append(f"mend {seen}")) == 0
    assert called == ["keep", "mend 2", "keep", "mend 1"]


def test_pauses_grow_to_the_longest() -> None:
    clock, moments = Ticking(), list[float]()
    watch(iter([1] * 9 + [0]), clock, remedy=lambda _seen, seconds: moments.append(seconds), pace=Pace(0.3, 1.0))
    pauses = [after - before for before, after in itertools.pairwise(moments)]
    assert pauses[0] == pytest.approx(0.3)
    assert pauses == sorted(pauses)
    assert pauses[-1] == pytest.approx(1.0)


def test_the_end_says_what_was_seen_last_and_the_holder_lives_until_then() -> None:
    clock, kept = Ticking(), list[float]()
    with pytest.raises(NotReady, match=r"^7 after 1\d\.\d s$"):
        watch(iter([7] * 100), clock, keep=lambda: kept.append(clock.passed))
    assert kept[-1] >= 10


def test_without_a_second_given_it_still_looks_once() -> None:
    assert watch(iter([0]), Ticking(), timeout=0.0) == 0
    with pytest.raises(NotReady):
        watch(iter([1]), Ticking(), timeout=0.0)


def test_what_no_wait_mends_is_not_waited_for() -> None:
    clock = Ticking()
    with pytest.raises(Refused, match="restart 1"):
        watch(iter([2, 1, 0]), clock, hopeless=lambda seen, _seconds: Refused(f"restart {seen}") if seen == 1 else None)
    assert clock.passed < 1


def test_who_watches_is_told_what_is_waited_for_and_nothing_after_it() -> None:
    heard: list[str] = []
    clock = Ticking(lambda _passed: heard.append(awaited()))
    watch(iter([12, 1, 0]), clock, waits=lambda seen: f"{seen} of 2,000 proxies behind")
    assert (heard, awaited()) == (["12 of 2,000 proxies behind", "1 of 2,000 proxies behind"], "")
    with pytest.raises(NotReady):
        watch(iter([1]), Ticking(), timeout=0.0, waits=lambda _seen: "a proxy")
    assert awaited() == ""
