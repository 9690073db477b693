# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two empty clusters become one mesh, and a second run changes nothing."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import yaml
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate
from ansible_collections.meshops.lifecycle.tests.e2e.lasting import First
from ansible_collections.meshops.lifecycle.tests.e2e.least import tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.leaks import leaks


def test_the_first_run_ends_with_verified_traffic(first: First) -> None:
    first.run.succeeded()
    assert all(changed > 0 for changed in first.run.changed.values())
    assert "Ask the echo server of each other cluster" in first.run.output


def test_helm_knows_the_releases(estate: Estate, first: First) -> None:
    for cluster in ("east", "west"):
        told = subprocess.run(
            ["helm", "ls", "-A", "-o", "json", "--kubeconfig", estate.kubeconfig, "--kube-context", cluster], capture_output=True, text=True, check=True
        )
        releases = {release["name"]: release["status"] for release in json.loads(told.stdout)}
        assert releases == {"istio-base": "deployed", "istiod-stable": "deployed", "istio-eastwestgateway": "deployed"}


def test_a_second_run_changes_nothing(estate: Estate, first: First) -> None:
    second = estate.play("site", verify_traffic=True).succeeded()
    assert second.changed == {"east": 0, "west": 0}, second.output


def test_a_check_of_what_is_there_says_nothing_would_change(estate: Estate, first: First) -> None:
    run = estate.play("site", "--check", "--diff", verify_traffic=True).succeeded()
    assert run.changed == {"east": 0, "west": 0}, run.output


def test_a_check_after_a_change_shows_just_that_change(estate: Estate, first: First) -> None:
    overrides = {"mesh_cluster_values": {"istiod": {"env": {"PILOT_TRACE_SAMPLING": "7"}}}}
    run = estate.play("site", "--check", "--diff", **overrides).succeeded()
    told = [line for line in run.lines("(item=") if not line.startswith("included: ")]
    assert len(told) == 2 and all('istiod-stable: env.PILOT_TRACE_SAMPLING (unset) -> "7"' in line for line in told), told
    assert run.changed == {"east": 1, "west": 1}, run.output


def test_status_shows_both_clusters_synced(estate: Estate, first: First, tmp_path: Path) -> None:
    run = estate.play("status", mesh_report_dir=str(tmp_path)).succeeded()
    for row in (run.lines("east ", "onprem", "1/1"), run.lines("west ", "cloud", "1/1")):
        assert row and row[0].split()[3] == "ok", run.output
    assert run.lines("2 clusters: all ok"), run.output
    report = json.loads((tmp_path / "status.json").read_text())
    assert sorted(report) == ["east", "west"]
    roots = {facts["trust"]["root"]["fingerprint"] for facts in report.values()}
    intermediates = {facts["trust"]["intermediate"]["fingerprint"] for facts in report.values()}
    assert (len(roots), len(intermediates)) == (1, 2)


def test_no_secret_is_in_anything_that_was_written(estate: Estate, first: First) -> None:
    """The first run, at -vvvv with --diff, made all keys and tokens, and its output has none of them in any form."""
    users = yaml.safe_load(Path(estate.kubeconfig).read_text())["users"]
    secrets = {f"the client's key of {user['name']}": base64.b64decode(user["user"]["client-key-data"]) for user in users}
    for cluster in ("east", "west"):
        data = estate.get(cluster, "secret", "cacerts", "-n", "istio-system")["data"]
        secrets[f"{cluster}: the intermediate"] = base64.b64decode(data["ca-key.pem"])
        for item in estate.get(cluster, "secrets", "-n", "istio-system")["items"]:
            if item["type"] == "kubernetes.io/service-account-token":
                secrets[f"{cluster}: the reader's token"] = base64.b64decode(item["data"]["token"])
    root = estate.get("east", "secret", "meshops-root-ca", "-n", "meshops-system")["data"]
    secrets["the root"] = base64.b64decode(root["root-key.pem"])
    secrets |= {f"{cluster}: the token of who ran it": token for cluster, token in tokens(Path(estate.variables["mesh_kube"]["kubeconfig"])).items()}
    assert len(secrets) == 9
    assert leaks(secrets, first.run.places) == []
