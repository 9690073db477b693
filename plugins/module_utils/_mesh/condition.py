# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to wait for, as data: providers say it, the cluster waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .change import Ref

CHECKS = ("exists", "absent", "established", "rollout", "condition", "field", "address")


@dataclass(frozen=True)
class Condition:
    """One thing that has to become true of one object.

    `condition` reads `type` and `status`; `field` reads `path` (dots between keys, numbers for list items) and
    `value`, where no value means any that is not empty.
    """

    ref: Ref
    check: str = "exists"
    type: str = "Ready"
    status: str = "True"
    path: str = ""
    value: Any = None

    def __post_init__(self) -> None:
        if self.check not in CHECKS:
            raise ValueError(f"unknown check {self.check}")


def verdict(condition: Condition, live: Mapping[str, Any] | None) -> str | None:
    """None when the condition is met, otherwise why not, as half a sentence."""
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
        return _condition(live, condition.type, condition.status)
    return None


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
    """A status written for an earlier generation says nothing about this one."""
    return observed is not None and int(observed) < int((live.get("metadata") or {}).get("generation") or 0)


def _condition(live: Mapping[str, Any], wanted: str, status: str) -> str | None:
    found = next((c for c in _conditions(live) if c.get("type") == wanted), None)
    if found is None:
        return f"it has no condition {wanted} yet"
    observed = found.get("observedGeneration", (live.get("status") or {}).get("observedGeneration"))
    if _stale(live, observed):
        return f"its condition {wanted} is about an earlier generation"
    if str(found.get("status")) == status:
        return None
    because = ": ".join(str(found[key]) for key in ("reason", "message") if found.get(key))
    return f"{wanted} is {found.get('status')}" + (f" ({because})" if because else "")


def _field(live: Mapping[str, Any], condition: Condition) -> str | None:
    seen: Any = live
    for step in condition.path.split("."):
        if isinstance(seen, list) and step.isdigit():
            seen = seen[int(step)] if int(step) < len(seen) else None
        else:
            seen = seen.get(step) if isinstance(seen, Mapping) else None
    if condition.value is None:
        return None if seen not in (None, "", [], {}) else f"{condition.path} is not set"
    if seen == condition.value:
        return None
    return f"{condition.path} is {'not set' if seen is None else seen}, not {condition.value}"


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
        updated, ready = status.get("updatedNumberScheduled"), status.get("numberAvailable")
        return _counts(wanted, int(updated or 0), int(ready or 0), wanted)
    asked = (live.get("spec") or {}).get("replicas")
    wanted = 1 if asked is None else int(asked)
    updated, ready = int(status.get("updatedReplicas") or 0), int(status.get("availableReplicas") or 0)
    if live.get("kind") == "StatefulSet" and status.get("currentRevision") == status.get("updateRevision"):
        updated = int(status.get("currentReplicas") or updated)
    return _counts(wanted, updated, ready, int(status.get("replicas") or 0))


def _counts(wanted: int, updated: int, ready: int, present: int) -> str | None:
    if updated < wanted:
        return f"{updated} of {wanted} replicas are of the new template"
    if ready < wanted:
        return f"{ready} of {wanted} replicas are ready"
    if present > wanted:
        return f"{present - wanted} of the old replicas are still there"
    return None
