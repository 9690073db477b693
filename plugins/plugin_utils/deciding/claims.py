# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an install will write in a cluster, by name, and the wish that it is for. Private: see plugin_utils/filters.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils._mesh.errors import Refused
from ...module_utils._mesh.install.inventory_wish import of_inventory
from ...module_utils._mesh.install.wish import ControlPlane
from ...module_utils._mesh.links import peers as discovery
from ...module_utils._mesh.member import Member, named, remotes_of
from ...module_utils._providers import provider
from .. import filters
from ..hosts import Once, readable_mates
from .cutover_planes import DECLARED, wishes
from .mesh import needs_gateway


def claims(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> list[dict[str, Any]]:
    """Return the objects that the install will write in the cluster, for the option `claims` of cluster_info, which says who has them.

    Returns nothing if the variables cannot be right: preflight names all their faults at once.
    """
    seen = Once.of(hostvars)
    everyone = readable_mates(hosts, seen, cluster)
    own, wish = named(everyone, cluster), _of(everyone, seen, cluster)
    if wish is None:
        return []
    mesh = provider(own.provider)
    adopt = boolean(seen[cluster].get("mesh_adopt") or False)
    peers = [peer.name for peer in discovery.peers(everyone, cluster)]
    return [replace(claim, adopt=adopt).as_dict() for claim in mesh.install.claims(wish, peers, needs_gateway(everyone, own))]


def planned(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    """Return what is wanted of the cluster's control plane, for the option `wish` of cluster_info; empty if the variables cannot be right."""
    seen = Once.of(hostvars)
    everyone = readable_mates(hosts, seen, cluster)
    own, wish = named(everyone, cluster), _of(everyone, seen, cluster)
    if wish is None:
        return {}
    served, planes = bool(remotes_of(everyone, own)), _revisions_of_planes(seen, cluster, wish.namespace)
    return asdict(replace(wish, role=own.role, network=own.network, serves_remotes=served, planes=planes))


def _revisions_of_planes(seen: Mapping[str, Any], cluster: str, namespace: str) -> list[str]:
    try:
        return [str(one["revision"]) for one in wishes(seen[cluster].get(DECLARED), namespace)]
    except Refused:
        return []


def _of(everyone: Sequence[Member], seen: Mapping[str, Any], cluster: str) -> ControlPlane | None:
    try:
        return of_inventory(cluster, seen[cluster], provider(named(everyone, cluster).provider).defaults)
    except Refused:
        return None


class FilterModule:
    """The filters of the role preflight."""

    def filters(self) -> dict[str, Any]:
        return filters.named(_claims=claims, _planned=planned)
