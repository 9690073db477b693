# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a server to create an object and not to store it: what comes back has passed its webhooks and its policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._mesh.errors import Refused
from ..._mesh.objects.change import Ref
from ..http.answer import error
from . import fields
from .server import Server

_PATIENCE = 15.0  # a webhook may take 10 s, or less if it says so


@dataclass(frozen=True)
class Rehearsed:
    """The object as the server would have stored it; None with its refusal, in its own words."""

    live: Mapping[str, Any] | None = field(default=None, repr=False)
    refusal: str = ""


def rehearse(server: Server, manifest: Mapping[str, Any]) -> Rehearsed:
    """One question is one request: a webhook that failed once is not asked again. Of an object with generateName, the server chooses the name."""
    kind = server.discovery.find(manifest["apiVersion"], manifest["kind"])
    if kind is None:
        raise Refused(f"{server.name}: the API server has no {manifest['kind']} in {manifest['apiVersion']}.")
    meta = manifest["metadata"]
    ref = Ref(manifest["apiVersion"], manifest["kind"], meta.get("name") or meta["generateName"], meta.get("namespace"))
    query = {"dryRun": "All", "fieldManager": fields.MANAGER}
    answer = server.transport.request("POST", kind.path(ref.namespace), query, dict(manifest), repeat=False, within=_PATIENCE)
    if answer.ok:
        return Rehearsed(dict(answer.json()))
    if answer.status in (401, 429):
        raise error(answer, server.name, f"rehearse the creation of {ref}")
    return Rehearsed(None, str(answer.refusal.get("message") or f"HTTP {answer.status}"))
