# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Consul keeps of entries: whose they are, and the parts of some that this collection itself needs, whatever users declare."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...._mesh.install.wish import ControlPlane, merged
from .. import datacenter
from .entry import Content, Entry, Key
from .kinds import EXPORTED, KINDS, MESH, PROXY_DEFAULTS
from .reading import EntryReading

OWNER, DIGEST = "meshops.lifecycle/set", "meshops.lifecycle/digest"  # keys of an entry's Meta
PROBE = "meshops-echo"  # the service that `verify` asks, and exports to peers
ALWAYS = ((PROXY_DEFAULTS, "global"), (MESH, "mesh"))  # entries that the collection needs whatever users declare
_AROUND = ("Kind", "Name", "Meta", "Namespace", "Partition")
_KUBERNETES = ("external-source", "kubernetes")


@dataclass(frozen=True)
class KeptEntry:
    """An entry as Consul keeps it. With `strange`, it has fields that this collection does not know."""

    entry: Entry
    meta: Mapping[str, str]
    index: int
    strange: bool

    @property
    def mesh(self) -> str:
        """The mesh whose set the entry belongs to; empty if this collection did not write it."""
        return str(self.meta.get(OWNER) or "")

    @property
    def by_kubernetes(self) -> bool:
        return self.meta.get(_KUBERNETES[0]) == _KUBERNETES[1]

    @property
    def edited(self) -> bool:
        """Whether somebody changed the entry after a run wrote it."""
        return bool(self.mesh) and self.meta.get(DIGEST) != digest(self.entry)


def kept(kind: str, listed: Sequence[Mapping[str, Any]]) -> Iterator[KeptEntry]:
    """Yield the entries of a list of Consul's."""
    for raw in listed:
        reading = EntryReading(live=True)
        content = reading.value(KINDS[kind].shape, {key: value for key, value in raw.items() if key not in _AROUND}, "") or {}
        entry = Entry(kind, str(raw.get("Name") or KINDS[kind].only), content)
        yield KeptEntry(entry, raw.get("Meta") or {}, int(raw.get("ModifyIndex") or 0), bool(reading.faults))


def digest(entry: Entry) -> str:
    """Return what tells the content of an entry from any other. Equal contents have equal digests. That the probe exports its service is no edit."""
    text = json.dumps([entry.kind, entry.name, _without_probe(entry)], sort_keys=True)
    return "1:" + hashlib.sha256(text.encode()).hexdigest()[:20]


def _without_probe(entry: Entry) -> Content:
    services = [one for one in entry.content.get("services") or () if one.get("name") != PROBE]
    return entry.content if entry.kind != EXPORTED else {"services": services} if services else {}


def meta(entry: Entry, mesh: str) -> dict[str, str]:
    return {OWNER: mesh, DIGEST: digest(entry)}


def needed(wish: ControlPlane, key: Key, live: KeptEntry | None) -> Content:
    """Return the part of an entry that the collection itself needs there: for its gateways, and for the probe."""
    if key == (PROXY_DEFAULTS, "global"):
        return {"meshGateway": {"mode": "local"}}
    if key == (MESH, "mesh") and datacenter.kind(wish) == datacenter.PEER:
        return {"peering": {"peerThroughMeshGateways": True}}
    probes = [one for one in (live.entry.content.get("services") or () if live else ()) if one.get("name") == PROBE]
    return {"services": probes} if key[0] == EXPORTED and probes else {}


def completed(entry: Entry, needs: Content) -> Entry:
    """Return a declared entry with what the collection needs in it. What is declared wins."""
    if entry.kind != EXPORTED:
        return Entry(entry.kind, entry.name, merged(needs, entry.content)) if needs else entry
    named = [service["name"] for service in entry.content.get("services") or ()]
    services = [*(entry.content.get("services") or ()), *(one for one in needs.get("services") or () if one["name"] not in named)]
    return Entry(entry.kind, entry.name, {"services": sorted(services, key=lambda one: str(one["name"]))} if services else {})


def differing(wanted: Content, live: Content) -> list[str]:
    """Return the fields that differ, by name."""
    return sorted(name for name in {*wanted, *live} if wanted.get(name) != live.get(name))
