# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let a product lose for good what it keeps only after a snapshot of it was saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..._mesh.backup.snapshot import of_cluster, unsaved
from ..._mesh.install.due import Due
from ..._mesh.install.wish import ControlPlane
from ..._mesh.objects.look import Look
from ..._mesh.objects.shapes import Live
from ..._mesh.question import Answers
from ..backup import shelf
from ..clock import Clock


def guarded(wanted: Look[Due], plane: ControlPlane, clock: Clock) -> Look[Due]:
    """Return the look that refuses a loss without a snapshot. A loss is all that the first look may find: nothing was written by then."""
    return replace(wanted, judge=_judging(wanted.judge, plane, clock))


def _judging(judge: Callable[[Live, Answers], Due], plane: ControlPlane, clock: Clock) -> Callable[[Live, Answers], Due]:
    def judged(live: Live, answers: Answers) -> Due:
        due = judge(live, answers)
        if not due.loses or due.refusal:
            return due
        saved = of_cluster(shelf.names(plane.backups), plane.mesh, plane.cluster) if plane.backups else []
        return replace(due, refusal=unsaved(due.loses, next(iter(saved), None), plane.backups, clock.now()))

    return judged
