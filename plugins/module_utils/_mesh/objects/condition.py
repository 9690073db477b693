# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conditions to wait for, as data: providers state them, and the cluster layer waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .change import Ref
from .path import walk

CHECKS = ("exists", "absent", "established", "rollout", "condition", "field", "address")


@dataclass(frozen=True)
class Condition:
    """A condition that one object has to meet.

    The check `condition` uses `type`, `status` and, if given, `reason`. The check `field` uses `path` and `value`: without a value
    any non-empty value meets it, and with `unset` only a missing one.
    """

    ref: Ref
    check: str = "exists"
    type: str = "Ready"
    status: str = "True"
    path: str = ""
    value: Any = None
    reason: str = ""
    unset: bool = False

    def __post_init__(self) -> None:
        if self.check not in CHECKS:
            raise ValueError(f"unknown check {self.check}")


def verdict(condition: Condition, live: Mapping[str, Any] | None) -> str | None:
    """Return why the condition is not met, as half a sentence; None if it is met."""
    if condition.check == "absent":
        return _remains(live) if live else None
    if not live:
        return "it does not exist"
    if condition.check == "rollout":
        return _rollout(live)
    if condition.check == "field":
        return _field(live, condition)
    if condition.check == "address":
        return _address(live)
    if condition.check == "established":
        return _condition(live, "Established", "True")
    if condition.check == "condition":
        return _condition(live, condition.type, condition.status, condition.reason)
    return None


def standing(live: Mapping[str, Any]) -> str:
    """Return the object's condition that changed last, as half a sentence."""
    conditions = [c for c in _conditions(live) if c.get("type")]
    last = max(conditions, key=lambda c: str(c.get("lastTransitionTime") or ""), default=None)
    return _says(last) if last else ""


def _remains(live: Mapping[str, Any]) -> str:
    meta = live.get("metadata") or {}
    if not meta.get("deletionTimestamp"):
        return "it still exists"
    finalizers = list(meta.get("finalizers") or []) + list((live.get("spec") or {}).get("finalizers") or [])
    said = [str(c.get("message")) for c in _conditions(live) if c.get("status") == "True" and c.get("message")]
    waits = f"its deletion waits for {', '.join(finalizers)}" if finalizers else "its deletion is under way"
    return f"{waits} ({'; '.join(said)})" if said else waits


def _conditions(live: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list((live.get("status") or {}).get("conditions") or [])


def _stale(live: Mapping[str, Any], observed: Any) -> bool:
    """Return whether a status is about an earlier generation; it says nothing about the current one."""
    generation = (live.get("metadata") or {}).get("generation")
    return observed is not None and generation is not None and str(observed) != str(generation)


def _condition(live: Mapping[str, Any], wanted: str, status: str, reason: str = "") -> str | None:
    condition = next((c for c in _conditions(live) if c.get("type") == wanted), None)
    if condition is None:
        return f"it has no condition {wanted} yet"
    if _stale(live, condition.get("observedGeneration")) or _stale(live, (live.get("status") or {}).get("observedGeneration")):
        return f"its condition {wanted} is about an earlier generation"
    if str(condition.get("status")) == status and reason in ("", condition.get("reason")):
        return None
    return _says(condition)


def _says(condition: Mapping[str, Any]) -> str:
    because = ": ".join(str(condition[key]) for key in ("reason", "message") if condition.get(key))
    return f"{condition['type']} is {condition.get('status')}" + (f" ({because})" if because else "")


def _field(live: Mapping[str, Any], condition: Condition) -> str | None:
    along = list(walk(live, condition.path))
    seen = along[-1]
    if any(isinstance(part, Mapping) and _stale(live, part.get("observedGeneration")) for part in along[1:]):
        return f"{condition.path} is about an earlier generation"
    there = seen not in (None, "", [], {})
    shown = "something" if there and live.get("kind") == "Secret" else seen
    if condition.unset:
        return f"{condition.path} is still {shown}" if there else None
    if condition.value is None:
        return None if there else f"{condition.path} is not set"
    if seen == condition.value or _alike(seen, condition.value):
        return None
    wanted = "what is waited for" if live.get("kind") == "Secret" else condition.value
    return f"{condition.path} is {'not set' if seen is None else shown}, not {wanted}"


def _alike(seen: Any, wanted: Any) -> bool:
    """Compare values. A template may have turned a number or a boolean into text."""
    scalars = all(isinstance(part, (str, int, float, bool)) for part in (seen, wanted))
    return scalars and type(seen) is not type(wanted) and str(seen).lower() == str(wanted).lower()


def _address(live: Mapping[str, Any]) -> str | None:
    if (live.get("spec") or {}).get("type") != "LoadBalancer":
        return None
    given = ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return None if given else "no load balancer has given it an address"


def _rollout(live: Mapping[str, Any]) -> str | None:
    status = live.get("status") or {}
    if _stale(live, status.get("observedGeneration") or 0):
        return "its controller has not seen the change yet"
    if live.get("kind") == "DaemonSet":
        wanted = int(status.get("desiredNumberScheduled") or 0)
        updated, ready = int(status.get("updatedNumberScheduled") or 0), int(status.get("numberAvailable") or 0)
        return _counts(wanted, updated + _left_alone(live, wanted), ready, wanted)
    asked = (live.get("spec") or {}).get("replicas")
    wanted = 1 if asked is None else int(asked)
    updated, ready = int(status.get("updatedReplicas") or 0), int(status.get("availableReplicas") or 0)
    if live.get("kind") == "StatefulSet" and status.get("currentRevision") == status.get("updateRevision"):
        updated = int(status.get("currentReplicas") or updated)
    return _counts(wanted, updated + _left_alone(live, wanted), ready, int(status.get("replicas") or 0))


def _left_alone(live: Mapping[str, Any], wanted: int) -> int:
    """Return how many replicas the update strategy does not replace by itself, so that nobody knows when they will be new."""
    strategy = (live.get("spec") or {}).get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return wanted
    return int((strategy.get("rollingUpdate") or {}).get("partition") or 0)


def _counts(wanted: int, updated: int, ready: int, present: int) -> str | None:
    if updated < wanted:
        return f"{updated} of {wanted} replicas are of the new template"
    if ready < wanted:
        return f"{ready} of {wanted} replicas are ready"
    if present > wanted:
        return f"{present - wanted} of the old replicas are still there"
    return None
