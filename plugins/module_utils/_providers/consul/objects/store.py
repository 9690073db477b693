# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is due of the declared entries in Consul itself: which to write over its HTTP API and which to remove, and what is refused before the first write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...._mesh.errors import Refused
from ...._mesh.install.due import Due, DueOrder
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question, Read
from .. import api
from ..names import SHARED, TOKENS, labelled
from . import enterprise, intentions, order, together
from .entry import ANY, Entry, Key, shown, state
from .kinds import KINDS
from .ownership import KeptEntry, completed, differing, kept, meta, needed

_SELF = "self"
_PATHS = {**{kind: f"/v1/config/{kind}" for kind in KINDS}, _SELF: "/v1/agent/self"}
_CORRECT = "Correct mesh_values.entries"


@dataclass(frozen=True)
class EntryPlan:
    """What a run writes, by key, and how each entry is known there now."""

    wanted: Mapping[Key, Entry]
    there: Mapping[Key, KeptEntry]
    released: frozenset[Key]  # what stays of them is no part of the set


def due(wish: ControlPlane, declared: Sequence[Entry], adopt: Sequence[str]) -> Look[Due]:
    reads: list[Read | Ref] = [Read("v1", "Pod", wish.namespace, labelled("server")), *(Ref("v1", "Secret", name, wish.namespace) for name in (TOKENS, SHARED))]
    return Look(reads, partial(_due, wish, declared, adopt), _questions)


def _questions(live: Live) -> list[Question]:
    """Ask one server: the answers of all of them are those of their leader."""
    token = api.token(live, secondary=False)
    return [api.get(about, pod, path, token) for pod in api.servers(live)[:1] for about, path in _PATHS.items()]


def _due(wish: ControlPlane, declared: Sequence[Entry], adopt: Sequence[str], live: Live, answers: Answers) -> Due:
    ready = api.servers(live)
    if not ready:
        return Due(fault="no server of Consul is ready")
    lists = {kind: api.listed(api.only(answers, kind)) for kind in KINDS}
    itself = api.mapped(api.only(answers, _SELF))
    silent = sorted([kind for kind, entries in lists.items() if entries is None] + ([] if itself else [_SELF]))
    if silent or not itself:
        return Due(fault=f"the server {ready[0]['metadata']['name']} did not list its {' and '.join(silent)}")
    there = {one.entry.key: one for kind, entries in lists.items() for one in kept(kind, entries or [])}
    plan = _planned(wish, declared, there)
    _refuse(wish, plan, [*enterprise.faults(declared, itself), *_of_others(wish, plan, adopt)])
    return Due(orders=_orders(wish, plan, ready[0], api.token(live, secondary=False)))


def _planned(wish: ControlPlane, declared: Sequence[Entry], there: Mapping[Key, KeptEntry]) -> EntryPlan:
    """Return what is wanted of declared entries, and of those that left the set while the collection needs a part of them."""
    wanted = {entry.key: completed(entry, needed(wish, entry.key, there.get(entry.key))) for entry in declared}
    left = [key for key, one in there.items() if one.mesh == wish.mesh and key not in wanted]
    released = {key: Entry(*key, needs) for key in left if (needs := needed(wish, key, there[key]))}
    return EntryPlan({**wanted, **released}, there, frozenset(released))


def _refuse(wish: ControlPlane, plan: EntryPlan, faults: Sequence[str]) -> None:
    """Refuse what Consul would refuse, or would do otherwise than declared, before anything is written."""
    others = {key: one.entry.content for key, one in plan.there.items() if one.mesh != wish.mesh}
    everything = {**others, **state(plan.wanted.values())}
    named = [f"the entry {shown(key)}:" for key in plan.wanted]
    broken = [fault for fault in together.faults(everything, whole=True) if fault.startswith(tuple(named))]
    wrong = [*faults, *broken, *(intentions.outranked(everything) if ("service-intentions", ANY) in plan.wanted else ())]
    if wrong:
        raise Refused(f"{wish.cluster}: {'; '.join(wrong)}. {_CORRECT}.")


def _of_others(wish: ControlPlane, plan: EntryPlan, adopt: Sequence[str]) -> list[str]:
    """Return why entries that somebody else wrote are not overwritten. Equal ones may stay theirs."""
    texts = []
    for key, entry in plan.wanted.items():
        one = plan.there.get(key)
        if one is None or one.mesh == wish.mesh or not _differs(wish, entry, one) or _was_needed(wish, one):
            continue
        if one.by_kubernetes or not {ANY, shown(key)} & set(adopt):
            texts.append(f"the entry {shown(key)} is there already, {_whose(one)}, and differs in {', '.join(_differing(entry, one))}; {_way_out(key, one)}")
    return texts


def _differing(entry: Entry, one: KeptEntry) -> list[str]:
    return differing(entry.content, one.entry.content) or ["fields that this collection does not know"]


def _whose(one: KeptEntry) -> str:
    if one.by_kubernetes:
        return "made from an object in Kubernetes"
    return f"written by a run for the mesh {one.mesh}" if one.mesh else "written by somebody else"


def _way_out(key: Key, one: KeptEntry) -> str:
    if one.by_kubernetes:
        return "delete that object first, or set entries.through to crds"
    return f"take it out of the declaration, declare it as it is, or list {shown(key)} in entries.adopt to overwrite it"


def _was_needed(wish: ControlPlane, one: KeptEntry) -> bool:
    """Return whether an entry that bears no mark holds only what the collection itself once wrote there."""
    needs = needed(wish, one.entry.key, one)
    return bool(needs) and not one.meta and not one.strange and one.entry.content == needs


def _differs(wish: ControlPlane, entry: Entry, one: KeptEntry | None) -> bool:
    if one is None:
        return True
    return entry.content != one.entry.content or (one.edited if one.mesh == wish.mesh else one.strange)


def _orders(wish: ControlPlane, plan: EntryPlan, pod: Object, token: str) -> list[DueOrder]:
    ours = {key for key, one in plan.there.items() if one.mesh == wish.mesh}
    todo = [entry for key, entry in plan.wanted.items() if _differs(wish, entry, plan.there.get(key)) or key in plan.released & ours]
    steps, faults = order.steps({key: one.entry.content for key, one in plan.there.items()}, todo, sorted(ours - set(plan.wanted)))
    if faults:
        raise Refused(f"{wish.cluster}: {'; '.join(faults)}. {_CORRECT}.")
    orders, ordered = [], set()
    for step in steps:
        if step.key in ordered:
            break  # it was written halfway, and has another index now: the next look goes on from there
        ordered.add(step.key)
        orders.append(_order(wish, plan, step, pod, token))
    return orders


def _order(wish: ControlPlane, plan: EntryPlan, step: order.Move, pod: Object, token: str) -> DueOrder:
    one = plan.there.get(step.key)
    index, before = (one.index, one.entry.in_api()) if one else (0, None)
    what, about = f"the entry {shown(step.key)}", "order"
    if step.content is None:
        return DueOrder(what, api.delete(about, pod, f"/v1/config/{shown(step.key)}?cas={index}", token), before=before)
    entry = Entry(*step.key, step.content)
    body: dict[str, Any] = entry.in_api()
    if step.key not in plan.released:
        body["Meta"] = {**(one.meta if one and one.mesh == wish.mesh else {}), **meta(entry, wish.mesh)}
    return DueOrder(what, api.put(about, pod, f"/v1/config?cas={index}", token, body), before=before, after=plan.wanted[step.key].in_api())
