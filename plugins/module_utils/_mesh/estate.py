# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold between the clusters of an estate, as half sentences by cluster."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .member import Member


@dataclass(frozen=True)
class Seen:
    """What preflight read from one cluster: results of cluster_info and ca_info."""

    member: Member
    cluster: Mapping[str, Any] = field(default_factory=dict)
    trust: Mapping[str, Any] = field(default_factory=dict)


def nodes(cluster: Mapping[str, Any], fact: str) -> list[str]:
    """A fact of the nodes; nothing where the credential may not list them."""
    return list((cluster.get("nodes") or {}).get(fact, []))


def twice(read: Sequence[Seen]) -> dict[str, list[str]]:
    """Two names of the inventory that lead to one cluster: a copied context is the classic way to the wrong cluster."""
    by_uid: dict[str, list[str]] = {}
    for one in read:
        uid = one.cluster.get("uid")
        if uid:
            by_uid.setdefault(uid, []).append(one.member.name)
    return {
        name: [f"{' and '.join(names)} lead to the same cluster (kube-system has UID {uid}); mend mesh_kube of one of them"]
        for uid, names in by_uid.items()
        if len(names) > 1
        for name in names
    }


def overlaps(read: Sequence[Seen]) -> dict[str, list[str]]:
    """Clusters of one mesh on one network route pod addresses to each other, so their ranges must differ."""
    found: dict[str, list[str]] = {}
    for position, one in enumerate(read):
        for other in read[position + 1 :]:
            if (one.member.mesh, one.member.network) != (other.member.mesh, other.member.network):
                continue
            shared = _shared(nodes(one.cluster, "pod_cidrs"), nodes(other.cluster, "pod_cidrs"))
            if shared:
                text = (
                    f"{one.member.name} and {other.member.name} are both on the network {one.member.network!r} but share the pod range {shared}; "
                    "give each its own mesh_network, or its own range"
                )
                found.setdefault(one.member.name, []).append(text)
                found.setdefault(other.member.name, []).append(text)
    return found


def _shared(left: Iterable[str], right: Iterable[str]) -> str | None:
    others = [ipaddress.ip_network(cidr, strict=False) for cidr in right]
    for cidr in left:
        own = ipaddress.ip_network(cidr, strict=False)
        if any(own.version == other.version and own.overlaps(other) for other in others):
            return str(own)
    return None


def roots(read: Sequence[Seen]) -> dict[str, list[str]]:
    """Within a mesh, all clusters that have a root already must have the same."""
    found: dict[str, list[str]] = {}
    for mesh in sorted({one.member.mesh for one in read}):
        groups: dict[str, list[str]] = {}
        for one in read:
            root = (one.trust.get("root") or {}).get("fingerprint") if one.trust.get("present") else None
            if one.member.mesh == mesh and root:
                groups.setdefault(root, []).append(one.member.name)
        if len(groups) > 1:
            told = " | ".join(f"{', '.join(names)} (root {root[:8]})" for root, names in groups.items())
            text = f"the clusters of the mesh {mesh} do not share a root CA: {told}; bring them to one root with a rotation before they are linked"
            found |= {name: [text] for names in groups.values() for name in names}
    return found
