# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start workloads anew, several at once, and see each through: a rollout by its controller, or pod by pod where its controller waits for that."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..._mesh.cutover.orders import Order
from ..._mesh.cutover.restarting import PodsOf, startable
from ..._mesh.cutover.write import EVICT, Write
from ..._mesh.errors import NotReady, Outdated
from ..._mesh.few_names import few
from ..._mesh.objects.change import Ref
from ..._mesh.objects.condition import verdict
from ..._mesh.objects.shapes import Object
from ..follow import Pace, follow
from .evict import go_on
from .write import CutoverWork, put

_PACE = Pace(0.3, 1.5)
_SHOWN = 10


@dataclass
class Restart:
    """All writes for one workload. `asked` is what was written and is waited for; with `evicting` its pods end one by one."""

    pods: PodsOf
    todo: deque[tuple[Order, Write]] = field(default_factory=deque)
    asked: Write | None = None
    evicting: Order | None = None
    says: str = "waits for its turn, or for its disruption budget"


def restart(work: CutoverWork, planned: Iterable[tuple[Order, Sequence[Write]]], timeout: float) -> None:
    """In check mode, only ask whether each write would be accepted."""
    restarts = _by_workload(planned)
    if work.cluster.dry_run:
        for one in restarts:
            for order, write in one.todo:
                _write(work, order, write)
        return
    waiting, running = list(restarts), list[Restart]()

    def look() -> list[Restart]:
        running[:] = [one for one in running if not _through(work, one)]
        for one in _next(work, waiting, running):
            waiting.remove(one)
            running.append(one)
            _begin(work, one)
        return [*running, *waiting]

    follow(
        look,
        done=lambda left: not left,
        late=lambda left, seconds: _late(work, left, seconds),
        timeout=timeout,
        keep=work.keep,
        waits=lambda left: f"{len(left):,} of {len(restarts):,} workloads have not started anew: {few([one.pods.name for one in left], 3)}",
        pace=_PACE,
        clock=work.clock,
    )


def _by_workload(planned: Iterable[tuple[Order, Sequence[Write]]]) -> list[Restart]:
    known: dict[PodsOf, Restart] = {}
    for order, writes in planned:
        for write in writes:
            pods = PodsOf(order.namespace, order.kind, order.name, _labels(write))
            known.setdefault(pods, Restart(pods)).todo.append((order, write))
    return list(known.values())


def _labels(write: Write) -> dict[str, str]:
    """Those of the template, or of the pod itself."""
    live = write.before or {}
    template = live if write.how == EVICT else (live.get("spec") or {}).get("template") or {}
    return dict((template.get("metadata") or {}).get("labels") or {})


def _next(work: CutoverWork, waiting: Sequence[Restart], running: Sequence[Restart]) -> list[Restart]:
    if not waiting or len(running) >= work.request.pace.parallel:
        return []
    chosen = startable([one.pods for one in waiting], [one.pods for one in running], work.request.pace, _budgets(work, waiting))
    return [one for one in waiting if one.pods in chosen]


def _budgets(work: CutoverWork, waiting: Sequence[Restart]) -> list[Object]:
    spaces = {one.pods.namespace for one in waiting}
    alone = next(iter(spaces)) if len(spaces) == 1 else None
    return [budget for budget in work.cluster.list("policy/v1", "PodDisruptionBudget", alone) if budget["metadata"]["namespace"] in spaces]


def _begin(work: CutoverWork, one: Restart) -> None:
    """Make the next write. A workload that somebody changed meanwhile is left to the next look."""
    order, write = one.todo[0] if one.todo else (one.evicting, None)
    if order and (write is None or write.how == EVICT):
        one.evicting, one.says = order, go_on(work, order, one.todo)
    elif order and write:
        one.todo.popleft()
        one.asked, one.says = write, "is not through"
        try:
            put(work, order, write)
            work.restarted += 1
        except Outdated:
            one.asked, one.says = None, ""
            one.todo.clear()


def _write(work: CutoverWork, order: Order, write: Write) -> None:
    if write.how != EVICT:
        put(work, order, write)
    elif (change := work.cluster.evict(write.before or {})) is not None:
        work.changes.append(change)


def _through(work: CutoverWork, one: Restart) -> bool:
    if one.asked:
        one.says = "; ".join(reason for condition in one.asked.then if (reason := verdict(condition, work.cluster.get(condition.ref))))
        if one.says:
            return False
        one.asked = None
    if one.todo or one.evicting:
        _begin(work, one)
    return not one.todo and not one.asked and not one.says


def _late(work: CutoverWork, left: Sequence[Restart], seconds: float) -> NotReady:
    said = [f"{Ref('', one.pods.kind, one.pods.name, one.pods.namespace)}: {one.says}" for one in left]
    told = f"{work.cluster.name}: these did not start anew within {seconds:.0f} s: {few(said, _SHOWN, '; ')}"
    return NotReady(f"{told}. Find out why and run again: the cutover goes on where it stopped.", late=said)
