# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy in front of an API server that does to requests what bad networks and busy servers do.

Plain HTTP towards the client, so that its faults are those of the connection and not of a certificate.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Reply = tuple[int, list[tuple[str, str]], bytes]


class Gone(Exception):
    """The proxy has closed the connection to the client."""


@dataclass(frozen=True)
class Fault:
    """A fault of one request: before it is forwarded, or in its answer."""

    name: str
    before: Callable[[Exchange], Reply | None] = lambda exchange: None
    after: Callable[[Exchange, Reply], Reply | None] = lambda exchange, reply: reply
    # To an upgraded connection, a few bytes after the upgrade.
    upgraded: Callable[[Exchange], None] | None = None

    def __str__(self) -> str:
        return self.name


class Exchange(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    hostile: Hostile

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.hostile.fault(self.command, self.path)
        try:
            reply = fault.before(self) if fault else None
            if reply is None and self.headers.get("Upgrade") and not (fault and fault.after == _gateway):
                self.tunnel(fault.upgraded if fault else None)
            elif reply is None:
                reply = self.forward(body)
                reply = fault.after(self, reply) if fault else reply
            if reply:
                self.tell(*reply)
        except Gone:
            self.reset()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

    def forward(self, body: bytes) -> Reply:
        target = urlsplit(self.hostile.server)
        with closing(http.client.HTTPSConnection(target.hostname or "", target.port, timeout=60, context=self.hostile.tls)) as onward:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            onward.request(self.command, self.path, body or None, headers)
            reply = onward.getresponse()
            kept = [(name, value) for name, value in reply.getheaders() if name.lower() not in ("content-length", "transfer-encoding", "connection")]
            return reply.status, kept, reply.read()

    def tunnel(self, befalls: Callable[[Exchange], None] | None) -> None:
        """Pass bytes in both directions until a fault is due."""
        target = urlsplit(self.hostile.server)
        self.close_connection = True
        with self.hostile.tls.wrap_socket(socket.create_connection((target.hostname, target.port)), server_hostname=target.hostname) as onward:
            lines = [f"{self.command} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items())]
            onward.sendall("\r\n".join([*lines, "", ""]).encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += onward.recv(1)
            self.wfile.write(head)
            threading.Thread(target=_pump, args=(self.connection, onward), daemon=True).start()
            if befalls:
                self.wfile.write(onward.recv(5))
                befalls(self)
            else:
                _pump(onward, self.connection)

    def tell(self, status: int, headers: list[tuple[str, str]], body: bytes, length: int | None = None) -> None:
        self.send_response_only(status)
        for name, value in [*headers, ("Content-Length", str(len(body) if length is None else length))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def reset(self) -> None:
        """Reset the connection (RST)."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(OSError):
            # A thread that still reads from it would keep it open.
            self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *_what: Any) -> None:
        pass


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while data := source.recv(4096):
            sink.sendall(data)


class Hostile:
    """The proxy. `befall` sets faults for some requests; all others pass."""

    def __init__(self, server: str, ca: str) -> None:
        self.server, self.tls = server, ssl.create_default_context(cafile=ca)
        self.url = ""
        self.befallen: list[tuple[str, str, str]] = []
        self.total = 0
        self.stall = 3.0
        self._lock = threading.Lock()
        self.calm()

    def calm(self) -> None:
        with self._lock:
            self._choose: Callable[[str, str], Fault | None] = lambda method, path: None
            self.befallen.clear()

    def befall(self, fault: Fault, methods: str, times: int) -> None:
        """Set a fault for the first `times` requests of each method to each path and query. Each page of a list counts as one request."""
        seen: Counter[tuple[str, str]] = Counter()

        def choose(method: str, path: str) -> Fault | None:
            seen[method, path] += 1
            return fault if method in methods.split() and seen[method, path] <= times else None

        self.calm()
        self._choose = choose

    def befall_where(self, fault: Fault, part: str) -> None:
        """Set a fault for requests with this text in their path or query."""
        self.calm()
        self._choose = lambda method, path: fault if part in path else None

    def befall_by_chance(self, shares: dict[Fault, float], seed: int) -> None:
        dice = random.Random(seed)
        faults = list(shares)
        weights = [*shares.values(), 1 - sum(shares.values())]
        self.calm()
        self._choose = lambda method, path: dice.choices([*faults, None], weights)[0]

    def fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            fault = self._choose(method, path)
            if fault:
                self.befallen.append((fault.name, method, urlsplit(path).path))
                self.total += 1
            return fault


@contextmanager
def hostile(server: str, ca: str) -> Iterator[Hostile]:
    between = Hostile(server, ca)
    exchange = type("Exchange", (Exchange,), {"hostile": between, "wbufsize": 0, "disable_nagle_algorithm": True})
    with ThreadingHTTPServer(("127.0.0.1", 0), exchange) as listening:
        listening.daemon_threads = True
        listening.block_on_close = False
        listening.handle_error = lambda *_what: None  # type: ignore[method-assign]
        between.url = f"http://127.0.0.1:{listening.server_port}"
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield between
        listening.shutdown()


def refusal(code: int, reason: str, *headers: tuple[str, str]) -> Callable[[Exchange], Reply]:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": f"injected {code}", "code": code}
    return lambda exchange: (code, [("Content-Type", "application/json"), *headers], json.dumps(body).encode())


def _reset(*_what: Any) -> Reply | None:
    raise Gone


def _stall(exchange: Exchange, *_reply: Any) -> Reply | None:
    time.sleep(exchange.hostile.stall)
    raise Gone


def _end(_exchange: Exchange) -> None:
    """End the connection in an orderly way, but too early."""


def _half(exchange: Exchange, reply: Reply) -> Reply | None:
    """Send half of the answer, under the length of the whole."""
    status, headers, body = reply
    exchange.tell(status, headers, body[: len(body) // 2], len(body))
    raise Gone


def _cut(_exchange: Exchange, reply: Reply) -> Reply | None:
    """Send half of the answer with a length that fits, as a proxy does that buffers."""
    return reply[0], reply[1], reply[2][: len(reply[2]) // 2]


def _nothing(_exchange: Exchange, reply: Reply) -> Reply | None:
    return reply[0], reply[1], b""


def _drip(exchange: Exchange, reply: Reply) -> Reply | None:
    """Send a byte now and then, each within the time limit for one read."""
    status, headers, body = reply
    exchange.tell(status, headers, b"", len(body))
    end = time.monotonic() + exchange.hostile.stall
    for byte in body:
        time.sleep(0.05)
        if time.monotonic() > end:
            raise Gone
        exchange.wfile.write(bytes([byte]))
    return None


def _gateway(_exchange: Exchange, _reply: Reply) -> Reply | None:
    """Answer as a load balancer that gave up while the server was still working."""
    return 504, [("Content-Type", "text/html")], b"<h1>504 Gateway Time-out</h1>"


def _page(_exchange: Exchange) -> Reply | None:
    return 200, [("Content-Type", "text/html")], b"<h1>Please log in</h1>"


CONFLICT = Fault("409", before=refusal(409, "Conflict"))
BUSY = Fault("429 with Retry-After", before=refusal(429, "TooManyRequests", ("Retry-After", "1")))
FAILED = Fault("500", before=refusal(500, "InternalError"))
UNAVAILABLE = Fault("503", before=refusal(503, "ServiceUnavailable"))
RESET = Fault("reset before", before=_reset)
LOST = Fault("reset after, the answer is lost", after=_reset, upgraded=_reset)
HALF = Fault("half an answer", after=_half, upgraded=_end)
CUT = Fault("cut JSON of a fitting length", after=_cut, upgraded=_end)
NOTHING = Fault("an empty answer", after=_nothing, upgraded=_end)
STALL = Fault("stall before", before=_stall)
LOST_IN_STALL = Fault("stall after", after=_stall, upgraded=_stall)
DRIP = Fault("an answer byte by byte", after=_drip, upgraded=_stall)
GATEWAY = Fault("504 after", after=_gateway)
PAGE = Fault("a page instead", before=_page)
EXPIRED = Fault("410", before=refusal(410, "Expired"))

EVERY = [BUSY, FAILED, UNAVAILABLE, RESET, LOST, HALF, CUT, NOTHING, STALL, LOST_IN_STALL, DRIP, GATEWAY, PAGE]
