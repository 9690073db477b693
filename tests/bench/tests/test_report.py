# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from meshbench import report
from meshbench.contestants import CONTESTANTS, ENGINE, LOOP, OURS, PING, SERVER_SIDE, STARTUP, TASKS
from meshbench.figures import Summary
from meshbench.texts import NOTES


def seen(wall: float, requests: float = 12, writes: float = 0, cpu: float = 1.0) -> Summary:
    return Summary(2, wall, wall, cpu, cpu, requests, writes, 50)


RESULTS = {
    "P1": {ENGINE: seen(0.1), OURS: seen(1.0), SERVER_SIDE: seen(2.5, 151, 150), LOOP: seen(90.0), STARTUP: seen(0.5, 0)},
    "P2": {ENGINE: seen(0.11, 13, 1), OURS: seen(1.5, 13, 2)},
}


def judged(results: report.Results) -> dict[str, report.Row]:
    return {f"{row.id} {row.measure}": row for row in report.rows(results) if row.target}


def test_a_ratio_says_how_many_times_less_time_we_take() -> None:
    rows = judged(RESULTS)
    assert rows["P1 engine wall s, peer kubectl apply --server-side"] == report.Row(
        "P1", "engine wall s, peer kubectl apply --server-side", 0.1, 2.5, 25.0, ">= 20", True)
    assert rows["P1 e2e wall s, peer kubectl apply --server-side"].met is False
    assert rows["P1 e2e wall s, peer kubernetes.core.k8s, loop, whole ansible-playbook"].met is True


def test_limits() -> None:
    rows = judged(RESULTS)
    assert rows["P1 engine wall s"].met is True
    assert rows["P1 engine requests (kinds + 3)"].target == "<= 15"
    assert rows["P2 engine writes"].met is True and rows["P2 e2e writes"].met is False
    assert rows["P2 engine wall s over that of P1"].met is True
    assert (rows["P2 e2e wall s over that of P1"].ratio, rows["P2 e2e wall s over that of P1"].met) == (1.5, False)


def test_a_peer_that_is_faster_is_shown_as_such() -> None:
    results = {"P1": {OURS: seen(2.0), SERVER_SIDE: seen(1.0)}}
    assert judged(results)["P1 e2e wall s, peer kubectl apply --server-side"].ratio == 0.5
    assert "**no**" in report.judged(report.rows(results))
    assert "| kubectl apply --server-side | 2 | 1.00 | 1.00 | 1.00 | 1.00 | 12 | 0 | 50 | 0.50 |" in report.standings(results["P1"])


def test_no_time_at_all_is_no_ratio() -> None:
    rows = report.rows({"P1": {OURS: seen(1.0, cpu=0.0), SERVER_SIDE: seen(1.0)}})
    assert [row.ratio for row in rows if "CPU" in row.measure] == [None]


def test_every_target_is_about_somebody_who_takes_part_in_a_workload_there_is() -> None:
    assert {name for key in report.FASTER for name in key[1:]} | {limit[1] for limit in report.LIMITS} <= set(CONTESTANTS)
    assert {key[0] for key in (*report.FASTER, *report.LIMITS)} | set(NOTES) | set(report.WHERE) <= set(report.WORKLOADS)


def test_where_the_time_goes_adds_up() -> None:
    text = report.whereabouts({ENGINE: seen(0.1), OURS: seen(1.5), STARTUP: seen(0.5), PING: seen(1.1)})
    assert [line.split("|")[2].strip() for line in text.splitlines() if line.startswith("|")][2:] == ["0.50", "0.60", "0.10", "0.30"]
    assert report.whereabouts({OURS: seen(1.5)}) == ""


def test_a_target_below_the_tasks_of_a_run_is_named_with_its_floor() -> None:
    (said,) = report.hindrances({"P18-2": {OURS: seen(9.0), TASKS: seen(7.0, 0)}})
    assert "the target asks for at most 6.00 s" in said and "as many `ansible.builtin.debug` tasks on the same hosts takes 7.00 s" in said
    assert list(report.hindrances({"P18-2": {OURS: seen(9.0), TASKS: seen(5.0, 0)}})) == []
