# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limit the writes a second, so that a live cluster can bear them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

_WRITES = ("POST", "PATCH", "PUT", "DELETE")
_QUESTIONS = ("/apis/authorization.k8s.io/", "/apis/authentication.k8s.io/")


class WriteRate:
    """One token bucket for all threads. It holds a single token, so that no second has more writes than the rate."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap, self._clock = 1 / rate, clock
        self._lock = threading.Lock()
        self._next = clock()

    def turn(self) -> float:
        """Reserve the next turn for the caller and return the seconds until it."""
        with self._lock:
            now = self._clock()
            mine = max(now, self._next)
            self._next = mine + self._gap
            return mine - now


def stores(method: str, path: str, query: Mapping[str, str] | None, body: Any) -> bool:
    """Return whether a request can change an object. Dry runs and reviews that are sent by POST cannot."""
    if method not in _WRITES or path.startswith(_QUESTIONS):
        return False
    options = body if method == "DELETE" and isinstance(body, Mapping) else {}
    return not ((query or {}).get("dryRun") or options.get("dryRun"))
