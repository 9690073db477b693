# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give the gateways of a plane's colour their pods before it gets any traffic, or take them when nothing leads there any more."""

from __future__ import annotations

from ..._mesh.cutover.planes import other
from ..._mesh.cutover.shifts import PlaneScene, PlaneState
from ..._mesh.errors import MeshError, NotReady, Refused
from ..._mesh.few_names import few
from ..._mesh.objects.change import Ref
from ..._mesh.objects.condition import Condition
from ..follow import Pace, follow
from .shift_work import ShiftWork

_PACE = Pace(0.5, 3.0)


def stood(work: ShiftWork, opened: bool) -> PlaneState:
    """The plane, once these gateways have pods that are ready, or have none. A killed run's pods are waited for, too."""
    asked, scene = work.request, work.scene()
    _refuse(work, scene, opened)
    for write in work.mesh.cutover.doors(asked.plane, scene, asked.to, opened):
        work.put(write)
    if work.cluster.dry_run:
        return scene.state

    def late(state: PlaneState, seconds: float) -> MeshError:
        left = [one.where for one in (state.closed(asked.to) if opened else state.opened(asked.to))]
        told = f"{work.cluster.name}: gateways of plane {asked.plane.name} {'have no pods' if opened else 'still have pods'} after {seconds:.0f} s"
        return NotReady(f"{told}: {', '.join(left)}. Stop whatever else scales them, and run again.", findings=left)

    state = follow(
        lambda: work.scene().state,
        done=lambda now: not (now.closed(asked.to) if opened else now.opened(asked.to)),
        late=late,
        timeout=asked.timeout if work.kept else 0,
        keep=work.keep,
        waits=lambda now: f"gateways {'without' if opened else 'with'} pods: {few([one.where for one in (now.closed if opened else now.opened)(asked.to)], 3)}",
        pace=_PACE,
        clock=work.clock,
    )
    own = asked.plane.sides[asked.to].gateways
    work.cluster.settle([Condition(Ref("apps/v1", "Deployment", one.name, one.namespace), "rollout") for one in own], asked.timeout)
    return state


def _refuse(work: ShiftWork, scene: PlaneScene, opened: bool) -> None:
    asked, state = work.request, scene.state
    where = f"{work.cluster.name}: the gateways of {asked.to} of plane {asked.plane.name}"
    if faults := [f"{one.where} {one.fault}" for one in state.doors.get(asked.to, ()) if one.fault]:
        raise Refused(f"{where} are left alone: {'; '.join(faults)}.")
    if opened or not state.opened(asked.to):
        return
    leading = [f"{one.where} {one.fault or f'gives it {one.share(asked.to)} percent'}" for one in state.weighed if one.fault or one.share(asked.to)]
    if leading:
        raise Refused(f"{where} keep their pods, because traffic still goes there: {'; '.join(leading)}. Give {other(asked.to)} all of it first.")
    if why := state.hindered(other(asked.to), back=True):
        raise Refused(f"{where} keep their pods, because {other(asked.to)} cannot take the traffic: {why}. Bring it up first.")
