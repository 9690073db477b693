# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rotation that is killed right before and right after each of its writes, and then run again, always ends in the same state."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from .two import Two, settled

# Of a root, in two clusters: the new root; a bundle each; what is kept and the CA each; a bundle each; what was kept each; the root in its place, and
# no longer beside. Of intermediates: what is kept and the CA each, a bundle each, what was kept each.
ROOT, INTERMEDIATE = 13, 8
LAST = {"root": ("after:13",), "intermediate": ("after:7", "after:8")}


def asked(kind: str) -> dict[str, Any]:
    return {"kind": kind, "duration": 2}


@pytest.mark.parametrize(("kind", "number"), [("root", ROOT), ("intermediate", INTERMEDIATE)])
def test_these_are_all_writes(two: Two, kind: str, number: int) -> None:
    point, told = two.counted("count")
    done = two.alone(point, **asked(kind))
    assert done.returncode == 0, done.stderr
    assert len(told.read_text().splitlines()) == number, told.read_text()


def at_every_write(kind: str, number: int) -> list[Any]:
    points = [f"{moment}:{one}" for one in range(1, number + 1) for moment in ("before", "after")]
    return [pytest.param(kind, point, id=f"{kind}-{point}") for point in points]


@pytest.mark.parametrize(("kind", "point"), [*at_every_write("root", ROOT), *at_every_write("intermediate", INTERMEDIATE)])
def test_run_again_it_ends_the_same(two: Two, kind: str, point: str) -> None:
    place, told = two.counted(point)
    killed = two.alone(place, **asked(kind))
    assert killed.returncode == -signal.SIGKILL, (point, killed.returncode, killed.stderr)
    assert len(told.read_text().splitlines()) >= int(point.partition(":")[2])
    two.play(**asked(kind)).run()
    # A run that was killed when all was done leaves its Lease, which nobody needs any more and which runs out. The last two writes of intermediates
    # are sent at once, so that a kill after the one may come after both.
    assert two.state() | ({"holder": ""} if point in LAST[kind] else {}) == settled("old" if kind == "intermediate" else "root 2")
    assert not two.play(**asked(kind)).run().changed
    assert [one.ignored for one in two.stand_ins.values()] == [[], []]
