# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that could not be reached a moment ago is not tried again by those who asked at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..._mesh.errors import Unreachable

# Threads take the next request from their queue at once. Whoever asks later does so because something may be better by then.
_MOMENT = 1.0


class Unheard:
    """What was said of a server that never answered, and when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._said, self._when = clock, "", 0.0

    def noted(self, failure: Unreachable) -> Unreachable:
        self._said, self._when = str(failure), self._clock()
        return failure

    def check(self) -> None:
        """Raise what was said a moment ago."""
        if self._said and self._clock() - self._when < _MOMENT:
            raise Unreachable(self._said)
