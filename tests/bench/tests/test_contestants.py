# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from meshbench.contestants import CONTESTANTS, HELM, IDLE, Scene
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


def test_who_takes_part_in_one_workload_only_has_no_commands_for_others(scene: Scene) -> None:
    alone = [name for name, one in CONTESTANTS.items() if one.alone]
    assert alone
    for name in alone:
        with pytest.raises(LookupError):
            CONTESTANTS[name].commands(scene)
