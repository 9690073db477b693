# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a server what it would make of objects, and have it store none of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._mesh.errors import Refused
from ..._mesh.objects.pruning import MANAGER
from ..http.answer import Answer, error
from . import fields
from .discovery import Kind
from .server import Server, all_or_error, each

_AS = f"{MANAGER}/lint"  # fields that we or others apply stay theirs in the trial
_WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')
_BUSY = (401, 429, 502, 503, 504)


@dataclass(frozen=True)
class Tried:
    """The status of the answer, the Status object of a refusal, and the warnings. The refusal may quote what is secret."""

    status: int
    refusal: Mapping[str, Any] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()
    mistyped: bool = False

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def namespace_missing(self) -> bool:
        return self.status == 404 and (self.refusal.get("details") or {}).get("kind") == "namespaces"


class ApiTrial:
    """One API server as lint asks it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def served(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return by group and kind the versions that the server serves."""
        return self._server.discovery.served()

    def silent(self) -> frozenset[str]:
        """Return the API versions of which the server knows nothing now, because what serves them behind it does not answer. Ask `served` first."""
        return self._server.discovery.silent()

    def find(self, api_version: str, kind: str) -> Kind | None:
        return self._server.discovery.find(api_version, kind)

    def published(self, api_version: str) -> dict[str, Any]:
        """Return what the server publishes of an API version in OpenAPI v3; empty if it publishes nothing."""
        path = f"/openapi/v3/apis/{api_version}" if "/" in api_version else f"/openapi/v3/api/{api_version}"
        answer = self._server.transport.request("GET", path)
        return dict(answer.json()) if answer.ok else {}

    def ask(self, manifests: Sequence[Mapping[str, Any]]) -> list[Tried]:
        """Return what the server says to each, in their order. Each manifest names its object, and the namespace if it lives in one."""
        return all_or_error(each(self._ask, manifests))

    def _ask(self, manifest: Mapping[str, Any]) -> Tried:
        api_version, name = str(manifest["apiVersion"]), str(manifest["metadata"]["name"])
        kind = self.find(api_version, str(manifest["kind"]))
        if kind is None:
            return Tried(404, {"message": "the server does not serve the kind"})
        query = {"dryRun": "All", "fieldManager": _AS, "fieldValidation": "Strict", "force": "true"}
        try:
            path = kind.path(manifest["metadata"].get("namespace"), name)
        except Refused as refused:
            return Tried(422, {"message": str(refused)})
        wish = fields.normal(manifest, has_status=kind.has_status)
        answer = self._server.transport.request("PATCH", path, query, wish, content_type="application/apply-patch+yaml")
        if answer.status in _BUSY:
            raise error(answer, self._server.name, f"try {kind.kind} {name}")
        return Tried(answer.status, {} if answer.ok else answer.refusal, _warnings(answer), answer.mistyped)


def _warnings(answer: Answer) -> tuple[str, ...]:
    return tuple(text.replace('\\"', '"') for text in _WARNING.findall(answer.headers.get("warning", "")))
