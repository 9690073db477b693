# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who trusts whom: trust sets and how they may change, whether clusters share a root, how long a certificate lasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .certificate import Authority, Certificate, iso, short

WARN = timedelta(days=60)
CRITICAL = timedelta(days=14)


@dataclass(frozen=True)
class Expiry:
    """How long a certificate lasts: ok, warn, critical or expired."""

    level: str
    days: int
    sentence: str


def expiry(certificate: Certificate, now: datetime, warn: timedelta = WARN, critical: timedelta = CRITICAL) -> Expiry:
    """The verdict over the time that a certificate has left."""
    left = certificate.not_after - now
    days = left // timedelta(days=1)
    if left <= timedelta(0):
        return Expiry("expired", days, f"{certificate} expired at {iso(certificate.not_after)}; replace it now.")
    sentence = f"{certificate} expires at {iso(certificate.not_after)}, in {days} days"
    if left <= critical:
        return Expiry("critical", days, f"{sentence}; rotate it now.")
    if left <= warn:
        return Expiry("warn", days, f"{sentence}; plan its rotation.")
    return Expiry("ok", days, f"{sentence}.")


@dataclass(frozen=True)
class TrustSet:
    """What a cluster signs under and what it trusts, as fingerprints of roots."""

    cluster: str
    signs_under: str
    trusts: frozenset[str]

    @classmethod
    def of(cls, cluster: str, facts: Mapping[str, Any] | Authority) -> TrustSet:
        """From a CA, or from the `trust` that the modules ca and ca_info return of it."""
        if isinstance(facts, Authority):
            return cls(cluster, facts.root.fingerprint if facts.root else "", facts.trusts)
        return cls(cluster, facts["signs_under"], frozenset(facts["trusts"]))

    def facts(self) -> dict[str, Any]:
        return {"signs_under": self.signs_under, "trusts": sorted(self.trusts)}


def strangers(trusts: Iterable[TrustSet]) -> str | None:
    """'east, west (root 12ab…) | north (root 34cd…)' if some cluster does not trust what another signs, else None."""
    everyone = sorted(trusts, key=lambda trust: trust.cluster)
    if all(one.signs_under in other.trusts for one in everyone for other in everyone):
        return None
    groups: dict[str, list[str]] = {}
    for trust in everyone:
        groups.setdefault(trust.signs_under, []).append(trust.cluster)
    return " | ".join(f"{', '.join(names)} (root {short(root)})" for root, names in groups.items())


def one_root(mesh: str, trusts: Sequence[TrustSet], lacking: Sequence[str], source: str | None) -> list[str]:
    """What keeps the mesh from having one root, known before anything is written.

    `lacking` are the clusters without a CA; `source` is the root they would be given, None if it were made new.
    """
    apart = strangers(trusts)
    if apart:
        told = f"The clusters of the mesh {mesh} do not share a root: {apart}."
        return [f"{told} Bring them to one root with a rotation before they are linked."]
    if not lacking:
        return []
    planned = f"the root {short(source)}" if source else "a new root"
    told = f"The clusters of the mesh {mesh} would not trust each other: {', '.join(lacking)} would be given {planned}"
    others = [trust for trust in trusts if source not in trust.trusts]
    if others:
        held = ", ".join(f"{trust.cluster} (root {short(trust.signs_under)})" for trust in others)
        return [f"{told}, unlike {held}. Give that root, with its key, as the mesh's root."]
    ahead = [f"{trust.cluster} (root {short(trust.signs_under)})" for trust in trusts if trust.signs_under != source]
    if ahead:
        way = "A rotation is under way: bring it to its end, or turn it back, and add the cluster then"
        return [f"{told} alone, and what is signed in {', '.join(ahead)} would be strange to it. {way}."]
    return []


def relation(old: frozenset[str], new: frozenset[str]) -> str:
    """How a trust set changes: same, grows, shrinks, overlaps (both at once) or disjoint."""
    if old == new:
        return "same"
    if old < new:
        return "grows"
    if new < old:
        return "shrinks"
    return "overlaps" if old & new else "disjoint"


def may_replace(old: frozenset[str], new: frozenset[str]) -> bool:
    """Whether one set contains the other, and neither is empty: the only steps that a control plane takes online."""
    return bool(old and new) and relation(old, new) in ("same", "grows", "shrinks")
