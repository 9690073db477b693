# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two empty clusters become a mesh of OpenShift Service Mesh 3 with verified traffic; its root is rotated, it moves to another Istio and back, and it goes.

The operator is a stand-in (tests/lab/operators/README.md says what an original does otherwise); istiods, proxies and requests are real.
"""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, EVERYTHING, Estate, Run
from ansible_collections.meshops.lifecycle.tests.e2e.under_load import under_load
from ansible_collections.meshops.lifecycle.tests.ossm3.lab.seen import (
    UNCHANGED,
    across,
    crosses,
    differs,
    istiods,
    makers,
    of_revision,
    operands,
    state,
)

HOME, OTHER = "stable", "green"
# Two cores carry both clusters, the playbook and the pods that start.
PATIENT = {"most_seconds": 5.0, "slower": 0}
KEPT = {"Namespace meshops-system", "ServiceAccount meshops-system/default", "ConfigMap meshops-system/kube-root-ca.crt"}
# Where a run is killed: the task, and how many seconds into it.
POINTS = [
    ("Give the cluster an intermediate", 0.6),
    ("Write the objects of the control plane", 0.3),
    ("Have the mesh do what the control plane orders", 1.0),
    ("Have the mesh do what the control plane orders", 3.0),  # the operator brings the revision
    ("Open the gateway for the mesh's services", 0.8),
    ("Link the cluster with all others", 0.6),
]


def cutover(estate: Estate, folder: Path, to: str, *words: str, retire: bool = False, **options: Any) -> Run:
    given = {"cutover_to": to, "cutover_retire": retire, "cutover_report_dir": str(folder), "cutover_probe": PATIENT, **options}
    return estate.play("cutover", *words, **given).succeeded()


def roots(estate: Estate, cluster: str) -> frozenset[str]:
    held = estate.get(cluster, "secret", "cacerts", "-n", "istio-system")["data"]["root-cert.pem"]
    return frozenset(one.fingerprint for one in x509.bundle(base64.b64decode(held)))


@pytest.fixture(scope="module")
def first(estate: Estate, bare: dict[str, set[str]]) -> dict[str, dict[str, Any]]:
    """What the first run leaves, which nobody disturbs, by cluster."""
    run = estate.play("site", verify_traffic=True).succeeded()
    print(f"site on empty clusters: {run.seconds:.1f} s")
    assert all(changed > 0 for changed in run.changed.values()) and "Ask the echo server of each other cluster" in run.output
    return {cluster: state(estate, cluster) for cluster in CLUSTERS}


def test_a_check_of_the_first_install_makes_nothing(estate: Estate, bare: dict[str, set[str]]) -> None:
    run = estate.play("site", "--check", "--diff").succeeded()
    assert all(changed > 0 for changed in run.changed.values()), run.output
    assert {cluster: operands(estate, cluster) for cluster in CLUSTERS} == {cluster: {} for cluster in CLUSTERS}
    assert not [name for cluster in CLUSTERS for name in estate.names(cluster, "namespaces") if name.startswith(("istio", "meshops"))]


def test_the_operator_s_objects_are_those_of_the_inventory(estate: Estate, first: dict[str, dict[str, Any]]) -> None:
    for cluster in CLUSTERS:
        there = operands(estate, cluster)
        assert sorted(there) == ["Istio stable", "IstioRevision stable", "IstioRevisionTag default"]
        assert (there["Istio stable"]["version"], there["Istio stable"]["updateStrategy"]["type"]) == ("v1.32.0", "InPlace")
        assert there["IstioRevisionTag default"] == {"targetRef": {"kind": "IstioRevision", "name": "stable"}}
        assert istiods(estate, cluster) == ["istiod-stable"]


def test_a_second_run_and_a_check_change_nothing(estate: Estate, first: dict[str, dict[str, Any]]) -> None:
    again = estate.play("site", verify_traffic=True).succeeded()
    print(f"second run: {again.seconds:.1f} s")
    assert again.changed == UNCHANGED, again.output
    checked = estate.play("site", "--check", "--diff", verify_traffic=True).succeeded()
    assert checked.changed == UNCHANGED, checked.output


def test_status_shows_both_clusters_with_the_version_that_the_operator_has(estate: Estate, first: dict[str, dict[str, Any]]) -> None:
    run = estate.play("status").succeeded()
    for row in (run.lines("east ", "onprem", "1/1"), run.lines("west ", "cloud", "1/1")):
        assert row and row[0].split()[3] == "ok", run.output
    assert run.lines("2 clusters: all ok") and run.lines("1.32.0"), run.output


def test_the_root_is_rotated_under_load_and_no_request_is_lost(estate: Estate, first: dict[str, dict[str, Any]]) -> None:
    across(estate)
    before = {cluster: roots(estate, cluster) for cluster in CLUSTERS}
    with under_load(estate, "-qps", "30", "-c", "2", "http://server.app:8080/debug", stretch=24) as codes:
        run = estate.play("rotate", rotate="root", rotate_min_age=0).succeeded()
    print(f"root rotated in {run.seconds:.1f} s; {codes.total()} requests, {dict(codes)}")
    assert list(codes) == ["200"]
    (after,) = {roots(estate, cluster) for cluster in CLUSTERS}
    assert len(after) == 1 and after not in before.values()
    assert estate.play("rotate", rotate="root").succeeded().changed == UNCHANGED
    assert estate.play("site", verify_traffic=True).succeeded().changed == UNCHANGED


def test_a_plan_of_a_cutover_writes_nothing(estate: Estate, first: dict[str, dict[str, Any]]) -> None:
    before = {cluster: state(estate, cluster) for cluster in CLUSTERS}
    planned = estate.play("cutover", cutover_to=OTHER, cutover_plan=True).succeeded()
    assert planned.lines("app") and planned.changed == UNCHANGED, planned.output
    assert {cluster: differs(before[cluster], state(estate, cluster)) for cluster in CLUSTERS} == {"east": {}, "west": {}}


@pytest.fixture(scope="module")
def before(estate: Estate, first: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What stands while the mesh is on the revision of the inventory."""
    across(estate)
    return {cluster: state(estate, cluster) for cluster in CLUSTERS}


@pytest.fixture(scope="module")
def moved(estate: Estate, before: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of the mesh on a second Istio, up to and including the tag. Nothing is retired."""
    folder = tmp_path_factory.mktemp("report")
    print(f"forward in {cutover(estate, folder, OTHER).seconds:.1f} s")
    return folder


def test_every_proxy_and_the_tag_is_on_the_second_istio(estate: Estate, moved: Path) -> None:
    assert {cluster: makers(estate, cluster) for cluster in CLUSTERS} == {cluster: {OTHER} for cluster in CLUSTERS}
    for cluster in CLUSTERS:
        assert istiods(estate, cluster) == ["istiod-green", "istiod-stable"]
        assert operands(estate, cluster)["IstioRevisionTag default"] == {"targetRef": {"kind": "IstioRevision", "name": OTHER}}
    assert crosses(estate)
    assert cutover(estate, moved, OTHER).changed == UNCHANGED


def test_an_install_of_the_former_one_would_move_new_pods_and_is_refused(estate: Estate, moved: Path) -> None:
    there = {cluster: state(estate, cluster) for cluster in CLUSTERS}
    refused = estate.play("site")
    assert refused.rc != 0 and refused.lines("IstioRevisionTag default leads to green"), refused.output
    assert {cluster: differs(there[cluster], state(estate, cluster)) for cluster in CLUSTERS} == {"east": {}, "west": {}}


def test_back_is_the_same_play_and_leaves_nothing_of_the_other(estate: Estate, moved: Path, before: dict[str, dict[str, Any]]) -> None:
    print(f"back in {cutover(estate, moved, HOME, retire=True).seconds:.1f} s")
    for cluster in CLUSTERS:
        assert makers(estate, cluster) == {HOME}
        assert (istiods(estate, cluster), of_revision(estate, cluster, OTHER)) == (["istiod-stable"], [])
        assert differs(before[cluster], state(estate, cluster)) == {}
    assert crosses(estate)
    assert estate.play("site", verify_traffic=True).succeeded().changed == UNCHANGED


def test_a_mesh_in_use_is_not_removed(estate: Estate, first: dict[str, dict[str, Any]]) -> None:
    """The operator itself would delete the Istio without a word."""
    estate.bring_app()
    before = {cluster: operands(estate, cluster) for cluster in CLUSTERS}
    refused = estate.play("teardown", **EVERYTHING)
    assert refused.rc != 0 and refused.lines("Istio stable is in use") and refused.lines("Nothing was removed"), refused.output
    assert {cluster: operands(estate, cluster) for cluster in CLUSTERS} == before
    assert crosses(estate)


def test_a_teardown_leaves_nothing(estate: Estate, bare: dict[str, set[str]], first: dict[str, dict[str, Any]]) -> None:
    estate.remove_app()
    run = estate.play("teardown", **EVERYTHING).succeeded()
    print(f"teardown: {run.seconds:.1f} s")
    after = {cluster: estate.everything(cluster) for cluster in CLUSTERS}
    assert {cluster: after[cluster] - bare[cluster] - KEPT for cluster in after} == {"east": set(), "west": set()}
    assert {cluster: bare[cluster] - after[cluster] for cluster in after} == {"east": set(), "west": set()}
    assert estate.play("teardown", **EVERYTHING).succeeded().changed == UNCHANGED


def test_killed_again_and_again_it_ends_in_the_same_state(estate: Estate, first: dict[str, dict[str, Any]]) -> None:
    """Each run goes on where the one before it was killed."""
    for task, after in POINTS:
        estate.play_until("site", task, after, verify_traffic=True)
        time.sleep(1)
    estate.play("site", verify_traffic=True).succeeded()
    assert {cluster: differs(first[cluster], state(estate, cluster)) for cluster in CLUSTERS} == {"east": {}, "west": {}}
    assert estate.play("site", verify_traffic=True).succeeded().changed == UNCHANGED
