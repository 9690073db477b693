# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions run in an estate, where, and how long each is supported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ..install.versions import Minor, Versions, dotted, minor
from ..trust.expiry import CRITICAL, OK, WARN

UNKNOWN = "unknown"
_SOON = timedelta(days=60)


def supported(clusters: Sequence[Mapping[str, Any]], known: Mapping[str, Versions], today: date) -> list[dict[str, Any]]:
    """Return a row for each version of each kind of mesh, those without support first."""
    users: dict[tuple[str, str], list[str]] = {}
    for one in clusters:
        for tag in dict.fromkeys(str(plane["version"]) for plane in one["control_planes"]):
            users.setdefault((one["provider"], tag), []).append(one["name"])
    rows = [_row(known.get(provider), provider, tag, names, today) for (provider, tag), names in users.items()]
    return sorted(rows, key=lambda row: ((CRITICAL, WARN, UNKNOWN, OK).index(row["level"]), row["product"], row["version"]))


def _row(table: Versions | None, provider: str, tag: str, clusters: Sequence[str], today: date) -> dict[str, Any]:
    line = table.line(tag) if table else None
    level = _level(table, minor(tag), line.ends if line else None, today)
    ends = line.ends.isoformat() if line and line.ends else ""
    return {
        "product": table.mesh if table else provider,
        "version": tag,
        "clusters": list(clusters),
        "level": level,
        "supported_until": ends,
        "said": _said(table, level, ends, line.until if line else ""),
    }


def _level(table: Versions | None, own: Minor | None, ends: date | None, today: date) -> str:
    if table is None or own is None or own > table.lines[0].minor:
        return UNKNOWN
    if own < table.lines[-1].minor:
        return CRITICAL
    if own not in [line.minor for line in table.lines]:
        return UNKNOWN
    if ends is None:
        return OK
    return CRITICAL if today >= ends else WARN if ends - today <= _SOON else OK


def _said(table: Versions | None, level: str, ends: str, until: str) -> str:
    if table is None or level == UNKNOWN:
        known = f" It knows versions up to {dotted(table.lines[0].minor)}, as of {table.read}." if table else ""
        return f"This collection does not know the version.{known}"
    if level == CRITICAL:
        return f"Out of support since {ends}." if ends else f"Out of support, like every version before {dotted(table.lines[-1].minor)}."
    if ends:
        return f"Supported until {ends}."
    return f"Supported until {until}." if until else "No end of its support is known."
