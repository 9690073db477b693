# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge how long something lasts: the limits, the time left, and the words for both. Every module, report and rotation judges by this file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .certificate import Certificate, iso

OK, WARN, CRITICAL, EXPIRED = "ok", "warn", "critical", "expired"
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True)
class ExpiryLimits:
    """How much time may be left before the end of something is a warning, and before it is critical."""

    warn: timedelta
    critical: timedelta


CA_LIMITS = ExpiryLimits(timedelta(days=60), timedelta(days=14))


@dataclass(frozen=True)
class Expiry:
    """The verdict on one certificate: its level, the days left, and a sentence."""

    level: str
    days: int
    sentence: str


def moment(end: datetime | str) -> datetime:
    """Return the moment that a module's fact names. A text without a time zone is in UTC."""
    read = datetime.fromisoformat(end) if isinstance(end, str) else end
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def is_over(end: datetime | str, now: datetime) -> bool:
    return moment(end) <= now


def level(end: datetime, now: datetime, limits: ExpiryLimits = CA_LIMITS) -> str:
    left = end - now
    if left <= timedelta(0):
        return EXPIRED
    return CRITICAL if left <= limits.critical else WARN if left <= limits.warn else OK


def days_left(end: datetime, now: datetime) -> int:
    """Return the days left as people count them; negative after the end."""
    return round((end - now) / _DAY)


def remaining(end: datetime | str, now: datetime) -> str:
    """Return '2036-11-19 (3649 d)' for a table."""
    return f"{moment(end):%Y-%m-%d} ({time_left(end, now)})"


def time_left(end: datetime | str, now: datetime) -> str:
    """Return '3649 d' for a table; hours if less than two days are left."""
    until = moment(end)
    return "EXPIRED" if is_over(until, now) else f"{days_left(until, now)} d" if until - now >= 2 * _DAY else f"{(until - now) / _HOUR:.0f} h"


def expired_at(what: object, end: datetime | str) -> str:
    """Return '<what> expired at <end>', from which a message goes on."""
    return f"{what} expired at {end if isinstance(end, str) else iso(end)}"


def expiry(certificate: Certificate, now: datetime) -> Expiry:
    """Return the verdict on a CA certificate."""
    end, days = certificate.not_after, days_left(certificate.not_after, now)
    reached = level(end, now)
    if reached == EXPIRED:
        return Expiry(reached, days, f"{expired_at(certificate, end)}; replace it now.")
    todo = {CRITICAL: "; rotate it now", WARN: "; plan its rotation", OK: ""}[reached]
    return Expiry(reached, days, f"{certificate} expires at {iso(end)}, in {days} days{todo}.")
