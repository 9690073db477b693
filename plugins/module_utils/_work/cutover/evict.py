# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evict the pods of a workload one by one: the next one only when the workload has all its pods again and its budgets allow it."""

from __future__ import annotations

from collections import deque
from typing import Any

from ..._mesh.cutover.orders import Order
from ..._mesh.cutover.restarting import PodsOf, RestartPace, startable
from ..._mesh.cutover.write import Write
from ..._mesh.objects.change import Ref
from ..._mesh.objects.selector import matches
from ..._mesh.objects.shapes import Object
from .write import CutoverWork

_APPS = "apps/v1"


def go_on(work: CutoverWork, order: Order, todo: deque[tuple[Order, Write]]) -> str:
    """Evict the next pod if it may go now. Return what the workload waits for; empty if all its pods are new and ready."""
    owner = work.cluster.get(Ref(_APPS, order.kind, order.name, order.namespace))
    if owner is None:
        todo.clear()
        return ""
    pods = _pods(work, owner)
    there = {pod["metadata"]["uid"] for pod in pods}
    while todo and (todo[0][1].before or {})["metadata"]["uid"] not in there:
        todo.popleft()
    if lacking := _wanted(owner) - sum(map(_ready, pods)):
        return f"{lacking} of its pods are not ready"
    if todo and _allowed(work, todo[0][1].before or {}):
        _evict(work, todo[0][1])
    return "its pods are evicted one by one, as its disruption budget allows" if todo else ""


def _allowed(work: CutoverWork, pod: Object) -> bool:
    """The API server decides. It is not asked in vain, because it takes its time to say no."""
    meta = pod["metadata"]
    place = PodsOf(meta["namespace"], "Pod", meta["name"], meta.get("labels") or {})
    budgets = work.cluster.list("policy/v1", "PodDisruptionBudget", meta["namespace"])
    return bool(startable([place], [], RestartPace(), budgets))


def _evict(work: CutoverWork, write: Write) -> None:
    work.guard()
    change = work.cluster.evict(write.before or {})
    if change is not None and change.changed:
        work.changes.append(change)
        work.restarted += 1


def _pods(work: CutoverWork, owner: Object) -> list[dict[str, Any]]:
    """The pods of the workload that nobody has ended yet."""
    meta, selector = owner["metadata"], (owner.get("spec") or {}).get("selector") or {}
    found = work.cluster.list("v1", "Pod", meta["namespace"], labels=selector.get("matchLabels") or None)
    own = [pod for pod in found if any(each.get("uid") == meta["uid"] for each in pod["metadata"].get("ownerReferences") or [])]
    return [pod for pod in own if matches(selector, pod["metadata"].get("labels") or {}) and not pod["metadata"].get("deletionTimestamp")]


def _wanted(owner: Object) -> int:
    if owner["kind"] == "DaemonSet":
        return int((owner.get("status") or {}).get("desiredNumberScheduled") or 0)
    asked = (owner.get("spec") or {}).get("replicas")
    return 1 if asked is None else int(asked)


def _ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
