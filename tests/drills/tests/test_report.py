# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

from meshdrill import report
from meshdrill.ledger import Flow, Request
from meshdrill.machine import Use
from meshdrill.report import Phase, Promise, Result
from meshdrill.timeline import Conflict


def result(**changed: Any) -> Result:
    flow = Flow("inside", 100, 2, 0, 0.002, 0.012, 105.0, 106.5, (("503 upstream", 2),))
    given: dict[str, Any] = {
        "name": "naive", "phases": [Phase("swap", 100.0, 10.0)], "flows": {"inside": flow}, "baseline": {"inside": Flow("inside", 50, 0, 0, 0.002, 0.004)},
        "conflicts": [Conflict("a", "D" * 64, "b", 1.0, 2.0, certain=True)], "gap": 0.4, "promises": [Promise("no request is lost", "2", met=False)],
        "lost_by_phase": {"swap": 2}, **changed}
    return Result(**given)


def test_the_table_says_what_was_lost_when_and_why() -> None:
    table = report.table(result())
    assert "swap       1      10.0       10.0     2" in table
    assert "+5.0 s" in table and "+6.5 s" in table and "+8.0" in table
    assert "inside: 2 x 503 upstream" in table
    assert "MISSED  no request is lost (seen: 2)" in table
    assert "unsafe: b did not trust the leaf of a (root DDDDDDDDDDDD) for 1.00 s" in table


def test_the_file_holds_the_same_for_machines() -> None:
    lost = [Request("inside", 105.0, 0.2, "error in its TLS handshake: EOF")]
    told = json.loads(json.dumps(report.as_json(result(losses=lost))))
    assert told["losses"] == [{"flow": "inside", "due": 105.0, "took": 0.2, "outcome": "error in its TLS handshake: EOF"}]
    assert told["met"] is False and told["unsafe"] == 1 and told["unclear"] == 0
    assert told["phases"] == [{"name": "swap", "begin": 100.0, "seconds": 10.0, "lost": 2}]
    assert told["flows"]["inside"]["p99_added_ms"] == 8.0


def test_a_drill_is_passed_when_every_promise_is_kept() -> None:
    assert result(promises=[report.promise("no request is lost", 0)]).met
    assert not result(promises=[report.promise("no request is lost", 0), report.promise("seconds", 61, 60)]).met


def test_phases_that_came_again_are_one_line_with_how_often() -> None:
    phases = [Phase("root: introduce", 0, 10.0), Phase("root: retire", 10, 5.0), Phase("root: introduce", 20, 14.0)]
    table = report.table(result(phases=phases, lost_by_phase={"root: introduce": 0, "root: retire": 3}))
    assert "root: introduce      2      12.0       14.0     0" in table
    assert "root: retire         1       5.0        5.0     3" in table


def test_how_busy_the_machine_was_stands_in_both() -> None:
    one, other = (result(machine={"quiet": Use(40.0, 0.0, None), "during": Use(busy, 0.5, 30.0)}) for busy in (91.0, 99.0))
    assert "99 % busy and 0.5 % stolen, somebody waiting for one 30 % of the time during the drill" in report.table(other)
    assert report.as_json(one)["machine_percent"]["during"] == {"busy": 91.0, "stolen": 0.5, "waiting": 30.0}
    assert "the machine's cores during the drill: 95 % busy, 99 % in the run that had most" in report.over_all([one, other])


def test_beside_one_another_the_drills_say_what_was_lost() -> None:
    safe = result(name="rotation", flows={"inside": Flow("inside", 200, 0, 0, 0.002, 0.012)})
    assert report.beside([safe], [result()]) == ["drill     lost   of", "naive        2  100", "rotation     0  200"]
    assert report.beside([safe], []) == []


def test_over_all_runs_there_is_one_table() -> None:
    other = result(phases=[Phase("swap", 300.0, 14.0)], lost_by_phase={"swap": 1}, conflicts=[], gap=0.9, promises=[report.promise("no request is lost", 0)],
                   flows={"inside": Flow("inside", 300, 0, 1, 0.002, 0.024)})
    told = report.over_all([result(), other])
    assert "all 2 runs of drill-naive" in told
    assert "swap       2      12.0       14.0     3" in told
    assert "inside   400     2       1              +14.0             +20.0" in told
    assert told[-3:] == ["states seen in which a leaf was not trusted, or not excluded: 1", "longest time a proxy was not looked at: 0.90 s",
                         "runs that kept every promise: 1 of 2"]
    assert report.over_all([other]) == []
