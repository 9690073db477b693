# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clock for tests of waits: time passes only in sleeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Ticking:
    """A stand-in for the system's clock, which begins at `start` or now. Each sleep calls `meanwhile` with the seconds that have passed."""

    def __init__(self, meanwhile: Callable[[float], None] = lambda _passed: None, start: datetime | None = None) -> None:
        self.passed, self.meanwhile, self.start = 0.0, meanwhile, start

    def monotonic(self) -> float:
        return self.passed

    def now(self) -> datetime:
        return (self.start or datetime.now(UTC)) + timedelta(seconds=self.passed)

    def sleep(self, seconds: float) -> None:
        self.passed += seconds
        self.meanwhile(self.passed)
