# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What other filters would refuse, as sentences for an assert that stands before them: Ansible buries an error of a filter in its own words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ..module_utils._mesh.errors import MeshError
from ..plugin_utils.hosts import faults, keeper, mates, member, unread
from . import mesh, rotation


def _said(*decisions: Callable[[], Any]) -> list[str]:
    """The sentence of each that refuses, once."""
    found: dict[str, None] = {}
    for decide in decisions:
        try:
            decide()
        except MeshError as error:
            found[str(error)] = None
    return list(found)


def mesh_refusals(
    hosts: Sequence[str],
    hostvars: Mapping[str, Any],
    cluster: str,
    reached: Iterable[str] = (),
    root: Mapping[str, Any] | None = None,
    trust_cluster: str = "",
    helm: bool = False,
    whole: bool = True,
) -> list[str]:
    decisions: list[Callable[[], Any]] = [partial(mesh.mesh_connection, hosts, hostvars, cluster)]
    decisions += [partial(mates, hosts, hostvars, cluster)] if whole else []
    decisions.append(partial(_known, hosts, hostvars, cluster))
    decisions += [partial(_way_to, hosts, hostvars, name) for name in reached if name]
    if helm:
        decisions.append(partial(mesh.mesh_helm, hosts, hostvars, cluster))
    if root is not None:
        decisions.append(partial(mesh.mesh_root, hosts, hostvars, root, trust_cluster))
    return _said(*decisions)


def _known(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> None:
    """Whether there is such a mesh."""
    mesh._mesh(member(hosts, hostvars, cluster).provider)


def _way_to(hosts: Sequence[str], hostvars: Mapping[str, Any], name: str) -> dict[str, Any]:
    return keeper(hosts, hostvars, name).connection.task


def mesh_wish_refusals(wish: Mapping[str, Any], part: str, state: str = "present") -> list[str]:
    return _said(partial(mesh.mesh_stages if state == "present" else mesh.mesh_teardown, wish, part))


def mesh_rotation_refusals(
    hosts: Sequence[str],
    hostvars: Mapping[str, Any],
    cluster: str,
    present: Iterable[str],
    root: Mapping[str, Any],
    trust_cluster: str = "",
    exclude: Iterable[str] = (),
) -> list[str]:
    left_out = list(exclude)
    wrong = mesh_refusals(hosts, hostvars, cluster, [trust_cluster], root, trust_cluster)
    if wrong:
        return wrong
    members, here = mates(hosts, hostvars, cluster), set(present)
    unknown = [name for name in left_out if name not in {member.name for member in members}]
    if unknown:
        return [f"rotate_exclude names {', '.join(unknown)}, which the mesh {members[0].mesh} does not have; it has {_names(members)}."]
    absent = [member.name for member in members if member.name not in here and member.name not in left_out]
    missing = {name: " ".join(faults([name], hostvars)) or rotation.NOT_HERE for name in absent}
    missing |= {member.name: gap for member in members if member.name not in left_out and (gap := unread(member))}
    return [rotation.unjudged(members[0].mesh, missing)] if missing else _said(partial(rotation.mesh_rotation_lease, hosts, hostvars, cluster, "", left_out))


def _names(members: Iterable[Any]) -> str:
    return ", ".join(member.name for member in members)


def mesh_rotation_unseen(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, exclude: Iterable[str] = ()) -> list[str]:
    return _said(partial(rotation.mesh_rotation_clusters, hosts, hostvars, cluster, variable, exclude))


class FilterModule:
    """The filters that refuse in time."""

    def filters(self) -> dict[str, Any]:
        return {filter_.__name__: filter_ for filter_ in (mesh_refusals, mesh_rotation_refusals, mesh_rotation_unseen, mesh_wish_refusals)}
