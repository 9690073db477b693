# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge everything that expires in a fleet and sort it, the soonest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from ..rotation.trust_users import CONTROL_PLANE, TrustUser
from ..trust.certificate import Certificate, iso
from ..trust.expiry import CA_LIMITS, OK, WARN, ExpiryLimits, remaining
from ..trust.expiry import level as level_at
from .columns import lines

ROOT, INTERMEDIATE, LEAF, GATEWAY, WEBHOOK, TOKEN = "root", "intermediate", "leaf", "gateway", "webhook", "token"
UNKNOWN = "unknown"
_HEADER = ("CLUSTER", "KIND", "WHERE", "NUMBER", "ISSUER", "EXPIRES", "VERDICT")
_BY_DAYS = (ROOT, INTERMEDIATE, WEBHOOK, CONTROL_PLANE)  # a control plane's own certificates last as long as its CA


@dataclass(frozen=True)
class Thresholds:
    """ExpiryLimits: for CAs in remaining days, for issued certificates in percent of their lifetime, for tokens without an end in days of age."""

    ca_warn: int = CA_LIMITS.warn.days
    ca_critical: int = CA_LIMITS.critical.days
    leaf_warn: int = 40
    leaf_critical: int = 10
    gateway_warn: int = 25
    token_age: int = 365


@dataclass(frozen=True)
class Expiring:
    """Something that expires, the first of `number` similar ones. `end` is None for a token that never expires."""

    kind: str
    where: str
    begin: datetime | None
    end: datetime | None
    subject: str = ""
    issuer: str = ""
    fingerprint: str = ""
    number: int = 1

    @classmethod
    def of(cls, kind: str, where: str, certificate: Certificate, number: int = 1) -> Expiring:
        return cls(kind, where, certificate.not_before, certificate.not_after, certificate.subject, certificate.issuer, certificate.fingerprint, number)


def judged(expiring: Iterable[Expiring], now: datetime, thresholds: Thresholds) -> list[dict[str, Any]]:
    """Return facts with a verdict, the soonest first; entries without an end come last."""
    facts = [
        {**asdict(one), "begin": iso(one.begin) if one.begin else None, "end": iso(one.end) if one.end else None, "level": level(one, now, thresholds),
         "seconds_left": int((one.end - now).total_seconds()) if one.end else None}
        for one in expiring
    ]  # fmt: skip
    return sorted(facts, key=_soonest)


def level(item: Expiring, now: datetime, thresholds: Thresholds) -> str:
    if item.end is None:
        old = item.begin is not None and now - item.begin > timedelta(days=thresholds.token_age)
        return WARN if old else OK
    if item.kind in _BY_DAYS or item.begin is None:
        limits = ExpiryLimits(timedelta(days=thresholds.ca_warn), timedelta(days=thresholds.ca_critical))
    else:
        percent = (item.end - item.begin) / 100
        limits = ExpiryLimits(percent * (thresholds.gateway_warn if item.kind == GATEWAY else thresholds.leaf_warn), percent * thresholds.leaf_critical)
    return level_at(item.end, now, limits)


def leaves(users: Iterable[TrustUser]) -> list[Expiring]:
    """Return for each workload the certificate that expires first."""
    known: dict[tuple[str, str], list[Certificate]] = {}
    for user in users:
        if user.leaf:
            kind = CONTROL_PLANE if user.kind == CONTROL_PLANE else LEAF
            known.setdefault((kind, f"{user.namespace}/{user.workload or 'Pod/' + user.name}"), []).append(user.leaf)
    return [Expiring.of(kind, where, min(certificates, key=lambda leaf: leaf.not_after), len(certificates)) for (kind, where), certificates in known.items()]


def fleet(clusters: Mapping[str, Sequence[Mapping[str, Any]] | str]) -> list[dict[str, Any]]:
    """Return the facts of all clusters, the soonest first. Unknown entries come before them, each with the sentence that says why."""
    known = [{"cluster": name, **one} for name, entries in clusters.items() for one in ([unknown(entries)] if isinstance(entries, str) else entries)]
    return sorted(known, key=lambda one: (one["level"] != UNKNOWN, *_soonest(one)))


def unknown(why: str) -> dict[str, Any]:
    """Return the entry of something that could not be judged."""
    return {"kind": UNKNOWN, "where": why, "level": UNKNOWN, "end": None}


def _soonest(entry: Mapping[str, Any]) -> tuple[bool, str]:
    return entry["end"] is None, entry["end"] or entry["where"]


def table(entries: Sequence[Mapping[str, Any]], now: datetime, limit: int) -> list[str]:
    """Return the table: all entries that are not ok, and up to `limit` rows with entries that are."""
    bad = [one for one in entries if one["level"] != OK]
    good = [one for one in entries if one["level"] == OK]
    room = max(limit - len(bad), 0)
    shown = [one for one in entries if one["level"] != OK or any(one is kept for kept in good[:room])]
    more = [f"{len(good) - room} more are ok."] if len(good) > room else []
    return [*lines(_HEADER, [_row(one, now) for one in shown]), *more]


def _row(entry: Mapping[str, Any], now: datetime) -> list[str]:
    if entry["level"] == UNKNOWN:
        return [entry["cluster"], "-", entry["where"], "-", "-", "-", "UNKNOWN"]
    ends = remaining(entry["end"], now) if entry["end"] else "never"
    verdict = entry["level"] if entry["level"] == OK else entry["level"].upper()
    return [entry["cluster"], entry["kind"], entry["where"], str(entry["number"]), _name(entry["issuer"]), ends, verdict]


def _name(issuer: str) -> str:
    """Return the common name of an issuer, else its organization, else its whole name."""
    names = dict(part.partition("=")[::2] for part in issuer.split(","))
    return names.get("CN") or names.get("O") or issuer or "-"
