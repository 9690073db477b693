# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of `status`, for people: one row for each cluster, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..trust.expiry import remaining
from . import servers

_DASH = "-"
# A mesh of many clusters has as many remotes in each row, and may have as many findings: a table has the first of them, the report has all.
_FEW, _FIRST = 3, 5


def lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table with aligned columns two spaces apart and a rule under the header."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    aligned = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [aligned[0], "  ".join("-" * width for width in widths), *aligned[1:]]


REVISIONS = ("CLUSTER", "REVISION", "CONTROL PLANE", "TAGS", "VALIDATES", "LEADS", "NAMESPACES", "PROXIES")
PLANES = ("CLUSTER", "PLANE", "ROLE", "COLOUR", "REVISION", "SHARE", "CONTROL PLANE", "PODS OF GATEWAYS")
STATUS = ("CLUSTER", "SITE", "VERDICT", "VERSION", "REVISIONS", "REMOTE CLUSTERS", "GATEWAY", "ROOT", "ROOT EXPIRES", "INTERMEDIATE EXPIRES", "PROXIES")


def status(clusters: Mapping[str, Mapping[str, Any] | str], now: datetime) -> list[str]:
    """Return the table and its notes. Each cluster has its mesh_info result, or the sentence that says why it has none."""
    rows = [(_rank(facts), name, facts) for name, facts in clusters.items()]
    table = lines(STATUS, [_row(name, facts, now) for _rank_, name, facts in sorted(rows, key=lambda row: row[:2])])
    ranked = [facts for _rank_, _name, facts in sorted(rows, key=lambda row: row[:2])]
    notes = [note for of in (_notes, _noticed) for facts in ranked for note in of(facts)]
    several = [row for _rank_, name, facts in sorted(rows, key=lambda row: row[:2]) for row in _revisions(name, facts)]
    shared = [row for _rank_, name, facts in sorted(rows, key=lambda row: row[:2]) for row in _shares(name, facts)]
    serving = [row for _rank_, name, facts in sorted(rows, key=lambda row: row[:2]) for row in servers.row(name, facts)]
    below = [lines(header, found) for header, found in ((REVISIONS, several), (PLANES, shared), (servers.SERVERS, serving)) if found]
    return [line for part in [table, *below, notes] if part for line in ("", *part)][1:]


def _shares(name: str, facts: Mapping[str, Any] | str) -> list[list[str]]:
    """Return a row for each colour of each plane that the inventory declares."""
    declared = [] if isinstance(facts, str) else facts.get("shares") or []
    return [[name, plane["plane"], plane["role"], *_colour(one)] for plane in declared for one in plane["colours"]]


def _colour(one: Mapping[str, Any]) -> list[str]:
    shares, gateways = one["shares"], one["gateways"]
    share = _DASH if not shares else f"{shares[0]} %" if len(shares) == 1 else f"{shares[0]} to {shares[-1]} %"
    return [one["colour"], one["revision"], share, "away" if one["away"] else "ready", _DASH if gateways is None else str(gateways)]


def _revisions(name: str, facts: Mapping[str, Any] | str) -> list[list[str]]:
    """Return a row for each revision of a cluster that has several, or a cutover half done."""
    known = {} if isinstance(facts, str) else facts.get("followed") or {}
    if isinstance(facts, str) or not known:
        return []
    planes = {plane["revision"]: plane for plane in facts.get("planes", [])}
    revisions = sorted(planes.keys() | known["revisions"].keys())
    shown = revisions if len(revisions) > 1 or known["turned"] or known["pinned"] else []
    return [_revision(name, revision, planes.get(revision), facts, known) for revision in shown]


def _revision(name: str, revision: str, plane: Mapping[str, Any] | None, facts: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    counts = known["revisions"].get(revision, {})
    halves = [(tag["name"], {tag["webhook"], tag["service"]} - {""}) for tag in facts.get("tags", [])]
    return [
        name,
        revision,
        f"{plane['version']}, {plane['ready']}/{plane['desired']}" if plane else _served(facts),
        _joined(f"{tag}{'' if len(leads) == 1 else ' (half)'}" for tag, leads in halves if revision in leads),
        "yes" if facts.get("default_revision") == revision else _DASH,
        _locks(known, revision),
        str(counts.get("namespaces", 0)),
        str(counts.get("proxies", 0)),
    ]


def _locks(known: Mapping[str, Any], revision: str) -> str:
    """How many of the locks a revision holds. The report has their names and the pods."""
    leaders = known.get("leaders") or []
    number = sum(one["revision"] == revision for one in leaders)
    return f"{number} of {len(leaders)}" if number else _DASH


def _rank(facts: Mapping[str, Any] | str) -> int:
    if isinstance(facts, str):
        return 0
    return 1 if facts.get("findings") else 2


def _notes(facts: Mapping[str, Any] | str) -> list[str]:
    return [facts] if isinstance(facts, str) else first(facts.get("findings", []))


def first(findings: Sequence[str]) -> list[str]:
    """Return the first findings of a cluster and the number of the others."""
    cluster, rest = str(findings[0]).partition(":")[0] if findings else "", len(findings) - _FIRST
    return [*findings[:_FIRST], *([f"{cluster}: and {rest} more findings; the report in mesh_report_dir has all of them."] if rest > 0 else [])]


def _noticed(facts: Mapping[str, Any] | str) -> list[str]:
    """Return the notices of a cluster."""
    return [] if isinstance(facts, str) else [f"to be known: {notice}" for notice in facts.get("notices", [])]


def _row(name: str, facts: Mapping[str, Any] | str, now: datetime) -> list[str]:
    if isinstance(facts, str):
        return [name, _DASH, "UNREACHED", *[_DASH] * (len(STATUS) - 3)]
    trust = facts.get("trust") or {}
    root, intermediate = trust.get("root") or {}, trust.get("intermediate") or {}
    return [
        name,
        facts.get("site") or _DASH,
        "SICK" if facts.get("findings") else "ok",
        _joined(plane["version"] for plane in facts.get("planes", [])),
        _joined(f"{plane['revision']} {plane['ready']}/{plane['desired']}" for plane in facts.get("planes", [])) if facts.get("planes") else _served(facts),
        _remotes(facts),
        _joined(address for gateway in facts.get("gateways", []) for address in gateway["addresses"]),
        str(root.get("fingerprint", _DASH))[:8],
        _ends(root, now),
        _ends(intermediate, now),
        _proxies(facts.get("proxies", [])),
    ]


def _served(facts: Mapping[str, Any]) -> str:
    return f"by {facts['served_by']}" if facts.get("served_by") else _DASH


def _joined(parts: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(str(part) for part in parts)) or _DASH


def _remotes(facts: Mapping[str, Any]) -> str:
    """Return each remote cluster with the worst state that any control plane pod reports for it."""
    worst: dict[str, str] = {}
    for remote in facts.get("remotes", []):
        before = worst.get(remote["cluster"], "synced")
        worst[remote["cluster"]] = remote["status"] if before == "synced" else before
    if len(worst) <= _FEW:
        return _joined(f"{name} {state}" for name, state in sorted(worst.items()))
    return _joined(f"{count} {state}" for state, count in sorted(Counter(worst.values()).items()))


def _proxies(proxies: Sequence[Mapping[str, Any]]) -> str:
    stale = sum(1 for proxy in proxies if proxy["stale"])
    return f"{len(proxies)}, {stale} stale" if stale else str(len(proxies))


def _ends(certificate: Mapping[str, Any], now: datetime) -> str:
    return remaining(certificate["not_after"], now) if certificate.get("not_after") else _DASH
