# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check what must hold between the clusters of an inventory. Findings are half sentences by cluster."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..install.versions import VersionLimits
from ..links.entrance import address_fault
from ..member import Member
from ..trust.issuing import LEAVE
from ..trust.roots import shared_root_faults
from ..trust.standing import Standing


@dataclass(frozen=True)
class Owned:
    """The CRDs that the mesh's own Helm release must own: their API groups, and the release's name and namespace."""

    groups: Sequence[str] = ()
    release: str = ""
    namespace: str = ""


@dataclass(frozen=True)
class ClusterFacts:
    """One cluster before the first write: what its mesh requires, what cluster_info and ca_info read, and what the install cannot get.

    `inventory` lists faults of its variables and of the controller, as half sentences. `shares_root` is false if the clusters of its mesh have a
    root each. `one_primary` is true if all remote clusters of its mesh must have the same primary, and no other primary may stand beside it.
    `links_by_api_server` is false if no control plane of another cluster reaches its API server.
    """

    member: Member
    limits: VersionLimits
    owned: Owned = field(default_factory=Owned)
    cluster: Mapping[str, Any] = field(default_factory=dict)
    trust: Mapping[str, Any] = field(default_factory=dict)
    supply: Sequence[str] = ()
    inventory: Sequence[str] = ()
    shares_root: bool = True
    one_primary: bool = False
    links_by_api_server: bool = True


def nodes(cluster: Mapping[str, Any], fact: str) -> list[str]:
    """Return a fact of the nodes; empty if the credential may not list them."""
    return list((cluster.get("nodes") or {}).get(fact, []))


def twice(read: Sequence[ClusterFacts]) -> dict[str, list[str]]:
    """Find inventory names that lead to one cluster: a copied context is the usual way to reach the wrong cluster."""
    by_uid: dict[str, list[str]] = {}
    for facts in read:
        uid = facts.cluster.get("uid")
        if uid:
            by_uid.setdefault(uid, []).append(facts.member.name)
    return {
        name: [f"{' and '.join(sorted(names))} lead to the same cluster (kube-system has UID {uid}); correct mesh_kube of one of them"]
        for uid, names in by_uid.items()
        if len(names) > 1
        for name in names
    }


def overlaps(read: Sequence[ClusterFacts]) -> dict[str, list[str]]:
    """Find clusters of one mesh and network whose pod ranges overlap. They route pod addresses to each other, so the ranges must differ."""
    by_cluster: dict[str, list[str]] = {}
    for position, facts in enumerate(read):
        for other in read[position + 1 :]:
            if (facts.member.mesh, facts.member.network) != (other.member.mesh, other.member.network):
                continue
            shared = _shared(nodes(facts.cluster, "pod_cidrs"), nodes(other.cluster, "pod_cidrs"))
            if shared:
                text = (
                    f"{facts.member.name} and {other.member.name} are both on the network {facts.member.network!r} but share the pod range {shared}; "
                    "give each its own mesh_network, or its own range"
                )
                by_cluster.setdefault(facts.member.name, []).append(text)
                by_cluster.setdefault(other.member.name, []).append(text)
    return by_cluster


def primaries(read: Sequence[ClusterFacts], everyone: Sequence[Member]) -> dict[str, list[str]]:
    """Find meshes with remote clusters and several primaries, where the mesh can have only one form: all are primaries, or one rules over all others."""
    by_cluster: dict[str, list[str]] = {}
    for mesh in sorted({one.member.mesh for one in read if one.one_primary}):
        own = [member for member in everyone if member.mesh == mesh]
        ruling, ruled = (sorted(member.name for member in own if member.serves == serves) for serves in (True, False))
        if len(ruling) > 1 and ruled:
            counted = f"the mesh {mesh} has the remote clusters {', '.join(ruled)} and the primaries {', '.join(ruling)}"
            way = "make all clusters primaries, or give all others the same mesh_primary"
            by_cluster |= {member.name: [f"{counted}, but its clusters either are all primaries or have one primary in common; {way}"] for member in own}
    return by_cluster


def servers(read: Sequence[ClusterFacts], everyone: Sequence[Member]) -> dict[str, list[str]]:
    """Find API server addresses that control planes of other clusters cannot use. A mesh of one cluster needs none."""
    judged = [one for one in read if one.links_by_api_server]
    used = [one for one in judged if any(peer.serves and peer.mesh == one.member.mesh and peer.name != one.member.name for peer in everyone)]
    addresses = {one.member.name: one.member.api_server or str(one.cluster.get("server") or "") for one in used}
    faults = {name: address_fault(server) for name, server in addresses.items() if server}
    return {name: [fault] for name, fault in faults.items() if fault}


def _shared(left: Iterable[str], right: Iterable[str]) -> str | None:
    others = [ipaddress.ip_network(cidr, strict=False) for cidr in right]
    for cidr in left:
        own = ipaddress.ip_network(cidr, strict=False)
        if any(own.version == other.version and own.overlaps(other) for other in others):
            return str(own)
    return None


def roots(read: Sequence[ClusterFacts]) -> dict[str, list[str]]:
    """Find clusters of one mesh with different roots. The finding goes to the clusters that have a root already: a new one would cut them off."""
    by_cluster: dict[str, list[str]] = {}
    for mesh in sorted({one.member.mesh for one in read}):
        own = [one for one in read if one.member.mesh == mesh and one.shares_root]
        trusts = [Standing.of({"cluster": one.member.name, **one.trust["trust"]}) for one in own if one.trust.get("trust")]
        lacking = [one.member.name for one in own if not one.trust.get("present", True) and one.trust.get("action") != LEAVE]
        source = next((one.trust.get("source") for one in own if one.trust.get("source")), None)
        faults = shared_root_faults(mesh, trusts, lacking, source) if trusts else []
        by_cluster |= {one.member.name: faults for one in own if faults}
    return by_cluster
