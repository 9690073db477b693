# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations as Go writes them, which is how Consul reads and says them: 1m30s, 250ms."""

from __future__ import annotations

import re
from decimal import Decimal

_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|ms|s|m|h)")
_WHOLE = re.compile(rf"({_PART.pattern})+")


def nanoseconds(text: str) -> int | None:
    """Return a duration in nanoseconds; None if the text is none."""
    if text == "0":
        return 0
    if not _WHOLE.fullmatch(text):
        return None
    return int(sum(Decimal(number) * _UNITS[unit] for number, unit in _PART.findall(text)))


def written(nanos: int) -> str:
    """Return a duration as Go writes it, so that two of the same length are the same text."""
    if nanos == 0:
        return "0s"
    for unit in ("ms", "us", "ns"):
        if nanos < _UNITS["s"] and nanos >= _UNITS[unit]:
            return f"{_trimmed(Decimal(nanos) / _UNITS[unit])}{unit}"
    minutes, rest = divmod(nanos, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    seconds = f"{_trimmed(Decimal(rest) / _UNITS['s'])}s"
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + seconds


def _trimmed(number: Decimal) -> str:
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"
