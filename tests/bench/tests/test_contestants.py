# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from meshbench.contestants import CONTESTANTS, HELM, IDLE, SITE, STEP, Scene
from meshbench.workload import objects

CRD = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "v"}, "spec": {"names": {"kind": "VirtualService"}}}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "lane", tmp_path / "kubeconfig", "bench", objects("a"), [], False)


@pytest.mark.parametrize("name", [name for name in CONTESTANTS if name not in IDLE and not CONTESTANTS[name].alone])
def test_all_say_which_cluster_they_mean(scene: Scene, name: str) -> None:
    commands = CONTESTANTS[name].commands(scene)
    said = " ".join(part for command in commands for part in command) + "".join(file.read_text() for file in scene.folder.rglob("*.json"))
    assert str(scene.kubeconfig) in said and "bench" in said


def test_a_chart_has_the_same_manifests(scene: Scene) -> None:
    CONTESTANTS[HELM].commands(replace(scene, crds=[CRD]))
    written = (scene.folder / "chart" / "templates" / "objects.yaml").read_text()
    assert list(yaml.safe_load_all(written)) == scene.objects and "{{" not in written
    assert list(yaml.safe_load_all((scene.folder / "chart" / "crds" / "crds.yaml").read_text())) == [CRD]


def test_the_step_of_site_has_its_connection_and_environment_and_the_file_of_its_role(scene: Scene) -> None:
    ((*_program, play),) = CONTESTANTS[STEP].commands(replace(scene, fleet=("c01", "c02")))
    clusters, taken = json.loads(Path(play).read_text())
    _first, site = yaml.safe_load(SITE.read_text())
    assert clusters["ansible.builtin.import_playbook"] == "meshops.lifecycle.clusters"
    assert {key: value for key, value in taken.items() if key != "tasks"} == {key: value for key, value in site.items() if key != "tasks"}
    assert taken["tasks"][-1]["ansible.builtin.include_role"] == {"name": "meshops.lifecycle.control_plane", "tasks_from": "manifests"}
    (stage,) = json.loads((scene.folder / "plan.json").read_text())["stages"]
    assert stage["manifests"] == scene.objects
    hosts = json.loads((scene.folder / "hosts.json").read_text())["all"]["hosts"]
    assert list(hosts) == ["c01", "c02"] and all(one["mesh_kube"]["context"] == "{{ inventory_hostname }}" for one in hosts.values())


def test_who_takes_part_in_one_workload_only_has_no_commands_for_others(scene: Scene) -> None:
    alone = [name for name, one in CONTESTANTS.items() if one.alone and name != STEP]
    assert alone
    for name in alone:
        with pytest.raises(LookupError):
            CONTESTANTS[name].commands(scene)
