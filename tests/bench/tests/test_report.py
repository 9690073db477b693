# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace

from meshbench import report
from meshbench.contestants import CONTESTANTS, CRYPTO, ENGINE, ISTIOCTL, LOOP, ONE_TASK, OURS, PING, PROXY_CONFIG, SERVER_SIDE, STARTUP
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


def test_the_json_has_just_the_agreed_keys_and_targets_come_first() -> None:
    found = json.loads(json.dumps(report.as_json(report.rows(RESULTS))))
    assert {tuple(row) for row in found} == {("id", "measure", "ours", "peer", "ratio", "target", "met")}
    first = [row["target"] is not None for row in found if row["id"] == "P1"]
    assert first == sorted(first, reverse=True) and not all(first)


def test_no_time_at_all_is_no_ratio() -> None:
    rows = report.rows({"P1": {OURS: seen(1.0, cpu=0.0), SERVER_SIDE: seen(1.0)}})
    assert [row.ratio for row in rows if "CPU" in row.measure] == [None]


def test_the_document_names_machine_versions_runs_and_who_is_left_out() -> None:
    facts = {"machine": "Some CPU, 2 cores, 8 GiB of memory", "versions": "Helm v3"}
    text = report.document(RESULTS | {"P2": {**RESULTS["P2"], STARTUP: seen(0.5)}}, {"P1": {"helm": "it broke."}}, facts, 2, 1.25)
    for part in ("Some CPU, 2 cores", "Helm v3", "2 times here", "make bench", "Left out: helm upgrade: it broke.", "(scaled)", "## P2"):
        assert part in text


def test_every_target_is_about_somebody_who_takes_part_in_a_workload_there_is() -> None:
    assert {name for key in report.FASTER for name in key[1:]} | {limit[1] for limit in report.LIMITS} <= set(CONTESTANTS)
    assert {key[0] for key in (*report.FASTER, *report.LIMITS)} | set(NOTES) | set(report.WHERE) <= set(report.WORKLOADS)


def test_fleets_and_pushes_are_judged_and_shown() -> None:
    many = {OURS: replace(seen(5.0), tree=310.0), ONE_TASK: replace(seen(60.0), tree=4000.0)}
    rows = judged({"P4": many, "P12": {OURS: replace(seen(2.0), pushes=2), LOOP: replace(seen(90.0), pushes=100)}})
    assert rows["P4 50 clusters, e2e wall s"].met is True
    assert rows["P4 50 clusters, e2e MiB of all processes"].met is False
    assert rows["P4 50 clusters, e2e wall s, peer kubernetes.core.k8s, one task, whole ansible-playbook"].ratio == 12.0
    assert rows["P12 e2e full pushes of istiod"].met is True
    assert "all processes MiB" in report.standings(many) and "full pushes" not in report.standings(many)


def test_istioctl_is_judged_on_the_set_that_it_brings() -> None:
    rows = judged({"P1-istioctl": {OURS: seen(1.8), ISTIOCTL: seen(1.2)}, "P1-fleet": {OURS: seen(10.0), ISTIOCTL: seen(24.0)}})
    own, fleet = rows["P1 istioctl's own set, e2e wall s, peer istioctl install"], rows["P1 20 clusters, e2e wall s, peer istioctl install"]
    assert (own.id, own.ratio, own.met, fleet.ratio, fleet.met) == ("P1", 0.67, True, 2.4, False)


def test_proxies_are_compared_one_by_one() -> None:
    seen_by = {OURS: replace(seen(4.0), each=2000, lag=1.5), PROXY_CONFIG: replace(seen(2.0), each=20)}
    rows = judged({"P7": seen_by})
    compared = rows["P7 e2e wall s per proxy, peer istioctl proxy-config secret, one pod after the other"]
    assert (compared.ours, compared.peer, compared.ratio, compared.met) == (0.002, 0.1, 50.0, True)
    assert rows["P7 e2e s from the last proxy's change to the verdict, p95"].met is True
    ours, theirs = report.standings(seen_by, "P7").splitlines()[2:]
    assert ours.startswith("| meshops.lifecycle.rotation_info, whole") and "| 2000 | 2.00 |" in ours and ours.endswith("| 1.00 |")
    assert "| 20 | 100.00 |" in theirs and theirs.endswith("| 50.00 |")


def test_issuing_is_judged_and_called_by_its_name() -> None:
    seen_by = {OURS: seen(5.0), CRYPTO: seen(150.0)}
    row = judged({"P6": seen_by})["P6 e2e wall s, peer community.crypto, three tasks in loops, whole ansible-playbook"]
    assert (row.ratio, row.met) == (30.0, False)
    assert "meshops.lifecycle.ca, whole" in report.standings(seen_by, "P6") and "proxies" not in report.standings(seen_by, "P6")


def test_what_is_not_measured_is_said_to_be_so() -> None:
    rows = judged({})
    assert len(rows) == len(report.FASTER) + len(report.LIMITS)
    assert {(row.ours, row.met) for row in rows.values()} == {(None, None)}
    assert report.judged(rows.values()).count("not measured") == len(rows)


def test_a_target_below_the_price_of_any_playbook_is_said_to_be_so() -> None:
    results = {"P1": {OURS: seen(2.0), SERVER_SIDE: seen(2.4), LOOP: seen(90.0), PING: seen(1.2)}, "P4": {OURS: seen(20.0), PING: seen(9.5)}}
    told = list(report.hindrances(results))
    assert [line.split(":")[0] for line in told] == ["- P4, 50 clusters, wall s", "- P1, 3 times less than kubectl apply --server-side"]
    assert "at most 0.80 s" in told[1] and "takes 1.20 s" in told[1]
    assert list(report.hindrances({"P1": {OURS: seen(2.0), SERVER_SIDE: seen(9.0), PING: seen(1.2)}})) == []


def test_where_the_time_goes_adds_up() -> None:
    text = report.whereabouts({ENGINE: seen(0.1), OURS: seen(1.5), STARTUP: seen(0.5), PING: seen(1.1)})
    assert [line.split("|")[2].strip() for line in text.splitlines() if line.startswith("|")][2:] == ["0.50", "0.60", "0.10", "0.30"]
    assert report.whereabouts({OURS: seen(1.5)}) == ""
