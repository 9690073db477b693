# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn the `wait_for` of a task into conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Refused
from .change import Ref
from .condition import Condition
from .path import steps

WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet")
_KINDS_OF_WAIT = ("condition", "field", "rollout", "absent")


def rollouts(refs: Iterable[Ref]) -> list[Condition]:
    """Return a rollout condition for each ref that is a workload."""
    return [Condition(ref, "rollout") for ref in refs if ref.kind in WORKLOADS]


def wished(cluster: str, entries: Iterable[Mapping[str, Any]]) -> list[Condition]:
    """Return the condition of each entry. An entry that names no check only requires that its object exists."""
    return [_condition(cluster, entry) for entry in entries]


def _condition(cluster: str, entry: Mapping[str, Any]) -> Condition:
    ref = Ref(entry["api_version"], entry["kind"], entry["name"], entry.get("namespace") or None)
    asked = [key for key in _KINDS_OF_WAIT if entry.get(key)]
    if len(asked) > 1:
        raise Refused(f"{cluster}: {ref}: wait_for takes one of {', '.join(_KINDS_OF_WAIT)} for each entry, not {' and '.join(asked)}.")
    check = asked[0] if asked else "exists"
    if check == "rollout" and ref.kind not in WORKLOADS:
        raise Refused(f"{cluster}: {ref}: wait_for supports a rollout of {', '.join(WORKLOADS)} only; name a condition or a field.")
    if check == "condition":
        wanted = entry["condition"]
        return Condition(ref, check, type=wanted["type"], status=wanted.get("status") or "True", reason=wanted.get("reason") or "")
    return _field(cluster, ref, entry["field"]) if check == "field" else Condition(ref, check)


def _field(cluster: str, ref: Ref, wanted: Mapping[str, Any]) -> Condition:
    if wanted.get("absent") and wanted.get("value") is not None:
        raise Refused(f"{cluster}: {ref}: wait_for asks that {wanted['path']} has a value and that it is absent.")
    try:
        steps(wanted["path"])
    except Refused as refused:
        raise Refused(f"{cluster}: {ref}: {refused}") from refused
    return Condition(ref, "field", path=wanted["path"], value=wanted.get("value"), unset=bool(wanted.get("absent")))


def as_entry(condition: Condition) -> dict[str, Any]:
    """Return the entry of wait_for that means the same condition; `wished` can read it."""
    ref, check = condition.ref, condition.check
    entry: dict[str, Any] = {"api_version": ref.api_version, "kind": ref.kind, "name": ref.name}
    if ref.namespace:
        entry["namespace"] = ref.namespace
    if check == "established":
        entry["condition"] = {"type": "Established"}
    elif check == "condition":
        entry["condition"] = {"type": condition.type, "status": condition.status, **({"reason": condition.reason} if condition.reason else {})}
    elif check == "field":
        entry["field"] = {"path": condition.path, **({"absent": True} if condition.unset else {} if condition.value is None else {"value": condition.value})}
    elif check in ("rollout", "absent"):
        entry[check] = True
    elif check != "exists":
        raise Refused(f"{ref}: wait_for has no word for the check {check}.")
    return entry
