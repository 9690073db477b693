# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from meshbench.contestants import Scene
from meshbench.errors import BenchError
from meshbench.issuing import CLUSTERS, ours, proved, theirs

NOW = datetime.now(UTC)
ROOT, OTHER = (issue.new_root(name, "bench", "P-256", NOW, 10) for name in ("root", "other"))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path, tmp_path / "kubeconfig", "c01", [], [], fleet=tuple(f"c{number}" for number in range(CLUSTERS)))


def play(command: list[str]) -> dict[str, Any]:
    return json.loads(Path(command[-1]).read_text())[0]


def test_both_issue_for_each_cluster(scene: Scene) -> None:
    [command] = ours(scene, 1)
    assert play(command)["hosts"] == "all" and len(json.loads((scene.folder / "hosts.json").read_text())["all"]["hosts"]) == CLUSTERS
    assert "--forks=10" in command
    [command] = theirs(scene, 1)
    assert len(play(command)["tasks"]) == 3
    loops = {name: len(task["loop"]) for task in play(command)["tasks"] for name in task if name.startswith("community.crypto.")}
    assert loops == {f"community.crypto.{name}": CLUSTERS for name in ("openssl_privatekey", "openssl_csr", "x509_certificate")}
    assert play(command)["hosts"] == "localhost"


def test_who_stores_what_it_issued_gives_each_cluster_all_that_a_mesh_reads(scene: Scene) -> None:
    [command] = theirs(scene, 1, stored=True)
    store = play(command)["tasks"][-1]
    space, secret = store["kubernetes.core.k8s"]["definition"]
    assert len(store["loop"]) == CLUSTERS and store["no_log"]
    assert secret["metadata"]["namespace"] == space["metadata"]["name"]
    assert sorted(secret["data"]) == ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"]


def test_no_round_finds_what_another_left(scene: Scene) -> None:
    spaces = {play(ours(scene, number)[0])["tasks"][0]["meshops.lifecycle.ca"]["namespace"] for number in (1, 2)}
    files = {play(theirs(scene, number)[0])["tasks"][0]["community.crypto.openssl_privatekey"]["path"] for number in (1, 2)}
    assert len(spaces) == len(files) == 2


def test_who_issues_too_few_or_under_another_root_is_found_out() -> None:
    made = [issue.new_intermediate(ROOT, f"c{number}", "bench", [], "P-256", NOW, 5).certificate for number in range(CLUSTERS)]
    proved(made, ROOT.certificate)
    with pytest.raises(BenchError, match="^0 of 100"):
        proved(made, OTHER.certificate)
    for wrong in (made[:-1], [*made[:-1], made[0]], [*made[:-1], issue.new_leaf(ROOT, ["host"], "bench", "P-256", NOW, 5).certificate]):
        with pytest.raises(BenchError, match="^99 of 100"):
            proved(wrong, ROOT.certificate)
