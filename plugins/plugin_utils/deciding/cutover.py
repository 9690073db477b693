# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning a cutover over the clusters of a mesh, on the controller: each filter is one call of a decision. Private: see plugin_utils/filters.py.

`variable` is the name under which each host keeps its result of cutover_info or cutover; `rights` has that of its first task.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._mesh.cutover import barrier, refusals, wishes
from ...module_utils._mesh.cutover.observed import ClusterState
from ...module_utils._mesh.cutover.way import way
from ...module_utils._mesh.errors import MeshError
from ...module_utils._mesh.lease import rights as _rights
from ...module_utils._mesh.member import Member, served_faults
from ...module_utils._providers import provider as _provider
from .. import filters
from .. import hosts as hosts_of

PLATFORM = "mesh_platform"
NOT_HERE = "it is not part of this run, and a cutover takes all clusters of the mesh; run it without --limit"


def _absent(name: str, hostvars: Mapping[str, Any], rights: str) -> str:
    return str((hostvars[name].get(rights) or {}).get("msg") or " ".join(hosts_of.faults([name], hostvars)) or NOT_HERE)


def _unseen(members: Iterable[Member], hostvars: Mapping[str, Any], variable: str, rights: str = "") -> dict[str, str]:
    """Return a sentence for each cluster of which nothing was seen, with the reason. What was seen is not read for that: each host asks about all."""
    gaps = {member.name: _gap(member.name, hostvars, variable, rights) for member in members}
    return {name: f"{name} cannot be judged: {why.rstrip('.')}." for name, why in gaps.items() if why}


def _gap(name: str, hostvars: Mapping[str, Any], variable: str, rights: str) -> str:
    result = hostvars[name].get(variable)
    if result is None:
        return _absent(name, hostvars, rights)
    if result.get("failed") or not result.get("state"):
        return str(result.get("msg") or "nothing was seen of it").removeprefix(f"{name}: ")
    return ""


def _states(members: Sequence[Member], hostvars: Mapping[str, Any], variable: str) -> tuple[list[ClusterState], list[str]]:
    """Return the clusters that were seen, and a sentence for each of the others."""
    unseen = _unseen(members, hostvars, variable)
    names = [member.name for member in members if member.name not in unseen]
    return [ClusterState.of(json.loads(hostvars[name][variable]["state"])) for name in names], list(unseen.values())


def plan_of(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Return the way of the cluster's mesh to the revision that `wish` names. Never fail: what forbids the cutover is in its `findings`."""
    members = hosts_of.mates(hosts, hostvars, cluster)
    states, unseen = _states(members, hostvars, variable)
    story = _provider(members[0].provider)
    platforms = {member.name: str(hosts_of.Variables(member.name, hostvars[member.name]).get(PLATFORM) or "") for member in members}
    planned = way(members[0].mesh, states, {**wish, "platforms": platforms}, story.cutover.rules, story.install.requirements().versions)
    return {**planned, "findings": [*unseen, *planned["findings"]], **({"steps": []} if unseen else {})}


def unseen_of(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, rights: str = "") -> list[str]:
    """Return a sentence for each cluster of the mesh of which nothing was seen."""
    return list(_unseen(hosts_of.mates(hosts, hostvars, cluster), hostvars, variable, rights).values())


def late_at_barrier(
    hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, step: str, target: str, clusters: Iterable[str], wave: int = 0
) -> list[str]:
    """Return a sentence for each of these `clusters` that was not seen to be through with a step, or with a wave of it."""
    meant = set(clusters)
    names = [member.name for member in hosts_of.mates(hosts, hostvars, cluster) if member.name in meant]
    results = {name: hostvars[name].get(variable) or {"failed": True, "msg": _absent(name, hostvars, "")} for name in names}
    return [sentence for name, result in results.items() if (sentence := barrier.late(name, result, step, target, int(wave)))]


def retirement(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, former: str) -> list[str]:
    """Return who still needs the former revision, a sentence for each cluster; also for one that nobody saw."""
    states, unseen = _states(hosts_of.mates(hosts, hostvars, cluster), hostvars, variable)
    return [*unseen, *refusals.retirement(states, former)]


def permissions(provider: str, namespace: str) -> list[dict[str, str]]:
    """Return the rights that a cutover needs in each cluster, for the option `permissions` of cluster_info."""
    return _provider(provider).cutover.permissions(namespace)


def denied(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, kept: str = "") -> list[str]:
    """Return the rights that are missing, a sentence for each cluster.

    `variable` has each host's result of cluster_info; `kept` has that of the Lease's taker for the place of the Lease.
    """
    members = hosts_of.mates(hosts, hostvars, cluster)
    asked = [(member.name, hostvars[member.name].get(variable) or {"msg": NOT_HERE}) for member in members]
    places = (hostvars[members[0].name].get(kept) or {}).get("results") or []
    return _rights.findings([*asked, *((str(place[place["ansible_loop_var"]]), place) for place in places)])


def refused(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, present: Iterable[str], wish: Mapping[str, Any]) -> list[str]:
    """Return why this run cannot cut the cluster's mesh over, before anything is read. `present` are the clusters of the run."""
    try:
        members, here = hosts_of.mates(hosts, hostvars, cluster), set(present)
        _provider(hosts_of.member(hosts, hostvars, cluster).provider).cutover  # noqa: B018
    except MeshError as error:
        return [str(error)]
    gaps = {member.name: hosts_of.unread(member) or _unserved(member, members) for member in members}
    missing = {name: gap or ("" if name in here else " ".join(hosts_of.faults([name], hostvars)) or NOT_HERE) for name, gap in gaps.items()}
    told = " ".join(f"{name} cannot be judged: {why.rstrip('.')}." for name, why in missing.items() if why)
    first = [f"The mesh {members[0].mesh} is not cut over: {told}"] if told else []
    return [*first, *(f"The mesh {members[0].mesh}: {fault}." for fault in wishes.faults(wish))]


def _unserved(member: Member, members: Sequence[Member]) -> str:
    """Why nobody can be asked about the proxies of a remote cluster; empty if somebody can."""
    alone = not member.serves and not member.primary
    return f"it is {member.role} and has no mesh_primary" if alone else next(iter(served_faults(members).get(member.name, ())), "")


class FilterModule:
    """The filters of the role cutover."""

    def filters(self) -> dict[str, Any]:
        return filters.named(
            _cutover_barrier=late_at_barrier,
            _cutover_denied=denied,
            _cutover_file_faults=wishes.file_faults,
            _cutover_permissions=permissions,
            _cutover_plan=plan_of,
            _cutover_refusals=refused,
            _cutover_retirement=retirement,
            _cutover_unseen=unseen_of,
        )
