# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send requests to one API server, each with a deadline, repeats where they are safe, and one message if it fails."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

try:
    import urllib3
    from urllib3 import exceptions as broken

    MISSING = None
    _NEVER_CONNECTED: tuple[type[Exception], ...] = (
        broken.NewConnectionError,
        broken.ConnectTimeoutError,
        broken.ProxyError,
        ConnectionRefusedError,
        socket.gaierror,
    )
except ImportError:
    MISSING = traceback.format_exc()

from ..._mesh.errors import Denied, MeshError, Unreachable
from ..reach.access import Access
from . import dial
from .answer import Answer
from .deadline import Limits
from .failure import untrusted, why
from .pace import WriteRate, stores
from .unheard import Unheard

THREADS = 8
# Every API server has this limit. It closes the connection in the middle of a larger body, so its answer often gets lost.
_LARGEST = 3 * 2**20
_TOO_LARGE = Answer(413, b'{"kind": "Status", "message": "the request is too large, the limit is 3145728 bytes"}')
_AGAIN = {429, 500, 502, 503, 504}
# JSON allows these, but the YAML parser of server-side apply folds or refuses them; or they are halves of a character.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class _Call:
    method: str
    url: str
    headers: list[tuple[str, str]]
    data: bytes | None
    repeat: bool
    limits: Limits
    end: float


def encode(body: Any) -> bytes:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return _NOT_YAML.sub(lambda match: f"\\u{ord(match.group()):04x}", text).encode()


class Transport:
    """One pool of connections that the threads of a task share."""

    def __init__(self, access: Access, name: str, *, pause: Callable[[float], None] = time.sleep, limits: Limits | None = None) -> None:
        self.access, self.name = access, name
        self.limits = limits or Limits()
        self.pause = pause
        self._pace = WriteRate(self.limits.write_rate) if self.limits.write_rate else None
        self._lock = threading.Lock()
        self._answered, self._unheard = False, Unheard()
        self._spent: Access | MeshError | None = None
        self._pool = dial.pool(access, THREADS)

    def beside(self) -> Transport:
        """Return another transport to the same server, with connections of its own."""
        return Transport(self.access, self.name, pause=self.pause, limits=self.limits)

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        accept: str = "application/json",
        content_type: str = "application/json",
        repeat: bool = True,
        within: float | None = None,
    ) -> Answer:
        """Send a request and return its answer. Raise Unreachable or Denied. `repeat=False`: repeat only if the server turned it away unprocessed.

        `within` is in seconds, for a caller that has less time than a request may take.
        """
        headers = [("Accept", accept), ("User-Agent", "meshops.lifecycle")]
        if body is not None:
            headers.append(("Content-Type", content_type))
        url = self.access.server + path + ("?" + urlencode(query) if query else "")
        limits = self.limits
        if within is not None:
            limits = replace(limits, read=min(limits.read, within), patience=min(limits.patience, within))
        data = None if body is None else encode(body)
        if len(data or b"") > _LARGEST:
            return _TOO_LARGE
        pace = self._pace if stores(method, path, query, body) else None
        self._await(pace)
        self._unheard.check()
        call = _Call(method, url, headers, data, repeat, limits, time.monotonic() + limits.patience)
        for attempt in range(1, limits.attempts):
            outcome = self._try(call, attempt)
            if isinstance(outcome, Answer):
                return outcome
            self.pause(min(outcome, max(0.0, call.end - time.monotonic())))
            self._await(pace)
        return self._last(call)

    def _await(self, pace: WriteRate | None) -> None:
        """Wait for the turn of a write. The patience of a request starts at its turn."""
        if pace and (turn := pace.turn()) > 0:
            self.pause(turn)

    def _try(self, call: _Call, attempt: int) -> Answer | float:
        """Return the answer, or the seconds to pause before the next attempt."""
        try:
            answer = self._once(call)
        except broken.HTTPError as error:
            if self.hopeless(error):
                raise self._unheard.noted(self._unreachable(error)) from error
            if not call.repeat or time.monotonic() >= call.end:
                raise self._unreachable(error) from error
            return call.limits.pause(attempt)
        passing = answer.status in _AGAIN and not answer.mistyped and (call.repeat or answer.status == 429)
        return call.limits.pause(attempt, retry_after(answer)) if passing and time.monotonic() < call.end else answer

    def hopeless(self, error: Exception) -> bool:
        """Return whether repeats are pointless: a certificate stays wrong, and a server that never answered probably has a wrong address."""
        return untrusted(error) or (not self._answered and isinstance(error, _NEVER_CONNECTED))

    def _last(self, call: _Call) -> Answer:
        try:
            return self._once(call)
        except broken.HTTPError as error:
            raise self._unreachable(error) from error

    def _once(self, call: _Call) -> Answer:
        used = self.access
        answer = self._send(call, used)
        if answer.status == 401 and self.renew(used):
            answer = self._send(call, self.access)
        return answer

    def _send(self, call: _Call, access: Access) -> Answer:
        headers = urllib3.response.HTTPHeaderDict([*call.headers, *access.headers])
        timeout = urllib3.Timeout(connect=call.limits.connect, read=call.limits.read)
        sent = time.time()
        reply = self._pool.request(call.method, call.url, headers=headers, body=call.data, redirect=False, timeout=timeout)
        received = {key.lower(): value for key, value in reply.headers.items()}
        answer = Answer(reply.status, reply.data, received, (sent + time.time()) / 2)
        if answer.garbled:
            raise broken.ProtocolError("the answer is cut off, or not from an API server")
        self._answered = True
        return answer

    def renew(self, used: Access) -> bool:
        """Renew a credential that expired during a long run. The first thread that notices renews the credential.

        Return False if there is no newer credential than `used`, so that the request need not be repeated. That result
        is remembered, and so is a failure: a plugin may ask somebody, or somebody's server, at every call.
        """
        with self._lock:
            if self.access is not used:
                return True
            if isinstance(self._spent, MeshError):
                raise self._spent
            if self._spent is used or not used.renew:
                return False
            try:
                fresh = used.renew()
                fresh.tls()
            except MeshError as failed:
                self._spent = Denied(f"{self.name}: the API server does not accept the credential any more (401), and its renewal failed: {failed}")
                raise self._spent from failed
            if (fresh.headers, fresh.client_cert) == (used.headers, used.client_cert):
                self._spent = used
                return False
            if (fresh.client_cert, fresh.client_key) != (used.client_cert, used.client_key):
                # Close the pool before other threads see the new access: no request may use it on a connection of the old identity.
                self._pool = dial.pool(fresh, THREADS)
            self.access = fresh
            return True

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(f"{self.name}: the API server at {self.access.server}{self.access.through} {why(error)}")


def retry_after(answer: Answer) -> float | None:
    seconds = answer.headers.get("retry-after", "")
    return float(seconds) if seconds.isdecimal() else None
