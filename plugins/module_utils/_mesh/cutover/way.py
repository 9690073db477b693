# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cutover as its user wants it, planned over all clusters of a mesh: waves, steps, what forbids it, and what to know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import MeshError
from ..few_names import few
from ..install.versions import Versions, of_charts
from .leftover import left_over
from .observed import ClusterState
from .orders import Aim
from .plan import FINISH, MOVE, RETIRE, CutoverPlan, CutoverWish, plan, says
from .refusals import Allowed, refusals
from .skew import SkewRules, hands_over
from .table import cutover_table
from .target import aim, alone
from .waves import FIRST, NOT_MOVED, Wave, scope, services
from .wishes import version, wish_of

_SHOWN = 10


def way(mesh: str, states: Sequence[ClusterState], options: Mapping[str, Any], rules: SkewRules, table: Versions) -> dict[str, Any]:
    """Return the plan as facts. Whatever makes a plan impossible is one of its `findings`."""
    try:
        target = alone(str(options.get("to") or ""), states)
        towards = Aim(target, "") if target else aim(mesh, str(options.get("to") or ""), states, str(options.get("former") or ""))
    except MeshError as error:
        unknown = {"version": "", "left_out": [], "former_serves": False, "notices": [], "table": [], "findings": [str(error)]}
        return {**_planned(CutoverPlan(mesh, Aim("", ""), {}, [], [])), **unknown}
    wish = wish_of(options)
    choices = str(options.get("objects") or Allowed.objects), str(options.get("gitops") or Allowed.gitops)
    allowed = Allowed(*choices, version(options), dict(options.get("platforms") or {}))
    states = [_with_target(state, towards.target, allowed.version, rules) for state in states]
    made = plan(mesh, states, towards, wish) if towards.former else CutoverPlan(mesh, towards, {}, [], [])
    left = left_out(states, towards, wish) if towards.former else []
    if left:
        made = replace(made, steps=[step for step in made.steps if step.name not in (FINISH, RETIRE)])
    running = next((known for state in states if (known := state.version(towards.target))), "")
    return {
        **_planned(made),
        "version": of_charts(running) or allowed.version,
        "left_out": left,
        "former_serves": all(state.ready(towards.former) for state in states),
        "notices": [*_notices(left, towards), *_others(states, towards), *_unlike(states, towards)],
        "table": cutover_table(made, states) if towards.former else [f"mesh {mesh}: everything follows {target}, the only revision"],
        "findings": refusals(states, towards, wish, rules, table, allowed),
    }


def _with_target(state: ClusterState, target: str, version: str, rules: SkewRules) -> ClusterState:
    """With what will be known of a target that is not installed yet."""
    coming = target and not state.revision(target) and version and hands_over(rules, version)
    return replace(state, keeping=(*state.keeping, target)) if coming else state


def _planned(made: CutoverPlan) -> dict[str, Any]:
    due = {step.wave for step in made.steps if step.name == MOVE}
    return {**made.facts(), "waves": [{**_wave(wave), "due": wave.number in due} for wave in made.waves], "done": made.done}


def _wave(wave: Wave) -> dict[str, Any]:
    return {
        "number": wave.number,
        "kind": wave.kind,
        "clusters": list(wave.clusters),
        "spaces": {cluster: list(names) for cluster, names in wave.spaces.items()},
        "services": {cluster: list(names) for cluster, names in wave.services.items()},
        "proxies": dict(wave.proxies),
        "says": says(wave, wave.clusters),
    }


def left_out(states: Sequence[ClusterState], towards: Aim, wish: CutoverWish) -> list[str]:
    """Return what follows the former revision and no wave takes, because the user left it out. Nobody may lead its pointers elsewhere untested."""
    everything = replace(wish.waves, only=("*",), skip=(), gateways=FIRST)
    kept = []
    for state in states:
        taken = {*scope(state, towards, wish.waves)}
        names = [name for name in scope(state, towards, everything) if name not in taken and _behind(state, name, towards)]
        entrances = services(state, towards) if wish.waves.gateways == NOT_MOVED else []
        names += [name for name in entrances if any(one.behind(towards.target) and not one.drained for one in state.behind_service[name])]
        kept += [f"{state.cluster}: {name}" for name in names]
    return kept


def _behind(state: ClusterState, name: str, towards: Aim) -> bool:
    inside = state.in_space.get(name, ())
    return state.space[name].following.revision == towards.former or any(one.following.revision == towards.former for one in inside)


def _others(states: Sequence[ClusterState], towards: Aim) -> list[str]:
    """What is left of revisions that this cutover is not about."""
    return [f"{state.cluster}: {said}." for state in states for said in left_over([one for one in state.leftovers if one.revision not in towards.both])]


def _unlike(states: Sequence[ClusterState], towards: Aim) -> list[str]:
    """What somebody changed for one revision since a copy was made for the other one."""
    said = []
    for state in states:
        names = [held.name for held in state.objects if held.revision == towards.former and towards.target in held.others]
        told = f"{towards.target} reads something else in the place of {few(names, _SHOWN)}, which only {towards.former} reads"
        said += [f"{state.cluster}: {told}. Change both alike until {towards.former} is removed."] if names else []
    return said


def _notices(left: Sequence[str], towards: Aim) -> list[str]:
    if not left:
        return []
    told = f"left out and still following {towards.former}: {few(left, _SHOWN)}"
    return [f"{told}. Tags, the default rule and validation stay with {towards.former}, which is not removed"]
