# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make one write of a cutover: only if the object still is what was decided by, and only while this run holds the Lease."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._kube.lease import Hold
from ..._kube.objects.content import content
from ..._mesh.contract.cutover import Cutover
from ..._mesh.cutover.orders import DRAIN, RAISE, REJOIN, REMOVE, RESTART, Order
from ..._mesh.cutover.orders import EVICT as EVICT_PODS
from ..._mesh.cutover.write import CREATE, DELETE, PATCH, REPLACE, TRY, Write
from ..._mesh.errors import Outdated, Refused
from ..._mesh.objects.change import Change, Ref
from ..._mesh.objects.managed_by import managed_by
from ..._mesh.objects.shapes import Object
from ..clock import Clock
from ..lease.hold import UnderLease
from .fresh import FreshLook
from .step_request import CutoverRequest

_MAKER = "app.kubernetes.io/managed-by"
# How often an object is replaced whose status is written all the time.
_TIMES = 8
_OF_GATEWAYS = (RAISE, DRAIN, REJOIN, REMOVE)


@dataclass
class CutoverWork(UnderLease):
    """Everything that a step needs, and what it did.

    `kept` is what another tool keeps and has to write; `waits` why the step cannot go on yet. `notices` are sentences for whoever installed what it wrote.
    """

    cluster: Cluster
    story: Cutover
    request: CutoverRequest
    hold: Hold | None
    clock: Clock
    connect: Connector | None = None
    changes: list[Change] = field(default_factory=list)
    kept: dict[Ref, dict[str, Any]] = field(default_factory=dict)
    waits: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    restarted: int = 0

    @cached_property
    def looking(self) -> FreshLook:
        return FreshLook(self.cluster, self.story, self.request.namespace, self.request.primary, self.connect)

    @property
    def moment(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def put(work: CutoverWork, order: Order, write: Write) -> bool:
    """Return whether the next write may follow."""
    if _left_to_its_keeper(work, order, write):
        return True
    if write.how == TRY:
        return _tried(work, write)
    make(work, write)
    return True


def make(work: CutoverWork, write: Write) -> None:
    """Make the write, whoever else keeps the object."""
    work.guard()
    work.changes.append(_WAYS[write.how](work, write))


def _left_to_its_keeper(work: CutoverWork, order: Order, write: Write) -> bool:
    """A restart is nothing that a tool would undo: the copy in Git does not say when pods started. What the mesh makes of a Gateway is in no copy."""
    if not work.request.waits_for_keepers or write.before is None or order.what in (RESTART, EVICT_PODS):
        return False
    if order.kind == "Gateway" and order.what in _OF_GATEWAYS:
        return False
    keeper = managed_by(write.before).writer
    if keeper:
        ref = write.ref
        work.kept[ref] = {"kind": ref.kind, "namespace": ref.namespace or "", "name": ref.name, "keeper": keeper, "patch": write.body}
        work.waits.append(f"{ref} is kept by {keeper}, which has to write it")
    return bool(keeper)


def _tried(work: CutoverWork, write: Write) -> bool:
    """Prove that whatever has to refuse a faulty object is there and does."""
    answer = work.cluster.rehearse_all([write.body], 1)[0]
    if answer.live is None and write.refused_by in answer.refusal:
        return True
    said = f"the API server says: {answer.refusal.rstrip('.')}" if answer.live is None else "the API server would have stored it"
    work.waits.append(f"nobody refused a faulty {write.ref} ({said})")
    return False


def _patched(work: CutoverWork, write: Write) -> Change:
    return work.cluster.amend(still(work, write.before or {}), write.body)


def _replaced(work: CutoverWork, write: Write) -> Change:
    """A status that was reported between the look and the write is no reason to leave it."""
    for _time in range(_TIMES):
        live = still(work, write.before or {})
        body = {**write.body, "metadata": {**write.body["metadata"], "resourceVersion": live["metadata"]["resourceVersion"]}}
        after = work.cluster.replace(body, live)
        if after is not None:
            return Change(write.ref, "updated", live, after)
    raise Outdated(work.cluster.name, write.ref)


def _created(work: CutoverWork, write: Write) -> Change:
    """What exists already was made by a run that was killed after it. An object of somebody else is not what is needed, whatever it holds."""
    made = work.cluster.create(write.body)
    if made is None and _maker(work.cluster.get(write.ref) or write.body) != _maker(write.body):
        told = f"{work.cluster.name}: {write.ref} exists, and no cutover made it, so what the cutover needs cannot have this name"
        raise Refused(f"{told}. Rename or remove it, and run again.")
    return made or Change(write.ref, "unchanged")


def _maker(one: Mapping[str, Any]) -> str:
    return str((one["metadata"].get("labels") or {}).get(_MAKER) or "")


def _deleted(work: CutoverWork, write: Write) -> Change:
    """What a cutover made, and only as it was read. What was not read has a name that only a cutover gives."""
    if write.before is not None:
        still(work, write.before)
    changes = work.cluster.delete([write.ref], wait=work.request.timeout)
    return changes[0] if changes else Change(write.ref, "unchanged")


_WAYS = {PATCH: _patched, REPLACE: _replaced, CREATE: _created, DELETE: _deleted}


def still(work: CutoverWork, before: Object) -> dict[str, Any]:
    """Return the object as it is now, if only its status and the server's notes are others than when it was read."""
    ref = Ref.of(before)
    live = work.cluster.get(ref)
    if live is None or live["metadata"]["uid"] != before["metadata"]["uid"] or content(live) != content(before):
        raise Outdated(work.cluster.name, ref)
    return live
