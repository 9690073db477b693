# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shapes of an entry's fields, as data. A field has one name here, as Kubernetes writes it, and another in Consul's HTTP API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

TEXT, FLAG, WHOLE, NUMBER, DURATION, FREE, FIELDS, LIST, MAP = "text", "flag", "whole", "number", "duration", "free", "fields", "list", "map"
_UPPER = {"http": "HTTP", "tls": "TLS", "jwt": "JWT", "ttl": "TTL", "tlsMinVersion": "TLSMinVersion", "tlsMaxVersion": "TLSMaxVersion"}


@dataclass(frozen=True)
class FieldShape:
    """What a field may hold.

    `choices` are the only texts. `same` is the text that means the same as none. With `zero`, 0 and false say something else than nothing.
    `case` is upper or lower where Consul writes a text so. `key` is set for a list whose order says nothing: the fields by which it is sorted.
    `enterprise` fields do nothing in Consul's community edition, or are refused there.
    """

    type: str
    choices: Sequence[str] = ()
    same: str = ""
    zero: bool = False
    case: str = ""
    fields: Mapping[str, FieldShape] = field(default_factory=dict)
    required: Sequence[str] = ()
    item: FieldShape | None = None
    key: Sequence[str] = ()
    enterprise: bool = False


def text(*choices: str, same: str = "", case: str = "") -> FieldShape:
    return FieldShape(TEXT, choices, same, case=case)


def listed(item: FieldShape, *key: str) -> FieldShape:
    return FieldShape(LIST, item=item, key=key)


def mapped(item: FieldShape) -> FieldShape:
    return FieldShape(MAP, item=item)


def fields(must_have: str = "", /, **shapes: FieldShape) -> FieldShape:
    """Return a shape of fields, with the names of those that must be given."""
    return FieldShape(FIELDS, fields=shapes, required=must_have.split())


def enterprise(shape: FieldShape) -> FieldShape:
    return replace(shape, enterprise=True)


def zero(shape: FieldShape) -> FieldShape:
    return replace(shape, zero=True)


def squashed(name: str) -> str:
    """Return a name as all of Consul's spellings have it: `service_subset` in HCL, `ServiceSubset` in JSON, `serviceSubset` in Kubernetes."""
    return name.replace("_", "").replace("-", "").lower()


def in_api(name: str) -> str:
    """Return the name of a field in the HTTP API."""
    return _UPPER.get(name) or name[:1].upper() + name[1:]


def to_api(shape: FieldShape, value: Any) -> Any:
    """Return a value with the names of the HTTP API. Names in maps and in free content are the user's own."""
    if shape.type == FIELDS:
        return {in_api(name): to_api(shape.fields[name], part) for name, part in value.items()}
    if shape.type == LIST and shape.item:
        return [to_api(shape.item, part) for part in value]
    if shape.type == MAP and shape.item:
        return {name: to_api(shape.item, part) for name, part in value.items()}
    return value
