# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare quantities, which a server stores in its own form: 2048Mi as 2Gi, 0.5 as 500m."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_SHAPE = re.compile(r"([+-]?(?:\d{1,15}(?:\.\d{0,9})?|\.\d{1,9}))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d{1,2})?")
_UNITS = {unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
_UNITS |= {unit: Decimal(1000) ** power for power, unit in enumerate("num", -3)}
_UNITS |= {unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)}
# Only in these API groups does the server certainly parse quantities; in a custom resource they may be any text.
_BUILT_IN = re.compile(r"v1|(apps|autoscaling|batch)/v\d")


def has_quantities(manifest: Mapping[str, Any]) -> bool:
    return bool(_BUILT_IN.fullmatch(str(manifest.get("apiVersion"))))


def same_but_for_quantities(wish: Any, live: Any, within: str = "") -> bool:
    """Return whether both have the same shape and values. Resources and the targets of an autoscaler only need the same amounts."""
    if isinstance(wish, dict) and isinstance(live, dict):
        return wish.keys() == live.keys() and all(_same_value(key, value, live[key], within) for key, value in wish.items())
    if isinstance(wish, list) and isinstance(live, list):
        return len(wish) == len(live) and all(map(same_but_for_quantities, wish, live))
    return bool(wish == live)


def _same_value(key: str, wish: Any, live: Any, within: str) -> bool:
    return (is_quantity(key, within) and same_amount(wish, live)) or same_but_for_quantities(wish, live, key)


def is_quantity(key: str, within: str) -> bool:
    return within in ("limits", "requests") or (within == "target" and key in ("value", "averageValue"))


def same_amount(wish: Any, live: Any) -> bool:
    amount = _amount(wish)
    return amount is not None and amount == _amount(live)


def _amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _SHAPE.fullmatch(str(value))
    if not match:
        return None
    unit = match[2] or ""
    return Decimal(match[1]) * (_UNITS[unit] if unit in _UNITS else Decimal(f"1{unit}"))
