# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show a Secret in a diff: its keys, and which of them changed. No digest, because a guess can be tried against it."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

HIDDEN, OTHER = "(hidden)", "(hidden, another value)"
_PARTS = ("data", "stringData")
_COMPRESSED = "H4sI"  # the first characters of gzip data in base64
_SHORTEST = 6  # a shorter value also occurs in innocent words


def hidden(secret: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the Secret with its values hidden. `before` is its earlier state, to tell which values changed."""
    shown, was = dict(secret), before or {}
    for part in _PARTS:
        if secret.get(part):
            shown[part] = _each(secret[part], was.get(part))
    meta = secret.get("metadata") or {}
    annotations = meta.get("annotations") or {}
    annotations_before = (was.get("metadata") or {}).get("annotations") or {}
    values = {value for one in (secret, was) for value in _values(one)}
    covered = {key: _shown(value, annotations_before.get(key)) if _may_tell(str(value), values) else value for key, value in annotations.items()}
    return {**shown, "metadata": {**meta, "annotations": covered}} if covered else shown


def _each(content: Any, was: Any) -> Any:
    if not isinstance(content, Mapping):
        return _shown(content, was)
    content_before = was if isinstance(was, Mapping) else {}
    return {key: _shown(value, content_before.get(key)) for key, value in content.items()}


def _shown(value: Any, was: Any) -> str:
    return HIDDEN if was is None or was == value else OTHER


def _values(secret: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values as text and as base64: a copy of the Secret in an annotation may hold either."""
    for part in _PARTS:
        content = secret.get(part)
        for value in content.values() if isinstance(content, Mapping) else ():
            for form in (str(value), *_other_form(str(value), part == "data")):
                if len(form) >= _SHORTEST:
                    yield form
                    yield json.dumps(form)[1:-1]


def _other_form(value: str, coded: bool) -> Iterator[str]:
    with contextlib.suppress(binascii.Error, ValueError):
        yield base64.b64decode(value).decode().strip() if coded else base64.b64encode(value.encode()).decode()


def _may_tell(annotation: str, values: set[str]) -> bool:
    """Return whether an annotation may hold a secret. Tools keep the whole object there, in JSON or compressed."""
    return annotation.startswith(_COMPRESSED) or _holds_secret(annotation) or any(value in annotation for value in values)


def _holds_secret(annotation: str) -> bool:
    try:
        parsed = json.loads(annotation)
    except ValueError:
        return False
    return isinstance(parsed, Mapping) and any(part in parsed for part in _PARTS)
