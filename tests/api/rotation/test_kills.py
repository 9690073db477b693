# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rotation that is killed at each of its writes, and then run again, always ends in the same state."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import Any

import pytest

from .play import Stopped
from .two import Two, root, settled

# Of a root, in two clusters: the new root; a bundle each; what is kept and the CA each; a bundle each; what was kept each; the root in its place, and
# no longer beside. Of intermediates: what is kept and the CA each, a bundle each, what was kept each. Of a root that has expired: as of a root, but for
# the first two bundles.
ROOT, INTERMEDIATE, EXPIRED = 13, 8, 11
NUMBERS = {"root": ROOT, "intermediate": INTERMEDIATE, "expired": EXPIRED}
LAST = {"root": ("after:13",), "intermediate": ("after:7", "after:8"), "expired": ("after:11",)}


def asked(kind: str) -> dict[str, Any]:
    return {"kind": "root", "recover": True, "duration": 2} if kind == "expired" else {"kind": kind, "duration": 2}


@pytest.fixture
def kind(two: Two, request: pytest.FixtureRequest) -> str:
    if request.param == "expired":
        two.under(root(20, timedelta(days=400)), timedelta(days=380))
    return str(request.param)


def again(two: Two, kind: str) -> None:
    """Run again with the same options. If all was done, no root has expired any more, and the run says so."""
    try:
        two.play(**asked(kind)).run()
    except Stopped as done:
        if kind != "expired" or "no root of the mesh shop has" not in str(done):
            raise


@pytest.mark.parametrize(("kind", "number"), list(NUMBERS.items()), indirect=["kind"])
def test_these_are_all_writes(two: Two, kind: str, number: int) -> None:
    point, told = two.counted("count")
    done = two.alone(point, **asked(kind))
    assert done.returncode == 0, done.stderr
    assert len(told.read_text().splitlines()) == number, told.read_text()


def at_every_write(kind: str, number: int, *moments: str) -> list[Any]:
    points = [f"{moment}:{one}" for one in range(1, number + 1) for moment in moments]
    return [pytest.param(kind, point, id=f"{kind}-{point}") for point in points]


# Right before a write the clusters are as right after the one before it, but for what was only looked at in between: tried for the root, which has the most.
ALL = [*at_every_write("root", ROOT, "before", "after"), *at_every_write("intermediate", INTERMEDIATE, "after"), *at_every_write("expired", EXPIRED, "after")]


@pytest.mark.parametrize(("kind", "point"), ALL, indirect=["kind"])
def test_run_again_it_ends_the_same(two: Two, kind: str, point: str) -> None:
    place, told = two.counted(point)
    killed = two.alone(place, **asked(kind))
    assert killed.returncode == -signal.SIGKILL, (point, killed.returncode, killed.stderr)
    assert len(told.read_text().splitlines()) >= int(point.partition(":")[2])
    again(two, kind)
    # A run that was killed when all was done leaves its Lease, which nobody needs any more and which runs out. The last two writes of intermediates
    # are sent at once, so that a kill after the one may come after both.
    assert two.state() | ({"holder": ""} if point in LAST[kind] else {}) == settled("old" if kind == "intermediate" else "root 2")
    assert not two.play(**{**asked(kind), "recover": False}).run().changed
    assert [one.ignored for one in two.stand_ins.values()] == [[], []]
