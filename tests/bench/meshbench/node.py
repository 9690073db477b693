# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node whose pods are all proxies, run as a program of its own: as much of a kubelet and of Envoy's admin port as it takes to be asked for secrets.

It takes a folder with what its kubelet serves with (apiserver.crt and .key) and with the certificates that its pods tell of (dumps.json). It prints its
port, then reads lines of JSON from stdin. {"lagging": ["namespace/pod", ...]} makes exactly these answer with the older certificates, {"anew": true}
counts from now on. Each line is acknowledged by one with the moment and the number of different pods that were asked.
Ports are forwarded over a WebSocket (v4.channel.k8s.io), which our client asks for, and over SPDY, which an API server makes of what client-go asks for.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
WEBSOCKET = f"{SWITCHED}Upgrade: websocket\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n".encode()
SPDY = f"{SWITCHED}Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n".encode()
PORT = struct.pack("<H", 15000)
SYN_STREAM, SYN_REPLY, PING, FIN, CONTROL = 1, 2, 6, 1, 0x80000000
DUMPS, SECRETS = "dumps.json", "resource=dynamic_active_secrets"


class Node:
    """Runs for as long as the `with` block of `running`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._heard())

    def lag(self, pods: Sequence[str]) -> float:
        """Which pods answer with the older dump from now on; when that was so, by the clock of time.time()."""
        return self._told({"lagging": list(pods)})[0]

    def asked(self, anew: bool = False) -> int:
        """How many different pods were asked, counted from the last time that it began anew."""
        return int(self._told({"anew": anew})[1])

    def _told(self, words: Mapping[str, Any]) -> list[float]:
        if self._process.stdin is None:
            raise AssertionError("no way to tell the node")
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return [float(word) for word in self._heard().split()]

    def _heard(self) -> str:
        return self._process.stdout.readline() if self._process.stdout else ""


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Node]:
    command = [sys.executable, str(Path(__file__).resolve()), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Node(process)
        finally:
            process.kill()


class Pods:
    """What each answers: an HTTP response for a request to a path of Envoy's admin port."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.lagging: set[str] = set()
        self.asked: set[str] = set()
        self._told = told

    def answer(self, pod: str, request: bytes) -> bytes:
        self.asked.add(pod)
        told = self._told["old" if pod in self.lagging else "new"]
        path = request.split(b" ", 2)[1].decode()
        return response(dump(told["chains"][pod], told["roots"], whole=SECRETS not in path))


def dump(chain: str, roots: str, whole: bool) -> bytes:
    """As Envoy tells it: its secrets alone, or the whole configuration, which here has nothing else in it."""
    def inline(pem: str) -> dict[str, str]:
        return {"inline_bytes": base64.b64encode(pem.encode()).decode()}

    redacted = {"inline_bytes": "W3JlZGFjdGVkXQ=="}
    contents = {"default": {"tls_certificate": {"certificate_chain": inline(chain), "private_key": redacted}},
                "ROOTCA": {"validation_context": {"trusted_ca": inline(roots)}}}
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
    entries = [{"name": name, "version_info": "1", "last_updated": "2026-01-01T00:00:00.000Z", "secret": {"@type": kind, "name": name, **content}}
               for name, content in contents.items()]
    admin = "type.googleapis.com/envoy.admin.v3.SecretsConfigDump"
    if whole:
        return json.dumps({"configs": [{"@type": admin, "dynamic_active_secrets": entries}]}).encode()
    return json.dumps({"configs": [{"@type": f"{admin}.DynamicSecret", **entry} for entry in entries]}).encode()


def response(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def forward(pods: Pods, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, EOFError, ssl.SSLError):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        pod = "/".join(head.split()[1].partition("?")[0].split("/")[2:4])
        await (websocket if "websocket" in head.lower() else spdy)(pods, pod, reader, writer)
    with contextlib.suppress(OSError, ssl.SSLError):
        writer.close()


async def websocket(pods: Pods, pod: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(WEBSOCKET)
    head = await reader.readexactly(2)
    size = head[1] & 0x7F
    size = struct.unpack(">H", await reader.readexactly(2))[0] if size == 126 else size
    mask = await reader.readexactly(4)
    payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(await reader.readexactly(size)))
    writer.write(b"".join(framed(part) for part in (b"\0" + PORT, b"\1" + PORT, b"\0" + pods.answer(pod, payload[1:]))) + b"\x88\0")
    await writer.drain()
    await reader.read(64)


def framed(payload: bytes) -> bytes:
    size = len(payload)
    return (bytes([0x82, size]) if size < 126 else b"\x82\x7e" + struct.pack(">H", size)) + payload


async def spdy(pods: Pods, pod: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """client-go opens a stream for errors, then one for data. Headers are not looked at, and an empty block of them is sent."""
    writer.write(SPDY)
    packer, errors, request = zlib.compressobj(), 0, b""
    while True:
        first, second = struct.unpack(">II", await reader.readexactly(8))
        body = await reader.readexactly(second & 0xFFFFFF)
        if first & CONTROL:
            kind = first & 0xFFFF
            if kind == SYN_STREAM:
                stream = struct.unpack(">I", body[:4])[0]
                errors = errors or stream
                block = struct.pack(">I", stream) + packer.compress(b"\0\0\0\0") + packer.flush(zlib.Z_SYNC_FLUSH)
                writer.write(struct.pack(">II", CONTROL | 3 << 16 | SYN_REPLY, len(block)) + block)
            elif kind == PING:
                writer.write(struct.pack(">II", first, second) + body)
        elif first != errors:
            request += body
            if request.endswith(b"\r\n\r\n"):
                told, request = pods.answer(pod, request), b""
                for stream, data in ((first, told), (errors, b"")):
                    writer.write(struct.pack(">II", stream, FIN << 24 | len(data)) + data)


async def main(folder: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "apiserver.crt", folder / "apiserver.key")
    pods = Pods(json.loads((folder / DUMPS).read_text(encoding="utf-8")))

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await forward(pods, reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        told: dict[str, Any] = json.loads(line)
        pods.lagging = set(told.get("lagging", pods.lagging))
        pods.asked = set() if told.get("anew") else pods.asked
        print(time.time(), len(pods.asked), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
