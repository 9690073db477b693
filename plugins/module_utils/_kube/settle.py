# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait for many things at once, and say of each laggard what it waits for itself."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from .._mesh.change import Ref
from .._mesh.condition import Condition, verdict
from .._mesh.errors import MeshError, NotReady, Unreachable
from .server import Server, all_or_error, each

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
# However little of the wait is left, a server gets this long to say how things are.
_SHORTEST_READ = 5.0


def settle(server: Server, conditions: Iterable[Condition], timeout: float) -> None:
    """Returns as soon as all are met. In a dry run nothing was made that could be waited for."""
    pending = list(conditions)
    if server.dry_run or not pending:
        return
    start, pause = time.monotonic(), _FIRST_PAUSE
    while True:
        left = max(_SHORTEST_READ, timeout - (time.monotonic() - start))
        reasons = dict(zip(pending, each(partial(_verdict, server, left), pending), strict=True))
        for failed in (reason for reason in reasons.values() if isinstance(reason, MeshError)):
            # An API server that restarts under us is part of the wait; a refusal is not.
            if not isinstance(failed, (Unreachable, NotReady)):
                raise failed
        pending = [condition for condition, reason in reasons.items() if reason is not None]
        if not pending:
            return
        now = time.monotonic()
        if now - start >= timeout:
            raise _late(server, {condition: reasons[condition] for condition in pending}, timeout)
        time.sleep(min(pause, max(0.01, timeout - (now - start))))
        pause = min(_LONGEST_PAUSE, pause * 1.4)


def _verdict(server: Server, left: float, condition: Condition) -> str | None:
    return verdict(condition, server.get(condition.ref, within=left))


def _late(server: Server, reasons: Mapping[Condition, str | MeshError | None], timeout: float) -> NotReady:
    def one(condition: Condition) -> str:
        reason = reasons[condition]
        # Who did not answer for the object will not answer for its pods.
        ask = condition.check == "rollout" and not isinstance(reason, MeshError)
        more = _symptoms(server, condition.ref) if ask else ""
        return f"{condition.ref}: {str(reason).rstrip('.')}{' (' + more + ')' if more else ''}"

    told = all_or_error(each(one, reasons))
    return NotReady(
        f"{server.name}: not ready after {timeout:g} s: {'; '.join(told)}.",
        waiting_for=[str(condition.ref) for condition in reasons],
    )


def _symptoms(server: Server, ref: Ref) -> str:
    """What the pods of a workload wait for; what cannot be read is left out."""
    try:
        live = server.get(ref) or {}
        labels = ((live.get("spec") or {}).get("selector") or {}).get("matchLabels")
        pods = server.list("v1", "Pod", ref.namespace, labels=labels) if labels else []
        said = [f"pod {pod['metadata']['name']} {reason}" for pod in pods if (reason := _pod_waits(pod))]
        name = pods[0]["metadata"]["name"] if pods else ref.name
        event = _last_warning(server, ref.namespace, name) or _last_warning(server, ref.namespace, ref.name)
    except MeshError:
        return ""
    return "; ".join(said[:3] + ([f"last warning: {event}"] if event else []))


def _pod_waits(pod: Mapping[str, Any]) -> str:
    status = pod.get("status") or {}
    for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") and waiting["reason"] != "PodInitializing":
            return f"waits with {waiting['reason']} in container {container.get('name')}"
        ended = (container.get("lastState") or {}).get("terminated") or {}
        if not container.get("ready") and ended:
            return f"container {container.get('name')} ended with {ended.get('reason')} ({ended.get('exitCode')})"
    for condition in status.get("conditions") or []:
        if condition.get("status") == "False" and condition.get("message"):
            return f"is not {condition.get('type')}: {condition['message']}"
    return "" if status.get("phase") == "Running" else f"is {status.get('phase')}"


def _last_warning(server: Server, namespace: str | None, name: str) -> str:
    chosen = {"involvedObject.name": name, "type": "Warning"}
    events = server.list("v1", "Event", namespace, fields=chosen)
    if not events:
        return ""
    last = max(events, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    return " ".join(str(last.get("message")).split())[:200]
