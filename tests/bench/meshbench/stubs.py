# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many small clusters in one process, run as a program of its own: https://127.0.0.1:<port>/<cluster>.

Each is the in-memory API server of the unit tests. Its pods answer what istiod answers at its debug port. It takes the folder with apiserver.crt and
apiserver.key and the names of the clusters, and prints its port. Two neighbours in the list are a mesh. An answer is remembered until somebody writes
into the cluster, so that a stub takes little of the machine. `/_/…` is for the benchmark: counts, and what Helm would have installed.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import ssl
import struct
import sys
import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_server import FakeServer, rolled_out

LOOPBACK = "127.0.0.1"
PROXIES = 5
NAMESPACE = "istio-system"
READS = ("GET", "HEAD")
REVIEWS = "accessreviews"
UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"
PORT = struct.pack("<H", 15014)
# A longer frame would need another form of its length.
FRAME = 60000


def network(cluster: str) -> str:
    return f"net-{cluster}"


class Stub:
    """One cluster."""

    def __init__(self, name: str, mates: list[str]) -> None:
        self.name, self._mates = name, mates
        self._remembered: dict[tuple[Any, ...], Answer] = {}
        self.server = FakeServer([], [], [], self._react, str(uuid.uuid5(uuid.NAMESPACE_DNS, name)))
        for number in (1, 2):
            self.server.seed(_node(f"{name}-node-{number}"))

    def _react(self, live: dict[str, Any]) -> None:
        """Act as the token controller, and as a kubelet that starts pods at once."""
        rolled_out(live)
        if live["kind"] == "Namespace":
            live["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = live["metadata"]["name"]
        if live["kind"] == "Secret" and live.get("type") == "kubernetes.io/service-account-token" and not live.get("data"):
            told = {"token": f"token-of-{self.name}", "ca.crt": "-----BEGIN CERTIFICATE-----\n", "namespace": live["metadata"]["namespace"]}
            live["data"] = {key: base64.b64encode(value.encode()).decode() for key, value in told.items()}
        if live["kind"] == "Deployment" and live["metadata"].get("namespace") == NAMESPACE:
            self.server.seed(_pod(live))

    def handle(self, method: str, target: str, body: Any, content_type: str) -> Answer:
        path, _mark, query = target.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        harmless = method in READS or path.endswith(REVIEWS) or "dryRun" in asked
        key = (method, target, json.dumps(body, sort_keys=True))
        if harmless and key in self._remembered:
            return self._remembered[key]
        before = self.server.version
        answer = self.server.handle(method, path, asked, body, content_type)
        if not harmless or self.server.version != before:
            self._remembered.clear()
        else:
            self._remembered[key] = answer
        return answer

    def install(self, told: Mapping[str, Any]) -> None:
        """Store what Helm leaves: the objects of the chart and its own record."""
        release, space = told["release"], told["namespace"]
        marks = {"annotations": {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": space},
                 "labels": {"app.kubernetes.io/managed-by": "Helm"}}
        for manifest in told["objects"]:
            meta = manifest["metadata"]
            for kind, values in marks.items():
                meta[kind] = {**(meta.get(kind) or {}), **values}
            self.server.seed(manifest)
        self.server.seed(_record(told))
        self._remembered.clear()

    def debug(self, path: str, pod: str = "") -> bytes:
        """As the istiod in this pod says it."""
        if path.startswith("/debug/clusterz"):
            own = {"id": self.name, "secretName": "", "syncStatus": "synced"}
            told: Any = [own, *({"id": mate, "secretName": f"{NAMESPACE}/istio-remote-secret-{mate}", "syncStatus": "synced"} for mate in self._mates)]
        elif path.startswith("/debug/networkz"):
            told = [{"Network": network(mate), "Addr": "192.0.2.10", "Cluster": mate, "Port": 15443} for mate in self._mates]
        else:
            nonces = {f"{kind}_{what}": kind for kind in ("cluster", "listener", "endpoint", "route") for what in ("sent", "acked")}
            told = [{"cluster_id": self.name, "proxy": f"app-{number}.shop", "proxy_type": "sidecar", "istio_version": "1.32.0", **nonces, "resources": {}}
                    for number in range(PROXIES)]
        return json.dumps(told).encode()


def _node(name: str) -> dict[str, Any]:
    status = {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}], "nodeInfo": {"kubeletVersion": "v1.34.1", "architecture": "amd64"},
              "conditions": [{"type": "Ready", "status": "True"}], "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


def _pod(deployment: Mapping[str, Any]) -> dict[str, Any]:
    template, name = deployment["spec"]["template"], deployment["metadata"]["name"]
    containers = template["spec"]["containers"]
    states = [{"name": one["name"], "ready": True, "image": one["image"], "state": {"running": {}}} for one in containers]
    labels = {**(template["metadata"].get("labels") or {}), **({"app": "istiod"} if name.startswith("istiod") else {})}
    meta = {"name": f"{name}-7d9f", "namespace": deployment["metadata"]["namespace"], "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"], "status": {"phase": "Running", "containerStatuses": states}}


def _record(told: Mapping[str, Any]) -> dict[str, Any]:
    release, space = told["release"], told["namespace"]
    body = {"name": release, "namespace": space, "version": 1, "config": told["values"], "manifest": json.dumps(told["objects"]),
            "info": {"status": "deployed", "description": "Install complete"}, "chart": {"metadata": told["chart"], "values": {}, "templates": []}}
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(body).encode(), 1))).decode()
    labels = {"name": release, "owner": "helm", "status": "deployed", "version": "1"}
    meta = {"name": f"sh.helm.release.v1.{release}.v1", "namespace": space, "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": meta, "data": {"release": packed}}


class Stubs:
    """All of them, behind one port."""

    def __init__(self, names: list[str], made: Callable[[str, list[str]], Stub] = Stub) -> None:
        pairs = {name: names[place // 2 * 2 : place // 2 * 2 + 2] for place, name in enumerate(names)}
        self._clusters = {name: made(name, [mate for mate in pair if mate != name]) for name, pair in pairs.items()}
        self._installed: dict[str, list[Mapping[str, Any]]] = {}
        self._counts = {"requests": 0, "writes": 0}

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._served(reader, writer):
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _version = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in head[1:])}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        cluster, rest = target[1:].partition("/")[0], "/" + target[1:].partition("/")[2]
        if cluster == "_":
            return _write(writer, self._told(rest, json.loads(raw or b"{}")))
        stub = self._clusters[cluster]
        self._counts["requests"] += 1
        if headers.get("upgrade", "").lower() == "websocket":
            await _forwarded(reader, writer, stub, rest)
            return False
        self._counts["writes"] += method not in READS and not rest.partition("?")[0].endswith(REVIEWS) and "dryRun" not in rest
        body = json.loads(raw) if raw else None
        return _write(writer, stub.handle(method, rest, body, headers.get("content-type", "")))

    def _told(self, path: str, words: Mapping[str, Any]) -> Answer:
        """Take an order of the benchmark: store what Helm would have installed, or copy it to all other meshes."""
        if path == "/install":
            self._clusters[words["cluster"]].install(json.loads(json.dumps(words)))
            self._installed.setdefault(words["cluster"], []).append(words)
        if path == "/spread":
            names = list(self._clusters)
            for place, name in enumerate(names[2:]):
                for told in self._installed.get(names[place % 2], []):
                    text = json.dumps(told)
                    for old, new in zip(names[:2], names[place // 2 * 2 + 2 : place // 2 * 2 + 4], strict=True):
                        text = text.replace(old, new)
                    self._clusters[name].install(json.loads(text.replace(mesh(names[0]), mesh(name))))
        counts = dict(self._counts)
        if path == "/counts":
            self._counts.update(requests=0, writes=0)
        return Answer(200, json.dumps(counts).encode(), {})


def mesh(cluster: str) -> str:
    """The mesh of a cluster called c<number>, counted from 1."""
    return f"mesh-{(int(cluster[1:]) + 1) // 2:04}"


def _write(writer: asyncio.StreamWriter, answer: Answer) -> bool:
    head = f"HTTP/1.1 {answer.status} x\r\nDate: {formatdate(usegmt=True)}\r\nContent-Type: application/json\r\nContent-Length: {len(answer.body)}\r\n\r\n"
    writer.write(head.encode() + answer.body)
    return True


async def _forwarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stub: Stub, path: str) -> None:
    """One request to a port of a pod, which the path names before its last part."""
    writer.write(UPGRADED)
    asked = (await _heard(reader))[1:].decode("latin-1").split(" ")[1]
    body = stub.debug(asked, path.partition("?")[0].split("/")[-2])
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    parts = [b"\0" + answer[place : place + FRAME] for place in range(0, len(answer), FRAME)]
    for part in (b"\0" + PORT, b"\1" + PORT, *parts):
        size = bytes([len(part)]) if len(part) < 126 else b"\x7e" + struct.pack(">H", len(part))
        writer.write(b"\x82" + size + part)
    writer.write(b"\x88\0")
    await writer.drain()


async def _heard(reader: asyncio.StreamReader) -> bytes:
    size = (await reader.readexactly(2))[1] & 0x7F
    size = struct.unpack(">H", await reader.readexactly(2))[0] if size == 126 else size
    mask = await reader.readexactly(4)
    return bytes(byte ^ mask[place % 4] for place, byte in enumerate(await reader.readexactly(size)))


async def main(folder: Path, names: list[str], made: Callable[[str, list[str]], Stub] = Stub) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "apiserver.crt", folder / "apiserver.key")
    server = await asyncio.start_server(Stubs(names, made).connected, LOOPBACK, 0, ssl=tls, backlog=1024, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Until whoever started us goes away.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
