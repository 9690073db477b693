# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rule by which the chart refuses values, and the forms that many of them have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from .by_path import Values


@dataclass(frozen=True)
class ChartRule:
    """`broken` says whether values break the rule. `seen` is the path of the value that a message shows, and `instead` is what to do."""

    seen: str
    broken: Callable[[Values], bool]
    why: str
    instead: str


def needs(switch: str, *needed: str) -> list[ChartRule]:
    """Return a rule for each setting without which another one cannot be on."""
    return [ChartRule(switch, partial(_lacks, switch, one), f"needs {one}", f"set {one} to true, or {switch} to false") for one in needed]


def _lacks(switch: str, needed: str, v: Values) -> bool:
    return v.on(switch) and not v.on(needed)


def pair(path: str) -> ChartRule:
    why = f"is named with only one of {path}.secretName and {path}.secretKey"
    return ChartRule(f"{path}.secretName", lambda v: not v.both_or_none(path), why, "set both, or none")
