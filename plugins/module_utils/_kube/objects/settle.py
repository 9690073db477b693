# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait for many objects at once, and report what each late object itself waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Union

from ..._mesh.errors import MeshError, NotReady, Unreachable
from ..._mesh.health.stuck import Patience, containers, ended, late_after, stuck_after, waits_for, why
from ..._mesh.objects.change import Ref
from ..._mesh.objects.condition import Condition, standing, verdict
from ..waiting import waiting
from .gather import gather
from .server import Server, all_or_error, each

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
# Seconds between checks whether the pods of a workload can become ready at all.
_LOOK = 5.0
# A read gets at least so many seconds, however little of the wait is left.
_SHORTEST_READ = 5.0
# People read the message: so many late objects, and so many characters about each.
_MOST, _LONGEST = 8, 200
# The condition that is not met, why (or the error of the read), and the live object.
_Late = tuple[Condition, Union[str, MeshError], Union[dict[str, Any], None]]  # noqa: UP007 - sanity's pylint knows no other


def settle(server: Server, conditions: Iterable[Condition], timeout: float) -> None:
    """Return when all conditions are met. Raise NotReady after `timeout` seconds. A dry run made nothing, so it does not wait."""
    pending = list(conditions)
    if server.dry_run or not pending:
        return
    with waiting() as say:
        _settle(server, pending, timeout, say)


def _settle(server: Server, pending: Sequence[Condition], timeout: float, say: Callable[[str], None]) -> None:
    start, pause, patience, everything = time.monotonic(), _FIRST_PAUSE, Patience(), len(pending)
    looked = start
    while True:
        late = _unmet(server, pending, max(_SHORTEST_READ, timeout - (time.monotonic() - start)))
        for _condition, failed, _live in late:
            # The wait continues while the API server restarts; a refusal ends it.
            if isinstance(failed, MeshError) and not isinstance(failed, (Unreachable, NotReady)):
                raise failed
        pending = [condition for condition, _reason, _live in late]
        if not pending:
            return
        say(f"{len(pending):,} of {everything:,} objects are not ready: {pending[0].ref}: {_brief(str(late[0][1]), _LONGEST)}")
        now = time.monotonic()
        if now - start >= timeout:
            raise _late(server, late, late_after(timeout))
        if now - looked >= _LOOK:
            looked = now
            if patience.over(_lasting(server, late), now):
                raise _late(server, late, stuck_after(now - start))
        time.sleep(min(pause, max(0.01, timeout - (now - start))))
        pause = min(_LONGEST_PAUSE, pause * 1.4)


def _unmet(server: Server, conditions: Sequence[Condition], within: float) -> list[_Late]:
    objects = gather(server, (condition.ref for condition in conditions), within)
    late: list[_Late] = []
    for condition in conditions:
        live = objects[condition.ref]
        if isinstance(live, MeshError):
            late.append((condition, live, None))
        elif reason := verdict(condition, live):
            late.append((condition, reason, live))
    return late


def _lasting(server: Server, late: Sequence[_Late]) -> bool:
    """Return whether the pods of some workload are stuck in a way that waiting rarely resolves."""
    rollouts = [(condition.ref, live) for condition, _reason, live in late[:_MOST] if condition.check == "rollout" and live]
    with suppress(MeshError):
        return any(stuck.lasting for ref, live in rollouts if (stuck := why(live, _pods(server, ref, live))))
    return False


def _late(server: Server, late: Sequence[_Late], when: str) -> NotReady:
    described = all_or_error(each(partial(_described, server), late[:_MOST]))
    more = f"; and {len(late) - _MOST} more" if len(late) > _MOST else ""
    return NotReady(
        f"{server.name}: {when}: {'; '.join(described)}{more}.",
        waiting_for=list(dict.fromkeys(str(condition.ref) for condition, _reason, _live in late)),
    )


def _described(server: Server, late: _Late) -> str:
    condition, reason, live = late
    said = _brief(str(reason), _LONGEST).rstrip(".")
    # A server that did not return the object will not return its pods and events.
    more = "" if isinstance(reason, MeshError) else _symptoms(server, condition, live or {}, said)
    return f"{condition.ref}: {said}{' (' + more + ')' if more else ''}"


def _symptoms(server: Server, condition: Condition, live: Mapping[str, Any], said: str) -> str:
    """Return the object's last condition, what its pods wait for, and recent warnings. Leave out what cannot be read."""
    last = _brief(standing(live), _LONGEST)
    symptoms = [last] if last and last not in said else []
    about, pods = condition.ref, []
    with suppress(MeshError):
        if condition.check == "rollout":
            pods = _pods(server, condition.ref, live)
            symptoms += [f"pod {pod['metadata']['name']} {_brief(reason, _LONGEST)}" for pod in pods if (reason := _pod_waits(pod))][:3]
        warnings = _warnings(server, Ref("v1", "Pod", pods[0]["metadata"]["name"], about.namespace)) if pods else []
        warnings = warnings or _warnings(server, about)
        symptoms += [f"{'last warning' if not place else 'before it'}: {warning}" for place, warning in enumerate(warnings)]
    return "; ".join(symptoms)


def _pods(server: Server, ref: Ref, live: Mapping[str, Any]) -> list[dict[str, Any]]:
    labels = ((live.get("spec") or {}).get("selector") or {}).get("matchLabels")
    return server.list("v1", "Pod", ref.namespace, labels=labels, within=_SHORTEST_READ) if labels else []


def _pod_waits(pod: Mapping[str, Any]) -> str:
    status = pod.get("status") or {}
    for container in containers(pod):
        if waiting := waits_for(container):
            return f"waits with {waiting['reason']} in container {container.get('name')}"
        if not container.get("ready") and (last := ended(container)):
            return last
    for condition in status.get("conditions") or []:
        if condition.get("status") == "False" and condition.get("message"):
            return f"is not {condition.get('type')}: {condition['message']}"
    return "" if status.get("phase") == "Running" else f"is {status.get('phase')}"


def _warnings(server: Server, ref: Ref) -> list[str]:
    """Return the newest two warnings. Events of cluster-scoped objects are in the namespace default."""
    chosen = {"involvedObject.kind": ref.kind, "involvedObject.name": ref.name, "type": "Warning"}
    events = server.list("v1", "Event", ref.namespace or "default", fields=chosen, within=_SHORTEST_READ)
    warnings = [": ".join(str(event[key]) for key in ("reason", "message") if event.get(key)) for event in sorted(events, key=_when, reverse=True)]
    return [_brief(warning, _LONGEST) for warning in dict.fromkeys(warnings)][:2]


def _when(event: Mapping[str, Any]) -> str:
    series = (event.get("series") or {}).get("lastObservedTime")
    return str(series or event.get("lastTimestamp") or event.get("eventTime") or "")


def _brief(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
