# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's clusters as a user sees them: run playbooks, and look with kubectl."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.tests.unit.support.stored import RESTLESS, stored

CHECKOUT = Path(__file__).resolve().parents[2]
CLUSTERS = ("east", "west")
# What takes a mesh down with all that it ever had.
EVERYTHING = {"teardown_confirm": "shop", "teardown_config": True, "teardown_root": True}
# The machine itself, as pods reach it.
BRIDGE = "198.18.0.1"
APP = (Path(__file__).parent / "app.yml").read_text()
_RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Recap:
    """What Ansible counted for one host."""

    ok: int
    changed: int
    unreachable: int
    failed: int


@dataclass(frozen=True)
class Run:
    """One run of a playbook."""

    rc: int
    output: str
    seconds: float
    recap: Mapping[str, Recap] = field(default_factory=dict)
    places: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, rc: int, output: str, seconds: float) -> Run:
        recap = {host: Recap(*map(int, counts)) for host, *counts in _RECAP.findall(output)}
        return cls(rc, output, seconds, recap)

    @property
    def changed(self) -> dict[str, int]:
        return {host: recap.changed for host, recap in self.recap.items()}

    @property
    def failed(self) -> list[str]:
        return sorted(host for host, recap in self.recap.items() if recap.failed or recap.unreachable)

    def lines(self, *words: str) -> list[str]:
        """The lines of the output that contain all the words."""
        return [line for line in self.output.splitlines() if all(word in line for word in words)]

    def succeeded(self) -> Run:
        assert self.rc == 0, self.output[-6000:]
        return self


class Estate:
    """The lab, an inventory for it, and ways to run commands there."""

    def __init__(self, inventory: Path | None = None, variables: Mapping[str, Any] | None = None) -> None:
        self.inventory = inventory or CHECKOUT / "inventories" / "lab"
        self.variables = dict(variables or {})
        self.kubeconfig = self.lab("kubeconfig").strip()

    def lab(self, *words: str) -> str:
        """Run the lab's own program."""
        done = subprocess.run([sys.executable, "-m", "meshlab", *words], cwd=CHECKOUT / "tests" / "lab", capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"meshlab {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def _command(self, playbook: str, words: Sequence[str], variables: Mapping[str, Any]) -> list[str]:
        everything = {**self.variables, **variables}
        extra = ["-e", json.dumps(everything)] if everything else []
        return ["ansible-playbook", f"meshops.lifecycle.{playbook}", "-i", str(self.inventory), *words, *extra]

    def play(self, playbook: str, *words: str, environ: Mapping[str, str] | None = None, **variables: Any) -> Run:
        """Run a playbook of the collection to its end."""
        started = time.monotonic()
        done = subprocess.run(
            self._command(playbook, words, variables),
            env={**os.environ, "ANSIBLE_NOCOLOR": "1", **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Run.of(done.returncode, done.stdout, time.monotonic() - started)

    def play_until(self, playbook: str, task: str, after: float = 0.0, **variables: Any) -> str:
        """Run a playbook, and kill it and all its processes (SIGKILL) `after` seconds after a task began. Return the output."""
        process = subprocess.Popen(
            self._command(playbook, (), variables),
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        output = []
        for line in _lines(process):
            output.append(line)
            if line.startswith("TASK [") and task in line:
                time.sleep(after)
                break
        else:
            raise AssertionError(f"the task {task!r} did not come before the end:\n{''.join(output)[-3000:]}")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return "".join(output)

    def kubectl(self, cluster: str, *words: str, given: str | None = None) -> str:
        done = subprocess.run(
            ["kubectl", "--kubeconfig", self.kubeconfig, "--context", cluster, *words], capture_output=True, text=True, input=given, check=False
        )
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def kubectl_all(self, *words: str, given: str | None = None) -> None:
        for cluster in CLUSTERS:
            self.kubectl(cluster, *words, given=given)

    def bring_app(self) -> None:
        """Install a client and a server in each cluster, in the namespace app."""
        self.kubectl_all("apply", "-f", "-", given=APP)
        for name in ("server", "client"):
            self.kubectl_all("-n", "app", "rollout", "status", f"deployment/{name}", "--timeout=120s")

    def remove_app(self) -> None:
        self.kubectl_all("delete", "namespace", "app", "--ignore-not-found", "--wait=true")

    def get(self, cluster: str, *words: str) -> Any:
        return json.loads(self.kubectl(cluster, "get", *words, "-o", "json"))

    def names(self, cluster: str, *words: str) -> list[str]:
        return sorted(item["metadata"]["name"] for item in self.get(cluster, *words)["items"])

    def everything(self, cluster: str) -> set[str]:
        """All objects of all kinds in all namespaces, except those that the cluster itself makes and renews."""
        return set(stored(connect({"kubeconfig": self.kubeconfig, "context": cluster, "cluster": cluster}, environ={}), RESTLESS | {"ReplicaSet", "Pod"}))


def inventory_with(estate: Estate, folder: Path, west: Mapping[str, Any]) -> Estate:
    """The lab's inventory with other host variables for west. The same account runs the playbooks."""
    for name in ("hosts.yml", "group_vars/shop.yml", "host_vars/east.yml", "host_vars/west.yml"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((estate.inventory / name).read_text())
    own = folder / "host_vars" / "west.yml"
    own.write_text(yaml.safe_dump({**yaml.safe_load(own.read_text()), **west}))
    return Estate(folder, {name: value for name, value in estate.variables.items() if name not in west})


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    yield from process.stdout
