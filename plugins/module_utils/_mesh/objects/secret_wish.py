# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a Secret that is wished for. Its keys are named, never what they hold."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any


def fault(manifest: Mapping[str, Any]) -> str:
    """The first thing in it that an API server would not store as it is meant; empty if there is none."""
    if manifest.get("kind") != "Secret":
        return ""
    for part in ("data", "stringData"):
        held = manifest.get(part)
        if held is None:
            continue
        if not isinstance(held, Mapping):
            return f"{part} is {_kind(held)} and has to be a mapping of keys to text"
        for key, value in held.items():
            said = _not_text(part, value) or (_not_base64(value) if part == "data" else "")
            if said:
                return f"{part}.{key} {said}"
    return ""


def _not_text(part: str, value: Any) -> str:
    """An empty value of `data` is the server's own way to say no bytes."""
    if isinstance(value, str) or (value is None and part == "data"):
        return ""
    way_out = "put it in quotes, or" if isinstance(value, bool | int | float) else ""
    return f"is {_kind(value)} and has to be text: {way_out + ' ' if way_out else ''}make text of it, with to_json or to_yaml as whoever reads it expects"


def _not_base64(value: str | None) -> str:
    """The server passes over the ends of lines, and over nothing else."""
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
