# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare an object with the schema of its kind, as the API server does before it stores the object. CEL rules are the server's alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .given import Way
from .nearby import nearby
from .nearest import nearest
from .schema_tree import Node, Schema

UNKNOWN, TYPE, ENUM, REQUIRED, RANGE = "unknown-field", "wrong-type", "not-in-enum", "required-field", "out-of-range"
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer())),
    "number": lambda value: not isinstance(value, bool) and isinstance(value, int | float),
}
_MEASURES: Sequence[tuple[str, Callable[[Any, Any], bool], str]] = (
    ("minimum", lambda value, limit: value >= limit, "at least {}"),
    ("maximum", lambda value, limit: value <= limit, "at most {}"),
    ("minLength", lambda value, limit: len(value) >= limit, "at least {} characters long"),
    ("maxLength", lambda value, limit: len(value) <= limit, "at most {} characters long"),
    ("minItems", lambda value, limit: len(value) >= limit, "a list of at least {}"),
    ("maxItems", lambda value, limit: len(value) <= limit, "a list of at most {}"),
)
_TEXT: Any = {"type": "string"}
_TEXTS: Any = {"type": "object", "additionalProperties": _TEXT}
_OTHER: Any = {"x-kubernetes-preserve-unknown-fields": True}
_META: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("name", "namespace", "generateName", "uid", "resourceVersion", "selfLink", "creationTimestamp"), _TEXT),
        **dict.fromkeys(("labels", "annotations"), _TEXTS),
        **dict.fromkeys(("generation", "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences", "finalizers", "managedFields"), _OTHER),
    },
}
_HEAD = ("apiVersion", "kind", "metadata")


@dataclass(frozen=True)
class Misfit:
    """What does not fit, and half a sentence about it. The sentence never holds a value, because that may be a secret."""

    rule: str
    way: Way
    says: str = field(compare=False)


def misfits(manifest: Mapping[str, Any], schema: Schema) -> list[Misfit]:
    """Return what of the object the server would prune or refuse by the schema alone."""
    meta = list(_value(Schema(_META), _META, manifest.get("metadata"), ("metadata",)))
    return [*meta, *_object(schema, schema.of(schema.root), {key: value for key, value in manifest.items() if key not in _HEAD}, ())]


def unknown(schema: Schema, way: Way) -> Misfit:
    """Return that the last step of a way is unknown, with the nearest known name."""
    of_metadata = way[:1] == ("metadata",)
    within = Schema(_META) if of_metadata else schema
    return Misfit(UNKNOWN, way, f"is unknown, and the API server drops or refuses it{nearby(within, way[1:] if of_metadata else way)}")


def alternatives(schema: Schema, way: Way) -> list[str]:
    """Return the texts that the schema allows at a way; none if it allows any."""
    node = schema.at(way)
    return [str(each) for each in (node or {}).get("enum") or []]


def chosen(known: Sequence[str], value: Any) -> str:
    """Return half a sentence about a value that is none of the known ones."""
    close = nearest(str(value), known)
    return f"is none of {', '.join(map(str, known))}{f'; the nearest is {close}' if close else ''}"


def _value(schema: Schema, node: Node, value: Any, way: Way) -> Iterator[Misfit]:
    node = schema.of(node)
    if value is None or node.get("x-kubernetes-int-or-string"):
        return
    wanted = str(node.get("type") or "")
    if wanted in _TYPES and not _TYPES[wanted](value):
        yield Misfit(TYPE, way, f"must be {_named(wanted)} and is {_named(_type_of(value))}")
    elif isinstance(value, Mapping):
        yield from _object(schema, node, value, way)
    elif isinstance(value, list):
        yield from _measured(node, value, way)
        for place, item in enumerate(value):
            yield from _value(schema, node.get("items") or {}, item, (*way, place))
    else:
        yield from _scalar(node, value, way)


def _object(schema: Schema, node: Node, value: Mapping[str, Any], way: Way) -> Iterator[Misfit]:
    known, others = node.get("properties") or {}, schema.others(node)
    for key, inner in value.items():
        if key in known:
            yield from _value(schema, known[key], inner, (*way, str(key)))
        elif others is None:
            yield unknown(schema, (*way, str(key)))
        else:
            yield from _value(schema, others, inner, (*way, str(key)))
    for key in node.get("required") or []:
        if key not in value and "default" not in (known.get(key) or {}) and (way or key not in _HEAD):
            yield Misfit(REQUIRED, (*way, str(key)), "is required and not given")


def _scalar(node: Node, value: Any, way: Way) -> Iterator[Misfit]:
    if node.get("enum") and value not in node["enum"]:
        yield Misfit(ENUM, way, chosen(node["enum"], value))
    elif isinstance(value, str) and node.get("pattern") and not _matches(str(node["pattern"]), value):
        yield Misfit(RANGE, way, f"does not match {node['pattern']}")
    else:
        yield from _measured(node, value, way)


def _measured(node: Node, value: Any, way: Way) -> Iterator[Misfit]:
    for name, holds, says in _MEASURES:
        limit = node.get(name)
        if isinstance(limit, int | float) and (isinstance(value, int | float) == name.endswith("imum")) and not holds(value, limit):
            yield Misfit(RANGE, way, f"must be {says.format(limit)}")


def _matches(pattern: str, value: str) -> bool:
    """Return whether the text matches. A pattern that only Go understands is the server's to judge."""
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True


def _type_of(value: Any) -> str:
    return next((name for name in ("object", "array", "string", "boolean", "integer", "number") if _TYPES[name](value)), "of an unknown type")


def _named(wanted: str) -> str:
    names = {"object": "a mapping", "array": "a list", "string": "text", "boolean": "true or false", "integer": "a whole number", "number": "a number"}
    return names.get(wanted, wanted)
