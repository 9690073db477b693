# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stub whose sidecars are moved, and what a round holds against the playbook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from meshbench import report, waves
from meshbench.contestants import OURS, Scene
from meshbench.errors import BenchError
from meshbench.figures import Requests, Run, summary
from meshbench.injected import REPLICAS, SIDECARS, Injected, spaces

PATCH = "application/merge-patch+json"


@pytest.fixture(scope="module")
def cluster() -> Injected:
    return Injected("east", [])


def listed(cluster: Injected, revision: str) -> set[str]:
    return {one["proxy"] for one in json.loads(cluster.debug("/debug/syncz", f"istiod-{revision}-1"))}


def patch(cluster: Injected, path: str, **body: Any) -> None:
    assert cluster.handle("PATCH", f"{path}?fieldManager=bench", body, PATCH).ok


def test_a_restarted_workload_is_listed_by_the_istiod_that_its_namespace_names(cluster: Injected) -> None:
    assert (len(listed(cluster, "blue")), listed(cluster, "green")) == (SIDECARS, set())
    space = spaces()[3]
    patch(cluster, f"/api/v1/namespaces/{space}", metadata={"labels": {"istio.io/rev": "green"}})
    assert listed(cluster, "green") == set()
    path = f"/apis/apps/v1/namespaces/{space}/deployments/server-003"
    patch(cluster, path, spec={"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}})
    assert listed(cluster, "green") == {f"server-003-{number}.{space}" for number in range(REPLICAS)}
    assert len(listed(cluster, "blue")) == SIDECARS - REPLICAS
    before = cluster.server.version
    patch(cluster, path, metadata={"labels": {"a": "b"}})
    assert cluster.server.version == before + 1, "pods were made anew although their template is the same"


def test_pods_are_listed_whatever_fields_are_asked_for(cluster: Injected) -> None:
    answer = cluster.handle("GET", "/api/v1/pods?fieldSelector=status.phase%21%3DSucceeded", None, "")
    assert len(json.loads(answer.body)["items"]) == SIDECARS + 2


def test_every_workload_has_a_budget_that_allows_one_pod(cluster: Injected) -> None:
    answer = cluster.handle("GET", "/apis/policy/v1/poddisruptionbudgets", None, "")
    assert {one["status"]["disruptionsAllowed"] for one in json.loads(answer.body)["items"]} == {1}
    assert len(json.loads(answer.body)["items"]) == SIDECARS // REPLICAS


class Site:
    def mark(self) -> None:
        """Nobody counts."""

    def since(self) -> Requests:
        return Requests(0, 0)


def held(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str) -> tuple[list[str], Run]:
    played: list[str] = []

    def timed(commands: Any, _home: Path, _counts: Any) -> Run:
        play = json.loads(Path(commands[0][-1]).read_text())
        played.append(play[0]["tasks"][0]["meshops.lifecycle.cutover"]["target"])
        (tmp_path / "out").write_text(said)
        return Run(20.0, 1.0, 0, 0)

    monkeypatch.setattr(waves, "timed", timed)
    rounds = waves.Waves(Site(), Scene(tmp_path, tmp_path, "east", [], []))  # type: ignore[arg-type]
    runs = [rounds.attempt(OURS, number)[1] for number in (1, 2)]
    return played, runs[0]


def test_rounds_go_there_and_back_and_count_sidecars(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    played, run = held(monkeypatch, tmp_path, f'"msg": "{waves.WORDS} 0"')
    assert played == ["green", "blue"]
    (row,) = [row for row in report.rows({"P15": {OURS: summary([run])}}) if row.id == "P15"]
    assert (row.ours, row.target, row.met) == (3000, ">= 1500", True)
    (slow,) = [row for row in report.rows({"P15": {OURS: summary([Run(41.0, 1.0, 0, 0, each=SIDECARS)])}}) if row.id == "P15"]
    assert slow.met is False


def test_a_wave_that_is_late_ends_the_benchmark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="did not move"):
        held(monkeypatch, tmp_path, f'"msg": "{waves.WORDS} 3"')
