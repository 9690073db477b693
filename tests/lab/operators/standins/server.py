# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One API server, as a kubeconfig names it, over aiohttp."""

from __future__ import annotations

import base64
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
import yaml

from .objects import APPLY, CREATE, DELETE, KINDS, STATUS, Object, Write

FIELD_MANAGER = "meshops-stand-in"
_TYPES = {CREATE: "application/json", APPLY: "application/apply-patch+yaml"}
_MERGE = "application/merge-patch+json"
_GONE_OR_NEWER = (404, 409)  # somebody wrote or deleted it since: the next turn sees that


@dataclass(frozen=True)
class Access:
    """Where a server is, and who asks it."""

    url: str
    ca: str
    token: str = ""
    certificate: str = ""
    key: str = ""

    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.ca)
        if self.certificate:
            with tempfile.TemporaryDirectory() as folder:
                for name, text in (("crt", self.certificate), ("key", self.key)):
                    (Path(folder) / name).touch(0o600)
                    (Path(folder) / name).write_text(text, "utf-8")
                context.load_cert_chain(Path(folder) / "crt", Path(folder) / "key")
        return context


def access(kubeconfig: Path, context: str = "") -> Access:
    """Read a kubeconfig with its data inline or in files beside it; the current context if none is named."""
    config = yaml.safe_load(kubeconfig.read_text("utf-8"))
    wanted = _named(config["contexts"], context or config["current-context"])["context"]
    cluster, user = _named(config["clusters"], wanted["cluster"])["cluster"], _named(config["users"], wanted["user"])["user"]

    def text(of: Mapping[str, str], what: str) -> str:
        if data := of.get(f"{what}-data"):
            return base64.b64decode(data).decode()
        return (kubeconfig.parent / of[what]).read_text("utf-8") if of.get(what) else ""

    ca = text(cluster, "certificate-authority")
    return Access(cluster["server"], ca, user.get("token", ""), text(user, "client-certificate"), text(user, "client-key"))


def _named(entries: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
    return next(one for one in entries if one["name"] == wanted)


class Refused(Exception):
    """The API server refused a write."""


class Server:
    """A session with an API server."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def __aenter__(self) -> Server:
        headers = {"Authorization": f"Bearer {self._access.token}"} if self._access.token else {}
        connector = aiohttp.TCPConnector(ssl=self._access.tls())
        self._session = aiohttp.ClientSession(self._access.url, connector=connector, headers=headers, timeout=aiohttp.ClientTimeout(120))
        return self

    async def __aexit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None) -> None:
        await self._session.close()

    async def write(self, write: Write) -> Object | None:
        """Return the object as it is now; None if it is gone, or somebody else has written it since it was seen."""
        kind = KINDS[write.kind]
        path = kind.path(write.namespace, "" if write.verb == CREATE else write.name)
        body, query = dict(write.body), {"fieldManager": FIELD_MANAGER}
        if write.verb == DELETE:
            return await self._send("DELETE", path, {}, {"propagationPolicy": "Background"}, "application/json")
        if write.verb == CREATE:
            return await self._send("POST", path, query, body, _TYPES[CREATE])
        if write.verb == APPLY:
            return await self._send("PATCH", path, {**query, "force": "true"}, body, _TYPES[APPLY])
        if write.version:
            body = {**body, "metadata": {**body.get("metadata", {}), "resourceVersion": write.version}}
        return await self._send("PATCH", path + ("/status" if write.verb == STATUS else ""), query, body, _MERGE)

    async def get(self, kind: str, name: str, namespace: str = "") -> Object | None:
        return await self._send("GET", KINDS[kind].path(namespace, name), {}, None, "application/json")

    async def list(self, kind: str, namespace: str = "") -> list[Object]:
        found = await self._send("GET", KINDS[kind].path(namespace), {}, None, "application/json")
        return [{"apiVersion": KINDS[kind].api, "kind": kind, **one} for one in (found or {}).get("items", ())]

    async def _send(self, method: str, path: str, query: Mapping[str, str], body: Any, kind: str) -> Object | None:
        async with self._session.request(method, path, params=query, json=body, headers={"Content-Type": kind, "Accept": "application/json"}) as answer:
            if answer.status in _GONE_OR_NEWER:
                return None
            if answer.status >= 300:
                raise Refused(f"{method} {path}: {answer.status}: {(await answer.text())[:500]}")
            return dict(await answer.json())
