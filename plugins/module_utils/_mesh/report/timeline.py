# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates, versions and proxies as rows with a bar each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from typing import Any

from ..few_names import few
from ..trust.expiry import OK

BAR = 420
_TICKS = ((1, "1 d"), (7, "1 w"), (30, "1 m"), (90, "3 m"), (365, "1 y"), (1095, "3 y"), (3650, "10 y"), (7300, "20 y"))
_NAMED = 3
_SINGLE = 24


@dataclass(frozen=True)
class Span:
    """A row of the time line: one certificate, or several that end on one day. `length` is that of its bar."""

    kind: str
    whose: str
    all_names: str
    mesh: str
    day: str
    days_left: int
    level: str
    length: float
    number: int = 1


@dataclass(frozen=True)
class Tick:
    x: float
    label: str


def scale(certificates: Sequence[Mapping[str, Any]]) -> list[Tick]:
    """Return the ticks of the axis. It is logarithmic, because an intermediate lasts for months and a root for years."""
    most = _most(certificates)
    return [Tick(_x(days, most), label) for days, label in _TICKS if days <= most]


def spans(certificates: Sequence[Mapping[str, Any]]) -> list[Span]:
    """Return the rows, the soonest first. Where there are many, those that are ok and end on one day share a row."""
    most, single = _most(certificates), len(certificates) <= _SINGLE
    rows: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for at, one in enumerate(certificates):
        alone = single or one["level"] != OK or one["kind"] == "root"
        rows.setdefault((at,) if alone else (one["kind"], one["mesh"], one["not_after"][:10]), []).append(one)
    return [_span(own, most) for own in rows.values()]


def _span(own: Sequence[Mapping[str, Any]], most: float) -> Span:
    first = own[0]
    names = [name for one in own for name in one["clusters"]]
    whose = first["subject"] if first["kind"] == "root" else few(names, _NAMED)
    length = _x(max(first["days_left"], 0), most)
    return Span(first["kind"], whose, ", ".join(names), first["mesh"], first["not_after"][:10], first["days_left"], first["level"], length, len(own))


def _most(certificates: Sequence[Mapping[str, Any]]) -> float:
    return float(max([365, *(one["days_left"] for one in certificates)]))


def _x(days: float, most: float) -> float:
    return round(BAR * log1p(days) / log1p(most), 1)


@dataclass(frozen=True)
class Share:
    """A part of a bar: proxies that one revision serves. `colour` is the number of its colour."""

    x: float
    width: float
    revision: str
    count: int
    colour: int


@dataclass(frozen=True)
class ProxyRow:
    cluster: str
    count: int
    behind: int
    versions: str
    shares: tuple[Share, ...]


def proxy_rows(clusters: Sequence[Mapping[str, Any]], limit: int) -> tuple[list[ProxyRow], list[str], str]:
    """Return a row for each cluster with proxies, up to `limit`, the revisions in the order of their colours, and a sentence about the others.

    Clusters with proxies that are behind come first, then those with several revisions.
    """
    having = [one for one in clusters if one["proxies"]["count"]]
    revisions = sorted({revision for one in having for revision in one["proxies"]["revisions"]})
    order = sorted(having, key=lambda one: (-one["proxies"]["behind"], -len(one["proxies"]["revisions"]), -one["proxies"]["count"], one["name"]))
    most = max([one["proxies"]["count"] for one in having], default=1)
    rest = order[limit:]
    said = f"{len(rest)} more clusters have {sum(one['proxies']['count'] for one in rest):,} proxies, none of which is behind."
    if any(one["proxies"]["behind"] for one in rest):
        said = said.replace("none of which is", f"{sum(one['proxies']['behind'] for one in rest):,} of which are")
    return [_proxy_row(one, revisions, most) for one in order[:limit]], revisions, said if rest else ""


def _proxy_row(one: Mapping[str, Any], revisions: Sequence[str], most: int) -> ProxyRow:
    told, shares, x = one["proxies"], list[Share](), 0.0
    for revision, count in told["revisions"].items():
        width = round(BAR * count / most, 1)
        shares.append(Share(round(x, 1), width, revision, count, revisions.index(revision)))
        x += width
    versions = ", ".join(f"{version} ({count:,})" if len(told["versions"]) > 1 else version for version, count in told["versions"].items())
    return ProxyRow(one["name"], told["count"], told["behind"], versions, tuple(shares))
