# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of `status`, for people: one row for each cluster, the worst first, and a line about all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..few_names import few
from ..trust.expiry import time_left
from . import large, servers
from .columns import fitted
from .symbols import BAD, GOOD, KNOWN

_DASH, _SYNCED = "-", "synced"
# A cluster may have as many findings as its mesh has clusters: a table has the first of them, the report has all.
_FIRST, _NAMES = 5, 3

REVISIONS = ("CLUSTER", "REVISION", "CONTROL PLANE", "TAGS", "VALIDATES", "LEADS", "NAMESPACES", "PROXIES")
PLANES = ("CLUSTER", "PLANE", "ROLE", "COLOUR", "REVISION", "SHARE", "CONTROL PLANE", "PODS OF GATEWAYS")
STATUS = ("CLUSTER", "SITE", "VERDICT", "VERSION", "REVISIONS", "REMOTES", "GATEWAY", "ROOT ENDS IN", "CA ENDS IN", "PROXIES")
# How far each column gives way where a screen is too narrow, the first one first.
_STATUS_YIELDS = {"GATEWAY": 7, "SITE": 6, "REVISIONS": 10, "VERSION": 7, "REMOTES": 10, "CLUSTER": 12, "PROXIES": 12}
_REVISIONS_YIELD = {"TAGS": 10, "REVISION": 10, "CONTROL PLANE": 13, "CLUSTER": 12}
_PLANES_YIELD = {"REVISION": 10, "PLANE": 10, "CLUSTER": 12}
_SERVERS_YIELD = {"LEADER": 12, "CLUSTER": 12}


def status(clusters: Mapping[str, Mapping[str, Any] | str], now: datetime, sites: Mapping[str, str] | None = None) -> list[str]:
    """Return the table and its notes. Each cluster has its mesh_info result, or the sentence that says why it has none, and perhaps a site for that case."""
    ranked = sorted(clusters.items(), key=lambda one: (_rank(one[1]), one[0]))
    several = [row for name, facts in ranked for row in _revisions(name, facts)]
    shared = [row for name, facts in ranked for row in _shares(name, facts)]
    serving = [row for name, facts in ranked for row in servers.row(name, facts)]
    rows, others = large.shown(ranked, sum(_rank(facts) < 2 for _name, facts in ranked))
    tables = [
        [*fitted(STATUS, [_row(name, facts, now, sites or {}) for name, facts in rows], _STATUS_YIELDS), *others],
        *([fitted(REVISIONS, several, _REVISIONS_YIELD)] if several else []),
        *([fitted(PLANES, shared, _PLANES_YIELD)] if shared else []),
        *([fitted(servers.SERVERS, serving, _SERVERS_YIELD)] if serving else []),
    ]
    same, gone = large.reasons(ranked)
    bad = [*same, *_together([(name, facts) for name, facts in ranked if name not in gone], _notes)]
    notes = [f"{symbol} {note}" for symbol, said in ((BAD, bad), (KNOWN, _together(ranked, _noticed))) for note in said]
    return [line for part in [*tables, notes] if part for line in ("", *part)][1:]


def summary(clusters: Mapping[str, Mapping[str, Any] | str]) -> str:
    """Return one line about all clusters: how many are well, and the first of those that are not."""
    unreached = [name for name, facts in clusters.items() if _rank(facts) == 0]
    sick = [name for name, facts in clusters.items() if _rank(facts) == 1]
    known = sum(len(_noticed(facts)) for facts in clusters.values())
    well = len(clusters) - len(unreached) - len(sick)
    named = [f"{len(names)} {word} ({few(sorted(names), _NAMES)})" for word, names in (("sick", sick), ("unreached", unreached)) if names]
    parts = [f"{well} ok" if named else "all ok" if well > 1 else "ok", *named, *([f"{known} notice{'' if known == 1 else 's'}"] if known else [])]
    symbol = BAD if named else KNOWN if known else GOOD
    return f"{symbol} {len(clusters)} cluster{'' if len(clusters) == 1 else 's'}: {', '.join(parts)}"


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


def _together(ranked: Iterable[tuple[str, Mapping[str, Any] | str]], of: Callable[[Mapping[str, Any] | str], list[str]]) -> list[str]:
    """Return the sentences about all clusters. One that several clusters share appears once."""
    whose: dict[str, list[str]] = {}
    for name, facts in ranked:
        for sentence in of(facts):
            whose.setdefault(sentence.removeprefix(f"{name}: "), []).append(name if sentence.startswith(f"{name}: ") else "")
    return [f"{few([name for name in names if name], _NAMES)}: {sentence}" if any(names) else sentence for sentence, names in whose.items()]


def first(findings: Sequence[str]) -> list[str]:
    """Return the first findings of a cluster and the number of the others."""
    cluster, rest = str(findings[0]).partition(":")[0] if findings else "", len(findings) - _FIRST
    return [*findings[:_FIRST], *([f"{cluster}: and {rest} more findings; the report in mesh_report_dir has all of them."] if rest > 0 else [])]


def _noticed(facts: Mapping[str, Any] | str) -> list[str]:
    """Return the notices of a cluster."""
    return [] if isinstance(facts, str) else list(facts.get("notices", []))


def _row(name: str, facts: Mapping[str, Any] | str, now: datetime, sites: Mapping[str, str]) -> list[str]:
    if isinstance(facts, str):
        return [name, sites.get(name) or _DASH, f"{BAD} UNREACHED", *[_DASH] * (len(STATUS) - 3)]
    trust = facts.get("trust") or {}
    root, intermediate = trust.get("root") or {}, trust.get("intermediate") or {}
    return [
        name,
        facts.get("site") or _DASH,
        f"{BAD} SICK" if facts.get("findings") else f"{KNOWN if _noticed(facts) else GOOD} ok",
        _joined(plane["version"] for plane in facts.get("planes", [])),
        _joined(f"{plane['revision']} {plane['ready']}/{plane['desired']}" for plane in facts.get("planes", [])) if facts.get("planes") else _served(facts),
        _remotes(facts),
        _joined(address for gateway in facts.get("gateways", []) for address in gateway["addresses"]),
        f"{str(root.get('fingerprint', _DASH))[:8]} {_ends(root, now)}".removesuffix(f" {_DASH}"),
        _ends(intermediate, now),
        _proxies(facts.get("proxies", [])),
    ]


def _served(facts: Mapping[str, Any]) -> str:
    return f"by {facts['served_by']}" if facts.get("served_by") else _DASH


def _joined(parts: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(str(part) for part in parts)) or _DASH


def _remotes(facts: Mapping[str, Any]) -> str:
    """Return how many remote clusters are synced by every control plane pod. Of the others the only one is named, and several are counted."""
    worst: dict[str, str] = {}
    for remote in facts.get("remotes", []):
        before = worst.get(remote["cluster"], _SYNCED)
        worst[remote["cluster"]] = remote["status"] if before == _SYNCED else before
    late = {name: state for name, state in worst.items() if state != _SYNCED}
    one = len(late) == 1
    said = late.items() if one else ((str(count), state) for state, count in sorted(Counter(late.values()).items()))
    return ", ".join([f"{len(worst) - len(late)}/{len(worst)}", *(f"{who} {state}" for who, state in said)]) if worst else _DASH


def _proxies(proxies: Sequence[Mapping[str, Any]]) -> str:
    stale = sum(1 for proxy in proxies if proxy["stale"])
    return f"{len(proxies)}, {stale} stale" if stale else str(len(proxies))


def _ends(certificate: Mapping[str, Any], now: datetime) -> str:
    return time_left(certificate["not_after"], now) if certificate.get("not_after") else _DASH
