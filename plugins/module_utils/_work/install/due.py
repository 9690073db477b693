# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Complete a stage: look at what is still due, apply the objects, send the orders, replace a pod, and look again until nothing is due."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..._kube.cluster import Answer, Cluster
from ..._mesh.errors import NotReady, Refused
from ..._mesh.few_names import few
from ..._mesh.install.due import Due, DueOrder, StoredAnswer
from ..._mesh.objects.change import Change
from ..._mesh.objects.look import Look
from ..._mesh.trust.root_secret import encoded
from ..clock import Clock
from ..follow import Pace, follow, nothing
from ..look import asked, look

_PACE, _PATIENCE = Pace(0.3, 2.0), 20.0
_DENIED, _BROKEN = "HTTP 403", "HTTP 500"
_LONGEST = 400  # characters of an answer


@dataclass
class Completed:
    """What a run did, or would do in check mode: objects, and what it ordered, by name.

    `diff` is of the orders that may be shown. `refused` are orders that the product did not accept, until it does.
    `unknown` says why a dry run could not tell what is due.
    """

    changes: list[Change] = field(default_factory=list)
    ordered: list[str] = field(default_factory=list)
    diff: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unknown: str = ""

    denied_since: float | None = None

    @property
    def changed(self) -> bool:
        return bool(self.ordered) or any(change.changed for change in self.changes)

    def denied(self, due: Due) -> bool:
        """Tell whether the product denies an order to the token with which this run asks."""
        return any(_DENIED in self.refused.get(order.what, "") for order in due.orders)

    def settled(self, due: Due) -> bool:
        """Tell whether waiting will hardly help: an order is denied, or is one whose words may be told and that the product does not take."""
        return self.denied(due) or any(order.shown and _BROKEN in self.refused.get(order.what, "") for order in due.orders)

    def denied_for(self, due: Due, seconds: float) -> float:
        """Return for how long it has done so without a break. A product that has just started, or a token that was just made, may need a moment."""
        self.denied_since = (seconds if self.denied_since is None else self.denied_since) if self.settled(due) else None
        return 0.0 if self.denied_since is None else seconds - self.denied_since


def complete(
    cluster: Cluster,
    wanted: Look[Due],
    timeout: float,
    clock: Clock,
    keep: Callable[[], None] = nothing,
    guard: Callable[[], None] = nothing,
    did: Completed | None = None,
) -> Completed:
    """Return what was done. A dry run looks once, and says what a run would do with what is there now. `guard` is called before each write.

    What was done is added to `did`, so that the caller knows it even if this fails.
    """
    did = Completed() if did is None else did
    if cluster.dry_run:
        seen = look(cluster, wanted)
        did.unknown = seen.fault
        _do(cluster, seen, did)
        return did
    follow(
        lambda: look(cluster, wanted),
        done=lambda seen: seen.complete,
        late=lambda seen, seconds: _late(cluster, seen, did, seconds),
        timeout=timeout,
        keep=keep,
        hopeless=lambda seen, seconds: _late(cluster, seen, did, seconds) if did.denied_for(seen, seconds) >= _PATIENCE else None,
        remedy=lambda seen, _seconds: _do(cluster, seen, did, guard),
        waits=lambda seen: f"still to do: {few(_lacks(seen, did), 3, '; ')}",
        pace=_PACE,
        clock=clock,
    )
    return did


def _do(cluster: Cluster, due: Due, did: Completed, guard: Callable[[], None] = nothing) -> None:
    """Apply the objects and send the orders, one after the other: a later order may need what an earlier one made. Then let one pod be replaced."""
    if due.refusal:
        raise Refused(f"{cluster.name}: {due.refusal}")
    _write(cluster, due, did, guard)
    for order in due.orders:
        guard()
        refusal = "" if cluster.dry_run else _sent(cluster, order, did)
        if refusal:
            did.refused[order.what] = refusal
            if order.alone:
                continue
            return
        did.refused.pop(order.what, None)
        if order.what not in did.ordered:
            did.ordered.append(order.what)
            did.diff += [_diff(order)] if order.shown else []
    for pod in due.restarts if cluster.dry_run else due.restarts[:1]:
        guard()
        did.changes += cluster.delete([pod])


def _diff(order: DueOrder) -> dict[str, Any]:
    action = "created" if order.before is None else "deleted" if order.after is None else "updated"
    return {"before_header": order.what, "after_header": f"{order.what} ({action})", "before": dict(order.before or {}), "after": dict(order.after or {})}


def _write(cluster: Cluster, due: Due, did: Completed, guard: Callable[[], None]) -> None:
    if due.manifests:
        guard()
        did.changes += cluster.apply(due.manifests)
    for ref, patch in due.patches:
        live = cluster.get(ref)
        guard()
        did.changes += [cluster.amend(live, patch, exact=False)] if live else []
    if due.removes:
        guard()
        did.changes += cluster.delete(due.removes)


def _sent(cluster: Cluster, order: DueOrder, did: Completed) -> str:
    """Return why an order was not accepted; empty if it was. The answer may hold what is secret, so its words are told only of what a diff may show."""
    (answer,) = cluster.ask_all([asked(order.question)])
    if not isinstance(answer, Answer):
        return str(answer).rstrip(".")
    if not 200 <= answer.status < 300:
        return f"{order.question.method} was answered with HTTP {answer.status}{_reason(order, answer)}"
    return _stored(cluster, order.stored, answer, did) if order.stored else ""


def _reason(order: DueOrder, answer: Answer) -> str:
    words = answer.body.decode(errors="replace").split() if order.shown else ()
    return f": {' '.join(words)[:_LONGEST]}" if words else ""


def _stored(cluster: Cluster, place: StoredAnswer, answer: Answer, did: Completed) -> str:
    """Keep a part of the answer in its Secret. Return why this was not possible; empty if it was."""
    live, value = cluster.get(place.secret), _part(answer, place.part)
    if live is None or not value:
        return f"{place.secret} does not exist" if live is None else f"the answer has no {place.part}"
    did.changes.append(cluster.amend(live, {"data": {place.key: encoded(value.encode())}}))
    return ""


def _part(answer: Answer, name: str) -> str:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return ""
    return str(body.get(name) or "") if isinstance(body, dict) else ""


def _lacks(due: Due, did: Completed) -> list[str]:
    refused = [f"{what} ({why})" for what, why in sorted(did.refused.items())]
    return [*refused, *(one for one in due.lacks if one not in did.refused)]


def _late(cluster: Cluster, due: Due, did: Completed, seconds: float) -> NotReady:
    lacks = _lacks(due, did)
    lacking = "The token with which this run asks lacks a right. Run site, which gives it its rights, and then this again."
    way = lacking if did.denied(due) else "Run again to go on."
    return NotReady(f"{cluster.name}: after {seconds:.0f} s there is still something to do: {'; '.join(lacks)}. {way}", findings=lacks)
