# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what a source offers for a link, and wait until the source has filled it in."""

from __future__ import annotations

from collections.abc import Callable

from ..._kube.cluster import Cluster
from ..._kube.reach.access import read_file
from ..._mesh.contract.links import Links
from ..._mesh.errors import NotReady, Refused
from ..._mesh.links.entrance import Entrance, address_fault
from ..._mesh.links.link import Link, Offer
from ..clock import Clock
from ..follow import Pace, follow
from ..look import look
from .request import Address


def entrance(cluster: Cluster, address: Address) -> Entrance:
    """Return the API server of a cluster as the task gives it, else as this run reaches it. Refuse an address that pods of others cannot reach.

    The CA with which this run reaches a server helps others only if they use the same URL.
    """
    server, ca = address.server or cluster.server, address.ca
    if fault := address_fault(server):
        raise Refused(f"{cluster.name}: {fault}.")
    given = ca.encode() if "-----BEGIN" in ca else read_file(ca, "CA of the API server (mesh_api_ca)") if ca else b""
    if ca and b"-----BEGIN CERTIFICATE-----" not in given:
        raise Refused(f"{cluster.name}: mesh_api_ca holds no certificate in PEM. Give the CA of the API server at {server}, or the path of its file.")
    reached = cluster.ca_data or b"" if server == cluster.server else b""
    return Entrance(server, address.tls_server_name, given, reached)


def offered(source: Cluster, links: Links, link: Link, way_in: Entrance, generation: int = 0) -> Offer:
    """Return what the source has for a link now."""
    return look(source, links.offer(link, way_in, generation))


def awaited(read: Callable[[], Offer], source: str, timeout: float, keep: Callable[[], None], clock: Clock) -> Offer:
    """Return the offer when the source has filled it in. A controller there does so within a moment, if it runs."""

    def late(seen: Offer, _seconds: float) -> NotReady:
        what, remedy = (seen.lacking.what, seen.lacking.remedy) if seen.lacking else ("", "")
        return NotReady(f"{source}: {what} within {timeout} s. {remedy}")

    def waits(seen: Offer) -> str:
        return f"{source}: {seen.lacking.what if seen.lacking else ''}"

    return follow(read, done=lambda seen: seen.lacking is None, late=late, timeout=timeout, keep=keep, waits=waits, pace=Pace(0.2, 1.0), clock=clock)
