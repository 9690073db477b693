# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose the target of a rotation: a given root, the root of a rotation under way, a new root, or the former root."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import Refused
from ..trust.certificate import Certificate, short
from ..trust.expiry import expired_at, is_over

ACTIVE, UPCOMING, MAKE, FORMER = "active", "upcoming", "make", "former"


@dataclass(frozen=True)
class RootCandidates:
    """The roots to choose from. `active` is the root of the mesh. `upcoming` lies beside it from the beginning of a rotation to its end.

    `former` are the roots of the CAs that the clusters keep until the end.
    """

    mesh: str
    generated: bool
    active: Certificate | None
    upcoming: Certificate | None = None
    former: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Choice:
    """Which root is the target, its fingerprint if it exists already, and why. It is `unsettled` while a root lies beside the active one.

    `between` are the active and the upcoming root.
    """

    which: str
    fingerprint: str
    says: str
    unsettled: bool = False
    between: frozenset[str] = frozenset()


def same(known: RootCandidates) -> Choice:
    """Choose the root that the mesh has, to issue intermediates from it."""
    if known.active is None:
        raise Refused(f"The mesh {known.mesh} has no root to issue intermediates from. Give the mesh a root with meshops.lifecycle.trust first.")
    if known.upcoming and known.upcoming.fingerprint != known.active.fingerprint:
        fault = f"A rotation of the mesh {known.mesh} to {known.upcoming} is under way, and gives every cluster another intermediate anyway"
        raise Refused(f"{fault}. Finish it with rotate: root, or turn it back.")
    return Choice(ACTIVE, known.active.fingerprint, f"the same root, {known.active}")


def choose(known: RootCandidates, now: datetime, min_age: timedelta) -> Choice:
    """Go on with a rotation under way. Do not rotate a root that is younger than `min_age` again, so that a repeated run ends.

    Neither go to an expired root nor stay with it.
    """
    if known.active is None:
        raise Refused(f"The mesh {known.mesh} has no root to rotate. Give the mesh a root with meshops.lifecycle.trust first.")
    if not known.generated:
        return Choice(ACTIVE, known.active.fingerprint, f"the root that is given, {known.active}")
    under_way = known.upcoming if known.upcoming and known.upcoming.fingerprint != known.active.fingerprint else None
    goal = under_way or known.active
    if is_over(goal.not_after, now):
        return Choice(MAKE, "", f"a new root, {'instead of' if under_way else 'to follow'} {expired_at(f'{goal}, which', goal.not_after)}")
    if under_way:
        return Choice(UPCOMING, under_way.fingerprint, f"a rotation to {under_way} is under way")
    age = now - known.active.not_before
    if known.upcoming or age < min_age:
        reason = f"the root {known.active} is {_rounded(age)} old, and stays until it is {_rounded(min_age)} old (rotate_min_age)"
        return Choice(ACTIVE, known.active.fingerprint, reason)
    return Choice(MAKE, "", f"a new root, to follow {known.active}")


def turn_back(known: RootCandidates, retired: Iterable[str]) -> Choice:
    """Choose the former root. `retired` are the clusters that trust only the new root."""
    fault = f"The rotation of the mesh {known.mesh} cannot be turned back"
    gone = sorted(retired)
    if gone:
        raise Refused(f"{fault}: {', '.join(gone)} trusts only the new root by now. To go back, start a new rotation with rotate: root.")
    if known.generated and known.active and known.upcoming and known.upcoming.fingerprint != known.active.fingerprint:
        return Choice(ACTIVE, known.active.fingerprint, f"back to {known.active}")
    others = known.former - ({known.active.fingerprint} if known.active else set())
    if known.generated or not others:
        raise Refused(f"{fault}: no rotation is under way. To go back after a finished rotation, start a new one with rotate: root.")
    if len(others) > 1:
        raise Refused(f"{fault} to one root: its clusters had several roots before ({', '.join(map(short, sorted(others)))}).")
    (former,) = others
    return Choice(FORMER, former, f"back to root {short(former)}")


def _rounded(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} seconds"
