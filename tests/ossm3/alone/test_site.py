# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`site` of OpenShift Service Mesh 3 by its playbook in two clusters, from nothing to nothing, while the stand-in of the Sail operator moves by itself.

The tests are one story. Not shown: that istiod and proxies run, and that requests cross. tests/ossm3/lab has that.
"""

from __future__ import annotations

import re
import signal
from pathlib import Path

from ansible_collections.meshops.lifecycle.tests.killpoint.killpoint import armed
from ansible_collections.meshops.lifecycle.tests.ossm3.alone.conftest import HOSTS, Meshes
from ansible_collections.meshops.lifecycle.tests.unit.support.running import Ran
from ansible_collections.meshops.lifecycle.tests.unit.support.stored import stored

EVERYTHING = {"teardown_confirm": "shop", "teardown_config": True, "teardown_root": True}
# What stays after a teardown: the place of the root, which others may use too.
KEPT = {"Namespace meshops-system"}
STEP = 9  # writes of each run until it is killed


def unchanged(done: Ran) -> bool:
    return done.code == 0 and not any(counts.get("changed") for counts in done.recap.values())


def everything(meshes: Meshes) -> dict[str, set[str]]:
    return {name: set(stored(world.cluster)) for name, world in meshes.worlds.items()}


def test_a_check_of_the_first_install_writes_nothing(meshes: Meshes) -> None:
    before = everything(meshes)
    checked = meshes.play("site", "--check", "--diff")
    assert checked.code == 0, checked.output
    assert everything(meshes) == before


def test_from_nothing_to_a_mesh_and_a_second_run_changes_nothing(meshes: Meshes) -> None:
    first = meshes.play("site")
    assert first.code == 0, first.output
    for name in HOSTS:
        there = meshes.standing(name)
        plugin = ["IstioCNI default"] if name == "west" else []
        assert sorted(there) == ["Istio stable", *plugin, "IstioRevision stable", "IstioRevisionTag default"]
        assert meshes.get(name, "Istio", "stable")["status"]["state"] == "Healthy"
        assert meshes.worlds[name].linked() == [other for other in HOSTS if other != name]
    again = meshes.play("site")
    assert unchanged(again), again.output


def test_status_finds_nothing_wrong(meshes: Meshes) -> None:
    status = meshes.play("status")
    assert status.code == 0, status.output
    assert "2 clusters: all ok" in status.output


def test_a_teardown_leaves_nothing_and_runs_killed_at_some_writes_end_the_same(meshes: Meshes, tmp_path: Path) -> None:
    before = {name: meshes.standing(name) for name in HOSTS}
    gone = meshes.play("teardown", **EVERYTHING)
    assert gone.code == 0, gone.output
    assert [meshes.standing(name) for name in HOSTS] == [{}, {}]
    kills = 0
    while True:
        folder = tmp_path / f"run-{kills}"
        folder.mkdir()
        done = meshes.play("site", environ=armed(f"{folder}:after:{STEP}"))
        if done.code == 0:
            break
        assert done.code == -signal.SIGKILL, done.output
        kills += 1
        assert kills < 12, "runs that are killed do not come to an end"
    assert kills >= 2
    assert {name: meshes.standing(name) for name in HOSTS} == before
    assert unchanged(meshes.play("site"))


def test_everything_goes_in_the_end(meshes: Meshes) -> None:
    assert meshes.play("teardown", **EVERYTHING).code == 0
    again = meshes.play("teardown", **EVERYTHING)
    assert unchanged(again), again.output
    for name, objects in everything(meshes).items():
        left = {one for one in objects - KEPT if re.search(r"istio|meshops", one) and not one.startswith("CustomResourceDefinition ")}
        assert left == set(), name
