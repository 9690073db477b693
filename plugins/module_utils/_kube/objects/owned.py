# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change an object within the fields that we applied, so that we still have applied them afterwards. No I/O.

A PUT takes each field that it changes from its manager, from our own server-side apply too. The next apply would take it back, and report a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import fields

_ABSENT: Any = object()
_IDENTITY = ("name", "namespace", "uid", "resourceVersion")


def wish_of(changed: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what has to be applied so that `live` becomes `changed`; None if a field differs that we have not applied, or not in this API version."""
    mine = fields.applied(live)
    if mine is None or mine.get("apiVersion") != changed.get("apiVersion"):
        return None
    ours, rest = _split(_content(changed), mine.get("fieldsV1") or {})
    if rest != _split(_content(live), mine.get("fieldsV1") or {})[1]:
        return None
    wish = dict(ours) if isinstance(ours, Mapping) else {}
    meta = changed["metadata"]
    identity = {key: meta[key] for key in _IDENTITY if key in meta}
    return {**wish, "apiVersion": changed["apiVersion"], "kind": changed["kind"], "metadata": {**(wish.get("metadata") or {}), **identity}}


def _content(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The object without its status and without what the server says of it."""
    meta = {key: value for key, value in manifest["metadata"].items() if key not in (*_IDENTITY, "managedFields", "generation", "creationTimestamp")}
    return {**{key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "status")}, "metadata": meta}


def _split(value: Any, owned: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the owned part of a value and the rest of it. `owned` has the form of managedFields; without members, it owns the whole value."""
    if not any(key != "." for key in owned):
        return value, _ABSENT
    if isinstance(value, Mapping):
        parts = {key: _split(inner, owned["f:" + key]) if "f:" + key in owned else (_ABSENT, inner) for key, inner in value.items()}
        sides = [{key: part[side] for key, part in parts.items() if part[side] is not _ABSENT} for side in (0, 1)]
        return sides[0], sides[1]
    if isinstance(value, list):
        items = [_item(item, owned) for item in value]
        return [item[0] for item in items if item[0] is not _ABSENT], [item[1] for item in items]
    return _ABSENT, value


def _item(item: Any, owned: Mapping[str, Any]) -> tuple[Any, Any]:
    names = [key for key in owned if fields.names(key, item)]
    return _split(item, owned[names[0]]) if len(names) == 1 else (_ABSENT, item)
