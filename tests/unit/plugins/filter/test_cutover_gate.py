# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict of all clusters after a wave, and the manifests of the probes."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.gate import ProbeReading, Reading
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import call

HOSTS = ["east", "west"]
MEASURE = {"requests": 50, "least_success": 1.0, "most_seconds": 1.0, "slower": 3.0, "rollback": "wave"}
GOOD = ProbeReading("a", 50, 50, 0.01)


def result(cluster: str, **parts: Any) -> dict[str, Any]:
    before = Reading(cluster, [GOOD]).facts()
    return {"reading": Reading(cluster, **{"probes": [GOOD], "wave": 2, **parts}).facts(), "since": before, "changed": False}


def verdict(east: dict[str, Any] | None, west: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    hostvars = {"east": {"seen": east} if east else {}, "west": {"seen": west} if west else {}}
    return dict(call("_cutover_verdict", HOSTS, hostvars, "east", "seen", more.pop("measure", MEASURE), 2, more.pop("clusters", HOSTS), [1], **more))


def test_all_clusters_have_to_do_well() -> None:
    assert verdict(result("east"), result("west")) == {"way": "go", "waves": [], "pointers": False, "reasons": []}
    bad = verdict(result("east"), result("west", late=["Deployment shop/s has 1 of 2 pods"]))
    assert bad == {"way": "back", "waves": [2], "pointers": False, "reasons": ["west: not moved: Deployment shop/s has 1 of 2 pods."]}


def test_only_clusters_of_the_wave_count() -> None:
    assert verdict(result("east"), result("west", late=["x"]), clusters=["east"])["way"] == "go"


def test_the_first_reading_is_what_slowness_is_compared_to() -> None:
    slow = result("west", probes=[ProbeReading("a", 50, 50, 0.6)])
    assert verdict(result("east"), slow)["reasons"] == ["west: the probe a waited 0.60 s for its slowest answers, 0.01 s before the wave."]
    assert verdict(result("east"), slow, measure={**MEASURE, "slower": 0})["way"] == "go"


def test_a_reading_that_is_missing_or_of_another_wave_has_failed() -> None:
    told = ["west: nothing was read of it after this wave."]
    assert verdict(result("east"), None)["reasons"] == told
    assert verdict(result("east"), result("west", wave=1))["reasons"] == told
    assert verdict(result("east"), {"skipped": True})["reasons"] == told
    failed = {"failed": True, "msg": "west: the API server refuses connections."}
    assert verdict(result("east"), failed)["reasons"] == ["west: it could not be read: the API server refuses connections."]


def test_faults_of_the_wave_need_no_reading() -> None:
    told = ["east: 3 proxies are late."]
    assert verdict(None, None, faults=told) == {"way": "back", "waves": [2], "pointers": False, "reasons": told}


def test_gates_that_the_role_asked_count() -> None:
    gates = [{"name": "smoke", "passed": True, "value": "", "fault": ""}, {"name": "approval", "passed": False, "value": "no", "extra": 1}]
    assert verdict(result("east"), result("west"), own_gates=gates)["reasons"] == ["The gate approval failed: it saw no."]


def test_each_cluster_runs_a_probe_of_each_revision_that_lets_the_other_ask() -> None:
    wish = {"cluster": "east", "target": "green", "former": "blue", "targets": HOSTS, "image": "fortio:1", "trust_domain": "cluster.local"}
    manifests = call("_cutover_probe", "istio", wish)
    spaces = {one["metadata"]["name"]: one["metadata"]["labels"]["istio.io/rev"] for one in manifests if one["kind"] == "Namespace"}
    assert spaces == {"meshops-cutover-target": "green", "meshops-cutover-former": "blue"}
    assert [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in manifests if one["kind"] == "Deployment"] == [
        ("meshops-cutover-target", "echo-east"), ("meshops-cutover-target", "gateway-east"), ("meshops-cutover-former", "echo-east"),
    ]  # fmt: skip
    assert [one["kind"] for one in call("_cutover_probe", "istio", {**wish, "gateway": False})].count("Deployment") == 2
    policies = [one["spec"]["rules"][0]["from"][0]["source"]["principals"] for one in manifests if one["kind"] == "AuthorizationPolicy"]
    of_target, of_former = (f"cluster.local/ns/meshops-cutover-{space}/sa/probe" for space in ("target", "former"))
    assert policies == [[of_target, of_former], [of_former, of_target]]


def test_after_the_finish_pointers_turn_back_and_a_cluster_without_a_probe_has_failed() -> None:
    bad = verdict(result("east"), result("west", probes=[]), finished=True)
    assert (bad["way"], bad["pointers"], bad["reasons"]) == ("back", True, ["west: no probe was asked."])
    assert verdict(result("east"), result("west", probes=[]), measure={**MEASURE, "requests": 0}, finished=True)["way"] == "go"
