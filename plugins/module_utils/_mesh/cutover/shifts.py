# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of a plane's traffic goes to which colour, and the steps that are left until all of it goes to the target.

Everything follows from the weights that were read. The way back is the same plan with both colours in each other's place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..objects.shapes import Live
from .plan import ABSENT, MOVE, MOVED, MOVING, PREPARE, READY, SETTLED, TRY, CutoverStep
from .planes import ALL, BLUE, GREEN, SIMPLE, Plane, other

_HALF = 50
DRAIN = "drain"


@dataclass(frozen=True)
class Weighed:
    """What an object gives green, in percent; None, with a `fault`, if that cannot be told.

    `keeper` is who would write its weights back. A `coarse` one knows no weights: a colour gets nothing, all, or its part beside the other.
    """

    where: str
    green: int | None = None
    fault: str = ""
    keeper: str = ""
    coarse: bool = False

    def share(self, colour: str) -> int:
        green = self.green or 0
        return green if colour == GREEN else ALL - green

    def reaches(self, colour: str, share: int) -> bool:
        wanted = min(share, _HALF) if self.coarse and share < ALL else share
        return self.green is not None and self.share(colour) >= wanted


@dataclass(frozen=True)
class Door:
    """The Deployment of a colour's gateway, and how many pods it is to have; with a `fault`, why nobody may give it pods or take them."""

    where: str
    replicas: int = 0
    keeper: str = ""
    fault: str = ""


@dataclass(frozen=True)
class PlaneState:
    """A plane as it was seen in one cluster. By colour, `away` says why its control plane does not serve, and `unready` why its pods take no traffic.

    `doors` are the gateways of each colour. Pods go on without their control plane, so a colour whose control plane is away can still be turned back to.
    """

    cluster: str
    plane: str
    weighed: tuple[Weighed, ...] = ()
    away: Mapping[str, str] = field(default_factory=dict)
    unready: Mapping[str, str] = field(default_factory=dict)
    doors: Mapping[str, tuple[Door, ...]] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        doors = {colour: [asdict(one) for one in own] for colour, own in self.doors.items()}
        return {**asdict(self), "weighed": [asdict(one) for one in self.weighed], "doors": doors}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> PlaneState:
        weighed = tuple(Weighed(**one) for one in facts["weighed"])
        doors = {colour: tuple(Door(**one) for one in own) for colour, own in (facts.get("doors") or {}).items()}
        return cls(facts["cluster"], facts["plane"], weighed, dict(facts["away"]), dict(facts["unready"]), doors)

    def opened(self, colour: str) -> list[Door]:
        """Its gateways that have pods."""
        return [one for one in self.doors.get(colour, ()) if one.replicas]

    def closed(self, colour: str) -> list[Door]:
        """Its gateways that have none."""
        return [one for one in self.doors.get(colour, ()) if not one.replicas]

    def hindered(self, colour: str, back: bool = False) -> str:
        """Why a colour cannot be given traffic, as half a sentence; empty if it can. On the way `back` its pods are enough."""
        shut = f"{closed[0].where} has no pods" if (closed := self.closed(colour)) else ""
        return shut or self.unready.get(colour, "") or ("" if back else self.away.get(colour, ""))

    def late(self, colour: str, share: int) -> list[str]:
        """What does not give this colour its share yet, as half sentences."""
        short = [one for one in self.weighed if not one.reaches(colour, share)]
        return [f"{one.where} {one.fault or f'gives {colour} {one.share(colour)} percent and not {share}'}" for one in short]


@dataclass(frozen=True)
class PlaneScene:
    """`live` holds the objects that were read, by kind."""

    state: PlaneState
    live: Live = field(repr=False)


@dataclass(frozen=True)
class Shift:
    """One step: in these clusters the target gets `share` percent. `before` is what the step before gave it."""

    number: int
    share: int
    before: int
    clusters: tuple[str, ...]


@dataclass(frozen=True)
class ShiftPlan:
    """`target` and `former` are colours."""

    mesh: str
    plane: Plane
    target: str
    phases: Mapping[str, str]
    shifts: Sequence[Shift]
    steps: Sequence[CutoverStep]

    @property
    def former(self) -> str:
        return other(self.target)

    @property
    def done(self) -> bool:
        return not self.steps

    def facts(self) -> dict[str, Any]:
        steps = [{"step": step.name, "clusters": list(step.clusters), "wave": step.wave, "says": step.says} for step in self.steps]
        return {"mesh": self.mesh, "plane": self.plane.name, "target": self.target, "former": self.former, "phases": dict(self.phases), "steps": steps}


def shifts(plane: Plane, clusters: Sequence[str], together: bool) -> list[Shift]:
    """All steps, those that are through too, so that the same inventory always gives the same numbers."""
    groups = [tuple(clusters)] if together else [(cluster,) for cluster in clusters]
    pairs = list(zip((0, *plane.weights), plane.weights, strict=False))
    rows = [(share, before, group) for group in groups for before, share in pairs]
    return [Shift(number, share, before, group) for number, (share, before, group) in enumerate(rows, 1)]


def shift_plan(mesh: str, plane: Plane, states: Sequence[PlaneState], target: str, together: bool = False, drains: bool = True) -> ShiftPlan:
    """All that is still to do, in order; each step only in the clusters that need it. With `drains` the former's gateways lose their pods in the end."""
    by_name = {state.cluster: state for state in states}
    all_shifts = shifts(plane, list(by_name), together)
    phases = {state.cluster: phase(state, target) for state in states}
    due = [(one, behind) for one in all_shifts if (behind := tuple(name for name in one.clusters if by_name[name].late(target, one.share)))]
    revision = plane.sides[target].revision
    steps = [CutoverStep(PREPARE, tuple(name for name, now in phases.items() if now == ABSENT), f"bring up {revision}, the {target} one of plane {plane.name}")]
    if due:
        steps.append(CutoverStep(TRY, tuple(phases), f"test {target} by its own host"))
    steps += [CutoverStep(MOVE, behind, f"give {target} {one.share} percent of plane {plane.name}", one.number) for one, behind in due]
    left = [state.cluster for state in states if drains and state.opened(other(target))]
    steps.append(CutoverStep(DRAIN, tuple(left), f"take the pods of {other(target)}'s gateways, which nothing leads to any more"))
    return ShiftPlan(mesh, plane, target, phases, all_shifts, [step for step in steps if step.clusters])


def phase(state: PlaneState, target: str) -> str:
    """How far the plane is in one cluster, in the words of every cutover."""
    if not state.late(target, ALL):
        return MOVED if state.opened(other(target)) else SETTLED
    if state.hindered(target):
        return ABSENT
    return MOVING if any(one.share(target) for one in state.weighed) else READY


def refusals(plane: Plane, states: Sequence[PlaneState], target: str, gitops: bool = False) -> list[str]:
    """What forbids to shift before the first write, in every cluster. With `gitops` a task file of the user's writes what other tools keep."""
    if plane.profile == SIMPLE:
        told = f"The plane {plane.name} has the profile simple, so there is one control plane and nothing to shift between"
        return [f"{told}. Declare both {BLUE} and {GREEN}, or move it in waves, with cutover_from and cutover_to."]
    if not plane.splits:
        told = f"The plane {plane.name} declares no splits, so no weights lead its traffic"
        return [f"{told}. Declare them, or move it in waves, with cutover_from and cutover_to."]
    wrong = [f"{state.cluster}: {one.where} {one.fault}." for state in states for one in state.weighed if one.fault]
    wrong += [f"{state.cluster}: {one.where} {one.fault}." for state in states for own in state.doors.values() for one in own if one.fault]
    return wrong + [said for state in states for said in (*_kept(state, target, gitops), *_kept_doors(state, target, gitops))]


def _kept_doors(state: PlaneState, target: str, gitops: bool) -> list[str]:
    kept = [] if gitops else [one for one in (*state.closed(target), *state.opened(other(target))) if one.keeper]
    way = "Name a task file that writes its replicas there as cutover_gitops, or take it out of gateways."
    return [f"{state.cluster}: {one.where} is kept by {one.keeper}, which would write its replicas back. {way}" for one in kept]


def _kept(state: PlaneState, target: str, gitops: bool) -> list[str]:
    """Who would write weights back. Traffic that returns after seconds, untested, is worse than none that moves."""
    kept = [] if gitops else [one for one in state.weighed if one.keeper and not one.fault and not one.reaches(target, ALL)]
    way = "Name a task file that writes the weights there as cutover_gitops."
    return [f"{state.cluster}: {one.where} is kept by {one.keeper}, which would write its weights back. {way}" for one in kept]


def shift_table(plan: ShiftPlan, states: Sequence[PlaneState]) -> list[str]:
    """Where a plane stands, for people."""
    done = ", which is done already" if plan.done else ""
    lines = [f"mesh {plan.mesh}, plane {plan.plane.name} ({plan.plane.role}): from {plan.former} to {plan.target}{done}"]
    for state in states:
        lines.append(f"  {state.cluster}: {plan.phases[state.cluster]}")
        lines += [f"    {one.where} {one.fault or f'gives {plan.target} {one.share(plan.target)} percent'}" for one in state.weighed]
        lines += [f"    {colour}'s {one.where} has {_pods(one)}" for colour, own in state.doors.items() for one in own]
        lines += [f"    {colour} cannot take traffic: {why}" for colour in plan.plane.sides if (why := state.hindered(colour))]
    return lines + [f"  {number}. {step.name} in {', '.join(step.clusters)}: {step.says}" for number, step in enumerate(plan.steps, 1)]


def _pods(door: Door) -> str:
    return f"{door.replicas} {'pod' if door.replicas == 1 else 'pods'}" if door.replicas else "no pods"
