# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh in a file, for tests of the role cutover alone: each module answers from the file, and writes there what it would have moved.

What the role tells each module, and in which order, stands in the file's `log`. Nothing here knows what a module does: other tests do.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VARIABLE = "MESHOPS_CUTOVER_STUB"
_HERE = Path(__file__).resolve().parent
_HOOKS = _HERE.parent / "killpoint"
_KEPT = ("step", "wave", "target", "former", "back", "spaces", "state", "revision", "space", "kept", "number", "finished", "tasks", "to", "share",
         "gateways", "test")  # fmt: skip
Answer = dict[str, Any]


def stubbed(file: Path, path: str = os.environ.get("PYTHONPATH", "")) -> dict[str, str]:
    """The variables of a run whose modules answer from this file."""
    return {VARIABLE: str(file), "PYTHONPATH": os.pathsep.join(filter(None, (str(_HOOKS), str(_HERE), path)))}


def mesh(*clusters: str, **more: Any) -> Answer:
    """All of it on blue.

    `gate_fails` are waves, `finished` for the gates after the step finish, and `drained` for those after a colour lost its pods. `move_fails` are triples
    of a cluster, a wave, and the revision that it does not reach, and `step_fails` pairs of a cluster and another step. `kept` are triples like those of
    `move_fails`, where a GitOps tool keeps what is to be written. `probes` are namespaces that a killed run left.
    In clusters that are `ahead` the target validated before, so no step leads that back.
    """
    one = {"revisions": {"blue": "1.30.1"}, "validator": "blue", "spaces": {"a": "blue", "b": "blue"}}
    return {"clusters": {name: json.loads(json.dumps(one)) for name in clusters}, "log": [], "gate_fails": [], "move_fails": [], "step_fails": [], **more}


def arm(in_process: Any) -> None:
    """Called by tests/killpoint/sitecustomize.py as soon as the base of the actions is imported."""

    itself = in_process.InProcess.run

    def run(self: Any, _tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> Answer:
        if self._task.action == "meshops.lifecycle.show":  # asks no cluster
            return itself(self, _tmp, task_vars)
        name, host = self._task.action.rpartition(".")[2], (task_vars or {})["inventory_hostname"]
        options = dict(self._task.args)
        with _open() as state:
            told = {key: options[key] for key in _KEPT if options.get(key)}
            state["log"].append([host, name, told, bool(self._task.check_mode)])
            answer = _ANSWERS.get(name, lambda *_given: {})(state, host, options)
        return {"changed": False, **answer}

    in_process.InProcess.run = run


@contextmanager
def _open() -> Iterator[Answer]:
    file = Path(os.environ[VARIABLE])
    with file.open("r+", encoding="utf-8") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        state = json.load(opened)
        yield state
        opened.seek(0)
        opened.truncate()
        json.dump(state, opened)


def _info(state: Answer, host: str, _options: Answer) -> Answer:
    from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import NAMED, ClusterState, Following, MeshWorkload, Space
    from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision

    one = state["clusters"][host]
    spaces = {name: Following(NAMED, revision, revision) for name, revision in one["spaces"].items()}
    planes = [ControlPlaneRevision(revision, version, 1, 1) for revision, version in one["revisions"].items()]
    pods = [MeshWorkload(name, "Deployment", "web", by, made={by.revision: 1}, connected={by.revision: 1}) for name, by in spaces.items()]
    seen = ClusterState(host, planes, default_revision=one["validator"], spaces=[Space(name, by) for name, by in spaces.items()], workloads=pods)
    return {"state": json.dumps(seen.facts()), "serves": {}}


def _cutover(state: Answer, host: str, options: Answer) -> Answer:
    one, step, wave, target = state["clusters"][host], options["step"], int(options["wave"]), options["target"]
    if [host, wave, target] in state["move_fails"] and step == "move":
        return {"failed": True, "msg": f"{host}: Deployment a/web did not follow"}
    if [host, step] in state["step_fails"]:
        return {"failed": True, "msg": f"{host}: Deployment a/late did not follow"}
    if step == "move":
        one["spaces"] |= dict.fromkeys(options["spaces"], target)
    if step == "finish" or (step == "turn_back" and host not in state.get("ahead", ())):
        one["validator"] = target
    kept = [{"kind": "Namespace", "name": "a"}] if [host, wave, target] in state.get("kept", ()) and options["kept"] == "wait" else []
    releases = [{"name": f"istiod-{options['former']}", "namespace": "istio-system"}]
    told = {"step": step, "wave": wave, "target": target, "late": [], "kept": kept, "changes": [], "releases": releases, "changed": step != "soak"}
    return {**told, "notices": [f"{host}: something stays after {step}."] if step in ("rejoin", "retire_first", "turn_back") or options["back"] else []}


def _gate(state: Answer, host: str, options: Answer) -> Answer:
    wave = int(options["wave"])
    pods = state["clusters"][host].get("plane", {}).get("pods", {})
    when = "finished" if options["finished"] else "drained" if 0 in pods.values() else wave
    late = ["the shop is slow"] if when in state["gate_fails"] else []
    asked = options["probes"]["requests"]
    probes = [{"path": "a", "sent": asked, "answered": asked, "slowest": 0.01, "fault": ""}] if asked else []
    unseen = [f"{host}: no probe sees wave {wave}."] if wave else []
    reading = {"cluster": host, "wave": wave, "probes": probes, "before": {}, "rejected": {}, "late": late, "plain": [], "gates": [], "faults": []}
    return {"notices": unseen, "reading": reading}


def _plane(state: Answer, host: str, options: Answer) -> Answer:
    """One split, and a gateway of each colour. Revisions are in-blue and in-green."""
    from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.shifts import Door, PlaneState, Weighed

    one = state["clusters"][host].setdefault("plane", {"green": 0, "pods": {"blue": 3, "green": 0}})
    colour, doing = str(options.get("to") or "").removeprefix("in-"), options.get("gateways")
    if options.get("share") is not None:
        one["green"] = int(options["share"]) if colour == "green" else 100 - int(options["share"])
    if doing:
        one["pods"][colour] = 3 if doing == "open" else 0
    doors = {name: (Door(f"Deployment in/{name}", pods),) for name, pods in one["pods"].items()}
    seen = PlaneState(host, "ingress", (Weighed("VirtualService in/shop", one["green"]),), doors=doors)
    passed = {"step": doing or "move", "target": options.get("to") or "", "wave": int(options.get("wave") or 0)}
    return {**passed, "state": json.dumps(seen.facts()), "late": [], "kept": [], "changed": bool(doing or options.get("share") is not None)}


def _releases(state: Answer, host: str, options: Answer) -> Answer:
    """Helm has nothing to do: what it would install or remove is done here. The chart base leads validation where its values say, unless it keeps that."""
    one = state["clusters"][host]
    running = one["revisions"]
    for base in (release for release in options["releases"] if release["name"] == "istio-base" and options.get("state") != "absent"):
        one["validator"] = one["validator"] if base.get("kept") else base["values"]["defaultRevision"]
    for name in (release["name"].removeprefix("istiod-") for release in options["releases"] if release["name"].startswith("istiod-")):
        if options.get("state") == "absent":
            running.pop(name, None)
        else:
            running.setdefault(name, "1.31.2")
    return {"due": [], "server_side": ""}


def _seen(state: Answer, _host: str, _options: Answer) -> Answer:
    return {"denied": [], "spaces": [{"name": name, "labels": {}, "ends": False} for name in state.get("probes", ())]}


def _nothing(**answer: Any) -> Any:
    return lambda *_given: answer


_ANSWERS: dict[str, Any] = {
    "cluster_info": _seen,
    "cutover": _cutover,
    "cutover_compare": lambda _state, host, _options: {"differences": [], "notices": [f"{host}: the image a is known to be on no node."]},
    "cutover_gate": _gate,
    "cutover_info": _info,
    "cutover_plane": _plane,
    "cutover_trial": lambda _state, host, _options: {"faults": [], "notices": [f"{host}: 1 pod could not be asked for."], "trials": []},
    "lease": _nothing(holder="me", epoch=1, says=[]),
    "mesh_config": _nothing(changes=[]),
    "releases": _releases,
}
