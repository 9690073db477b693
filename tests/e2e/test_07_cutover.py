# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All of a mesh moves to another revision and back, and the other revision goes. Under load, with gates that fail, it is tests/drills that do so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, Estate, Run
from ansible_collections.meshops.lifecycle.tests.e2e.lasting import lasting

HOME, OTHER = "stable", "green"
REV = "istio.io/rev"
# Two cores carry both clusters, the playbook and the pods that start.
PATIENT = {"most_seconds": 5.0, "slower": 0}
UNCHANGED = dict.fromkeys(CLUSTERS, 0)


def makers(estate: Estate, cluster: str) -> set[str]:
    """The revisions that made the proxies of a cluster, and those that its default tag and its default validator lead to."""
    pods = [item["metadata"] for item in estate.get(cluster, "pods", "-A")["items"]]
    made = {meta["annotations"][REV] for meta in pods if REV in meta.get("annotations", {}) and not meta.get("deletionTimestamp")}
    tag = estate.get(cluster, "mutatingwebhookconfiguration", "istio-revision-tag-default")["metadata"]["labels"][REV]
    validator = estate.get(cluster, "validatingwebhookconfiguration", "istiod-default-validator")["metadata"]["labels"][REV]
    return made | {tag, validator}


def installed(estate: Estate, cluster: str) -> list[str]:
    return [name for name in estate.names(cluster, "deployments", "-n", "istio-system") if name.startswith("istiod-")]


def hooks(estate: Estate, cluster: str, revision: str) -> list[str]:
    return estate.names(cluster, "mutatingwebhookconfigurations,validatingwebhookconfigurations", "-l", f"{REV}={revision}")


def crosses(estate: Estate) -> bool:
    """A request of the client in east is answered."""
    told = estate.kubectl("east", "-n", "app", "exec", "deploy/client", "-c", "fortio", "--", "fortio", "curl", "-quiet", "http://server.app:8080/debug")
    return "X-Forwarded-Client-Cert" in told


def cutover(estate: Estate, folder: Path, to: str, *words: str, retire: bool = False) -> Run:
    return estate.play("cutover", *words, cutover_to=to, cutover_retire=retire, cutover_report_dir=str(folder), cutover_probe=PATIENT).succeeded()


@pytest.fixture(scope="module")
def before(app: Estate) -> dict[str, dict[str, object]]:
    """What stands in each cluster while the mesh is on the revision that the inventory names."""
    app.play("site", verify_traffic=True).succeeded()
    return {cluster: lasting(app, cluster) for cluster in CLUSTERS}


@pytest.fixture(scope="module")
def moved(app: Estate, before: dict[str, dict[str, object]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forward, up to and including the pointers. The folder holds the report of the run."""
    folder = tmp_path_factory.mktemp("report")
    print(f"forward in {cutover(app, folder, OTHER).seconds:.1f} s")
    return folder


def test_a_plan_says_what_is_restarted_and_writes_nothing(app: Estate, before: dict[str, dict[str, object]]) -> None:
    planned = app.play("cutover", cutover_to=OTHER, cutover_plan=True).succeeded()
    assert planned.lines("app") and planned.changed == UNCHANGED, planned.output
    assert {cluster: installed(app, cluster) for cluster in CLUSTERS} == {cluster: ["istiod-stable"] for cluster in CLUSTERS}


def test_every_proxy_and_every_pointer_is_on_the_other_revision(app: Estate, moved: Path) -> None:
    assert {cluster: makers(app, cluster) for cluster in CLUSTERS} == {cluster: {OTHER} for cluster in CLUSTERS}
    assert all(installed(app, cluster) == ["istiod-green", "istiod-stable"] for cluster in CLUSTERS)
    assert crosses(app)
    report = json.loads((moved / "cutover-shop.json").read_text())
    assert (report["target"], report["former"], report["turned_back"]) == (OTHER, HOME, []) and report["moved"]


def test_a_second_run_changes_nothing(app: Estate, moved: Path) -> None:
    assert cutover(app, moved, OTHER).changed == UNCHANGED


def expected(estate: Estate) -> set[str]:
    """The trust domains in which the home revision's istiod in east expects the workloads of west."""
    asked = estate.kubectl("east", "-n", "istio-system", "exec", f"deploy/istiod-{HOME}", "--", "pilot-discovery", "request", "GET", "/debug/endpointShardz")
    shards = [one["Shards"].get("Kubernetes/west") or [] for spaces in json.loads(asked).values() for one in spaces.values()]
    return {endpoint["ServiceAccount"].split("/")[2] for endpoints in shards for endpoint in endpoints if endpoint["ServiceAccount"]}


@pytest.fixture
def too_early(app: Estate, moved: Path) -> None:
    """An istiod of east starts before its revision is in west, as happens where clusters are installed at different times. Nobody follows it now."""
    known = app.get("west", "configmap", f"istio-{HOME}", "-n", "istio-system")
    kept = json.dumps({**known, "metadata": {key: known["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}})
    app.kubectl("west", "-n", "istio-system", "delete", "configmap", f"istio-{HOME}")
    try:
        app.kubectl("east", "-n", "istio-system", "delete", "pod", "-l", f"app=istiod,{REV}={HOME}")
        app.kubectl("east", "-n", "istio-system", "rollout", "status", f"deploy/istiod-{HOME}", "--timeout=120s")
    finally:
        app.kubectl("west", "create", "--field-manager=helm", "-f", "-", given=kept)
    assert expected(app) == {"cluster.local"}, "the fault that the run has to mend is not there"


@pytest.mark.usefixtures("too_early")
def test_back_is_the_same_play_and_leaves_nothing_of_the_other(app: Estate, moved: Path, before: dict[str, dict[str, object]]) -> None:
    print(f"back in {cutover(app, moved, HOME, retire=True).seconds:.1f} s")
    assert expected(app) == {"shop.example"}
    for cluster in CLUSTERS:
        assert makers(app, cluster) == {HOME}
        assert (installed(app, cluster), hooks(app, cluster, OTHER)) == (["istiod-stable"], [])
        state = lasting(app, cluster)
        assert {name: (before[cluster].get(name), state.get(name)) for name in {*before[cluster], *state} if before[cluster].get(name) != state.get(name)} == {}
    assert crosses(app)
    assert app.play("site", verify_traffic=True).succeeded().changed == UNCHANGED
