# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the servers see of the services in other datacenters, and which of those that resolvers send requests to are not there.

A member of a federation is asked through a server here, as sidecars are. What a peer exports came over the peering, so the peering names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...._mesh.health.servers import OtherCatalogue
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Question
from .. import api
from ..members import datacenters
from ..objects.edited import entries
from ..objects.kinds import RESOLVER

_ABOUT, _PATH, _OTHER = "catalogue", "/v1/catalog/services?dc=", "datacenter"
_DEAD = "0 of "  # servers of a datacenter that nobody reaches; members.py says so


def questions(cluster: str, live: Live, answers: Answers, token: str) -> list[Question]:
    """Ask one server for the services of each member of the federation with a server that is alive: one that has none is told of elsewhere."""
    return [api.get(_ABOUT, pod, f"{_PATH}{name}", token) for pod in api.servers(live)[:1] for name in _members(cluster, answers)]


def _members(cluster: str, answers: Answers) -> list[str]:
    pool = datacenters(api.listed(api.only(answers, "wan")) or [])
    return [name for name, status in pool.items() if name != cluster and not status.startswith(_DEAD)]


def seen(answers: Answers) -> list[OtherCatalogue]:
    """Return each catalogue of another datacenter, by its name."""
    wanted = list(_wanted(entries(answers, RESOLVER)))
    read = {question.path.removeprefix(_PATH): api.mapped(text) for question, text in api.about(answers, _ABOUT)}
    found = [_catalogue(name, services, wanted, _OTHER) for name, services in read.items()]
    return sorted([*found, *_of_peers(answers, wanted)], key=lambda one: one.cluster)


def _of_peers(answers: Answers, wanted: Sequence[tuple[str, str, str]]) -> Iterator[OtherCatalogue]:
    """Yield what each peer exports. A peering that is not active is told of elsewhere."""
    for one in api.listed(api.only(answers, "peerings")) or []:
        if one.get("State") == "ACTIVE":
            imported = (one.get("StreamStatus") or {}).get("ImportedServices") or []
            yield _catalogue(str(one.get("Name")), imported, wanted, "peer")


def _catalogue(name: str, services: Sequence[str] | Mapping[str, Any] | None, wanted: Sequence[tuple[str, str, str]], way: str) -> OtherCatalogue:
    if services is None:
        return OtherCatalogue(name, None)
    lacking = tuple(sorted({service for each, other, service in wanted if (each, other) == (way, name) and service not in services}))
    return OtherCatalogue(name, len(services), lacking)


def _wanted(resolvers: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield to which service of which datacenter or peer a resolver may send requests: whether it is a peer, its name, and the service."""
    for one in resolvers:
        own = str(one.get("Name"))
        yield from _of_target(own, one.get("Redirect") or {})
        for failover in (one.get("Failover") or {}).values():
            yield from ((_OTHER, str(name), str(failover.get("Service") or own)) for name in failover.get("Datacenters") or ())
            for target in failover.get("Targets") or ():
                yield from _of_target(own, target)


def _of_target(own: str, target: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    service = str(target.get("Service") or own)
    for way, key in ((_OTHER, "Datacenter"), ("peer", "Peer")):
        if target.get(key):
            yield way, str(target[key]), service


def faults(catalogues: Sequence[OtherCatalogue]) -> Iterator[str]:
    """Yield a fault for a catalogue that nobody here can read. Requests are led by what was read last."""
    for one in catalogues:
        if one.services is None:
            what = f"the servers cannot read the catalogue of {one.cluster}, so changes there are not seen here"
            yield f"{what}; check the mesh gateways of both datacenters, and whether tokens are replicated"


def noticed(catalogues: Sequence[OtherCatalogue]) -> Iterator[str]:
    """Yield which services are not there. That is no fault while they are on their way."""
    for one in catalogues:
        if one.lacking:
            services, they = ("the service", "it") if len(one.lacking) == 1 else ("the services", "them")
            way = f"deploy {they} there, or export {they} if {one.cluster} is a peer"
            yield f"resolvers send requests to {services} {' and '.join(one.lacking)} of {one.cluster}, whose catalogue does not show {they} here; {way}"
