# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs leave as artifacts, for the person who approves the next one. Private: see plugin_utils/filters.py.

Roles only set what a filter returns. `hosts` are all hosts of the play, also those that failed; other arguments name what each host has registered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._mesh.errors import MeshError
from ...module_utils._mesh.preflight.table import together
from ...module_utils._mesh.report import verdict
from .. import filters
from ..hosts import Variables

_NOT_SO_FAR = "this run did not come so far there"


def of_preflight(hosts: Sequence[str], by_cluster: str, notices: Sequence[str] = ()) -> dict[str, Any]:
    """Return the artifact of preflight. `by_cluster` is what `_preflight_findings` returned, as JSON. A host that it does not name was not read."""
    findings: dict[str, list[str]] = json.loads(by_cluster)
    counts = {name: len(sentences) for name, sentences in findings.items()}
    return verdict.preflight(counts, together(findings), len(notices), [name for name in hosts if name not in findings])


def of_plans(hosts: Iterable[str], hostvars: Mapping[str, Any], planned: str, what: str) -> dict[str, Any]:
    """Return the artifact of a plan. One host of each mesh keeps the plan as the message of a task, as JSON."""
    return verdict.plans(what, _kept(hosts, hostvars, planned).values())


def of_rotation(hosts: Sequence[str], hostvars: Mapping[str, Any], planned: str, ended: str) -> dict[str, Any]:
    """Return the artifact of a rotation: what the host that planned it keeps of its end, as JSON too."""
    ends = _kept(hosts, hostvars, ended)
    return verdict.rotated((plan, ends.get(name)) for name, plan in _kept(hosts, hostvars, planned).items())


def of_verify(hosts: Iterable[str], hostvars: Mapping[str, Any], info: str, traffic: str = "", wanted: int = 0) -> dict[str, Any]:
    """Return the artifact of verify, from the results of mesh_info and of probe. Without a name for the latter nobody asked for traffic."""
    names = list(hosts)
    seen = {name: _findings(name, hostvars[name].get(info)) for name in names}
    return verdict.verified(seen, {name: _answers(name, hostvars[name].get(traffic)) for name in names} if traffic else None, int(wanted))


def of_site(hosts: Iterable[str], present: Iterable[str], hostvars: Mapping[str, Any], info: str, check: bool) -> dict[str, Any]:
    """Return the artifact of site, from the results of mesh_info. `present` are the hosts that have not failed."""
    well = set(present)
    return verdict.brought_up({name: _installed(name, hostvars[name], info) if name in well else f"{name}: {_NOT_SO_FAR}." for name in hosts}, bool(check))


def _kept(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> dict[str, dict[str, Any]]:
    """Return by host what it keeps as JSON in the message of a task. A task that was skipped or failed kept nothing."""
    results = {name: hostvars[name].get(variable) or {} for name in hosts}
    return {name: json.loads(one["msg"]) for name, one in results.items() if one.get("msg") and not one.get("failed") and not one.get("skipped")}


def _findings(name: str, result: Mapping[str, Any] | None) -> list[str] | str:
    if result is None or not (result.get("failed") or "planes" in result):
        return f"{name}: {_NOT_SO_FAR}."
    return [str(one) for one in result.get("findings") or ()] or (str(result.get("msg") or _NOT_SO_FAR) if result.get("failed") else [])


def _answers(name: str, result: Mapping[str, Any] | None) -> Any:
    known = result or {}
    return known["answers"] if "answers" in known else str(known.get("msg") or f"{name}: {_NOT_SO_FAR}.")


def _installed(name: str, given: Mapping[str, Any], info: str) -> dict[str, Any] | str:
    variables, result = Variables(name, given), given.get(info) or {}
    try:
        named = {"mesh": str(variables.mesh or ""), "wished": str(variables.get("mesh_version") or "")}
        revision = str(variables.get("mesh_revision") or "")
    except MeshError as error:
        return str(error)
    if "planes" not in result:
        return f"{name}: {_NOT_SO_FAR}."
    installed = [plane["version"] for plane in result["planes"] if revision in ("", plane["revision"])]
    return {**named, "installed": installed, "served_by": result.get("served_by")}


class FilterModule:
    """The filters of all that leaves a verdict."""

    def filters(self) -> dict[str, Any]:
        return filters.named(
            _left_by_plans=of_plans, _left_by_preflight=of_preflight, _left_by_rotation=of_rotation, _left_by_site=of_site, _left_by_verify=of_verify
        )
