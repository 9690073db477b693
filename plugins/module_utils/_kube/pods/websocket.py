# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few frames of RFC 6455 that an API server uses, as a stream of (channel, bytes)."""

from __future__ import annotations

import base64
import http.client
import os
import socket
import struct
from collections.abc import Iterator

from ..._mesh.errors import MeshError
from ..http import dial
from ..http.answer import Answer
from ..reach.access import Access

_PROTOCOL = "v4.channel.k8s.io"
_FINAL, _PING, _PONG, _CLOSE = 0x80, 0x9, 0xA, 0x8


class WebSocket:
    """Open until the end of its `with`; no operation exceeds the deadline."""

    def __init__(self, access: Access, path: str, timeout: float) -> None:
        self._connection, self._resumption = dial.alone(access, timeout), access.resumption
        sent = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        sent["Sec-WebSocket-Key"] = base64.b64encode(os.urandom(16)).decode()
        sent["Sec-WebSocket-Protocol"] = _PROTOCOL
        self._connection.putrequest("GET", access.url.path.rstrip("/") + path)
        for name, value in [*sent.items(), *access.headers]:
            self._connection.putheader(name, value)
        try:
            self._connection.endheaders()
            reply = http.client.HTTPConnection.getresponse(self._connection)
            self.refused = None if reply.status == 101 else _refusal(reply)
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        if self.refused:
            self._connection.close()
        self._socket: socket.socket | None = self._connection.sock
        self._stream = reply.fp

    def until(self, end: float) -> None:
        """Replace the deadline of the upgrade with the moment `end` of the monotonic clock."""
        self._stream.raw.end = end  # type: ignore[attr-defined]

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._resumption.keep(self._socket)
        self._connection.close()

    def send(self, channel: int, payload: bytes) -> None:
        self._frame(0x2, bytes([channel]) + payload)

    def receive(self) -> Iterator[tuple[int, bytes]]:
        """Yield whole messages as (channel, bytes). Join fragments and answer pings."""
        message = b""
        while True:
            head = self._read(2, at_end=True)
            if len(head) < 2:
                return
            payload = self._read(self._length(head[1] & 0x7F))
            code = head[0] & 0x0F
            if code == _CLOSE:
                return
            if code == _PING:
                self._frame(_PONG, payload)
            elif code < 3:
                message += payload
                if head[0] & _FINAL:
                    if message:
                        yield message[0], message[1:]
                    message = b""

    def _length(self, short: int) -> int:
        if short == 126:
            return int(struct.unpack(">H", self._read(2))[0])
        return int(struct.unpack(">Q", self._read(8))[0]) if short == 127 else short

    def _read(self, count: int, at_end: bool = False) -> bytes:
        data = bytes(self._stream.read(count)) if count else b""
        if count > len(data) and not at_end:
            raise ConnectionError("a frame broke off")
        return data

    def _frame(self, code: int, payload: bytes) -> None:
        mask, size = os.urandom(4), len(payload)
        if size < 126:
            length = bytes([0x80 | size])
        elif size < 1 << 16:
            length = b"\xfe" + struct.pack(">H", size)
        else:
            length = b"\xff" + struct.pack(">Q", size)
        masked = (int.from_bytes(payload) ^ int.from_bytes((mask * (size // 4 + 1))[:size])).to_bytes(size)
        if self._socket is None:
            raise MeshError("the connection is closed")
        self._socket.sendall(bytes([_FINAL | code]) + length + mask + masked)


def _refusal(reply: http.client.HTTPResponse) -> Answer:
    return Answer(reply.status, reply.read(), {name.lower(): value for name, value in reply.getheaders()})
