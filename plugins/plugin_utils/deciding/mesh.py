# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public filters: what your own play may ask about the clusters of an inventory. Each filter is one call of a decision, and has a page."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...module_utils._mesh.errors import MeshError, Refused
from ...module_utils._mesh.links import peers
from ...module_utils._mesh.member import Member, named, of_mesh, remotes_of
from ...module_utils._mesh.reach import helm, job_environment
from ...module_utils._mesh.reach.options import anchored_root
from ...module_utils._providers import provider
from ..hosts import Once, base, mates, member, unread


def mesh_links(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, optional: Iterable[str] = ()) -> list[dict[str, Any]]:
    tolerated = set(optional)
    return [
        {
            **(replace(peer.connection, options={}) if (gap := unread(peer)) else peer.connection).entry,
            "unread": gap,
            "server": peer.api_server,
            "tls_server_name": peer.tls_server_name,
            "ca": peer.api_ca,
            "required": peer.name not in tolerated,
        }
        for peer in peers.peers(mates(hosts, hostvars, cluster), cluster)
    ]


def mesh_expected(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, without: Iterable[str] = ()) -> dict[str, Any]:
    everyone = mates(hosts, hostvars, cluster)
    own, gone = named(everyone, cluster), set(without)
    remotes = {peer.name: peer.network for peer in peers.peers(everyone, cluster) if peer.name not in gone}
    return {"role": own.role, "network": own.network, "gateway": needs_gateway(everyone, own), "remotes": remotes}


def needs_gateway(everyone: list[Member], own: Member) -> bool:
    """Return whether the cluster needs a gateway: if the mesh has several networks, or if remote clusters must reach this control plane."""
    if not provider(own.provider).defaults.gateways:
        return False
    networks = {one.network for one in of_mesh(everyone, own.mesh)}
    return len(networks) > 1 or bool(remotes_of(everyone, own))


def mesh_connection(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    return member(hosts, hostvars, cluster).connection.task


def mesh_environment(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> dict[str, str]:
    """Return options that override what an automation platform sets for another cluster. TLS verification becomes true, because it must have a value."""
    if not job_environment.set_at_all(os.environ):
        return {}  # for each task and host, nothing has to be rendered where nothing is to be silenced
    theirs = job_environment.foreign(member(hosts, hostvars, cluster).connection.options, os.environ)
    return {name: "true" if name in job_environment.TRUTHS else "" for name in theirs}


def mesh_helm(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    own = member(hosts, hostvars, cluster)
    try:
        way = helm.way(own.connection, os.environ, lambda path: os.path.expanduser(os.path.expandvars(path)))
    except helm.NoWay as error:
        raise MeshError(f"{own.name}: {error}.") from None
    return {"options": dict(way.options), "environment": dict(way.environment)}


def mesh_root(hosts: Sequence[str], hostvars: Mapping[str, Any], root: Mapping[str, Any], trust_cluster: str) -> dict[str, Any]:
    if not isinstance(root, Mapping):
        raise Refused("mesh_root has to be a dictionary, such as {source: generated}; on the command line, give it as JSON: -e '{\"mesh_root\": {…}}'.")
    seen = Once.of(hostvars)
    root = anchored_root(root, base(hosts, seen, trust_cluster))
    elsewhere = root.get("source", "generated") not in ("generated", "secret")
    if "kube" in root or (elsewhere and not trust_cluster):
        return dict(root)
    if not trust_cluster:
        raise Refused("mesh_trust_cluster is not set. Name the cluster of the mesh that keeps its root CA as a Secret.")
    return {**root, "kube": member(hosts, seen, trust_cluster).connection.task}
