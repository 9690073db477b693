# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-rulebook runs the rulebooks: Alertmanager's JSON comes in over HTTP, and the run of a plan comes out.

Two things are not what users have. ansible.eda's source alertmanager is in no package index, so `eda.builtin.webhook` takes the alerts and a filter divides
them, as that source does. And no AWX is there, so the first node of the workflow that plans runs as a playbook. Conditions, throttles, locks and answers
are those of the rulebooks. No cluster answers: the plan says so.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_rulebook.validators import Validate

CHECKOUT = Path(__file__).resolve().parents[2]
RULEBOOKS = sorted(CHECKOUT.glob("extensions/eda/rulebooks/*.yml"))
PROJECT, VARIABLES = CHECKOUT / "extensions/controller/project", CHECKOUT / "extensions/controller/variables"
# How the playbook of a plan is told to write nothing, where AWX has the job type check.
PLANS = {"rotate.yml": {"rotate_plan": True}, "preflight.yml": {}}
PATIENCE = 420


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def plan_of(workflow: str) -> str:
    """The playbook of the workflow's first node."""
    (nodes,) = (one["workflow_nodes"] for one in read(VARIABLES / "workflows.yml")["controller_workflows"] if one["name"] == workflow)
    name = nodes[0]["unified_job_template"]["name"]
    return next(one["playbook"] for one in read(VARIABLES / "job_templates.yml")["controller_templates"] if one["name"] == name)


def counted(playbook: str, folder: Path) -> Path:
    """The project's playbook after a play that writes down for whom it was started. ansible-rulebook repeats the output of a run that failed."""
    project = folder / "project"
    if not project.exists():
        shutil.copytree(PROJECT, project)
    told = {"name": "Count the run", "ansible.builtin.shell": f"echo {{{{ mesh_hosts }}}} >> {folder}/runs", "run_once": True}
    first = {"name": "Count", "hosts": "{{ mesh_hosts }}", "connection": "local", "gather_facts": False, "tasks": [told]}
    second = {"name": "Plan", "ansible.builtin.import_playbook": playbook}
    (project / f"counted_{playbook}").write_text(yaml.safe_dump([first, second]))
    return project / f"counted_{playbook}"


def as_playbooks(path: Path, port: int, folder: Path) -> list[dict[str, Any]]:
    """The rulebook with a source and an action that are here."""
    (ruleset,) = json.loads(json.dumps(read(path)).replace("event.alert.", "event."))
    divide = {"eda.builtin.event_splitter": {"splitter_key": "payload.alerts"}}
    ruleset["sources"] = [{"eda.builtin.webhook": {"host": "127.0.0.1", "port": port}, "filters": [divide]}]
    for rule in ruleset["rules"]:
        asked = rule["action"]["run_workflow_template"]
        playbook = plan_of(asked["name"])
        given = {**asked["job_args"]["extra_vars"], **PLANS[playbook], "mesh_hosts": asked["job_args"]["limit"]}
        rule["action"] = {"run_playbook": {"name": str(counted(playbook, folder)), "extra_vars": given, "lock": asked["lock"]}}
    return [ruleset]


def batch(*alerts: tuple[str, str, str]) -> dict[str, Any]:
    """What Alertmanager posts: alerts by name, mesh and status, in one batch."""
    made = [
        {"status": status, "labels": {"alertname": name, "mesh": mesh, "severity": "warning"}, "annotations": {"summary": "soon"},
         "startsAt": "2026-11-27T10:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "https://prometheus.example/g", "fingerprint": "a1"}
        for name, mesh, status in alerts
    ]  # fmt: skip
    return {"version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "meshes", "alerts": made}


def post(port: int, body: dict[str, Any]) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


class Listening:
    """A rulebook that runs, and what it has said."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port, self.lines = process, port, list[str]()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def until(self, what: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not what():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.2)

    def answers(self) -> bool:
        with socket.socket() as asked:
            return asked.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def listening(path: Path, folder: Path) -> Iterator[Listening]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nobody = {"mesh_kube": {"host": "https://127.0.0.1:9", "api_key": "a-token"}, "mesh_network": "lan", "mesh_version": "1.31.3"}
    meshes = {
        group: {"hosts": {f"{mesh}-east": None}, "vars": {"mesh_name": mesh, "mesh_trust_cluster": f"{mesh}-east", **nobody}}
        for mesh, group in (("shop", "mesh_shop"), ("pay-eu", "mesh_pay_eu"))
    }
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": meshes}}))
    (folder / "rulebook.yml").write_text(yaml.safe_dump(as_playbooks(path, port, folder)))
    java = Path(shutil.which("java") or "/usr/bin/java").resolve().parent.parent
    environ = {"JAVA_HOME": str(java), **os.environ, "HOME": str(folder), "ANSIBLE_NOCOLOR": "1", "PYTHONUNBUFFERED": "1"}
    words = ["ansible-rulebook", "--rulebook", str(folder / "rulebook.yml"), "--inventory", str(folder / "inventory.yml")]
    begun = subprocess.Popen(
        [str(Path(sys.executable).with_name(words[0])), *words[1:]],
        env=environ, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    one = Listening(begun, port)
    try:
        one.until(one.answers)
        yield one
    finally:
        os.killpg(begun.pid, signal.SIGTERM)
        begun.wait(60)


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_a_rulebook_is_what_ansible_rulebook_takes(path: Path) -> None:
    Validate.rulebook(read(path))


def test_a_wrong_one_would_not_be_taken() -> None:
    (ruleset,) = read(RULEBOOKS[0])
    ruleset["rules"][0]["action"]["run_workflow_template"]["locks"] = "mesh"
    with pytest.raises(Exception, match="locks"):
        Validate.rulebook([ruleset])


def test_a_root_that_expires_is_planned_once_for_each_mesh(tmp_path: Path) -> None:
    (path,) = (one for one in RULEBOOKS if one.stem == "certificates")
    with listening(path, tmp_path) as rulebook:

        def planned(mesh: str) -> bool:
            return f"{mesh}-east: the API server at https://127.0.0.1:9 refuses connections" in rulebook.said

        post(rulebook.port, batch(("MeshRootExpires", "shop", "resolved"), ("HighLatency", "shop", "firing")))
        post(rulebook.port, batch(("MeshRootExpires", "shop", "firing")))
        rulebook.until(lambda: planned("shop"))
        # The same alert once more, as Alertmanager repeats it, and another mesh after it: when that one is through, the first would be too.
        post(rulebook.port, batch(("MeshRootExpires", "shop", "firing")))
        post(rulebook.port, batch(("MeshRootExpires", "pay-eu", "firing")))
        rulebook.until(lambda: planned("pay-eu"))
        time.sleep(2)
    assert "PLAY [Rotate certificates]" in rulebook.said
    assert (tmp_path / "runs").read_text().split() == ["mesh_shop", "mesh_pay_eu"], rulebook.said
    assert "a-token" not in rulebook.said
