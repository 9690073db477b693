# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from meshbench.contestants import CONTESTANTS, ENGINE, HELM, IDLE, ISTIOCTL, KUBECTL, LOOP, ONE_TASK, OURS, SERVER_SIDE, Scene
from meshbench.workload import COUNTS, objects

CRD = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "v"}, "spec": {"names": {"kind": "VirtualService"}}}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "lane", tmp_path / "kubeconfig", "bench", objects("a"), [], False)


@pytest.mark.parametrize("name", [name for name in CONTESTANTS if name not in IDLE and not CONTESTANTS[name].alone])
def test_all_say_which_cluster_they_mean(scene: Scene, name: str) -> None:
    commands = CONTESTANTS[name].commands(scene)
    said = " ".join(part for command in commands for part in command) + "".join(file.read_text() for file in scene.folder.rglob("*.json"))
    assert str(scene.kubeconfig) in said and "bench" in said


def test_kubectl_waits_for_crds_where_the_cluster_is_empty(scene: Scene) -> None:
    assert len(CONTESTANTS[KUBECTL].commands(scene)) == 1
    verbs = [command[3] for command in CONTESTANTS[KUBECTL].commands(replace(scene, crds=[CRD]))]
    assert verbs == ["apply", "wait", "apply"]


def test_force_is_given_only_where_it_is_needed(scene: Scene) -> None:
    assert "--force-conflicts" not in CONTESTANTS[SERVER_SIDE].commands(scene)[0]
    assert "--force-conflicts" in CONTESTANTS[SERVER_SIDE].commands(replace(scene, force=True))[0]


def test_a_fleet_is_one_playbook_but_as_many_runs_of_istioctl(scene: Scene) -> None:
    fleet = replace(scene, fleet=("c01", "c02"), forks=25)
    [command] = CONTESTANTS[OURS].commands(fleet)
    assert "--forks=25" in command and '"c02"' in (scene.folder / "hosts.json").read_text()
    assert tasks(command)[0]["meshops.lifecycle.mesh_config"]["context"] == "{{ inventory_hostname }}"  # type: ignore[index]
    assert [run[-1] for run in CONTESTANTS[ISTIOCTL].commands(fleet)] == ["--context=c01", "--context=c02"]
    CONTESTANTS[ENGINE].commands(fleet)
    assert json.loads((scene.folder / "params.json").read_text())["contexts"] == ["c01", "c02"]


def tasks(command: list[str]) -> list[dict[str, object]]:
    return json.loads(Path(command[-1]).read_text())[0]["tasks"]


def test_playbooks(scene: Scene) -> None:
    assert len(tasks(CONTESTANTS[OURS].commands(replace(scene, crds=[CRD]))[0])) == 1
    assert len(tasks(CONTESTANTS[ONE_TASK].commands(scene)[0])) == 1
    assert len(tasks(CONTESTANTS[ONE_TASK].commands(replace(scene, crds=[CRD]))[0])) == 2
    assert len(tasks(CONTESTANTS[LOOP].commands(scene)[0])[0]["loop"]) == len(COUNTS)  # type: ignore[arg-type]


def test_a_chart_has_the_same_manifests(scene: Scene) -> None:
    CONTESTANTS[HELM].commands(replace(scene, crds=[CRD]))
    written = (scene.folder / "chart" / "templates" / "objects.yaml").read_text()
    assert list(yaml.safe_load_all(written)) == scene.objects and "{{" not in written
    assert list(yaml.safe_load_all((scene.folder / "chart" / "crds" / "crds.yaml").read_text())) == [CRD]


def test_who_takes_part_in_one_workload_only_has_no_commands_for_others(scene: Scene) -> None:
    alone = [name for name, one in CONTESTANTS.items() if one.alone]
    assert alone
    for name in alone:
        with pytest.raises(LookupError):
            CONTESTANTS[name].commands(scene)
