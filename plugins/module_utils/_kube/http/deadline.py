# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For how long an answer may take, how often a request is repeated, and how the first is kept to."""

from __future__ import annotations

import http.client
import io
import math
import random
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..._mesh.errors import Refused

OPTIONS = {"request_timeout": "read", "patience": "patience", "write_rate": "write_rate"}
_DICE = random.SystemRandom()


@dataclass(frozen=True)
class Limits:
    """In seconds. `read` is for a whole answer, `patience` for a request with all its repeats; the last one may still end.

    `write_rate` is in writes a second, 0 for as many as there are.
    """

    connect: float = 10.0
    read: float = 30.0
    patience: float = 60.0
    first_pause: float = 0.1
    longest_pause: float = 8.0
    attempts: int = 10
    write_rate: float = 0.0

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Limits:
        """From the options of a task; a longer patience comes with as many more attempts."""
        given: dict[str, Any] = {field: _positive(name, options[name]) for name, field in OPTIONS.items() if options.get(name) is not None}
        limits = cls(**given)
        connect = min(limits.connect, limits.read)
        attempts = max(limits.attempts, math.ceil(limits.attempts * limits.patience / cls.patience))
        return replace(limits, connect=connect, attempts=attempts)

    def pause(self, attempt: int, asked: float | None = None) -> float:
        """Never the same for two clients, so that those who were turned away together do not come back together."""
        if asked is not None:
            return min(asked, self.longest_pause) * _DICE.uniform(1.0, 1.2)
        return min(self.longest_pause, self.first_pause * 2 ** (attempt - 1)) * _DICE.uniform(0.5, 1.0)


def _positive(name: str, told: Any) -> float:
    """The options of a second cluster come unchecked, out of a dictionary."""
    try:
        number = float(told)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        raise Refused(f"{name} is {told}, and has to be a number greater than 0.")
    return number


def bound(manager: Any) -> Any:
    """Makes the read time-out of a urllib3 manager one for the whole answer.

    By itself it starts anew with every byte, so that a server which sends one now and then is waited for without end.
    """
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded(pool) for scheme, pool in pools.items()}
    return manager


def _bounded(pool: Any) -> Any:
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": Reply})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class Reply(http.client.HTTPResponse):
    """The time-out of the socket is for all of it, beginning now."""

    def __init__(self, sock: socket.socket, *args: Any, **how: Any) -> None:
        super().__init__(sock, *args, **how)
        left = sock.gettimeout()
        if left is not None:
            self.fp.close()
            self.fp = io.BufferedReader(_Timed(sock, left))


class _Timed(io.RawIOBase):
    def __init__(self, sock: socket.socket, left: float) -> None:
        self._sock, self.end = sock, time.monotonic() + left
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
