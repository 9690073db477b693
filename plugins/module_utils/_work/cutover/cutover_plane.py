# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the work of the module cutover_plane: read how a plane's traffic is split in one cluster, test a colour, and give it a share."""

from __future__ import annotations

import json
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._mesh.cutover.plan import MOVE
from ..._mesh.cutover.shifts import PlaneScene, PlaneState
from ..._mesh.errors import MeshError, NotReady, Refused
from ..._mesh.few_names import few
from ..._mesh.objects.change import as_result
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from ..clock import Clock, SystemClock
from ..follow import Pace, follow
from ..lease.hold import hold_of, renewed
from . import own_host, plane_doors
from .shift_work import CLOSED, OPENED, WAIT, WRITE, ShiftRequest, ShiftWork

_PACE = Pace(0.5, 3.0)
_ASKED = 15.0  # seconds that a test waits for its answer
TASK: dict[str, Any] = {
    "argument_spec": {
        "planes": {"type": "dict", "required": True},
        "plane": {"type": "str", "required": True},
        "to": {"type": "str"},
        "share": {"type": "int"},
        "test": {"type": "bool", "default": False},
        "back": {"type": "bool", "default": False},
        "kept": {"choices": [WRITE, WAIT], "default": WRITE},
        "gateways": {"choices": [OPENED, CLOSED]},
        "wave": {"type": "int", "default": 0},
        "mesh": {"type": "str", "default": ""},
        "timeout": {"type": "int", "default": 120},
        "lease": {"type": "dict"},
        **MESH_OPTIONS,
    },
    "required_by": {"share": "to", "gateways": "to"},
    "mutually_exclusive": [("share", "gateways")],
    "required_if": [("test", True, ("to",))],
    "prepare": complete,
}


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None, clock: Clock | None = None) -> dict[str, Any]:
    request, ticking = ShiftRequest.of(cluster.name, params), clock or SystemClock()
    hold = hold_of(cluster, request.lease, connect or connect_to) if request.writes else None
    work = ShiftWork(cluster, provider(request.provider), request, hold, ticking)
    start = ticking.monotonic()
    try:
        with renewed(hold):
            state = _state(work)
    except MeshError as failed:
        failed.facts.update(as_result(work.changes))
        raise
    told = {"step": request.gateways or MOVE, "target": request.word, "wave": request.wave}
    passed = {**told, "late": [], "kept": list(work.kept.values()), "share": request.share}
    return {"state": json.dumps(state.facts()), **passed, "seconds": round(ticking.monotonic() - start, 2), **as_result(work.changes)}


def _state(work: ShiftWork) -> PlaneState:
    """What stands there after whatever was asked for: the look, the test, the shift."""
    asked = work.request
    if asked.gateways:
        return plane_doors.stood(work, asked.gateways == OPENED)
    if not asked.to or (asked.share is None and not asked.test):
        return work.scene().state
    scene = _ready(work)
    if asked.test and (wrong := own_host.failures(work.cluster, asked.plane.sides[asked.to], _ASKED)):
        told = f"{work.cluster.name}: {asked.to} of plane {asked.plane.name} fails when it is asked by its own host"
        raise NotReady(f"{told}: {'; '.join(wrong)}. No traffic was given to it. Mend it and run again.", findings=wrong)
    return scene.state if asked.share is None else _shift(work, scene, asked.share)


def _ready(work: ShiftWork) -> PlaneScene:
    """The plane, once the target can take traffic."""
    asked = work.request

    def late(scene: PlaneScene, seconds: float) -> MeshError:
        why = scene.state.hindered(asked.to, asked.back)
        told = f"{work.cluster.name}: {asked.to} of plane {asked.plane.name} cannot take traffic after {seconds:.0f} s, because {why}"
        return NotReady(f"{told}. No traffic was given to it. Bring it up and run again.")

    patience = 0 if work.cluster.dry_run else asked.timeout
    return follow(
        work.scene,
        done=lambda scene: work.cluster.dry_run or not scene.state.hindered(asked.to, asked.back),
        late=late,
        timeout=patience,
        keep=work.keep,
        waits=lambda scene: f"{asked.to} of plane {asked.plane.name} cannot take traffic yet, because {scene.state.hindered(asked.to, asked.back)}",
        pace=_PACE,
        clock=work.clock,
    )


def _shift(work: ShiftWork, scene: PlaneScene, share: int) -> PlaneState:
    """Write each object, and read all of them again."""
    asked = work.request
    if wrong := [f"{one.where} {one.fault}" for one in scene.state.weighed if one.fault]:
        raise Refused(f"{work.cluster.name}: the traffic of plane {asked.plane.name} is not shifted: {'; '.join(wrong)}. Mend these objects or mesh_planes.")
    _write(work, scene, share)
    return scene.state if work.cluster.dry_run else _through(work, share)


def _write(work: ShiftWork, scene: PlaneScene, share: int) -> None:
    """In their order. What comes after a write of another tool's waits for it, so that no colour leaves before the other one has come in."""
    for write in work.mesh.cutover.shift(work.request.plane, scene, work.request.to, share):
        if not work.put(write) and not work.cluster.dry_run:
            return


def _through(work: ShiftWork, share: int) -> PlaneState:
    """The plane, once all objects give the share. What this task wrote does at once; what another tool keeps, when somebody wrote it there."""
    asked = work.request

    def late(scene: PlaneScene, seconds: float) -> MeshError:
        behind = scene.state.late(asked.to, share)
        told = f"{work.cluster.name}: plane {asked.plane.name} does not give {asked.to} its share after {seconds:.0f} s: {'; '.join(behind)}"
        way = "Write the weights where the tool reads them" if work.kept else "Stop whatever else writes them"
        return NotReady(f"{told}. {way}, and run again.", findings=behind)

    return follow(
        work.scene,
        done=lambda scene: not scene.state.late(asked.to, share),
        late=late,
        timeout=asked.timeout if work.kept else 0,
        keep=work.keep,
        remedy=lambda scene, _seconds: _write(work, scene, share),
        waits=lambda scene: few(scene.state.late(asked.to, share), 3, "; "),
        pace=_PACE,
        clock=work.clock,
    ).state
