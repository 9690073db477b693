# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a server to create an object and not to store it: what comes back has passed its webhooks and its policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._mesh.errors import Refused
from ..._mesh.objects.change import Ref
from ..http.answer import error
from ..http.transport import THREADS, Transport
from . import fields
from .server import Server, all_or_error, each

_PATIENCE = 15.0  # a webhook may take 10 s, or less if it says so


@dataclass(frozen=True)
class Rehearsed:
    """The object as the server would have stored it; None with its refusal, in its own words."""

    live: Mapping[str, Any] | None = field(default=None, repr=False)
    refusal: str = ""


def rehearse_all(server: Server, manifests: Sequence[Mapping[str, Any]], at_once: int) -> list[Rehearsed]:
    """So many questions at once are so many connections to the server, and as many from there to a webhook."""
    ways = [server.transport, *(server.transport.beside() for _more in range(-(-at_once // THREADS) - 1))]
    numbered = list(enumerate(manifests))
    return all_or_error(each(lambda one: _rehearse(server, ways[one[0] % len(ways)], one[1]), numbered, at_once))


def _rehearse(server: Server, transport: Transport, manifest: Mapping[str, Any]) -> Rehearsed:
    """One question is one request: a webhook that failed once is not asked again. Of an object with generateName, the server chooses the name."""
    kind = server.discovery.find(manifest["apiVersion"], manifest["kind"])
    if kind is None:
        raise Refused(f"{server.name}: the API server has no {manifest['kind']} in {manifest['apiVersion']}.")
    meta = manifest["metadata"]
    ref = Ref(manifest["apiVersion"], manifest["kind"], meta.get("name") or meta["generateName"], meta.get("namespace"))
    query = {"dryRun": "All", "fieldManager": fields.MANAGER}
    answer = transport.request("POST", kind.path(ref.namespace), query, dict(manifest), repeat=False, within=_PATIENCE)
    if answer.ok:
        return Rehearsed(dict(answer.json()))
    if answer.status in (401, 429):
        raise error(answer, server.name, f"rehearse the creation of {ref}")
    return Rehearsed(None, str(answer.refusal.get("message") or f"HTTP {answer.status}"))
