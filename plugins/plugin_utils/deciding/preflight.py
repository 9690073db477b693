# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What preflight decides over all clusters, on the controller. Private: see plugin_utils/filters.py."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ...module_utils._mesh.errors import MeshError, Refused
from ...module_utils._mesh.fleet.file import VARIABLES
from ...module_utils._mesh.install import chart_source, gateway_api, helm_version, stage, wish_faults
from ...module_utils._mesh.install.wish import ControlPlane
from ...module_utils._mesh.lease import rights
from ...module_utils._mesh.lease.lease import NAMESPACE
from ...module_utils._mesh.member import Member
from ...module_utils._mesh.objects.change import Ref
from ...module_utils._mesh.preflight import findings as preflight
from ...module_utils._mesh.preflight.estate import ClusterFacts, Owned
from ...module_utils._mesh.preflight.table import report, waits
from ...module_utils._mesh.reach import helm
from ...module_utils._mesh.spelling import misspelt
from ...module_utils._mesh.trust.root_secret import NAME as ROOT_NAME
from ...module_utils._providers import provider
from ...module_utils._work.install import inventory_supply
from .. import filters
from ..collections import version_of
from ..hosts import Once, Variables, clusters, members, unread
from .mesh import mesh_root
from .mirror import each


@dataclass(frozen=True)
class PreflightResults:
    """What cluster_info, ca_info and controller_info returned for one cluster. A task that was skipped returned nothing."""

    cluster: Mapping[str, Any]
    trust: Mapping[str, Any]
    controller: Mapping[str, Any]


def findings(
    hosts: Sequence[str],
    hostvars: Mapping[str, Any],
    everyone: Sequence[str],
    read: Iterable[Mapping[str, Any]],
    trust: Iterable[Mapping[str, Any]],
    controller: Mapping[str, Any],
    clock_skew: float,
    own: Sequence[str] = (),
) -> dict[str, list[str]]:
    """Return by cluster what stops an install, as half sentences.

    `read` and `trust` are the results of cluster_info and ca_info, in the order of `hosts`; `controller` is the result of controller_info. `everyone` are
    the names of the whole inventory. `own` are variables that only look like ours.
    """
    seen = {name: PreflightResults(cluster, ca, controller) for name, cluster, ca in zip(hosts, read, trust, strict=True)}
    known = members(everyone, hostvars)
    judged = [_judged(member, hostvars[member.name], seen[member.name], clock_skew, own) for member in known if member.name in seen]
    between = _between(known, hostvars)
    more = {one.member.name: [*_rootless(one.member, everyone, hostvars), *between.get(one.member.name, ())] for one in judged}
    return preflight.findings([replace(one, inventory=[*one.inventory, *more[one.member.name]]) for one in judged], known)


def _between(known: Sequence[Member], hostvars: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    """Return by cluster what only shows when the wishes of all clusters of a mesh are seen together, of the meshes that judge this."""
    wishes: dict[tuple[str, str], list[ControlPlane]] = {}
    for member in known:
        mesh = provider(member.provider)
        if mesh.install.requirements().between:
            rendered, unreadable = _rendered(member.name, hostvars[member.name])
            wish = None if unreadable else wish_faults.wish(member, rendered, mesh.defaults)
            wishes.setdefault((member.provider, member.mesh), []).extend([wish] if wish else [])
    judges = {key: provider(key[0]).install.requirements().between for key in wishes}
    return {name: texts for key, judge in judges.items() if judge for name, texts in judge(wishes[key]).items()}


def _rootless(member: Member, everyone: Sequence[str], hostvars: Mapping[str, Any]) -> list[str]:
    """Return why the place of the mesh's root is unknown."""
    try:
        root, trust_cluster = _root_of(Variables(member.name, hostvars[member.name]))
        if isinstance(root, Mapping) and isinstance(trust_cluster, str):  # another type is a fault that is reported elsewhere
            mesh_root(everyone, hostvars, root, trust_cluster)
    except MeshError as error:
        return [str(error).rstrip(".")]
    return []


def _root_of(variables: Variables) -> tuple[Any, Any]:
    return variables.get("mesh_root") or {}, variables.get("mesh_trust_cluster") or ""


def root_users(hosts: Sequence[str], hostvars: Mapping[str, Any], trust_cluster: str, secret: Mapping[str, Any], without: Iterable[str] = ()) -> list[str]:
    """Return the clusters of the inventory, of whatever mesh, whose CA is below the root in this Secret of the trust cluster; those in `without` left out.

    A cluster whose variables cannot be read may be one of them.
    """
    seen, left_out = Once.of(hostvars), set(without)
    return [name for name in clusters(hosts, seen) if name not in left_out and _is_below(seen[name], trust_cluster, secret)]


def _is_below(variables: Variables, trust_cluster: str, secret: Mapping[str, Any]) -> bool:
    try:
        root, keeps = _root_of(variables)
    except MeshError:
        return True
    if not isinstance(root, Mapping):
        return True
    there = root.get("source", "generated") in ("generated", "secret") and "kube" not in root
    place = (keeps, root.get("namespace") or NAMESPACE, root.get("name") or ROOT_NAME)
    return there and place == (trust_cluster, secret["namespace"], secret["name"])


def _judged(member: Member, variables: Mapping[str, Any], seen: PreflightResults, clock_skew: float, own: Sequence[str]) -> ClusterFacts:
    """Return the limits for the cluster's own version, because clusters may run different versions."""
    mesh = provider(member.provider)
    requirements = mesh.install.requirements()
    limits = replace(requirements.limits(member.version), clock_skew_seconds=float(clock_skew))
    owned = requirements.owned(member.namespace or mesh.defaults.namespace) if member.crds == "managed" else Owned()
    charts = chart_source.faults(seen.controller).get(member.name, [])
    rendered, unreadable = _rendered(member.name, variables)
    refused = [] if unreadable else inventory_supply.refusals(member.name, variables, seen.cluster, datetime.now(UTC).date())
    closed = preflight.space_faults(seen.cluster.get("spaces") or [], requirements.refused_by)
    closed += seen.cluster.get("refused") or []
    by_helm = [*_to_helm(member), *_by_helm(seen)] if unreadable or _uses_helm(member, rendered) else []
    wrong = [*closed, *(unreadable or _unfit(member, rendered)), *misspelt(variables, VARIABLES, own)[0], *charts, *by_helm]
    facts = ClusterFacts(member, limits, owned, seen.cluster, seen.trust, refused, wrong, shares_root=mesh.defaults.shares_root)
    return replace(facts, one_primary=requirements.one_primary, links_by_api_server=mesh.defaults.links_by_api_server)


def _uses_helm(member: Member, variables: Mapping[str, Any]) -> bool:
    """Return whether Helm installs a part of the mesh. Of a wish that cannot be read nobody knows."""
    mesh = provider(member.provider)
    wish = wish_faults.wish(member, variables, mesh.defaults)
    try:
        return wish is None or bool(stage.releases(mesh.install.stages(wish)))
    except Refused:
        return True


def _to_helm(member: Member) -> list[str]:
    """Return what prevents Helm from using the connection."""
    return [] if unread(member) else helm.faults(member.connection, os.environ)


def _by_helm(seen: PreflightResults) -> list[str]:
    """Return a fault if the module that calls Helm does not support this Helm."""
    helm_seen = seen.controller.get("helm") or {}
    fault = helm_version.misfit(str(helm_seen.get("version") or ""), version_of("kubernetes.core"))
    return [fault] if fault else []


def _unfit(member: Member, variables: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the variables of a host."""
    mesh = provider(member.provider)
    asked = mesh.install.requirements()
    return wish_faults.faults(member, variables, mesh.defaults, mesh.install.stages, asked.platforms, asked.charts)


def _rendered(host: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the faults of one host. A template that cannot be rendered is a fault of that host alone."""
    variables, read, faults = Variables(host, given), {}, []
    for name in wish_faults.READ:
        try:
            read[name] = variables.get(name)
        except MeshError as error:
            faults.append(str(error))
    return read, faults


def charts(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the charts that the install needs, each once with the `clusters` that need it, for controller_info.

    Leaves out a cluster whose variables cannot be right; `_preflight_findings` says why.
    """
    wished = {}
    for member in members(hosts, hostvars):
        rendered, unreadable = _rendered(member.name, hostvars[member.name])
        mesh = provider(member.provider)
        wished[member.name] = [] if unreadable else wish_faults.releases(member, rendered, mesh.defaults, mesh.install.stages)
    return chart_source.wanted(wished)


def notices(hosts: Sequence[str], hostvars: Mapping[str, Any], read: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what will soon be unavailable, a sentence each. `read` are the results of cluster_info, in the order of `hosts`."""
    today, seen = datetime.now(UTC).date(), dict(zip(hosts, read, strict=True))
    noticed = each(hosts, hostvars, lambda name, variables: inventory_supply.warnings(name, variables, seen[name], today))
    return [sentence for sentences in noticed for sentence in sentences]


def questions(
    mesh: str, namespace: str, platform: str = "", probe_namespace: str = "", root: Mapping[str, Any] | None = None, charts: Any = None, workloads: Any = ()
) -> dict[str, list[Any]]:
    """Return what cluster_info has to ask: the `permissions` that the install needs, and the API groups of its `crds`.

    `root` is the description of the mesh's root on the cluster that keeps it, `charts` says where the mesh comes from, and `workloads` are those that
    the run gives sidecars. Of a kind of mesh that is not known nothing is asked; `_refusals` names it.
    """
    try:
        install = provider(mesh).install
    except Refused:
        return {"permissions": [], "crds": []}
    source = str(charts.get("source") or "") if isinstance(charts, Mapping) else ""
    permissions = [*install.permissions(namespace, platform, probe_namespace, source), *_rights_to_root(root or {})]
    story = provider(mesh).stories.workloads if workloads else None
    permissions += [right for right in (story.permissions(namespace) if story else ()) if right not in permissions]
    return {"permissions": permissions, "crds": [*install.requirements().groups, gateway_api.GROUP]}


def _rights_to_root(root: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rights on the root in the cluster that keeps it. `mesh_root` refuses a wrong description."""
    source = root.get("source", "generated") if isinstance(root, Mapping) and root else ""
    if source not in ("generated", "secret") or "kube" in root:
        return []
    where = Ref("v1", "Secret", root.get("name") or ROOT_NAME, root.get("namespace") or NAMESPACE)
    return rights.to_make_root(where) if source == "generated" else rights.to_root(where, where, replaced=False)


def findings_table(by_cluster: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any], own: Sequence[str] = ()) -> list[str]:
    """Return the lines that show what `_preflight_findings` returned, the worst cluster last.

    Variables that only look like ours may be the inventory's own: the table notes them, and they stop nobody.
    """
    whose: dict[str, list[str]] = {}
    for host in by_cluster:
        for name in misspelt(hostvars[host], VARIABLES, own)[1]:
            whose.setdefault(name, []).append(host)
    notes = [f"{', '.join(hosts)}: nobody here reads the variable {name}; list it in mesh_own_variables if it is your own." for name, hosts in whose.items()]
    return report(by_cluster, notes)


def verdict(by_cluster: str, cluster: str) -> dict[str, Any]:
    """Return the cluster's own `findings`, and the sentence for what it `waits` for if only others have findings.

    `by_cluster` is what `_preflight_findings` returned, as JSON: Ansible would render each entry of a dictionary for each host.
    """
    read: dict[str, list[str]] = json.loads(by_cluster)
    return {"findings": read.get(cluster, []), "waits": waits(cluster, read)}


class FilterModule:
    """The filters of the role preflight, and who needs a root that a teardown would remove."""

    def filters(self) -> dict[str, Any]:
        return filters.named(
            _preflight_charts=charts,
            _preflight_findings=findings,
            _preflight_notices=notices,
            _preflight_questions=questions,
            _preflight_table=findings_table,
            _preflight_verdict=verdict,
            _root_users=root_users,
        )
