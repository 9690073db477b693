# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are killed right before and right after a write, on a real API server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.killpoint.killpoint import TEST_LABEL, VARIABLE, armed
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import config_map, namespace

from .conftest import BESIDE, OURS, _surroundings

KUBE_SYSTEM = Ref("v1", "Namespace", "kube-system")
PLACE = "api-kill"
LEASE = {"mesh": "kill", "holder": "run-1", "namespace": PLACE}
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cluster(admin: dict[str, Any]) -> Iterator[Cluster]:
    cluster = connect(admin, environ={})
    cluster.apply([namespace(PLACE)])
    yield cluster
    cluster.delete([Ref.of(config_map(PLACE, name)) for name in ("one", "two")])


@pytest.fixture
def run(cluster: Cluster, admin: dict[str, Any], tmp_path: Path, interpreter: str) -> Run:
    """Each host writes an object in a process of its own, one after the other."""
    (tmp_path / "here").mkdir()
    wish = config_map(PLACE, "{{ inventory_hostname }}", a="1")
    write = {"name": "Write", "meshops.lifecycle.mesh_config": {**admin, "manifests": [wish]}}
    hold = {"name": "Hold", "meshops.lifecycle.lease": {**admin, **LEASE}}

    def ran(point: str, hosts: str = "one,two", uncounted: bool = False) -> subprocess.CompletedProcess[str]:
        play = {"hosts": "all", "connection": "local", "gather_facts": False, "serial": 1, "vars": {"ansible_python_interpreter": interpreter}}
        tasks = [hold, {**write, "check_mode": True}, write] if uncounted else [write]
        (tmp_path / "play.yml").write_text(yaml.safe_dump([{**play, "tasks": tasks}]))
        return subprocess.run(
            [str(Path(sys.executable).with_name("ansible-playbook")), "-i", f"{hosts},", str(tmp_path / "play.yml")],
            env={**_surroundings(tmp_path), **armed(f"{tmp_path}/here:{point}")},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            start_new_session=True,
        )

    return ran


def there(cluster: Cluster) -> list[str]:
    return [name for name in ("one", "two") if cluster.get(Ref.of(config_map(PLACE, name)))]


def writes(tmp_path: Path) -> list[str]:
    return (tmp_path / "here" / "writes").read_text().splitlines()


def left(tmp_path: Path) -> list[int]:
    """Processes that were started with the variable in their environment and still run."""
    mark = f"{VARIABLE}={tmp_path}/".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("interpreter", [OURS, BESIDE], ids=["in Ansible's process", "as a module"])
def test_counted_over_all_processes(cluster: Cluster, run: Run, tmp_path: Path) -> None:
    """Writes of all processes count, except those of the Lease and in check mode."""
    done = run("count", uncounted=True)
    assert done.returncode == 0, done.stdout + done.stderr
    path = f"/api/v1/namespaces/{PLACE}/configmaps"
    assert writes(tmp_path) == [f"{number} east PATCH {path}/{name}" for number, name in enumerate(("one", "two"), 1)]


@pytest.mark.parametrize(("point", "made"), [
    ("before:1", []), ("after:1", ["one"]), ("before:2", ["one"]), ("after:2", ["one", "two"]),
])  # fmt: skip
def test_killed_before_or_after_a_write(cluster: Cluster, run: Run, tmp_path: Path, point: str, made: list[str]) -> None:
    done = run(point)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
    assert there(cluster) == made
    assert len(writes(tmp_path)) == int(point[-1])
    end = time.monotonic() + 5
    while left(tmp_path) and time.monotonic() < end:
        time.sleep(0.01)
    assert left(tmp_path) == []
    # Nothing of the run goes on where it was.
    time.sleep(0.5)
    assert there(cluster) == made


def test_a_point_that_is_not_reached_changes_nothing(cluster: Cluster, run: Run) -> None:
    done = run("after:3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert there(cluster) == ["one", "two"]


@pytest.mark.parametrize("point", ["count", "before:1"])
def test_refused_on_a_cluster_that_is_not_for_tests(cluster: Cluster, run: Run, tmp_path: Path, point: str) -> None:
    home = cluster.get(KUBE_SYSTEM)
    assert home and home["metadata"]["labels"][TEST_LABEL] == "true"
    _label(cluster, None)
    try:
        done = run(point)
    finally:
        _label(cluster, "true")
    assert done.returncode == 2
    assert f"{VARIABLE} is set, and this is no test cluster" in done.stdout
    assert there(cluster) == []
    assert not (tmp_path / "here" / "writes").exists()


def _label(cluster: Cluster, value: str | None) -> None:
    patch = {"metadata": {"labels": {TEST_LABEL: value}}}
    answer = cluster._server.transport.request("PATCH", "/api/v1/namespaces/kube-system", body=patch, content_type="application/merge-patch+json")
    assert answer.ok, answer.body


def test_this_process_is_not_part_of_it() -> None:
    assert VARIABLE not in os.environ
