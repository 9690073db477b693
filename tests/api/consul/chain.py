# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed at each of its writes: every run goes on where the one before it was killed, until one comes to its end."""

from __future__ import annotations

from .runs import UNCHANGED, Mesh, Run, Runs

# A chain takes a run for each write. If it takes many more, it does not get on.
_MOST_BESIDES = 10


def killed_at_each_write(runs: Runs, mesh: Mesh, what: str, writes: int) -> Run:
    """Return the last run, which nobody killed, and which had nothing left to do.

    A run is killed in turn after its first write, and before its second one, which it then did not send. A run that sends what the one before it sent last may
    send one write more, so that a write that every run sends does not hold all of them up.
    """
    further, last = 0, ""
    for number in range(2 * writes + _MOST_BESIDES):
        moment = ("after", "before")[number % 2]
        run = runs.run(what, mesh, moment, 1 + further + (moment == "before"))
        if not run.killed:
            assert run.rc == 0, (what, number, run.output, run.writes[-3:])
            return run if run.output.strip() == UNCHANGED else runs.run(what, mesh)
        sent = run.writes[-1] if moment == "after" else run.writes[-2]
        further, last = (further + 1 if sent == last else 0), sent
    raise AssertionError(f"{what}: {2 * writes + _MOST_BESIDES} runs were killed, and none came to its end; the last one sent {last}")
