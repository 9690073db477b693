# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watcher's own connection to an API server, and through it to a proxy's loopback address. It shares no code with the collection."""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import ssl
import struct
import tempfile
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

MASKED, BINARY, CLOSE, PING, PONG = 0x80, 0x82, 8, 9, 0x8A


class Api:
    """One cluster, by a context of a kubeconfig with certificates. If an answer is late, the watcher asks again, because it sees nothing while it waits."""

    def __init__(self, kubeconfig: Path, context: str, timeout: float = 1.2) -> None:
        config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        names = _named(config["contexts"], context)["context"]
        cluster, user = _named(config["clusters"], names["cluster"])["cluster"], _named(config["users"], names["user"])["user"]
        address = urllib.parse.urlsplit(cluster["server"])
        self._host, self._port, self._timeout = address.hostname or "", address.port or 443, timeout
        self._tls = ssl.create_default_context(cadata=_content(cluster, "certificate-authority").decode())
        with tempfile.NamedTemporaryFile() as both:
            both.write(_content(user, "client-certificate") + b"\n" + _content(user, "client-key"))
            both.flush()
            self._tls.load_cert_chain(both.name)

    def connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._host, self._port, context=self._tls, timeout=self._timeout)

    def tunnel(self, namespace: str, pod: str, port: int) -> Tunnel:
        connection = self.connection()
        connection.connect()
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/portforward?ports={port}"
        connection.sock.sendall(_upgrade(path, f"{self._host}:{self._port}"))
        return Tunnel(connection)


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in items if item["name"] == name)


def _content(given: Mapping[str, str], name: str) -> bytes:
    return base64.b64decode(given[f"{name}-data"]) if f"{name}-data" in given else Path(given[name]).read_bytes()


def listed(connection: http.client.HTTPSConnection, path: str) -> list[dict[str, Any]]:
    """The items of a list, over a connection that stays open."""
    connection.request("GET", path, headers={"Accept": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise OSError(f"{path} was answered by {answer.status}")
    return list(json.loads(body)["items"])


def _upgrade(path: str, host: str) -> bytes:
    headers = {"Host": host, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Protocol": "v4.channel.k8s.io"}
    return "".join([f"GET {path} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items()), "\r\n"]).encode()


class Tunnel:
    """A connection to a port on a pod's loopback address, for one HTTP request after the other."""

    def __init__(self, connection: http.client.HTTPSConnection) -> None:
        self._connection = connection
        self._file = connection.sock.makefile("rb")
        self._ports = {0: 2, 1: 2}  # each channel begins with the number of its port, in two bytes
        status = self._file.readline()
        while self._file.readline() not in (b"\r\n", b""):
            pass
        if b" 101 " not in status:
            self.close()
            raise OSError(f"port-forward was refused: {status.decode(errors='replace').strip()}")

    def close(self) -> None:
        self._file.close()
        self._connection.close()

    def get(self, path: str) -> bytes:
        self._send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answer = http.client.HTTPResponse(self)  # type: ignore[arg-type]  # of a socket it uses only makefile()
        answer.begin()
        body = answer.read()
        if answer.status != 200:
            raise OSError(f"{path} was answered by {answer.status}")
        return body

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Chunks(self))

    def _send(self, data: bytes) -> None:
        payload, mask = b"\0" + data, os.urandom(4)
        length = bytes([MASKED | len(payload)]) if len(payload) < 126 else bytes([MASKED | 126]) + struct.pack(">H", len(payload))
        self._connection.sock.sendall(bytes([BINARY]) + length + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload)))

    def receive(self) -> bytes:
        """The next bytes of the pod; none at the end."""
        while True:
            code, payload = self._frame()
            if code == CLOSE:
                return b""
            if code == PING or not payload:
                continue
            channel, data = payload[0], payload[1:]
            passed = min(self._ports.get(channel, 0), len(data))
            self._ports[channel] = self._ports.get(channel, 0) - passed
            if channel == 1 and data[passed:]:
                raise OSError(data[passed:].decode(errors="replace"))
            if channel == 0 and data[passed:]:
                return data[passed:]

    def _frame(self) -> tuple[int, bytes]:
        head = self._file.read(2)
        if len(head) < 2:
            return CLOSE, b""
        length = head[1] & 127
        if length == 126:
            length = struct.unpack(">H", self._file.read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self._file.read(8))[0]
        return head[0] & 15, self._file.read(length)


class _Chunks(io.RawIOBase):
    """A tunnel's bytes as a file. Closing it leaves the tunnel open, for the next request."""

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel, self._left = tunnel, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or self._tunnel.receive()
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size
