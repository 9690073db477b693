# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn a fleet file and discovered clusters into the hosts and groups of an inventory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import Refused
from ..member import ROLES
from ..names import domain_fault, label_fault, value_fault
from .contexts import DiscoveredCluster, Lead, of_kube, templated, twins
from .file import PREFIXES, entries, keys, variables

_LONGEST = 58  # as in member.py
_RESERVED = ("all", "ungrouped")
_KINDS = {"mesh": "mesh_name", "site": "mesh_site", "provider": "mesh_provider", "role": "mesh_role"}
_PRIORITY = {"mesh": 10, "site": 20}  # a site's variables override those of its mesh


@dataclass(frozen=True)
class Group:
    """A group of the inventory. Variables of a group with a higher `priority` win, as in Ansible."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 1


@dataclass(frozen=True)
class Host:
    name: str
    variables: Mapping[str, Any]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Fleet:
    """The inventory. `warnings` are sentences about faults that do not stop it."""

    hosts: Sequence[Host]
    groups: Mapping[str, Group]
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class _File:
    where: str
    defaults: dict[str, Any]
    meshes: dict[str, dict[str, Any]]
    sites: dict[str, dict[str, Any]]
    clusters: dict[str, dict[str, Any]]
    prefixes: dict[str, str]
    group: str
    fallback: dict[str, Any]

    @classmethod
    def of(cls, where: str, wish: Mapping[str, Any], provider: str) -> _File:
        prefixes = wish.get("prefixes") or {}
        keys(where, "prefixes", prefixes, PREFIXES)
        return cls(
            where,
            variables(where, "defaults", wish.get("defaults")),
            entries(where, "meshes", wish.get("meshes") or {}, "mesh_name"),
            entries(where, "sites", wish.get("sites") or {}, "mesh_site"),
            entries(where, "clusters", wish.get("clusters") or {}),
            {**PREFIXES, **{kind: str(prefix or "") for kind, prefix in prefixes.items()}},
            str(wish.get("group") or "fleet"),
            {"mesh_provider": provider, "mesh_role": "primary"},
        )

    def known(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """Return all variables of a cluster; the more specific source wins."""
        site = self.sites.get(str(own.get("mesh_site") or self.defaults.get("mesh_site") or ""), {})
        outer = {**self.defaults, **site, **own}
        mesh = self.meshes.get(str(outer.get("mesh_name") or ""), {})
        return {**self.fallback, **self.defaults, **mesh, **site, **own}


def plan(where: str, wish: Mapping[str, Any], discovered: Sequence[DiscoveredCluster], provider: str) -> Fleet:
    """Return the inventory. `where` names the file in messages, `provider` the kind of mesh where nothing is said.

    If a cluster is in the file and was discovered too, both sources are merged.
    """
    file = _File.of(where, wish, provider)
    clusters = _together(where, discovered)
    for name, own in file.clusters.items():
        known = clusters.get(name) or DiscoveredCluster(name, "file", "an entry of clusters")
        clusters[name] = DiscoveredCluster(name, known.source, known.told_by, {**known.variables, **own}, known.leads)
    full = {name: file.known(cluster.variables) for name, cluster in clusters.items()}
    for name, cluster in clusters.items():
        _checked(file, cluster, full[name], bool(discovered))
    same = twins(where, {name: cluster.leads | frozenset(_leads(full[name])) for name, cluster in clusters.items()})
    if same and wish.get("same_cluster", "refuse") == "refuse":
        raise Refused(same[0])
    members = {name: _groups(file, full[name]) for name in clusters}
    hosts = [Host(name, cluster.variables, tuple(dict.fromkeys(members[name].values()))) for name, cluster in clusters.items()]
    return Fleet(hosts, _all_groups(file, full, members), [*same, *_unreached(where, full)])


def _together(where: str, discovered: Sequence[DiscoveredCluster]) -> dict[str, DiscoveredCluster]:
    """Merge a managed cluster and a context of the same name. Refuse two contexts of one name."""
    clusters: dict[str, DiscoveredCluster] = {}
    sources: dict[tuple[str, str], DiscoveredCluster] = {}
    for cluster in discovered:
        other = sources.setdefault((cluster.source, cluster.name), cluster)
        if other is not cluster:
            raise Refused(f"{where}: {cluster.name} is {other.told_by} and also {cluster.told_by}; give one of them another name with `names`.")
        before = clusters.get(cluster.name, cluster)
        variables, leads = {**before.variables, **cluster.variables}, before.leads | cluster.leads
        clusters[cluster.name] = DiscoveredCluster(cluster.name, cluster.source, cluster.told_by, variables, leads)
    return clusters


def _checked(file: _File, cluster: DiscoveredCluster, full: Mapping[str, Any], searched: bool) -> None:
    fault = label_fault("cluster name", cluster.name, _LONGEST)
    if fault:
        remedy = "; give it another name with `names`, or leave it out with `exclude`" if cluster.source == "kubeconfig" else ""
        raise Refused(f"{file.where}: {fault}; it is {cluster.told_by}{remedy}.")
    for fault in _faults(full):
        raise Refused(f"{file.where}: {cluster.name}: {fault}.")
    for variable, section in (("mesh_name", file.meshes), ("mesh_site", file.sites)):
        name = file.clusters.get(cluster.name, {}).get(variable)
        if name and section and name not in section:
            raise Refused(f"{file.where}: {cluster.name}: {variable} is {name}, which this file does not describe; there are: {', '.join(section)}.")
    if searched and cluster.source == "file" and not full.get("mesh_kube"):
        raise Refused(f"{file.where}: {cluster.name}: no context or managed cluster has this name, and no mesh_kube says how it is reached.")


def _faults(full: Mapping[str, Any]) -> list[str]:
    def given(check: Any, variable: str) -> str | None:
        value = full.get(variable)
        return None if value in (None, "") or templated(value) else check(variable, value)

    faults = [
        label_fault("mesh_name", full["mesh_name"]) if full.get("mesh_name") else None,
        value_fault("mesh_site", full["mesh_site"]) if full.get("mesh_site") else None,
        label_fault("mesh_provider", full["mesh_provider"]),
        given(value_fault, "mesh_network"),
        given(label_fault, "mesh_primary"),
        given(domain_fault, "mesh_trust_domain"),
    ]
    if full["mesh_role"] not in ROLES:
        faults.append(f"the mesh_role {full['mesh_role']!r} is neither primary nor remote")
    if full.get("mesh_kube") and not isinstance(full["mesh_kube"], Mapping) and not templated(full["mesh_kube"]):
        faults.append("mesh_kube is not a dictionary")
    return [fault for fault in faults if fault]


def _leads(full: Mapping[str, Any]) -> Iterable[Lead]:
    yield from of_kube(full.get("mesh_kube"))
    uid = full.get("mesh_cluster_uid")
    if isinstance(uid, str) and uid and not templated(uid):
        yield ("id", uid)


def _unreached(where: str, full: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lacking = [name for name, variables in full.items() if "ocm_available" in variables and not variables.get("mesh_kube")]
    names = ", ".join(lacking)
    return [f"{where}: nothing here says how {names} can be reached; set `kube` of the hub, or mesh_kube."] if lacking else []


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def _groups(file: _File, full: Mapping[str, Any]) -> dict[str, str]:
    named = {kind: str(full[variable]) for kind, variable in _KINDS.items() if full.get(variable)}
    return {"fleet": file.group, **{kind: file.prefixes[kind] + _safe(value) for kind, value in named.items()}}


def _all_groups(file: _File, full: Mapping[str, Mapping[str, Any]], members: Mapping[str, Mapping[str, str]]) -> dict[str, Group]:
    """Return the groups of the file, also empty ones, and those of the hosts."""
    meaning: dict[str, tuple[str, str]] = {file.group: ("fleet", file.group)}
    wanted = [("mesh", name) for name in file.meshes] + [("site", name) for name in file.sites]
    wanted += [(kind, str(full[host][_KINDS[kind]])) for host, those in members.items() for kind in those if kind != "fleet"]
    for kind, name in wanted:
        group = file.prefixes[kind] + _safe(name)
        other = meaning.setdefault(group, (kind, name))
        if other != (kind, name) or group in full or group in _RESERVED:
            clash = f"the {other[0]} {other[1]}" if other != (kind, name) else "something else"
            raise Refused(f"{file.where}: the group {group} of the {kind} {name} would also be the group of {clash}; rename it, or set `prefixes`.")
    return {group: _group(file, kind, name) for group, (kind, name) in meaning.items()}


def _group(file: _File, kind: str, name: str) -> Group:
    if kind == "fleet":
        return Group(file.defaults)
    if kind not in _PRIORITY:
        return Group()
    own = (file.meshes if kind == "mesh" else file.sites).get(name, {})
    return Group({_KINDS[kind]: name, **own}, _PRIORITY[kind])
