# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which root a mesh is to end with: one that is given, the one that a rotation under way goes to, a new one, or the former."""

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
    """The roots that there are. `active` is the mesh's; `upcoming` lies beside it from the begin of a rotation to its end.

    `former` are the roots under which the CAs were signed that the clusters keep until then.
    """

    mesh: str
    generated: bool
    active: Certificate | None
    upcoming: Certificate | None = None
    former: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Choice:
    """`which` root, its fingerprint where it is known yet, and why. `unsettled` while a root lies beside the mesh's; `between` are both of them."""

    which: str
    fingerprint: str
    says: str
    unsettled: bool = False
    between: frozenset[str] = frozenset()


def same(known: RootCandidates) -> Choice:
    """The root that the mesh has, to issue intermediates from."""
    if known.active is None:
        raise Refused(f"The mesh {known.mesh} has no root to issue intermediates from. Give it one with meshops.lifecycle.trust first.")
    if known.upcoming and known.upcoming.fingerprint != known.active.fingerprint:
        told = f"A rotation of the mesh {known.mesh} to {known.upcoming} is under way, and gives every cluster another intermediate anyway"
        raise Refused(f"{told}. End it with rotate: root, or turn it back.")
    return Choice(ACTIVE, known.active.fingerprint, f"the same root, {known.active}")


def choose(known: RootCandidates, now: datetime, min_age: timedelta) -> Choice:
    """A rotation under way is gone on with. A root that is younger than `min_age` is not rotated again, so that a repeated run ends.

    One that has expired is not gone to, nor stayed with.
    """
    if known.active is None:
        raise Refused(f"The mesh {known.mesh} has no root that could be rotated. Give it one with meshops.lifecycle.trust first.")
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
        told = f"the root {known.active} is {_rounded(age)} old, and is kept until it is {_rounded(min_age)} old (rotate_min_age)"
        return Choice(ACTIVE, known.active.fingerprint, told)
    return Choice(MAKE, "", f"a new root, to follow {known.active}")


def turn_back(known: RootCandidates, retired: Iterable[str]) -> Choice:
    """The former root. `retired` are the clusters that trust nothing else than the new one."""
    told = f"The rotation of the mesh {known.mesh} cannot be turned back"
    gone = sorted(retired)
    if gone:
        raise Refused(f"{told}: {', '.join(gone)} trusts the new root alone by now. The way back is a new rotation: rotate: root.")
    if known.generated and known.active and known.upcoming and known.upcoming.fingerprint != known.active.fingerprint:
        return Choice(ACTIVE, known.active.fingerprint, f"back to {known.active}")
    others = known.former - ({known.active.fingerprint} if known.active else set())
    if known.generated or not others:
        raise Refused(f"{told}: none is under way. The way back from one that came to its end is a new rotation: rotate: root.")
    if len(others) > 1:
        raise Refused(f"{told} to one root: its clusters came from several ({', '.join(map(short, sorted(others)))}).")
    (former,) = others
    return Choice(FORMER, former, f"back to root {short(former)}")


def _rounded(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} seconds"
