# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mesh of paper goes the way of Istio: the same playbooks, on two API servers. No role, module or playbook names it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.tests.paper.registered import with_paper
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import install, trust
from meshlab import apionly

from .paper_world import SPACE, World, worlds

HELM = '#!/bin/sh\n[ "$1" = version ] && echo v3.19.0 && exit\necho "helm $*" >&2; exit 1\n'


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Any]]:
    with apionly.running("east") as east, apionly.running("west") as west:
        yield {"east": east, "west": west}


@pytest.fixture(scope="module")
def estate(servers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, World]]]:
    """The folder of the inventory, and the controllers that run beside the API servers."""
    folder = tmp_path_factory.mktemp("paper")
    (folder / "helm").write_text(HELM)
    (folder / "helm").chmod(0o755)
    kubes = {name: {"kubeconfig": str(server.kubeconfig), "context": server.context} for name, server in servers.items()}
    hosts = {name: {"mesh_network": name, "mesh_api_server": f"https://{name}.example:6443", "mesh_kube": kube} for name, kube in kubes.items()}
    shared = {"mesh_name": "shop", "mesh_provider": "paper", "mesh_trust_cluster": "east", "mesh_version": "1.0.0"}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"vars": shared, "hosts": hosts}}))
    with worlds(servers) as found:
        yield folder, found


def run(playbook: str, folder: Path, *more: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH_", "KUBECONFIG"))}
    words = [str(Path(sys.executable).with_name("ansible-playbook")), f"meshops.lifecycle.{playbook}", "-i", str(folder / "inventory.yml"), *more]
    environment = {**kept, "ANSIBLE_NOCOLOR": "1", "PATH": f"{folder}:{os.environ['PATH']}", **with_paper(), **environ}
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300, check=False)


def recap(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[int, int]]:
    """By cluster: how many tasks changed something, and how many failed."""
    found = re.findall(r"^(\w+) +: ok=\d+ +changed=(\d+).*?failed=(\d+)", done.stdout, re.MULTILINE)
    return {name: (int(changed), int(failed)) for name, changed, failed in found}


def ready(world: World) -> list[str]:
    """The objects of the two stages, as the API server has them."""
    refs = [Ref("apps/v1", "Deployment", install.OPERATOR, SPACE), Ref(install.VERSION, install.KIND, install.MESH, SPACE)]
    return [ref.kind for ref in refs if world.cluster.get(ref)]


@pytest.fixture(scope="module")
def first(estate: tuple[Path, dict[str, World]]) -> subprocess.CompletedProcess[str]:
    """The run that installs the mesh. Each test asks for it, since another process may run the test before it, on API servers of its own."""
    return run("site", estate[0])


def test_without_the_hook_of_the_tests_nobody_knows_it(estate: tuple[Path, dict[str, World]]) -> None:
    folder, _worlds = estate
    done = run("site", folder, MESHOPS_PAPER_MESH="")
    assert done.returncode != 0
    assert f"mesh_provider is 'paper'; known are {', '.join(sorted(PROVIDERS))}." in done.stdout, done.stdout


def test_the_site_is_made_in_stages_and_then_left_alone(
    estate: tuple[Path, dict[str, World]], first: subprocess.CompletedProcess[str]
) -> None:
    folder, found = estate
    assert first.returncode == 0, first.stdout + first.stderr
    assert all(ready(world) == ["Deployment", install.KIND] for world in found.values())
    assert all(world.order == ["operator", "mesh"] for world in found.values()), "the mesh was looked at before its operator ran"
    held = {name: world.cluster.get_all([*trust.objects(SPACE), *(Ref("v1", kind, f"paper-link-{other}", SPACE) for other in found if other != name
                                                                  for kind in ("Secret", "ServiceAccount", "ConfigMap"))]) for name, world in found.items()}
    assert all(each is not None for objects in held.values() for each in objects), "a CA in two objects, and a link of three"
    again = run("site", folder)
    assert again.returncode == 0, again.stdout + again.stderr
    assert recap(again) == {"east": (0, 0), "west": (0, 0)}, again.stdout


def test_its_status_is_told(estate: tuple[Path, dict[str, World]], first: subprocess.CompletedProcess[str]) -> None:
    folder, _worlds = estate
    assert first.returncode == 0, first.stdout + first.stderr
    done = run("status", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"east\s+-\s+ok", done.stdout), done.stdout


def test_it_is_taken_down_the_object_before_its_kind(estate: tuple[Path, dict[str, World]], first: subprocess.CompletedProcess[str]) -> None:
    folder, found = estate
    assert first.returncode == 0, first.stdout + first.stderr
    assert all(ready(world) == ["Deployment", install.KIND] for world in found.values())
    done = run("teardown", folder, "-e", "teardown_confirm=shop", "-e", "teardown_config=true")
    assert done.returncode == 0, done.stdout + done.stderr
    for world in found.values():
        assert ready(world) == []
        assert world.cluster.get(Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", install.CRD)) is None
        assert world.cluster.get(Ref("v1", "Namespace", SPACE)) is None
