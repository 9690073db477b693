# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An entry of Consul's configuration, and the set of them that an inventory declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ...._mesh.names import label_fault
from .kinds import INTENTIONS, KINDS, EntryKind
from .reading import EntryReading
from .shapes import squashed, to_api

ANY = "*"
_KINDS = {squashed(name): kind for name, kind in KINDS.items()}
_OF_ENTERPRISE = ("sameness-group", "control-plane-request-limit")

Content = Mapping[str, Any]
Key = tuple[str, str]  # kind and name
State = Mapping[Key, Content]


@dataclass(frozen=True)
class Entry:
    """One entry. Two entries with the same content mean the same to Consul."""

    kind: str
    name: str
    content: Content

    @property
    def key(self) -> Key:
        return self.kind, self.name

    def in_api(self) -> dict[str, Any]:
        """Return the entry as the HTTP API takes it."""
        named = {} if self.kind == "mesh" else {"Name": self.name}
        return {"Kind": self.kind, **named, **to_api(KINDS[self.kind].shape, self.content)}


def shown(key: Key) -> str:
    return "/".join(key)


def declared(given: Sequence[Any]) -> tuple[list[Entry], list[str]]:
    """Return the entries of an inventory in the order in which they are written, and what is wrong with them, as half sentences."""
    entries: dict[Key, Entry] = {}
    faults: list[str] = []
    for number, one in enumerate(given):
        entry, wrong = _declared(one, f"mesh_values.entries.declared[{number}]")
        faults += wrong
        if entry and entry.key in entries:
            faults.append(f"the entry {shown(entry.key)} is declared twice")
        elif entry:
            entries[entry.key] = entry
    order = list(KINDS)
    return sorted(entries.values(), key=lambda entry: (order.index(entry.kind), entry.name)), faults


def _declared(given: Any, place: str) -> tuple[Entry | None, list[str]]:
    if not isinstance(given, Mapping):
        return None, [f"{place} is not a dictionary"]
    parts = {squashed(str(key)): value for key, value in given.items()}
    kind = _KINDS.get(squashed(str(parts.get("kind") or "")))
    if kind is None:
        return None, [f"{place} {_strange_kind(parts.get('kind'))}"]
    name, wrong = _name(kind, parts.get("name"))
    if wrong:
        return None, [f"{place}: {wrong}"]
    reading = EntryReading()
    rest = {key: value for key, value in given.items() if squashed(str(key)) not in ("kind", "name")}
    content = reading.value(kind.shape, rest, "")
    faults = [f"the entry {kind.name}/{name}: {fault}" for fault in reading.faults]
    return (None if faults else Entry(kind.name, name, content)), faults


def _strange_kind(given: Any) -> str:
    if not given:
        return f"has no kind; the kinds are {', '.join(KINDS)}"
    if squashed(str(given)) in map(squashed, _OF_ENTERPRISE):
        return f"has the kind {given}, which only Consul Enterprise has, and which this collection does not write"
    near = get_close_matches(squashed(str(given)), _KINDS, 1)
    meant = f"did you mean {_KINDS[near[0]].name}?" if near else f"it writes {', '.join(KINDS)}"
    return f"has the kind {given}, which this collection does not write ({meant})"


def _name(kind: EntryKind, given: Any) -> tuple[str, str]:
    """Return the name of an entry, and what is wrong with it."""
    if kind.only:
        return kind.only, "" if given in (None, "", kind.only) else f"the only {kind.name} is named {kind.only}, not {given}"
    if not given:
        return "", f"the {kind.name} has no name; give the name of the service"
    if given == ANY and kind.name == INTENTIONS:
        return ANY, ""
    if isinstance(given, str) and ANY in given:
        only = "the whole name of a service-intentions may be *, a part of it may not" if kind.name == INTENTIONS else "only service-intentions may have it"
        return "", f"the {kind.name} {given} has a wildcard, but {only}"
    return str(given), label_fault(f"name of the {kind.name}", given) or ""


def state(entries: Iterable[Entry]) -> dict[Key, Content]:
    return {entry.key: entry.content for entry in entries}
