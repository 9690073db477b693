# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What other filters would refuse, as sentences for an assert that stands before them: Ansible buries an error of a filter in its own words.

Private: see plugin_utils/filters.py. Each returns a list of sentences, and fails with none of them itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ...module_utils._mesh.cutover.declared import planes
from ...module_utils._mesh.errors import MeshError, Refused
from ...module_utils._mesh.workloads.service_wish import ServiceSet
from ...module_utils._providers import provider
from .. import filters
from ..hosts import Once, any_cluster, faults, mates, member, unread
from . import mesh, rotation


def _said(*decisions: Callable[[], Any]) -> list[str]:
    """Return the message of each decision that refuses, once."""
    messages: dict[str, None] = {}
    for decide in decisions:
        try:
            decide()
        except MeshError as error:
            messages[str(error)] = None
    return list(messages)


def refusals(
    hosts: Sequence[str],
    hostvars: Mapping[str, Any],
    cluster: str,
    reached: Iterable[str] = (),
    root: Mapping[str, Any] | None = None,
    trust_cluster: str = "",
    helm: bool = False,
    whole: bool = True,
) -> list[str]:
    """Return the faults of the inventory that no task of the cluster can work with.

    `reached` are other clusters to which the task connects; `helm` says whether Helm connects too; with `whole` the task needs all clusters of the mesh.
    """
    seen = Once.of(hostvars)
    decisions: list[Callable[[], Any]] = [partial(mesh.mesh_connection, hosts, seen, cluster)]
    decisions += [partial(mates, hosts, seen, cluster)] if whole else []
    decisions += [partial(_known, hosts, seen, cluster), partial(_declared, seen, cluster), partial(_served, seen, cluster)]
    decisions += [partial(_way_to, hosts, seen, name) for name in reached if name]
    if helm:
        decisions.append(partial(mesh.mesh_helm, hosts, seen, cluster))
    if root is not None:
        decisions.append(partial(mesh.mesh_root, hosts, seen, root, trust_cluster))
    return _said(*decisions)


def _known(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> None:
    """Refuse a provider that does not exist."""
    provider(member(hosts, hostvars, cluster).provider)


def _declared(seen: Once, cluster: str) -> None:
    """Refuse planes that cannot be."""
    try:
        planes(seen[cluster].get("mesh_planes"))
    except Refused as wrong:
        raise Refused(f"{cluster}: {wrong}") from wrong


def _served(seen: Once, cluster: str) -> None:
    """Refuse services of workloads that cannot be."""
    ServiceSet.of(cluster, "inventory", seen[cluster].get("mesh_workloads") or [])


def _way_to(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> dict[str, Any]:
    return any_cluster(hosts, hostvars, name).connection.task


def _able(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, kind: str) -> None:
    """Refuse a kind of rotation that the mesh does not have."""
    if kind:
        rotation.permissions(member(hosts, hostvars, cluster).provider, kind, "")


def rotation_refusals(
    hosts: Sequence[str],
    hostvars: Mapping[str, Any],
    cluster: str,
    present: Iterable[str],
    root: Mapping[str, Any],
    trust_cluster: str = "",
    exclude: Iterable[str] = (),
    kind: str = "",
) -> list[str]:
    """Return why the cluster's mesh cannot be rotated by this run. `present` are the clusters of the run, `exclude` those that the rotation leaves out."""
    left_out = list(exclude)
    wrong = refusals(hosts, hostvars, cluster, [trust_cluster], root, trust_cluster) or _said(partial(_able, hosts, hostvars, cluster, kind))
    if wrong:
        return wrong
    members, here = mates(hosts, hostvars, cluster), set(present)
    unknown = [name for name in left_out if name not in {member.name for member in members}]
    if unknown:
        return [f"rotate_exclude names {', '.join(unknown)}, which the mesh {members[0].mesh} does not have; it has {_names(members)}."]
    absent = [member.name for member in members if member.name not in here and member.name not in left_out]
    missing = {name: " ".join(faults([name], hostvars)) or rotation.NOT_HERE for name in absent}
    missing |= {member.name: gap for member in members if member.name not in left_out and (gap := unread(member))}
    return [rotation.unjudged(members[0].mesh, missing)] if missing else _said(partial(rotation.place_of_lease, hosts, hostvars, cluster, "", left_out))


def _names(members: Iterable[Any]) -> str:
    return ", ".join(member.name for member in members)


def rotation_unseen(
    hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, exclude: Iterable[str] = (), rights: str = ""
) -> list[str]:
    """Return what `_rotation_clusters` would refuse: the clusters of the mesh of which the run knows nothing."""
    return _said(partial(rotation.facts_of_clusters, hosts, hostvars, cluster, variable, exclude, rights))


class FilterModule:
    """The filters that refuse in time."""

    def filters(self) -> dict[str, Any]:
        return filters.named(_refusals=refusals, _rotation_refusals=rotation_refusals, _rotation_unseen=rotation_unseen)
