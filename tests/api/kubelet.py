# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of a kubelet that a port-forward needs. Every pod on its node answers with the request that it got, unless the test says what it answers."""

from __future__ import annotations

import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"
_HANDSHAKE = b"\x16"
PORT = struct.pack("<H", 15014)


class Kubelet:
    """`asked` has the request lines that reached a pod, `heard` the whole requests.

    A client that begins with a TLS handshake is given one with `pods`, the certificate that each pod serves. `answer` is what else they say. Where
    pods differ, `speaks` gives what one of them says to a request, and `serves` with which certificate at a port.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.heard: list[bytes] = []
        self.pods: ssl.SSLContext | None = None
        self.answer: Callable[[bytes], bytes] | None = None
        self.speaks: Callable[[str, bytes], bytes] | None = None
        self.serves: Callable[[str, int], ssl.SSLContext | None] = lambda _pod, _port: self.pods
        self.port = 0


class _Forward(socketserver.StreamRequestHandler):
    kubelet: Kubelet
    tls: ssl.SSLContext

    def setup(self) -> None:
        self.request = self.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        place = urlsplit(self.rfile.readline().split()[1].decode())
        self.pod, to = place.path.rpartition("/")[2], int(parse_qs(place.query).get("port", ["0"])[0])
        for _line in iter(self.rfile.readline, b"\r\n"):
            pass
        self.wfile.write(UPGRADED)
        for part in (b"\0" + PORT, b"\1" + PORT):
            self._say(part)
        sent = self._hear()
        serving = self.kubelet.serves(self.pod, to) if sent[:1] == _HANDSHAKE else None
        if serving:
            self._over_tls(serving, sent)
        else:
            self._say(b"\0" + self._answer(sent))
        self._hear()

    def _answer(self, request: bytes) -> bytes:
        line = request.split(b"\r\n")[0]
        self.kubelet.heard.append(request)
        self.kubelet.asked.append(line.decode())
        if self.kubelet.speaks:
            return self.kubelet.speaks(self.pod, request)
        if self.kubelet.answer:
            return self.kubelet.answer(request)
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(line) + line

    def _over_tls(self, context: ssl.SSLContext, hello: bytes) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(hello)

        def done(step: Callable[[], Any]) -> Any:
            while True:
                try:
                    outcome = step()
                except ssl.SSLWantReadError:
                    outcome = None
                if reply := outgoing.read():
                    self._say(b"\0" + reply)
                if outcome is not None:
                    return outcome
                if heard := self._hear():
                    incoming.write(heard)
                else:
                    incoming.write_eof()  # whoever wanted to see a certificate only is gone; without this the thread would ask for ever

        with suppress(ssl.SSLError):
            done(lambda: session.do_handshake() or True)
            if request := done(lambda: session.read(1 << 16)):
                answer = self._answer(request)
                done(lambda: session.write(answer))

    def _say(self, part: bytes) -> None:
        length = bytes([len(part)]) if len(part) < 126 else b"\x7e" + struct.pack(">H", len(part))
        self.wfile.write(b"\x82" + length + part)

    def _hear(self) -> bytes:
        """Read a frame without its channel number."""
        head = self.rfile.read(2)
        if len(head) < 2:
            return b""
        size = head[1] & 0x7F
        size = struct.unpack(">H", self.rfile.read(2))[0] if size == 126 else size
        mask = self.rfile.read(4)
        return bytes(byte ^ mask[place % 4] for place, byte in enumerate(self.rfile.read(size)))[1:]

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()


class _Listening(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_what: Any) -> None:
        """Write nothing, because these tests break connections on purpose."""


@contextmanager
def kubelet(pki: Path) -> Iterator[Kubelet]:
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
    itself = Kubelet()
    with _Listening(("127.0.0.1", 0), type("Forward", (_Forward,), {"kubelet": itself, "tls": serving})) as listening:
        itself.port = listening.server_address[1]
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield itself
        listening.shutdown()
