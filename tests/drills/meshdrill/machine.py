# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How busy the machine was, because requests that are lost on a busy machine may say more about the machine than about the playbook."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

STAT, PRESSURE = Path("/proc/stat"), Path("/proc/pressure/cpu")
IDLE, STOLEN, COUNTED = (3, 4), 7, 8  # fields of the kernel's line `cpu`: idle and iowait; steal; guests are counted before already


@dataclass(frozen=True)
class Moment:
    """What the kernel has counted since its start: ticks, and microseconds in which somebody waited for a core (none where it does not count them)."""

    busy: int
    stolen: int
    ticks: int
    waited: int | None
    at: float


@dataclass(frozen=True)
class Use:
    """The use in a period, in percent: busy cores, cores that the hypervisor gave to others, time in which a process waited for a core."""

    busy: float
    stolen: float
    waiting: float | None


def read(stat: str, pressure: str, at: float) -> Moment:
    ticks = [int(field) for field in stat.splitlines()[0].split()[1:]][:COUNTED]
    total = re.search(r"^some .*\btotal=(\d+)", pressure, re.MULTILINE)
    return Moment(sum(ticks) - sum(ticks[field] for field in (*IDLE, STOLEN)), ticks[STOLEN], sum(ticks), int(total.group(1)) if total else None, at)


def now() -> Moment:
    return read(STAT.read_text(encoding="ascii"), PRESSURE.read_text(encoding="ascii") if PRESSURE.exists() else "", time.monotonic())


def between(begin: Moment, end: Moment) -> Use:
    ticks, seconds = max(end.ticks - begin.ticks, 1), max(end.at - begin.at, 1e-6)
    known = begin.waited is not None and end.waited is not None
    waiting = round(((end.waited or 0) - (begin.waited or 0)) / seconds / 1e4, 1) if known else None
    return Use(round(100 * (end.busy - begin.busy) / ticks, 1), round(100 * (end.stolen - begin.stolen) / ticks, 1), waiting)


def told(quiet: Use, during: Use) -> str:
    return f"the machine's cores: {_said(quiet)} in the quiet time; {_said(during)} during the drill"


def _said(use: Use) -> str:
    waiting = "" if use.waiting is None else f", somebody waiting for one {use.waiting:g} % of the time"
    return f"{use.busy:g} % busy and {use.stolen:g} % stolen{waiting}"
