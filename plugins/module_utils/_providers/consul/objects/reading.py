# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what an entry holds, from an inventory or from Consul, into one form in which two entries that mean the same are equal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from .durations import nanoseconds, written
from .shapes import DURATION, FIELDS, FLAG, FREE, LIST, MAP, NUMBER, TEXT, WHOLE, FieldShape, squashed

_CLOSE = 0.6
# What Consul adds by itself to an entry that it keeps.
_ADDED = frozenset({"createindex", "modifyindex", "hash", "precedence", "type", "legacyid", "legacymeta", "legacycreatetime", "legacyupdatetime"})
_WORDS = {TEXT: "a text", FLAG: "true or false", WHOLE: "a whole number", NUMBER: "a number", DURATION: "a duration such as 5s or 250ms",
          FIELDS: "a dictionary", MAP: "a dictionary", LIST: "a list"}  # fmt: skip


@dataclass
class EntryReading:
    """Reads a value by its shape. `faults` are half sentences, each with the place of the field. With `live` it is what Consul or Kubernetes keeps:
    a duration may be nanoseconds, and what Consul adds by itself is no fault."""

    live: bool = False
    faults: list[str] = field(default_factory=list)

    def value(self, shape: FieldShape, given: Any, place: str) -> Any:
        """Return the value; None if it says nothing or is wrong."""
        if given is None:
            return None
        if shape.type == FREE:
            return _copied(given)
        read = {FIELDS: self._fields, LIST: self._list, MAP: self._map}.get(shape.type, self._scalar)
        return read(shape, given, place)

    def _wrong(self, place: str, what: str) -> None:
        self.faults.append(f"{place} {what}" if place else what)

    def _fields(self, shape: FieldShape, given: Any, place: str) -> Any:
        if not isinstance(given, Mapping):
            return self._wrong(place, f"is not {_WORDS[FIELDS]}")
        known = {squashed(name): name for name in shape.fields}
        values: dict[str, Any] = {}
        for key, part in given.items():
            name = known.get(squashed(str(key)))
            if name is None:
                self._unknown(str(key), shape, place)
            elif name in values:
                self._wrong(_inside(place, str(key)), f"is given twice, also as {name}")
            else:
                values[name] = self.value(shape.fields[name], part, _inside(place, name))
        for name in () if self.live else shape.required:
            if values.get(name) in (None, "", []):
                self._wrong(_inside(place, name), "is missing")
        return {name: values[name] for name in shape.fields if name in values and not _nothing(shape.fields[name], values[name])}

    def _unknown(self, key: str, shape: FieldShape, place: str) -> None:
        if self.live and squashed(key) in _ADDED:
            return
        known = {squashed(name): name for name in shape.fields}
        near = get_close_matches(squashed(key), known, 1, _CLOSE)
        meant = f"did you mean {known[near[0]]}?" if near else f"the known fields are {', '.join(sorted(shape.fields))}"
        self._wrong(_inside(place, key), f"is no field that Consul knows ({meant})")

    def _list(self, shape: FieldShape, given: Any, place: str) -> Any:
        if not isinstance(given, list | tuple) or shape.item is None:
            return self._wrong(place, f"is not {_WORDS[LIST]}")
        items = [self.value(shape.item, part, f"{place}[{number}]") for number, part in enumerate(given)]
        filled = [({} if shape.item.type == FIELDS else "") if item is None else item for item in items]
        return sorted(filled, key=lambda item: [str(item.get(name, "")) for name in shape.key]) if shape.key else filled

    def _map(self, shape: FieldShape, given: Any, place: str) -> Any:
        if not isinstance(given, Mapping) or shape.item is None:
            return self._wrong(place, f"is not {_WORDS[MAP]}")
        read = {str(key): self.value(shape.item, part, f"{place}[{key}]") for key, part in given.items()}
        empty: Any = {} if shape.item.type == FIELDS else ""
        return {key: empty if part is None else part for key, part in sorted(read.items())}

    def _scalar(self, shape: FieldShape, given: Any, place: str) -> Any:
        if shape.type == DURATION:
            return self._duration(given, place)
        if shape.type == TEXT:
            return self._text(shape, given, place)
        kinds: tuple[type, ...] = {FLAG: (bool,), WHOLE: (int,), NUMBER: (int, float)}[shape.type]
        if not isinstance(given, bool | int | float) or not isinstance(given, kinds) or (isinstance(given, bool) and shape.type != FLAG):
            return self._wrong(place, f"is not {_WORDS[shape.type]}")
        if given < 0:
            return self._wrong(place, f"is {given}, but it must not be negative")
        return round(float(given), 2) if shape.type == NUMBER else given

    def _text(self, shape: FieldShape, given: Any, place: str) -> Any:
        if not isinstance(given, str):
            return self._wrong(place, f"is not {_WORDS[TEXT]}; put it in quotes if it looks like a number or a date")
        cased = {"upper": given.upper(), "lower": given.lower()}.get(shape.case, str(given))
        if shape.choices and cased and cased not in shape.choices and not self.live:
            return self._wrong(place, f"is {given}, but it must be {', '.join(shape.choices[:-1])}{' or ' if shape.choices[1:] else ''}{shape.choices[-1]}")
        return cased

    def _duration(self, given: Any, place: str) -> Any:
        if self.live and isinstance(given, int) and not isinstance(given, bool):
            return written(given)
        nanos = nanoseconds(given) if isinstance(given, str) else None
        if nanos is None and not (self.live and given == ""):
            return self._wrong(place, f"is not {_WORDS[DURATION]}")
        return written(nanos or 0)


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _nothing(shape: FieldShape, value: Any) -> bool:
    """Return whether a field says nothing, so that it may as well be left out."""
    if value is None or (shape.zero and value in (0, False)):
        return value is None
    return value in ("", 0, False, [], {}) or (shape.type == DURATION and value == "0s") or (bool(shape.same) and value == shape.same)


def _copied(given: Any) -> Any:
    if isinstance(given, Mapping):
        return {str(key): _copied(part) for key, part in given.items()}
    return [_copied(part) for part in given] if isinstance(given, list | tuple) else given


def enterprise_fields(shape: FieldShape, value: Any, place: str = "") -> Iterator[str]:
    """Yield the places of fields that only Consul Enterprise has."""
    if shape.enterprise:
        yield place
    elif shape.type == FIELDS:
        for name, part in value.items():
            yield from enterprise_fields(shape.fields[name], part, _inside(place, name))
    elif shape.type == LIST and shape.item:
        for number, part in enumerate(value):
            yield from enterprise_fields(shape.item, part, f"{place}[{number}]")
    elif shape.type == MAP and shape.item:
        for name, part in value.items():
            yield from enterprise_fields(shape.item, part, f"{place}[{name}]")
