# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find faults of a wished Secret. Messages name its keys, never its values."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any


def fault(manifest: Mapping[str, Any]) -> str:
    """Return the first value that an API server would not store as intended, as half a sentence; empty if there is none."""
    if manifest.get("kind") != "Secret":
        return ""
    for part in ("data", "stringData"):
        content = manifest.get(part)
        if content is None:
            continue
        if not isinstance(content, Mapping):
            return f"{part} is {_kind(content)} but must be a mapping of keys to text"
        for key, value in content.items():
            said = _not_text(part, value) or (_not_base64(value) if part == "data" else "")
            if said:
                return f"{part}.{key} {said}"
    return ""


def _not_text(part: str, value: Any) -> str:
    """Return why a value is not text. None in `data` is allowed: it is the server's form of no bytes."""
    if isinstance(value, str) or (value is None and part == "data"):
        return ""
    way_out = "put it in quotes, or" if isinstance(value, bool | int | float) else ""
    return f"is {_kind(value)} but must be text: {way_out + ' ' if way_out else ''}convert it with to_json or to_yaml, whichever its reader expects"


def _not_base64(value: str | None) -> str:
    """Return why a value is not base64. The server ignores line breaks, but no other characters."""
    try:
        base64.b64decode((value or "").replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return "is not base64: give plain text in stringData, or encode it with b64encode"
    return ""


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a mapping" if isinstance(value, Mapping) else "a list"
