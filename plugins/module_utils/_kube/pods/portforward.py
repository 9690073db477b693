# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send HTTP to a pod's port through the API server. Inside the pod it arrives from localhost."""

from __future__ import annotations

import http.client
import io
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..._mesh.errors import MeshError, NotReady, Unreachable
from ..http.answer import Answer, PodRequest, error
from ..http.failure import why
from ..http.transport import Transport, retry_after
from ..reach import trusted
from .websocket import WebSocket

_DATA, _ERROR = 0, 1
_TRIES = 3
_PIECE = 1 << 20  # bytes in one message: API servers limit its size
_HARMLESS = ("GET", "HEAD")
# The API server itself is busy for now; or it does not reach the kubelet, which may last.
_BUSY, _BROKEN = (429, 503), (500, 502, 504)
T = TypeVar("T")


class Port(Protocol):
    """A port of a pod, and the time-out in seconds."""

    @property
    def namespace(self) -> str: ...
    @property
    def pod(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def timeout(self) -> float: ...


@dataclass(frozen=True)
class Forwarded:
    """An open connection to a pod's port."""

    send: Callable[[bytes], None]
    stream: io.BufferedIOBase


def ask(transport: Transport, question: PodRequest) -> Answer:
    """Send the request and return the answer. If the connection breaks, repeat only GET and HEAD, which may arrive twice."""
    who = _who(transport, question)
    request = _request(question, who)
    return forward(transport, question, lambda opened: _exchange(_secured(opened, question, who), request, question.method), question.method in _HARMLESS)


def forward(transport: Transport, to: Port, talk: Callable[[Forwarded], T], repeat: bool = True) -> T:
    """Return what `talk` returns for the forwarded port. If the connection breaks and `repeat` allows it, call `talk` again.

    The time-out of `to` limits the pod. For an API server that is busy or restarts, the patience of every request applies.
    """
    who = _who(transport, to)
    end: float | None = None
    for attempt in range(1, _TRIES + 1):
        with _opened(transport, to, who) as opened:
            end = end or time.monotonic() + to.timeout
            opened.until(end)
            try:
                return talk(_forwarded(opened, who))
            except TimeoutError as late:
                raise NotReady(f"{who} does not answer within {to.timeout:g} s.") from late
            except (OSError, http.client.HTTPException) as failed:
                if attempt == _TRIES or not repeat or time.monotonic() >= end:
                    raise _unasked(transport, who, failed) from failed
    raise AssertionError("unreachable")


def _who(transport: Transport, to: Port) -> str:
    return f"{transport.name}: Pod {to.namespace}/{to.pod}, port {to.port},"


def _forwarded(opened: WebSocket, who: str) -> Forwarded:
    return Forwarded(lambda data: opened.send(_DATA, data), io.BufferedReader(_Incoming(opened.receive(), who)))


def _opened(transport: Transport, to: Port, who: str) -> WebSocket:
    """Open the connection. Nothing has reached the pod yet, so any request can be started again."""
    start, limits = time.monotonic(), transport.limits
    for attempt in itertools.count(1):
        left = start + limits.patience - time.monotonic() if attempt < limits.attempts else 0.0
        asked = None
        try:
            opened = _upgraded(transport, to)
            if opened.refused is None:
                return opened
            asked = _again(transport, to, opened.refused, attempt, left)
        except TimeoutError as late:
            if left <= 0 or time.monotonic() >= start + to.timeout:
                raise NotReady(f"{who} does not answer within {to.timeout:g} s.") from late
        except (OSError, http.client.HTTPException) as failed:
            if left <= 0 or transport.hopeless(failed):
                raise _unasked(transport, who, failed) from failed
        transport.pause(min(limits.pause(attempt, asked), max(0.0, left)))
    raise AssertionError("unreachable")


def _channel(to: Port) -> str:
    return f"/api/v1/namespaces/{to.namespace}/pods/{to.pod}/portforward?ports={to.port}"


def _upgraded(transport: Transport, to: Port) -> WebSocket:
    access, wait = transport.access, min(transport.limits.read, to.timeout)
    opened = WebSocket(access, _channel(to), wait)
    if opened.refused and opened.refused.status == 401 and transport.renew(access):
        opened = WebSocket(transport.access, _channel(to), wait)
    if opened.refused and opened.refused.ok:
        raise http.client.HTTPException("the answer is not from an API server")
    return opened


def _again(transport: Transport, to: Port, refused: Answer, attempt: int, left: float) -> float | None:
    """Return the pause in seconds that the server asks for, or None. Raise if its refusal is final."""
    passing = refused.status in _BUSY or (refused.status in _BROKEN and attempt < _TRIES)
    if left <= 0 or not passing:
        raise error(refused, transport.name, f"forward a port to Pod {to.namespace}/{to.pod}")
    return retry_after(refused)


def _unasked(transport: Transport, who: str, failed: Exception) -> Unreachable:
    return Unreachable(f"{who} could not be asked: the API server{transport.access.through} {why(failed)}")


def _secured(opened: Forwarded, question: PodRequest, who: str) -> Forwarded:
    """Return the port, or a TLS session on it. Send nothing before the pod has proved its name with a certificate of the CA."""
    if question.tls is None:
        return opened
    from . import tls

    try:
        context = trusted.context(question.tls.ca, True)
    except ValueError as failed:
        raise MeshError(f"{who} cannot be verified with the given CA: {failed}.") from failed
    session = tls.Session(opened.send, opened.stream, context, question.tls.server_name, who).shake_hands()
    return Forwarded(session.send, io.BufferedReader(session))


def _exchange(opened: Forwarded, request: bytes, method: str) -> Answer:
    for start in range(0, len(request), _PIECE):
        opened.send(request[start : start + _PIECE])
    with http.client.HTTPResponse(_SocketFile(opened.stream), method=method) as reply:  # type: ignore[arg-type]
        reply.begin()
        return Answer(reply.status, reply.read(), {name.lower(): value for name, value in reply.getheaders()})


def _request(question: PodRequest, who: str) -> bytes:
    """Return the bytes of a request. Refuse a header with a line break, because it would be two; name it without its value, which may be a token."""
    broken = [name for name, value in question.headers if set(value) & set("\r\n\0")]
    if broken:
        raise MeshError(f"{who} gets no request: the value of the header {broken[0]} contains a line break.")
    lines = [f"{question.method} {question.path} HTTP/1.1", f"Host: localhost:{question.port}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in question.headers]
    if question.body is not None or question.method not in _HARMLESS:
        lines.append(f"Content-Length: {len(question.body or b'')}")
    return "\r\n".join([*lines, "", ""]).encode() + (question.body or b"")


class _SocketFile:
    """The one method of a socket that http.client calls."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream

    def makefile(self, *_how: object) -> io.BufferedIOBase:
        return self._stream


class _Incoming(io.RawIOBase):
    """The data channel as a file. Each channel starts with two bytes that hold the port."""

    def __init__(self, messages: Iterator[tuple[int, bytes]], who: str) -> None:
        self._messages, self._who = messages, who
        self._skip = {_DATA: 2, _ERROR: 2}
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            message = next(self._messages, None)
            if message is None:
                return 0
            channel, data = message
            skipped = self._skip.get(channel, 0)
            self._skip[channel] = max(0, skipped - len(data))
            data = data[skipped:]
            if channel == _ERROR and data:
                raise MeshError(f"{self._who} does not answer: {_short(data)}.")
            self._left = data if channel == _DATA else b""
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def _short(data: bytes) -> str:
    """Return the end of the container runtime's error: it starts with sandbox and namespace IDs and ends with what happened."""
    text = " ".join(data.decode(errors="replace").split()).rstrip(".")
    return "nothing listens there" if "connection refused" in text else text[-200:]
