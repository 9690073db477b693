# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cutover of one plane, planned over all clusters that have it, in the shape of any other cutover: waves, steps, and what forbids it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import MeshError, Refused
from ..few_names import few
from .plan import MOVE
from .planes import ALL, COLOURS, Plane, other
from .shifts import PlaneState, Shift, ShiftPlan, refusals, shift_plan, shift_table
from .target import PREVIOUS

SHARE = "share"
_SHOWN = 5


def plane_way(mesh: str, known: Mapping[str, Plane], states: Sequence[PlaneState], wish: Mapping[str, Any]) -> dict[str, Any]:
    """The plan as facts. `known` is the plane as each cluster declares it. Whatever makes a plan impossible is one of its `findings`."""
    to = str(wish.get("to") or "")
    try:
        first = _alike(mesh, known)
        target = _previous(mesh, first, states) if to == PREVIOUS else first.colour_of(to, mesh)
    except MeshError as error:
        return {**_nothing(mesh), "findings": [str(error)]}
    wrong = refusals(first, states, target, wish.get("gitops") != "refuse")
    if wrong and not first.splits:
        return {**_nothing(mesh), "findings": wrong}
    made = shift_plan(mesh, first, states, target, bool(wish.get("together")), bool(wish.get("retire", True)))
    due = {step.wave for step in made.steps if step.name == MOVE}
    return {
        **made.facts(),
        "target": first.sides[target].revision,
        "former": first.sides[made.former].revision,
        "version": first.sides[target].version or str(wish.get("version") or ""),
        "waves": [_wave(made, one, one.number in due) for one in made.shifts],
        "left_out": [],
        "notices": [],
        "table": shift_table(made, states),
        "findings": wrong,
        "done": made.done,
    }


def _nothing(mesh: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"mesh": mesh, "plane": "", "target": "", "former": "", "version": "", "phases": {}, "steps": [], "waves": [], "table": []}
    return {**empty, "left_out": [], "notices": [], "done": True}


def _wave(plan: ShiftPlan, one: Shift, due: bool) -> dict[str, Any]:
    says = f"share wave {one.number}: {one.share} percent of plane {plan.plane.name} to {plan.target}"
    places: dict[str, Any] = {"spaces": {}, "services": {}, "proxies": {}}
    return {"number": one.number, "kind": SHARE, "clusters": list(one.clusters), **places, "says": says, "due": due, "share": one.share, "before": one.before}


def half_split(mesh: str, known: Mapping[str, Plane]) -> list[str]:
    """Return a sentence if only some clusters split the traffic of a plane. Without a weight nothing is late, so the others would count as moved."""
    split = [cluster for cluster, plane in known.items() if plane.splits]
    whole = [cluster for cluster, plane in known.items() if not plane.splits]
    if not split or not whole:
        return []
    name, one = known[split[0]].name, len(whole) == 1
    told = f"The mesh {mesh}: the plane {name} has splits in {few(split, _SHOWN)}, and {few(whole, _SHOWN)} {'declares' if one else 'declare'} none"
    return [f"{told}, so nobody could see there who gets its traffic. Declare its splits in every cluster that has the plane, or in none."]


def _alike(mesh: str, known: Mapping[str, Plane]) -> Plane:
    """One step is the same share everywhere, and a colour the same revision. Each cluster splits the traffic, but what splits it may differ."""
    first = next(iter(known.values()), None)
    if first is None:
        raise Refused(f"The mesh {mesh}: no cluster declares the plane. Declare it as mesh_planes.")
    if mixed := half_split(mesh, known):
        raise Refused(mixed[0])
    for cluster, plane in known.items():
        same = (plane.weights, plane.role) == (first.weights, first.role)
        if not same or {one.colour: one.revision for one in plane.sides.values()} != {one.colour: one.revision for one in first.sides.values()}:
            told = f"The mesh {mesh}: {cluster} declares the plane {plane.name} with another role, other weights or other revisions than {next(iter(known))}"
            raise Refused(f"{told}. Declare them for all clusters of the mesh.")
    return first


def _previous(mesh: str, plane: Plane, states: Sequence[PlaneState]) -> str:
    """The colour that served before: the other one than that which has all the traffic."""
    serving = [colour for colour in COLOURS if states and not any(state.late(colour, ALL) for state in states)]
    if len(serving) != 1 or other(serving[0]) not in plane.sides:
        raise Refused(f"The mesh {mesh}: it is not clear which colour of plane {plane.name} served before. Name it as cutover_to.")
    return other(serving[0])
