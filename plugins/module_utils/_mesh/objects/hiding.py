# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Secret as a diff may show it: its keys, and which of them changed. No digest, as who has a guess could try it."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

HIDDEN, OTHER = "(hidden)", "(hidden, another value)"
_PARTS = ("data", "stringData")
_COMPRESSED = "H4sI"  # how the base64 of what gzip made begins
_SHORTEST = 6  # what is shorter is found in many an innocent word


def hidden(secret: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """`before` is the same Secret as it was, to tell what changed."""
    shown, was = dict(secret), before or {}
    for part in _PARTS:
        if secret.get(part):
            shown[part] = _each(secret[part], was.get(part))
    meta = secret.get("metadata") or {}
    annotations = meta.get("annotations") or {}
    told = (was.get("metadata") or {}).get("annotations") or {}
    values = {value for one in (secret, was) for value in _values(one)}
    covered = {key: _one(value, told.get(key)) if _may_tell(str(value), values) else value for key, value in annotations.items()}
    return {**shown, "metadata": {**meta, "annotations": covered}} if covered else shown


def _each(held: Any, was: Any) -> Any:
    if not isinstance(held, Mapping):
        return _one(held, was)
    told = was if isinstance(was, Mapping) else {}
    return {key: _one(value, told.get(key)) for key, value in held.items()}


def _one(value: Any, was: Any) -> str:
    return HIDDEN if was is None or was == value else OTHER


def _values(secret: Mapping[str, Any]) -> Iterator[str]:
    """As text and as base64: a copy of the Secret in an annotation may hold either."""
    for part in _PARTS:
        held = secret.get(part)
        for value in held.values() if isinstance(held, Mapping) else ():
            for form in (str(value), *_other_form(str(value), part == "data")):
                if len(form) >= _SHORTEST:
                    yield form
                    yield json.dumps(form)[1:-1]


def _other_form(value: str, coded: bool) -> Iterator[str]:
    with contextlib.suppress(binascii.Error, ValueError):
        yield base64.b64decode(value).decode().strip() if coded else base64.b64encode(value.encode()).decode()


def _may_tell(annotation: str, values: set[str]) -> bool:
    """Tools keep the whole object there, as it is or as it was: in JSON, or compressed."""
    return annotation.startswith(_COMPRESSED) or _holds_secret(annotation) or any(value in annotation for value in values)


def _holds_secret(annotation: str) -> bool:
    try:
        told = json.loads(annotation)
    except ValueError:
        return False
    return isinstance(told, Mapping) and any(part in told for part in _PARTS)
