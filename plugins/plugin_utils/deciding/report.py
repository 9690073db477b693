# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles report of all clusters. Private: see plugin_utils/filters.py.

`variable` is the name under which each host keeps the result of mesh_info or certificates_info.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from ...module_utils._mesh.errors import MeshError
from ...module_utils._mesh.health.health import HealthFacts
from ...module_utils._mesh.install.versions import Versions
from ...module_utils._mesh.report import estate as picture
from ...module_utils._mesh.report import expiries, exposition, matrix, summary, table
from ...module_utils._providers import DEFAULT, PROVIDERS, provider
from .. import filters
from ..estate_page import page
from ..hosts import Variables, faults, members
from .refusals import refusals

_FACTS = ("findings", "notices", "trust", "followed", "shares", *(field.name for field in fields(HealthFacts)))


def status_table(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> list[str]:
    """Return the lines of a table of all clusters, the worst first. A cluster without a result has a line that says why."""
    read = _status(hosts, hostvars, variable)
    return table.status(read, datetime.now(UTC), {name: _site(name, hostvars) for name, facts in read.items() if isinstance(facts, str)})


def status_summary(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> str:
    """Return one line about all clusters: how many are well, and the first of those that are not."""
    return table.summary(_status(hosts, hostvars, variable))


def status_report(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str, brief: bool = False) -> dict[str, Any]:
    """Return by cluster the facts of mesh_info, or `unreached` with the reason. With `brief` only what a program acts on."""
    read, shaped = _status(hosts, hostvars, variable), summary.brief if brief else dict
    return {name: {"unreached": facts} if isinstance(facts, str) else shaped(facts) for name, facts in read.items()}


def traffic(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str, wanted: int) -> dict[str, Any]:
    """Return the `lines` of who reaches whom, and a `summary`, from what module probe returned for each cluster, whether it failed or not."""
    answers: dict[str, Any] = {}
    for name in hosts:
        result = hostvars[name].get(variable) or {}
        answers[name] = result["answers"] if "answers" in result else str(result.get("msg") or f"{name}: this run did not come to its probe.")
    return {"lines": matrix.matrix(answers, int(wanted)), "summary": matrix.reached(answers, int(wanted))}


def first_findings(findings: Sequence[str]) -> list[str]:
    """Return as many findings of a cluster as one can read, and how many more there are."""
    return table.first(list(findings))


def _status(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> dict[str, Any]:
    """Return by cluster what mesh_info returned, or a sentence with the reason why it returned nothing."""
    read: dict[str, Any] = {}
    for name in hosts:
        result = hostvars[name].get(variable) or {}
        if result.get("failed") or "planes" not in result:
            read[name] = _unread(name, hostvars, result)
        else:
            read[name] = {"site": hostvars[name].get("mesh_site") or "", **{fact: result[fact] for fact in _FACTS if fact in result}}
    return read


def _site(name: str, hostvars: Mapping[str, Any]) -> str:
    """Return the site of a cluster, whose variables perhaps cannot be read."""
    try:
        return str(Variables(name, hostvars[name]).get("mesh_site") or "")
    except MeshError:
        return ""


def _unread(name: str, hostvars: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """Return why there is no result. What the inventory forbids was not tried at all."""
    said = refusals(list(hostvars), hostvars, name) if result.get("skipped") else faults([name], hostvars)
    told = " ".join(said) or "this run read nothing from the cluster."
    return result.get("msg") or (told if told.startswith(f"{name}: ") else f"{name}: {told}")


def certificates(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> list[dict[str, Any]]:
    """Return what expires in all clusters, the soonest first, with a `level` each. What could not be read has the level `unknown`."""
    return expiries.fleet({name: _expiring(name, hostvars[name].get(variable) or {}) for name in hosts})


def certificates_table(expiring: Iterable[Mapping[str, Any]], limit: int = 60) -> list[str]:
    """Return the lines of a table of what `_certificates` returned, at most `limit`."""
    return expiries.table(list(expiring), datetime.now(UTC), int(limit))


def _expiring(name: str, result: Mapping[str, Any]) -> list[dict[str, Any]] | str:
    """Return what certificates_info returned and whom it could not ask, or a sentence with the reason why it returned nothing."""
    if result.get("failed") or "certificates" not in result:
        return str(result.get("msg") or f"{name}: this run read nothing from the cluster.")
    return [*map(expiries.unknown, (*result["faults"], *result["unseen"])), *result["certificates"]]


def estate(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> dict[str, Any]:
    """Return all clusters of the run with their meshes, links, CAs, versions and proxies, as estate.schema.json describes them."""
    known = [replace(one, provider=one.provider or DEFAULT) for one in members(list(hostvars), hostvars)]
    return picture.estate(_status(hosts, hostvars, variable), known, _versions(), datetime.now(UTC))


def estate_files(known: Mapping[str, Any], folder: str, metrics: str) -> list[dict[str, str]]:
    """Return the files of the report, each with its `path`, its `content` and its `mode`: those in a folder, and the metrics. An empty path is no file."""
    files = []
    if folder:
        products = {name: versions.mesh for name, versions in _versions().items()}
        files = [
            {"path": f"{folder}/estate.html", "content": page(known, products), "mode": "0600"},
            {"path": f"{folder}/estate.json", "content": json.dumps(known, indent=2) + "\n", "mode": "0600"},
        ]
    return [*files, *([{"path": metrics, "content": exposition.exposition(known), "mode": "0644"}] if metrics else [])]


def _versions() -> dict[str, Versions]:
    """Return the versions that are known of each kind of mesh that can be installed."""
    return {name: provider(name).install.requirements().versions for name in PROVIDERS if provider(name).stories.install}


class FilterModule:
    """The filters of status, of the report and of the report of rotate."""

    def filters(self) -> dict[str, Any]:
        return filters.named(
            _certificates=certificates,
            _certificates_table=certificates_table,
            _estate=estate,
            _estate_files=estate_files,
            _first_findings=first_findings,
            _status_report=status_report,
            _status_summary=status_summary,
            _status_table=status_table,
            _traffic=traffic,
        )
