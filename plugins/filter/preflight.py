# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What preflight decides over all clusters, on the controller: each filter is one call of a decision."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..module_utils._mesh.errors import MeshError
from ..module_utils._mesh.fleet.file import VARIABLES
from ..module_utils._mesh.install import chart_source, helm_version, wish_faults
from ..module_utils._mesh.member import Member
from ..module_utils._mesh.preflight import findings as preflight
from ..module_utils._mesh.preflight.estate import ClusterFacts, Owned
from ..module_utils._mesh.preflight.table import report, waits
from ..module_utils._mesh.reach import helm
from ..module_utils._mesh.spelling import misspelt
from ..module_utils._work.install import inventory_supply
from ..plugin_utils.collections import version_of
from ..plugin_utils.hosts import Variables, members, unread
from ..plugin_utils.hosts import told as sentence
from .mesh import _mesh, mesh_root


def preflight_findings(
    hosts: Iterable[str], hostvars: Mapping[str, Any], everyone: Iterable[str], clock_skew: float, own: Sequence[str] = ()
) -> dict[str, list[str]]:
    everyone, reached = list(everyone), set(hosts)
    known = members(everyone, hostvars)
    seen = [_seen(member, hostvars[member.name], clock_skew, own) for member in known if member.name in reached]
    return preflight.findings([replace(one, inventory=[*one.inventory, *_rootless(one.member, everyone, hostvars)]) for one in seen], known)


def _rootless(member: Member, everyone: Sequence[str], hostvars: Mapping[str, Any]) -> list[str]:
    """Why it is not known where the mesh's root is kept."""
    variables = Variables(member.name, hostvars[member.name])
    try:
        root, keeper = variables.get("mesh_root") or {}, variables.get("mesh_trust_cluster") or ""
        if isinstance(root, Mapping) and isinstance(keeper, str):  # else that is the fault, and was told
            mesh_root(everyone, hostvars, root, keeper)
    except MeshError as error:
        return [str(error).rstrip(".")]
    return []


def _seen(member: Member, variables: Mapping[str, Any], clock_skew: float, own: Sequence[str]) -> ClusterFacts:
    """A cluster is judged by its own version: an estate may run several."""
    mesh = _mesh(member.provider)
    requirements = mesh.install.requirements()
    limits = replace(requirements.limits(member.version), clock_skew_seconds=float(clock_skew))
    owned = requirements.owned(member.namespace or mesh.defaults.namespace) if member.crds == "managed" else Owned()
    controller = chart_source.faults(variables.get("__preflight_controller") or {}).get(member.name, [])
    read, unreadable = _rendered(member.name, variables)
    refused = [] if unreadable else inventory_supply.refusals(member.name, variables, datetime.now(UTC).date())
    closed = preflight.space_faults((variables.get("__preflight_cluster") or {}).get("spaces") or [], requirements.refused_by)
    wrong = [*closed, *(unreadable or _unfit(member, read)), *misspelt(variables, VARIABLES, own)[0], *controller, *_to_helm(member), *_by_helm(variables)]
    seen, trust = variables.get("__preflight_cluster") or {}, variables.get("__preflight_trust") or {}
    return ClusterFacts(member, limits, owned, seen, trust, refused, wrong, shares_root=mesh.defaults.shares_root)


def _to_helm(member: Member) -> list[str]:
    """What Helm cannot be told of the connection."""
    return [] if unread(member) else helm.faults(member.connection, os.environ)


def _by_helm(variables: Mapping[str, Any]) -> list[str]:
    """Whether the module that will call Helm knows this Helm."""
    told = (variables.get("__preflight_controller") or {}).get("helm") or {}
    fault = helm_version.misfit(str(told.get("version") or ""), version_of("kubernetes.core"))
    return [fault] if fault else []


def _unfit(member: Member, variables: Mapping[str, Any]) -> list[str]:
    """What is wrong with the variables of a host."""
    mesh = _mesh(member.provider)
    asked = mesh.install.requirements()
    return wish_faults.faults(member, variables, mesh.defaults, mesh.install.stages, asked.platforms, asked.charts)


def _rendered(host: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A template of one host that cannot be rendered is that host's fault alone."""
    variables, read, faults = Variables(host, given), {}, []
    for name in wish_faults.READ:
        try:
            read[name] = variables.get(name)
        except MeshError as error:
            faults.append(str(error))
    return read, faults


def preflight_charts(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[dict[str, Any]]:
    wished = {}
    for member in members(hosts, hostvars):
        read, unreadable = _rendered(member.name, hostvars[member.name])
        mesh = _mesh(member.provider)
        wished[member.name] = [] if unreadable else wish_faults.releases(member, read, mesh.defaults, mesh.install.stages)
    return chart_source.wanted(wished)


def preflight_table(findings: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any], own: Sequence[str] = ()) -> list[str]:
    """Variables that only look like ours may be the inventory's own: they are noted, and stop nobody."""
    whose: dict[str, list[str]] = {}
    for host in findings:
        for name in misspelt(hostvars[host], VARIABLES, own)[1]:
            whose.setdefault(name, []).append(host)
    notes = [f"{', '.join(hosts)}: nobody here reads the variable {name}; list it in mesh_own_variables if it is your own." for name, hosts in whose.items()]
    return report(findings, notes)


def preflight_verdict(findings: str, cluster: str) -> dict[str, Any]:
    """Read from JSON here, for Ansible would render each entry for each host."""
    read: dict[str, list[str]] = json.loads(findings)
    return {"findings": read.get(cluster, []), "waits": waits(cluster, read)}


class FilterModule:
    """The filters of the role preflight."""

    def filters(self) -> dict[str, Any]:
        found = (preflight_charts, preflight_findings, preflight_table, preflight_verdict)
        return {filter_.__name__: sentence(filter_) for filter_ in found}
