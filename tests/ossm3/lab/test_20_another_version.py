# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One Istio gets another version, as Red Hat documents it: the operator makes a second revision beside the first, and would collect that by itself.

Two names of versions lead to the same charts here.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, EVERYTHING, Estate
from ansible_collections.meshops.lifecycle.tests.ossm3.lab.seen import UNCHANGED, across, crosses, istiods, makers, of_revision, operands

OLD, NEW = "main-v1-31-0", "main-v1-32-0"
INSTALLED: dict[str, Any] = {"mesh_revision": OLD, "mesh_version": "1.31.0"}
PATIENT = {"most_seconds": 5.0, "slower": 0}
# The operator collects a revision half a minute after its last user left it, unless it is told to wait.
GRACE = 30


@pytest.fixture(scope="module")
def mesh(estate: Estate) -> Estate:
    estate.play("site", verify_traffic=True, **INSTALLED).succeeded()
    across(estate)
    return estate


def test_the_istio_has_the_name_and_the_operator_adds_the_version(mesh: Estate) -> None:
    for cluster in CLUSTERS:
        there = operands(mesh, cluster)
        assert sorted(there) == ["Istio main", f"IstioRevision {OLD}", "IstioRevisionTag default"]
        assert there["Istio main"]["updateStrategy"]["type"] == "RevisionBased"
    assert mesh.play("site", verify_traffic=True, **INSTALLED).succeeded().changed == UNCHANGED


@pytest.fixture(scope="module")
def moved(mesh: Estate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    given = {"cutover_to": NEW, "cutover_version": "1.32.0", "cutover_retire": False, "cutover_report_dir": str(folder), "cutover_probe": PATIENT}
    print(f"forward in {mesh.play('cutover', **INSTALLED, **given).succeeded().seconds:.1f} s")
    return folder


def test_all_is_on_the_new_version_and_the_former_is_kept_for_the_way_back(mesh: Estate, moved: Path) -> None:
    assert {cluster: makers(mesh, cluster) for cluster in CLUSTERS} == {cluster: {NEW} for cluster in CLUSTERS}
    time.sleep(GRACE + 5)
    for cluster in CLUSTERS:
        assert istiods(mesh, cluster) == [f"istiod-{OLD}", f"istiod-{NEW}"]
        assert operands(mesh, cluster)["Istio main"]["version"] == "v1.32.0"
    assert crosses(mesh)


def test_the_way_back_removes_the_new_version_and_not_its_istio(mesh: Estate, moved: Path) -> None:
    given = {"cutover_to": OLD, "cutover_version": "1.31.0", "cutover_retire": True, "cutover_report_dir": str(moved), "cutover_probe": PATIENT}
    print(f"back in {mesh.play('cutover', **INSTALLED, **given).succeeded().seconds:.1f} s")
    time.sleep(3)  # an Istio that still asked for the new version would have its revision made again
    for cluster in CLUSTERS:
        assert makers(mesh, cluster) == {OLD}
        assert (istiods(mesh, cluster), of_revision(mesh, cluster, NEW)) == ([f"istiod-{OLD}"], [])
        assert operands(mesh, cluster)["Istio main"]["version"] == "v1.31.0"
    assert crosses(mesh)
    assert mesh.play("site", verify_traffic=True, **INSTALLED).succeeded().changed == UNCHANGED


def test_a_teardown_takes_the_istio_with_its_revision(mesh: Estate) -> None:
    mesh.remove_app()
    mesh.play("teardown", **INSTALLED, **EVERYTHING).succeeded()
    assert {cluster: operands(mesh, cluster) for cluster in CLUSTERS} == {"east": {}, "west": {}}
