# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold of paths, headers and names, wherever an entry has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PATHS = ("pathExact", "pathPrefix", "pathRegex")
_WAYS = ("present", "exact", "prefix", "suffix", "regex", "contains")


def match_faults(match: Mapping[str, Any], place: str) -> Iterator[str]:
    """Yield what is wrong with the criteria of a request."""
    given = [name for name in _PATHS if match.get(name)]
    if len(given) > 1:
        yield f"{place} has {' and '.join(given)}; give one of them"
    for name in given:
        if name != "pathRegex" and not match[name].startswith("/"):
            yield f"{place}.{name} is {match[name]}, but a path begins with /"
    methods = match.get("methods") or []
    for method in sorted({one for one in methods if methods.count(one) > 1}):
        yield f"{place}.methods has {method} more than once"
    for number, header in enumerate(match.get("header") or ()):
        yield from _one_way(header, f"{place}.header[{number}]", _WAYS)


def _one_way(criterion: Mapping[str, Any], place: str, ways: Sequence[str]) -> Iterator[str]:
    given = [way for way in ways if criterion.get(way)]
    if len(given) != 1:
        yield f"{place} ({criterion.get('name')}) has {' and '.join(given) or 'nothing to compare with'}; give one of {', '.join(ways)}"


def named_faults(parts: Sequence[Mapping[str, Any]], place: str, beside: Sequence[str], ways: Sequence[str] = ()) -> Iterator[str]:
    """Yield what is wrong with the names in a list: none, or the same twice. The fields `beside` tell two of one name apart."""
    seen: set[tuple[Any, ...]] = set()
    for number, part in enumerate(parts):
        name = part.get("name")
        key = (name, *(part.get(other) for other in beside))
        if not name:
            yield f"{place}[{number}].name is missing"
        elif key in seen and not ways:
            yield f"{place} has {name} twice"
        seen.add(key)
        if ways:
            yield from _one_way(part, f"{place}[{number}]", ways)
