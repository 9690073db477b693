# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh that is planned, and what a round holds against its plan."""

from __future__ import annotations

from pathlib import Path

import pytest
from meshbench import plans, report
from meshbench.contestants import ENGINE, Scene
from meshbench.errors import BenchError
from meshbench.figures import Run, summary


def rounds(tmp_path: Path, live: plans.Live) -> plans.Plans:
    return plans.Plans(live, Scene(tmp_path, tmp_path, "east", [], []))


def test_every_namespace_is_in_a_wave_of_the_plan(tmp_path: Path) -> None:
    plan = plans.planned(plans.objects(30))
    assert (plan["findings"], plan["phases"], plan["former"]) == ([], {"east": "ready"}, "blue")
    assert sum(wave["proxies"]["east"] for wave in plan["waves"]) == 30 * plans.WORKLOADS * plans.PODS
    lane, run = rounds(tmp_path, plans.objects(30)).attempt(ENGINE, 1)
    assert (lane.name, run.wall > 0, run.requests) == (ENGINE, True, 0)


def test_a_plan_that_leaves_something_out_ends_the_benchmark(tmp_path: Path) -> None:
    live = plans.objects(3)
    live["Pod"][0]["metadata"]["annotations"].clear()
    with pytest.raises(BenchError, match="a pod of namespace shop-0000 runs without a proxy"):
        rounds(tmp_path, live).attempt(ENGINE, 1)


@pytest.mark.parametrize(("seconds", "met"), [(1.9, True), (2.1, False)])
def test_it_has_two_seconds(seconds: float, met: bool) -> None:
    (row,) = [row for row in report.rows({"P16": {ENGINE: summary([Run(seconds, 1.0, 0, 0)])}}) if row.id == "P16"]
    assert (row.target, row.met) == ("<= 2", met)
