# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tokens by which others discover a cluster: which there are, and what the newest says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.reach.access import read_file
from ..._mesh.contract.links import Federation
from ..._mesh.errors import NotReady, Refused
from ..._mesh.links.entrance import Entrance, address_fault
from ..._mesh.links.peers import Credential
from ..._mesh.objects.change import Ref
from ..follow import Pace, follow
from ..look import listed


def issued(cluster: Cluster, mesh: Federation, namespace: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The Secrets with tokens that links are made with, oldest first, and those of the same account that they are not made with; without content."""
    read = mesh.tokens(namespace)
    found = listed(cluster, [read])[read.kind]
    return sorted(filter(mesh.generation, found), key=mesh.generation), list(filter(mesh.stray, found))


def entrance(cluster: Cluster, params: Mapping[str, Any]) -> Entrance:
    """What the task says of a cluster's API server, or what we know of it; refused where no pod of another cluster gets there.

    The CA by which we reach a server is worth something to others only where they go to the same URL.
    """
    server, ca = params.get("server") or cluster.server, params.get("ca") or ""
    if fault := address_fault(server):
        raise Refused(f"{cluster.name}: {fault}.")
    given = ca.encode() if "-----BEGIN" in ca else read_file(ca, "CA of the API server (mesh_api_ca)") if ca else b""
    if ca and b"-----BEGIN CERTIFICATE-----" not in given:
        raise Refused(f"{cluster.name}: mesh_api_ca holds no certificate in PEM. Give the CA of the API server at {server}, or the path of its file.")
    reached = cluster.ca_data or b"" if server == cluster.server else b""
    return Entrance(server, params.get("tls_server_name") or "", given, reached)


def opened(mesh: Federation, cluster: Cluster, way: Entrance, secret: Mapping[str, Any] | None) -> Credential | None:
    """What the Secret with a token opens, once it is filled in."""
    found: Credential | None = mesh.credential(cluster.name, way.server, way.tls_server_name, secret)
    return replace(found, ca=way.ca(found.ca)) if found else None


def newest(cluster: Cluster, mesh: Federation, namespace: str, way: Entrance) -> Credential | None:
    """The newest that is filled in, so that a link that a rotation has changed stays as it is. None where there is none."""
    for one in reversed(issued(cluster, mesh, namespace)[0]):
        if found := opened(mesh, cluster, way, cluster.get(Ref.of(one))):
            return found
    return None


def awaited(cluster: Cluster, ref: Ref, read: Callable[[], Credential | None], timeout: float, meanwhile: Callable[[], None]) -> Credential:
    """The cluster's token controller fills a Secret in within a moment, if it runs."""
    late = NotReady(
        f"{cluster.name}: the Secret {ref.namespace}/{ref.name} got no token within {timeout} s. "
        f"Look whether its service account is there and the cluster's token controller runs."
    )
    filled = follow(read, done=bool, late=lambda _seen, _seconds: late, timeout=timeout, keep=meanwhile, pace=Pace(0.2, 1.0))
    if filled is None:
        raise late
    return filled
