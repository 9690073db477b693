# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold between the declared entries of all datacenters of a mesh: equal protocols, and no place to go that nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...._mesh.errors import Refused
from ...._mesh.install.wish import ControlPlane
from .. import datacenter
from ..settings import Settings
from .entry import Entry, declared, shown, state
from .kinds import EXPORTED, INTENTIONS, MESH, PROXY_DEFAULTS, RESOLVER
from .together import destinations, protocol

_OF_NO_SERVICE = (PROXY_DEFAULTS, MESH, EXPORTED)


@dataclass(frozen=True)
class Declared:
    """The entries of one datacenter, and the names that it gives to datacenters and peers which the inventory does not know."""

    wish: ControlPlane
    entries: Sequence[Entry]
    elsewhere: Sequence[str]


def faults(wishes: Sequence[ControlPlane]) -> Mapping[str, Sequence[str]]:
    """Return half sentences by cluster. What cannot be read is judged where each cluster is judged by itself."""
    known = [one for one in map(_declared, wishes) if one]
    ruling = [one for one in known if datacenter.kind(one.wish) != datacenter.SECONDARY]
    secondaries = {wish.cluster for wish in wishes if wish.role == "remote"}
    peers = [] if secondaries else [wish.cluster for wish in wishes]
    texts: dict[str, list[str]] = {one.wish.cluster: [*_lost(one, secondaries, peers)] for one in ruling}
    for name, text in [*_apart(ruling), *_ignored(known)]:
        texts.setdefault(name, []).append(text)
    return texts


def _declared(wish: ControlPlane) -> Declared | None:
    try:
        given = Settings.of(wish).entries
    except Refused:
        return None
    entries, wrong = declared(given.declared)
    return None if wrong else Declared(wish, entries, given.elsewhere)


def _apart(ruling: Sequence[Declared]) -> Iterator[tuple[str, str]]:
    """Yield a fault for each datacenter in which a service has another protocol than in a peer."""
    protocols: dict[str, dict[str, list[str]]] = {}
    for one in ruling:
        known = state(one.entries)
        for service in {entry.name for entry in one.entries if entry.kind not in _OF_NO_SERVICE and entry.name != "*"}:
            if said := protocol(known, service):
                protocols.setdefault(service, {}).setdefault(said, []).append(one.wish.cluster)
    for service, by_protocol in sorted(protocols.items()):
        if len(by_protocol) > 1:
            values = " | ".join(
                f"{', '.join(names)} {'has' if len(names) == 1 else 'have'} {said}" for said, names in sorted(by_protocol.items(), key=lambda each: each[1])
            )
            for name in sorted(name for names in by_protocol.values() for name in names):
                yield name, f"the protocol of the service {service} is not the same in all datacenters: {values}; requests between them would fail"


def _ignored(known: Sequence[Declared]) -> Iterator[tuple[str, str]]:
    """Yield a fault for each secondary that declares other entries than its primary, because nobody writes them."""
    primaries = {one.wish.cluster: list(one.entries) for one in known}
    for one in known:
        if datacenter.kind(one.wish) == datacenter.SECONDARY and one.entries and list(one.entries) != primaries.get(one.wish.primary, list(one.entries)):
            primary = one.wish.primary
            yield one.wish.cluster, f"mesh_values.entries.declared differs from that of {primary}, whose entries rule this datacenter; declare them there"


def _lost(one: Declared, secondaries: set[str], peers: Sequence[str]) -> Iterator[str]:
    """Yield a fault for each place to go that the mesh does not have."""
    own = one.wish.cluster
    known = {"datacenter": {own, *secondaries, *one.elsewhere}, "peer": {*peers, *one.elsewhere} - {own}}
    for entry in one.entries:
        for place, way, name in _named(entry):
            if name not in known[way]:
                there = ", ".join(sorted(known[way])) or "none"
                hint = "list it in mesh_values.entries.elsewhere if the inventory does not know it"
                yield f"the entry {shown(entry.key)}: {place} is {name}, but the {way}s of {own} are {there}; {hint}"


def _named(entry: Entry) -> Iterator[tuple[str, str, str]]:
    """Yield each name of a datacenter or peer: its place, which of the two it is, and the name."""
    if entry.kind == RESOLVER:
        yield from destinations(entry.content)
    if entry.kind == EXPORTED:
        for service in entry.content.get("services") or ():
            peers = [consumer["peer"] for consumer in service.get("consumers") or () if consumer.get("peer")]
            yield from ((f"services[{service['name']}].consumers.peer", "peer", str(name)) for name in peers)
    if entry.kind == INTENTIONS:
        yield from ((f"sources[{source['name']}].peer", "peer", str(source["peer"])) for source in entry.content["sources"] if source.get("peer"))
