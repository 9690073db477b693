# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP to a port of a pod through the API server; inside the pod it arrives from localhost."""

from __future__ import annotations

import http.client
import io
import time
from collections.abc import Iterator

from .._mesh.errors import MeshError, NotReady, Unreachable
from .answer import Answer, Question, error
from .failure import why
from .transport import Transport
from .websocket import WebSocket

_DATA, _ERROR = 0, 1
_TRIES = 3


def ask(transport: Transport, question: Question) -> Answer:
    """Tried again when the connection breaks, unless a request could then arrive twice and matter twice."""
    end = time.monotonic() + question.timeout
    who = f"{transport.name}: Pod {question.namespace}/{question.pod}, port {question.port},"
    for attempt in range(1, _TRIES + 1):
        try:
            return _ask(transport, question, who, end)
        except TimeoutError as late:
            raise NotReady(f"{who} does not answer within {question.timeout:g} s.") from late
        except (OSError, http.client.HTTPException) as failed:
            if attempt == _TRIES or question.method != "GET" or time.monotonic() >= end:
                raise Unreachable(f"{who} could not be asked: the API server {why(failed)}") from failed
    raise AssertionError("unreachable")


def _ask(transport: Transport, question: Question, who: str, end: float) -> Answer:
    access = transport.access
    path = f"/api/v1/namespaces/{question.namespace}/pods/{question.pod}/portforward?ports={question.port}"
    with WebSocket(access, path, end - time.monotonic()) as opened:
        if opened.refused and opened.refused.status == 401 and transport.renew(access):
            return _ask(transport, question, who, end)
        if opened.refused:
            raise error(opened.refused, transport.name, f"forward a port to Pod {question.namespace}/{question.pod}")
        opened.send(_DATA, _request(question))
        stream = io.BufferedReader(_Incoming(opened.receive(), who))
        with http.client.HTTPResponse(_Source(stream), method=question.method) as reply:  # type: ignore[arg-type]
            reply.begin()
            return Answer(reply.status, reply.read(), {name.lower(): value for name, value in reply.getheaders()})


def _request(question: Question) -> bytes:
    lines = [f"{question.method} {question.path} HTTP/1.1", f"Host: localhost:{question.port}", "Connection: close"]
    if question.body is not None:
        lines.append(f"Content-Length: {len(question.body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (question.body or b"")


class _Source:
    """What http.client wants of a socket."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream

    def makefile(self, *_how: object) -> io.BufferedReader:
        return self._stream


class _Incoming(io.RawIOBase):
    """The data channel as a file. Each channel starts with the two bytes of its port."""

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
    """The runtime's error names sandbox and namespace ids first; its end says what happened."""
    text = " ".join(data.decode(errors="replace").split()).rstrip(".")
    return "nothing listens there" if "connection refused" in text else text[-200:]
