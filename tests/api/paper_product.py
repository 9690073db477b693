# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The product of the mesh of paper: a small HTTP server that takes a name, and another CA, by a PUT with a token. To the CA it rotates by itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import trust

_LOOKS = 3  # after so many it has moved on


class Product:
    """The product stores the CA that it gets in the cluster. `ordered` counts the CAs that it took, `refused` the requests without its token.

    `named` counts the names that it took, and `name` is the last of them.

    `interrupt` is called when a PUT comes, before anything is taken of it; where it says True, nothing is.
    """

    def __init__(self, cluster: Cluster, namespace: str, token: str) -> None:
        self.cluster, self.namespace, self.token = cluster, namespace, token
        self.ordered = self.refused = self.named = 0
        self.name = ""
        self.interrupt: Callable[[], bool] = lambda: False
        self._looks, self._lock = 0, threading.Lock()
        self.seals: list[str] = []

    def answer(self, request: bytes) -> bytes:
        head, _gap, body = request.partition(b"\r\n\r\n")
        line, *headers = head.decode().split("\r\n")
        given = {name.lower(): value for name, _colon, value in (one.partition(": ") for one in headers)}
        with self._lock:
            if given.get("x-paper-token") != self.token:
                self.refused += 1
                return _http(403, b"no")
            if line.startswith("PUT /v1/ca "):
                return self._put(json.loads(body))
            if line.startswith("PUT /v1/name "):
                return self._take_name(json.loads(body)["name"])
            if line.startswith("GET /v1/name "):
                return _http(200, json.dumps({"name": self.name}).encode())
            if line.partition(" ")[2].startswith("/v1/seals "):
                return self._sealed(line.partition(" ")[0], body)
            return _http(200, json.dumps(self._told()).encode()) if line.startswith("GET /v1/ca ") else _http(404, b"")

    def _sealed(self, method: str, body: bytes) -> bytes:
        """Learn a seal, forget one, or tell all. The product begins with the one that it was started with."""
        if not self.seals:
            self.seals = [self.seal()]
        if method != "GET":
            seal = str(json.loads(body)["seal"])
            self.seals = [*(one for one in self.seals if one != seal), *([seal] if method == "PUT" else [])]
        return _http(200, json.dumps({"seals": self.seals}).encode())

    def seal(self) -> str:
        """Return the seal with which a pod would start now."""
        live = self.cluster.get(Ref("v1", "Secret", trust.START, self.namespace)) or {}
        return decoded((live.get("data") or {}).get("token")).decode()

    def held(self) -> Material:
        refs = trust.objects(self.namespace)
        return trust.read({ref: one for ref in refs if (one := self.cluster.get(ref))})

    def _take_name(self, name: str) -> bytes:
        if self.interrupt():
            return _http(500, b"")
        self.named, self.name = self.named + 1, name
        return _http(200, b"{}")

    def _put(self, given: dict[str, str]) -> bytes:
        if self.interrupt():
            return _http(500, b"")
        self.ordered += 1
        old = self.held().roots.decode()
        roots = given["roots"] if given["roots"] in old else old + given["roots"]
        self._write(given["certificate"], given["key"], given["chain"], roots)
        self._looks = _LOOKS
        return _http(200, b"{}")

    def _told(self) -> dict[str, Any]:
        """Each request for the state moves the product on: workloads get their certificates, and then the former root goes."""
        self._looks = max(self._looks - 1, 0)
        ca = self.held()
        if self._looks == 0 and ca.roots.count(b"BEGIN") > 1:
            newest = ca.roots[ca.roots.rindex(b"-----BEGIN") :]
            self._write(ca.certificate.decode(), ca.key.decode(), (ca.chain or b"").decode(), newest.decode())
            ca = self.held()
        waits = [{"namespace": "shop", "name": "server-1"}] if self._looks > 1 else []
        return {"certificate": ca.certificate.decode(), "chain": (ca.chain or b"").decode(), "roots": ca.roots.decode(), "waits": waits}

    def _write(self, certificate: str, key: str, chain: str, roots: str) -> None:
        material = Material(certificate.encode(), key.encode(), chain.encode(), roots.encode())
        for one in trust.manifests(material, self.namespace, "paper"):
            live = self.cluster.get(Ref.of(one))
            assert live
            self.cluster.amend(live, {"data": one["data"]}, exact=False)


def _http(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body
