# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read values that come as text, because `-e name=value` and the surveys of an automation platform pass nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

_QUOTES = "'\" \t\r"


def elements(value: Any) -> list[Any]:
    """Return a list that was given as a list, as JSON, or as words between commas or line breaks. A single word is one element."""
    if value is None:
        return []
    if not isinstance(value, str):
        return list(value) if isinstance(value, list | tuple) else [value]
    text = value.strip()
    parsed = _json(text)
    if isinstance(parsed, list):
        return parsed
    if isinstance(parsed, dict):
        return [parsed]
    inside = text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text
    return [word for part in re.split(r"[,\n]", inside) if (word := part.strip(_QUOTES))]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
