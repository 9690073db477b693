# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prepare, try, move, finish, retire: where each cluster stands on its way to a revision, and what its clusters may do next.

Everything follows from what was seen. A cutover that was killed goes on, and the way back is the same plan with both revisions in each other's place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..few_names import few
from .gateway_orders import of_gateways
from .observed import GATEWAY_API, NEVER, ClusterState, MeshWorkload
from .orders import Aim, Order, is_replaced, of_finish, of_pointers, of_spaces, serves_for
from .waves import NOT_MOVED, Wave, WaveWish, scope, services, waves

ABSENT, READY, MOVING, MOVED, SETTLED, DONE = "absent", "ready", "moving", "moved", "settled", "done"
PREPARE, TRY, MOVE, FINISH, RETIRE = "prepare", "try", "move", "finish", "retire"
BY_TAGS = "tags"


@dataclass(frozen=True)
class CutoverWish:
    """`by` tags moves the tags before the first wave, so that no namespace is written that follows a tag. `retire` removes the former revision in the end."""

    waves: WaveWish = field(default_factory=WaveWish)
    by: str = "namespaces"
    retire: bool = True


@dataclass(frozen=True)
class CutoverStep:
    """Something that has to happen in these clusters, and to have been seen in all of them, before the next step. After a wave the gates are asked."""

    name: str
    clusters: tuple[str, ...]
    says: str
    wave: int = 0


@dataclass(frozen=True)
class CutoverPlan:
    mesh: str
    aim: Aim
    phases: Mapping[str, str]
    waves: Sequence[Wave]
    steps: Sequence[CutoverStep]

    @property
    def done(self) -> bool:
        return not self.steps

    def facts(self) -> dict[str, Any]:
        steps = [{"step": step.name, "clusters": list(step.clusters), "wave": step.wave, "says": step.says} for step in self.steps]
        return {"mesh": self.mesh, "target": self.aim.target, "former": self.aim.former, "phases": dict(self.phases), "steps": steps}


def plan(mesh: str, states: Sequence[ClusterState], aim: Aim, wish: CutoverWish) -> CutoverPlan:
    """All that is still to do, in order; each step only in the clusters that need it."""
    all_waves = waves(states, aim, wish.waves)
    by_name = {state.cluster: state for state in states}
    phases = {state.cluster: phase(state, aim, wish) for state in states}
    moves = [(wave, clusters) for wave in all_waves if (clusters := _unmoved(by_name, wave, aim, wish))]
    steps = [_step(PREPARE, [name for name, now in phases.items() if now == ABSENT], f"install {aim.target} beside {aim.former}")]
    if moves:
        steps.append(_step(TRY, list(phases), f"test {aim.target} with a namespace of its own"))
    steps += [_step(MOVE, clusters, says(wave, clusters), wave.number) for wave, clusters in moves]
    steps.append(_step(FINISH, _unsettled(states, aim), f"lead tags, the default rule and validation to {aim.target}"))
    if wish.retire:
        left = [state.cluster for state in states if state.left(aim.former)]
        steps.append(_step(RETIRE, left, f"remove {aim.former}, which nothing follows any more"))
    return CutoverPlan(mesh, aim, phases, all_waves, [step for step in steps if step.clusters])


def _step(name: str, clusters: Sequence[str], says: str, wave: int = 0) -> CutoverStep:
    return CutoverStep(name, tuple(clusters), says, wave)


def says(wave: Wave, clusters: Sequence[str]) -> str:
    """What a wave moves in these clusters, for people."""
    names = sorted({name for cluster in clusters for name in (wave.spaces or wave.services)[cluster]})
    shown = few(names, 5)
    restarts = sum(wave.proxies[cluster] for cluster in clusters)
    return f"{wave.kind} wave {wave.number}: {shown} ({restarts} {'proxy starts' if restarts == 1 else 'proxies start'} anew)"


def phase(state: ClusterState, aim: Aim, wish: CutoverWish) -> str:
    """How far one cluster is."""
    if not state.ready(aim.target):
        return ABSENT
    names, behind = scope(state, aim, wish.waves), _services(state, aim, wish.waves)
    if any(_late(state, names, behind, aim)):
        return MOVING if _begun(state, names, behind, aim) else READY
    if of_finish(state, aim):
        return MOVED
    return SETTLED if state.left(aim.former) else DONE


def _services(state: ClusterState, aim: Aim, wish: WaveWish) -> list[str]:
    return [] if wish.gateways == NOT_MOVED else services(state, aim)


def _begun(state: ClusterState, names: Sequence[str], entrances: Sequence[str], aim: Aim) -> bool:
    turned = any(state.space[name].following.revision == aim.target for name in names)
    return turned or any(workload.made.get(aim.target) for workload in _of(state, names, entrances))


def _of(state: ClusterState, names: Sequence[str], entrances: Sequence[str]) -> Iterator[MeshWorkload]:
    for name in names:
        yield from state.in_space.get(name, ())
    for entrance in entrances:
        yield from state.behind_service.get(entrance, ())


def _late(state: ClusterState, names: Sequence[str], entrances: Sequence[str], aim: Aim) -> list[str]:
    """What is not moved yet, as half sentences: labels first, then pods."""
    spaces = [state.space[name] for name in names if name in state.space]
    late = [f"namespace {space.name} follows {aim.former}" for space in spaces if space.following.revision == aim.former]
    return late + [why for workload in _of(state, names, entrances) if not workload.late and (why := lateness(workload, aim))]


def lateness(workload: MeshWorkload, aim: Aim) -> str:
    """Why a workload is not moved yet, as half a sentence; empty if it is, or if nothing of it runs."""
    if is_replaced(workload) and serves_for(workload, aim.former):
        return f"{workload.where} still serves for {aim.former}"
    if workload.gateway == GATEWAY_API and workload.second_of:
        return f"{workload.where} still stands in for {workload.second_of}"
    if workload.drained or workload.restarts == NEVER or workload.following.revision not in aim.both:
        return ""
    if behind := workload.behind(aim.target):
        return f"{workload.where} has {behind} of {sum(workload.made.values())} pods whose proxy {aim.target} did not make"
    if workload.following.revision == aim.former:
        return f"{workload.where} follows {aim.former}"
    if elsewhere := sum(count for other, count in workload.connected.items() if other != aim.target):
        return f"{elsewhere} proxies of {workload.where} are connected to another revision"
    if workload.unsynced:
        return f"{workload.where} has proxies out of sync: {', '.join(workload.unsynced[:3])}"
    return f"{workload.where} has pods that are not ready: {', '.join(workload.unready[:3])}" if workload.unready else ""


def wave_late(state: ClusterState, wave: Wave, aim: Aim) -> list[str]:
    """What of a wave is not moved yet in this cluster; the barrier after the wave asks this."""
    return _late(state, wave.spaces.get(state.cluster, ()), wave.services.get(state.cluster, ()), aim)


def mesh_late(state: ClusterState, aim: Aim) -> list[str]:
    """What is not the target's although the step finish is through. Whether a pod is ready counts only where that step restarted it."""
    spaces = [f"namespace {space.name} follows {aim.former}" for space in state.spaces if space.following.revision == aim.former]
    seen = (workload if workload.late else replace(workload, unready=()) for workload in state.workloads)
    return spaces + [why for workload in seen if (why := lateness(workload, aim))]


def wave_orders(state: ClusterState, wave: Wave, aim: Aim, wish: CutoverWish) -> list[Order]:
    """What a wave still has to write in this cluster."""
    if state.cluster in wave.services:
        return of_gateways(state, wave.services[state.cluster], aim)
    first = of_pointers(state, aim) if wish.by == BY_TAGS else []
    tags = {order.name for order in first if order.kind == "tag"}
    names = wave.spaces.get(state.cluster, ())
    if tags:
        names = tuple(name for name in names if not _by_tag(state, name, tags))
        return [*of_spaces(state, names, aim, first), *_restarts(state, wave, names, aim)]
    return of_spaces(state, names, aim)


def _by_tag(state: ClusterState, name: str, tags: set[str]) -> bool:
    return name in state.space and state.space[name].following.pointer in tags


def _restarts(state: ClusterState, wave: Wave, done: Sequence[str], aim: Aim) -> list[Order]:
    names = [name for name in wave.spaces.get(state.cluster, ()) if name not in set(done)]
    return [order for order in of_spaces(state, names, aim) if order.kind != "Namespace"]


def _unmoved(states: Mapping[str, ClusterState], wave: Wave, aim: Aim, wish: CutoverWish) -> list[str]:
    return [name for name in wave.clusters if wave_orders(states[name], wave, aim, wish) or wave_late(states[name], wave, aim)]


def _unsettled(states: Sequence[ClusterState], aim: Aim) -> list[str]:
    return [state.cluster for state in states if of_finish(state, aim)]
