# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what still names a registry or chart repository that shuts down. Such a workload fails on the next new node."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from .versions import dotted

_SHOWN = 3
_SCHEME = re.compile(r"^[a-z+]+://")


@dataclass(frozen=True)
class Gone:
    """A registry or repository that its owner shuts down, with or without a path. `says` is how a message puts it.

    It is gone from the day `since` on; `outages` are the hours before that in which it is off.
    `newest` is the last minor version that was published there, and `instead` is where the same content is now.
    """

    place: str
    since: date
    says: str
    instead: str
    newest: tuple[int, int]
    outages: Sequence[tuple[datetime, datetime]]
    source: str


@dataclass(frozen=True)
class RetiredReference:
    """A place that shuts down, and where it is named: in an object, or at the path of a value."""

    place: str
    kind: str
    where: str
    text: str

    def as_dict(self) -> dict[str, str]:
        return {"place": self.place, "kind": self.kind, "where": self.where, "text": self.text}


Found = Mapping[str, str]


def match(text: str, table: Iterable[Gone], led: Iterable[str] = ()) -> Gone | None:
    """Return the place with which a reference begins. A place that nodes reach through a mirror (`led`) does not count."""
    reference = _SCHEME.sub("", text.strip())
    for gone in table:
        if _within(reference, gone.place) and not any(_within(reference, each) for each in led):
            return gone
    return None


def _within(reference: str, place: str) -> bool:
    return reference == place or (reference.startswith(place) and reference[len(place)] in "/:@")


def inside(text: str, table: Iterable[Gone]) -> list[tuple[Gone, str]]:
    """Return all places that a longer text such as a template names, each with the reference as it is written there."""
    references = []
    for gone in table:
        written = re.compile(rf"(?<![\w.-]){re.escape(gone.place)}(?=[/:@\s\"']|$)[^\s\"',}}]*")
        references += [(gone, each) for each in dict.fromkeys(written.findall(text))]
    return references


def strings(values: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every string of nested values with its path."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from strings(value, f"{path}.{key}" if path else str(key))
    elif isinstance(values, list | tuple):
        for number, value in enumerate(values):
            yield from strings(value, f"{path}[{number}]")
    elif isinstance(values, str):
        yield path, values


def wished(given: Iterable[tuple[str, str]], table: Sequence[Gone], led: Sequence[str] = ()) -> list[RetiredReference]:
    """Return the values of an inventory that name such a place. `given` are pairs of the value's path and its text."""
    pairs = [(where, text, match(text, table, led)) for where, text in given]
    return list(dict.fromkeys(RetiredReference(gone.place, "value", where, text) for where, text, gone in pairs if gone))


def refusals(named: Iterable[RetiredReference], table: Sequence[Gone], version: tuple[int, int] | None, today: date) -> tuple[list[str], list[str]]:
    """Return what the install cannot get any more, and what it still can, as half sentences."""
    known = {gone.place: gone for gone in table}
    refused: list[str] = []
    warned: list[str] = []
    for reference in named:
        gone = known[reference.place]
        never = version is not None and version > gone.newest
        says = f"shuts down and holds nothing newer than {dotted(gone.newest)}" if never else gone.says
        sentence = f"{reference.where} is {reference.text}, but {gone.place} {says}; use {gone.instead} or your mirror instead"
        (refused if never or today >= gone.since else warned).append(sentence)
    return refused, warned


def running(named: Iterable[Found], table: Sequence[Gone], led: Sequence[str] = ()) -> list[str]:
    """Return half a sentence for each place that something in the cluster names."""
    seen = list(named)
    texts = []
    for gone in table:
        own = [one for one in seen if one["place"] == gone.place and not (led and match(one["text"], [gone], led) is None)]
        if own:
            texts.append(
                f"{_counted(own)} {gone.place} ({_examples(own)}), which {gone.says}: a node that has not pulled the image by then cannot start it; "
                f"take it from {gone.instead} or from your mirror (mesh_mirror, or the values hub and image)"
            )
    return texts


def _counted(named: Sequence[Found]) -> str:
    kinds = [one["kind"] for one in named]
    parts = [f"{kinds.count(kind)} {kind}{'s' if kinds.count(kind) > 1 else ''}" for kind in dict.fromkeys(kinds)]
    every = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{every} {'name' if len(named) > 1 else 'names'}"


def _examples(named: Sequence[Found]) -> str:
    shown = [f"{one['where']}: {one['text']}" for one in named[:_SHOWN]]
    return ", ".join([*shown, *([f"and {len(named) - _SHOWN} more"] if len(named) > _SHOWN else [])])
