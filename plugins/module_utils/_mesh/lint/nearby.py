# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say what is known near a field that is not: a name beside it that is spelt alike, or the same name at another depth."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from .given import Way, written
from .nearest import SURE, nearest
from .schema_tree import Node, Schema

_MOST = 20_000  # nodes to look at; the largest schema of a mesh has fewer
_DEEPEST = 14
_LISTED = 12


def nearby(schema: Schema, way: Way) -> str:
    """Return half a sentence that begins with a semicolon; empty if nothing is known there."""
    *parents, last = way
    around: Way = tuple(parents)
    node = schema.at(around)
    beside = list((node or {}).get("properties") or {})
    sure = nearest(str(last), beside, SURE)
    if sure:
        return _beside(schema, around, sure)
    deeper = _elsewhere(schema, around, str(last)) if node is not None else None
    if deeper:
        return f"; {last} is known at {written(deeper)}"
    likely = nearest(str(last), beside)
    if likely:
        return _beside(schema, around, likely)
    away = _elsewhere(schema, (), str(last))
    if away:
        return f"; {last} is known at {written(away)}"
    return f"; known there: {', '.join(sorted(beside)[:_LISTED])}{', …' if len(beside) > _LISTED else ''}" if beside else ""


def _beside(schema: Schema, around: Way, name: str) -> str:
    kind = (schema.at((*around, name)) or {}).get("type")
    shape = {"array": ", a list", "object": ", a mapping"}.get(str(kind), "")
    return f"; the nearest known one is {name}{shape}"


def _elsewhere(schema: Schema, below: Way, name: str) -> Way | None:
    """Return the shortest way to a field of this name below a place. A step into a list is its first item, and one into a free mapping has no name."""
    start = schema.at(below)
    if start is None:
        return None
    queue: deque[tuple[Way, Node]] = deque([(below, start)])
    for _count in range(_MOST):
        if not queue:
            return None
        way, node = queue.popleft()
        if name in (node.get("properties") or {}) and way != below:
            return (*way, name)
        if len(way) < _DEEPEST:
            queue.extend(_inside(schema, way, node))
    return None


def _inside(schema: Schema, way: Way, node: Node) -> Iterator[tuple[Way, Node]]:
    for name, inner in (node.get("properties") or {}).items():
        if (way, name) != ((), "status"):
            yield (*way, str(name)), schema.of(inner)
    if isinstance(node.get("items"), dict):
        yield (*way, 0), schema.of(node["items"])
