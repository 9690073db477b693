# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed at each of its writes: every run goes on where the one before it was killed, until one comes to its end."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from typing import Any

from .conftest import Estate
from .runs import CHANGED, UNCHANGED, Mesh, Run, Runs

# A chain takes a run for each write. If it takes many more, it does not get on.
_MOST_BESIDES = 10
# Every run is killed, and each gets so many writes further. More than one is for machines that have much else to do.
_STRIDE = int(os.environ.get("KILLS_STRIDE", "1"))


def killed_at_each_write(runs: Runs, mesh: Mesh, what: str, writes: int) -> Run:
    """Return the last run, which nobody killed, and which had nothing left to do.

    A run is killed in turn after its first write, and before its second one, which it then did not send. A run that sends what the one before it sent last may
    send one write more, so that a write that every run sends does not hold all of them up. With a stride of n it is the n-th write, and the one after it.
    """
    further, last = 0, ""
    for number in range(2 * writes + _MOST_BESIDES):
        moment = ("after", "before")[number % 2]
        run = runs.run(what, mesh, moment, _STRIDE + further + (moment == "before"))
        if not run.killed:
            assert run.rc == 0, (what, number, run.output, run.writes[-3:])
            return run if run.output.strip() == UNCHANGED else runs.run(what, mesh)
        sent = run.writes[-1] if moment == "after" else run.writes[-2]
        further, last = (further + 1 if sent == last else 0), sent
    raise AssertionError(f"{what}: {2 * writes + _MOST_BESIDES} runs were killed, and none came to its end; the last one sent {last}")


def unlike(one: Any, other: Any, place: str = "") -> list[str]:
    """Return where two states differ, and how: states as wholes are too long to be read."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return [said for key in sorted({*one, *other}, key=str) for said in unlike(one.get(key), other.get(key), f"{place}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [said for number, pair in enumerate(zip(one, other, strict=True)) for said in unlike(*pair, f"{place}[{number}]")]
    return [] if one == other else [f"{place}: {one!r}, and {other!r}"]


def ends_as_undisturbed(federation: Estate, runs: Runs, kind: str, writes: int) -> None:
    """Kill a rotation at each of its writes, and hold what it ends with against another one, right after it, that nobody kills.

    It also restarts nobody more often.
    """
    before, counts = federation.values(), [federation.changes()]
    last = killed_at_each_write(runs, federation.mesh, kind, writes)
    assert (last.rc, last.output.strip(), last.writes, federation.faults()) == (0, UNCHANGED, [], [])
    killed, values = federation.state(), federation.values()
    assert values != before
    counts.append(federation.changes())
    undisturbed = runs.run(kind, federation.mesh, min_age=0)
    assert (undisturbed.rc, undisturbed.output.strip(), federation.faults()) == (0, CHANGED, []), undisturbed.output
    assert unlike(federation.state(), killed) == []
    counts.append(federation.changes())
    first, second = ({name: later[name] - earlier[name] for name in later} for earlier, later in itertools.pairwise(counts))
    assert first == second
    assert federation.values() != values, "it was another rotation, right after the one before it"
