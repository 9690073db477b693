# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real etcd and kube-apiserver for the length of the session, and modules run on it as Ansible runs them."""

from __future__ import annotations

import base64
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

from api_fixture import api_server

from .turns import turns

__all__ = ["api_server"]


@dataclass(frozen=True)
class Way:
    """The API server. `kubeconfig` has the contexts admin, and reader, who may do nothing."""

    url: str
    ca: str
    kubeconfig: str
    tokens: Mapping[str, str]


@pytest.fixture(scope="session")
def way(api_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Way:
    """Both users have tokens, as in practice."""
    return way_to(api_server, tmp_path_factory.mktemp("way"))


def way_to(server: Any, folder: Path) -> Way:
    cluster = connect({"kubeconfig": str(server.kubeconfig), "context": server.context}, environ={})
    tokens = {name: _token(cluster, name) for name in ("admin", "reader")}
    config = yaml.safe_load(server.kubeconfig.read_text())
    entry = config["clusters"][0]["cluster"]
    (folder / "ca.crt").write_bytes(base64.b64decode(entry["certificate-authority-data"]))
    config["users"] = [{"name": name, "user": {"token": token}} for name, token in tokens.items()]
    config["contexts"] = [{"name": name, "context": {"cluster": config["clusters"][0]["name"], "user": name}} for name in tokens]
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    return Way(server.server, str(folder / "ca.crt"), str(folder / "kubeconfig"), tokens)


def _token(cluster: Cluster, name: str) -> str:
    meta = {"name": name, "namespace": "default"}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
    subject = {"kind": "ServiceAccount", **meta}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name}}
    cluster.apply([account, *([{**binding, "subjects": [subject], "roleRef": role}] if name == "admin" else [])])
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
    path = f"/api/v1/namespaces/default/serviceaccounts/{name}/token"
    answer = cluster._server.transport.request("POST", path, body=request)
    assert answer.ok, answer.body
    return str(answer.json()["status"]["token"])


@pytest.fixture(scope="session")
def admin(way: Way) -> dict[str, Any]:
    """The connection options of an administrator."""
    return {"kubeconfig": way.kubeconfig, "context": "admin", "cluster": "east"}


@dataclass(frozen=True)
class Step:
    """One task: a module of the collection with its options. It uses the API server of the test unless the options name another."""

    module: str
    options: Mapping[str, Any]
    check: bool = False


@dataclass(frozen=True)
class Played:
    """The results of the tasks, and the whole output."""

    results: list[dict[str, Any]]
    output: str

    @property
    def actions(self) -> list[list[str]]:
        return [[change["action"] for change in result.get("changes", [])] for result in self.results]


Play = Callable[..., Played]


# Two names of one Python. By the first mesh_config runs in the process of the task, by the other as a module.
OURS, BESIDE = sys.executable, str(Path(sys.executable).with_name(f"python3.{sys.version_info.minor}"))


@pytest.fixture
def interpreter() -> str:
    return OURS


@pytest.fixture
def play(admin: dict[str, Any], tmp_path: Path, interpreter: str) -> Play:
    """`play(Step(…), …)`: tasks of one playbook, at -vvv with --diff.

    A task that fails does not stop the next one. A function among the steps is called when its turn comes.
    """

    def run(*steps: Step | Callable[[], Any], environ: Mapping[str, str] = MappingProxyType({}), verbosity: str = "-vvv") -> Played:
        book, results = tmp_path / "play.yml", tmp_path / "results.json"
        with turns([step for step in steps if not isinstance(step, Step)]) as url:
            counts = itertools.count()
            tasks = [_task(step, number, admin) if isinstance(step, Step) else _turn(url, next(counts)) for number, step in enumerate(steps)]
            book.write_text(yaml.safe_dump([_play(tasks, results, interpreter)]))
            ran = subprocess.run(
                [str(Path(sys.executable).with_name("ansible-playbook")), verbosity, "--diff", str(book)],
                env={**_surroundings(tmp_path), "ANSIBLE_FILTER_PLUGINS": str(Path(__file__).with_name("filter_plugins")), **environ},
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
        assert results.exists(), ran.stdout + ran.stderr
        return Played(json.loads(results.read_text()), ran.stdout + ran.stderr)

    return run


def _turn(url: str, number: int) -> dict[str, Any]:
    asked = f"lookup('ansible.builtin.url', '{url}/{number}', use_proxy=false, timeout=120) == 'done'"
    return {"name": f"Turn {number}", "ansible.builtin.assert": {"that": asked, "quiet": True}}


def _task(step: Step, number: int, admin: Mapping[str, Any]) -> dict[str, Any]:
    options = {key: value for key, value in {**admin, **step.options}.items() if value is not None}
    task = {"name": f"Step {number}", f"meshops.lifecycle.{step.module}": options}
    return {**task, "check_mode": step.check, "register": f"step_{number}", "ignore_errors": True}


def _play(tasks: list[dict[str, Any]], results: Path, interpreter: str) -> dict[str, Any]:
    registered = ", ".join(task["register"] for task in tasks if "register" in task)
    keep = {"name": "Keep", "ansible.builtin.assert": {"that": f"[{registered}] | to_json | kept('{results}')", "quiet": True}, "no_log": True}
    play: dict[str, Any] = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    return {**play, "vars": {"ansible_python_interpreter": interpreter}, "tasks": [*tasks, keep]}


def _surroundings(home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH_", "KUBECONFIG"))}
    kept |= {"ANSIBLE_HOME": str(home), "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    return {**kept, "ANSIBLE_NOCOLOR": "true", "ANSIBLE_LOCAL_TEMP": str(home / "local")}
