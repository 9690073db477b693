# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the work of the module cutover, in a process of its own or in that of its action: read the options, do one step, and return its result."""

from __future__ import annotations

from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._mesh.errors import MeshError
from ..._mesh.objects.change import as_result
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from ..clock import Clock, SystemClock
from ..lease.hold import hold_of, renewed
from . import retire
from .facts import facts
from .finish import finish
from .fresh import PRIMARY_CONNECTION
from .move import move
from .prepare import acquaint, prepare
from .rejoin import rejoin
from .step_request import CutoverRequest
from .turn_back import turn_back
from .write import CutoverWork

_LOOK = 5.0  # seconds between two checks of the Lease
_STEPS = ("acquaint", "prepare", "move", "finish", "turn_back", "soak", "rejoin", "retire_first", "retire_last")
TASK: dict[str, Any] = {
    "argument_spec": {
        **MESH_OPTIONS,
        **PRIMARY_CONNECTION,
        "mesh": {"required": True},
        "step": {"choices": list(_STEPS), "required": True},
        "target": {"type": "str"},
        "former": {"type": "str"},
        "wave": {"type": "int", "default": 0},
        "spaces": {"type": "list", "elements": "str", "default": []},
        "services": {"type": "list", "elements": "str", "default": []},
        "back": {"type": "bool", "default": False},
        "by": {"choices": ["namespaces", "tags"], "default": "namespaces"},
        "gateways": {"choices": ["first", "last", "never"], "default": "last"},
        "objects": {"choices": ["copy", "unlabel", "refuse", "leave"], "default": "copy"},
        "kept": {"choices": ["write", "wait"], "default": "write"},
        "parallel": {"type": "int", "default": 20},
        "budgets": {"type": "dict", "default": {}},
        "clusters": {"type": "list", "elements": "str", "default": []},
        "soak": {"type": "int", "default": 0},
        "timeout": {"type": "int", "default": 600},
        "lease": {"type": "dict"},
    },
    "required_if": [("step", step, ("target", "former")) for step in _STEPS if step != "soak"],
    "prepare": complete,
}


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None, clock: Clock | None = None) -> dict[str, Any]:
    request, ticking, connector = CutoverRequest.of(params), clock or SystemClock(), connect or connect_to
    hold = hold_of(cluster, request.lease, connector)
    work = CutoverWork(cluster, provider(request.provider).cutover, request, hold, ticking, connector)
    start = ticking.monotonic()
    try:
        with renewed(hold):
            done = _done(work)
    except MeshError as failed:
        failed.facts.update({**as_result(work.changes), **_result(work), "late": failed.facts.get("late", [str(failed)])})
        raise
    return {**as_result(work.changes), **_result(work), "late": [], "seconds": round(ticking.monotonic() - start, 2), **done}


def _done(work: CutoverWork) -> dict[str, Any]:
    step = work.request.step
    if step == "soak":
        return retire.soak(work, _LOOK)
    if step == "retire_first":
        scene, releases = retire.first(work, work.request.clusters)
        return {**facts(scene), "releases": releases}
    if step == "retire_last":
        return facts(retire.last(work, work.request.clusters))
    return facts({"acquaint": acquaint, "prepare": prepare, "move": move, "finish": finish, "turn_back": turn_back, "rejoin": rejoin}[step](work))


def _result(work: CutoverWork) -> dict[str, Any]:
    request = work.request
    told = {"step": request.step, "wave": request.wave, "target": request.aim.target, "former": request.aim.former}
    return {**told, "restarted": work.restarted, "kept": list(work.kept.values()), "notices": [f"{work.cluster.name}: {said}" for said in work.notices]}
