# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from meshbench.figures import Requests, Run, count, percentile, scaled, summary, there_and_back


def event(number: int, verb: str = "get", uri: str = "/api/v1/pods", user: str = "admin", resource: str | None = "pods",
          stage: str = "ResponseComplete") -> str:
    told: dict[str, Any] = {"auditID": f"id-{number}", "verb": verb, "requestURI": uri, "user": {"username": user}, "stage": stage}
    return json.dumps({**told, **({"objectRef": {"resource": resource}} if resource else {})})


def run(wall: float, cpu: float = 1.0, requests: float = 10, writes: float = 1, memory: float = 50) -> Run:
    return Run(wall, cpu, requests, writes, memory)


class TestRequests:
    def test_reads_and_writes_of_one_user(self) -> None:
        log = [event(1), event(2, "patch"), event(3, "create"), event(4, "create", user="system:apiserver"), event(5, "get", "/apis", resource=None)]
        assert count(log, "admin") == Requests(4, 2)

    def test_a_request_that_is_logged_at_two_stages_counts_once(self) -> None:
        assert count([event(1, "watch", stage="ResponseStarted"), event(1, "watch")], "admin") == Requests(1, 0)

    @pytest.mark.parametrize("harmless", [
        event(1, "patch", "/api/v1/namespaces/a/configmaps/b?dryRun=All&fieldManager=x"),
        event(1, "create", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", resource="selfsubjectaccessreviews"),
    ])
    def test_a_question_is_no_write(self, harmless: str) -> None:
        assert count([harmless], "admin") == Requests(1, 0)

    def test_an_attempt_that_changed_nothing_or_was_refused_is_one(self) -> None:
        refused = json.loads(event(1, "patch")) | {"responseStatus": {"code": 415}}
        assert count([json.dumps(refused)], "admin") == Requests(1, 1)

    def test_who_borrows_another_name_is_not_counted(self) -> None:
        borrowed = json.loads(event(1)) | {"impersonatedUser": {"username": "istiod"}}
        assert count([json.dumps(borrowed), event(2)], "admin") == Requests(1, 0)

    def test_an_empty_log(self) -> None:
        assert count([], "admin") == Requests(0, 0)


class TestPercentile:
    @pytest.mark.parametrize(("values", "share", "expected"), [
        ([5.0], 95, 5.0),
        ([2.0, 1.0], 95, 2.0),
        ([float(n) for n in range(1, 11)], 95, 10.0),
        ([float(n) for n in range(1, 101)], 95, 95.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([3.0, 1.0, 2.0], 0, 1.0),
    ])
    def test_nearest_rank(self, values: list[float], share: float, expected: float) -> None:
        assert percentile(values, share) == expected


class TestSummary:
    def test_medians_and_the_largest_process(self) -> None:
        found = summary([run(1.0, memory=40), run(9.0, memory=70), run(2.0, memory=50)])
        assert (found.runs, found.wall, found.wall_p95, found.memory) == (3, 2.0, 9.0, 70)

    def test_scaling_counts_the_start_once(self) -> None:
        found = scaled(replace(run(11.0, cpu=6.0, requests=20, writes=10), pushes=9), run(1.0, cpu=1.0, requests=0, writes=0), 10)
        assert (found.wall, found.cpu, found.requests, found.writes, found.pushes) == (101.0, 51.0, 200, 100, 90)

    def test_a_run_shorter_than_the_start_is_not_scaled_below_it(self) -> None:
        assert scaled(run(0.9), run(1.0), 10).wall == 1.0

    def test_every_second_round_goes_back(self) -> None:
        assert there_and_back(["a", "b"], 3) == [["a", "b"], ["b", "a"], ["a", "b"]]


def test_lag_is_what_nearly_all_runs_stayed_below() -> None:
    found = summary([replace(run(1.0), lag=lag, each=2000) for lag in (0.5, 1.9, 0.7)])
    assert (found.lag, found.each) == (1.9, 2000)
