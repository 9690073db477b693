# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The little of the Kubernetes API that the lab itself needs, over the standard library's HTTP client."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

JSON = "application/json"
MERGE = "application/merge-patch+json"
HOME = "/api/v1/namespaces/kube-system"
TEST_LABEL = "meshops.lifecycle/test"


class ApiError(Exception):
    """The API server answered, but not with success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """One cluster's API, as the administrator of the certificates in `pki`. Each request has a connection of its own."""

    def __init__(self, server: str, pki: Path, timeout: float = 10) -> None:
        address = urllib.parse.urlsplit(server)
        self._host, self._port, self._timeout = address.hostname or "", address.port or 443, timeout
        self._tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def _send(self, method: str, path: str, body: object, kind: str, timeout: float) -> http.client.HTTPResponse:
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": kind, "Accept": JSON})
        answer = connection.getresponse()
        if answer.status >= 300:
            raise ApiError(answer.status, answer.read().decode(errors="replace")[:500])
        return answer

    def get(self, path: str) -> dict[str, Any]:
        return json.load(self._send("GET", path, None, JSON, self._timeout))

    def text(self, path: str) -> str:
        return self._send("GET", path, None, JSON, self._timeout).read().decode(errors="replace")

    def patch(self, path: str, body: object) -> dict[str, Any]:
        return json.load(self._send("PATCH", path, body, MERGE, self._timeout))

    def watch(self, path: str, version: str, seconds: int = 300) -> Iterator[dict[str, Any]]:
        """Events since a resource version, until the server ends the watch."""
        query = urllib.parse.urlencode({"watch": "true", "resourceVersion": version, "timeoutSeconds": seconds})
        for line in self._send("GET", f"{path}?{query}", None, JSON, seconds + 30):
            yield json.loads(line)


def mark(api: Api) -> None:
    """Say on the cluster itself that it is one for tests: drills refuse to kill runs on others."""
    api.patch(HOME, {"metadata": {"labels": {TEST_LABEL: "true"}}})
