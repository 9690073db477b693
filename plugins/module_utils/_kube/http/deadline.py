# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits: how long an answer may take, how often a request is repeated; and the enforcement of the first."""

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
    """All times are in seconds. `read` limits a whole answer; no repeat starts after `patience`, but the last one may still end.

    `write_rate` is in writes a second; 0 means unlimited.
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
        """Return the limits that a task's options set. A longer patience allows proportionally more attempts."""
        given: dict[str, Any] = {field: _positive(name, options[name]) for name, field in OPTIONS.items() if options.get(name) is not None}
        limits = cls(**given)
        connect = min(limits.connect, limits.read)
        attempts = max(limits.attempts, math.ceil(limits.attempts * limits.patience / cls.patience))
        return replace(limits, connect=connect, attempts=attempts)

    def pause(self, attempt: int, asked: float | None = None) -> float:
        """Return the pause before the next attempt in seconds. It is random, so that clients rejected together do not return together."""
        if asked is not None:
            return min(asked, self.longest_pause) * _DICE.uniform(1.0, 1.2)
        return min(self.longest_pause, self.first_pause * 2 ** (attempt - 1)) * _DICE.uniform(0.5, 1.0)


def _positive(name: str, value: Any) -> float:
    """Check a number: a second cluster's options come from a dictionary that Ansible has not checked."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        raise Refused(f"{name} is {value} but must be a number greater than 0.")
    return number


def bound(manager: Any) -> Any:
    """Make the read time-out of a urllib3 manager apply to the whole answer.

    Otherwise it restarts with every byte, so a server that sends a byte now and then would never time out.
    """
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded(pool) for scheme, pool in pools.items()}
    return manager


def _bounded(pool: Any) -> Any:
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": Reply})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class Reply(http.client.HTTPResponse):
    """A response that must be complete within the socket's time-out, counted from now."""

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
