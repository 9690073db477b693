# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Patch an existing object in one request, only if it is still the object that the decision was based on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._mesh.errors import Outdated, Refused
from ..._mesh.objects.change import Change, Ref
from ..http.answer import Answer, error
from . import fields
from .content import content
from .server import Server

_MERGE = "application/merge-patch+json"
# A controller at work writes the status of its object some times a second; a patch is sent again as often as this.
_TIMES = 8


def amend(server: Server, before: Mapping[str, Any], patch: Mapping[str, Any], exact: bool = True) -> Change:
    """Send a merge patch for `before`, the object that was read. Raise Outdated and write nothing if somebody has changed the object since.

    A status that was reported since is no change. Without `exact`, anything may have changed, but the object must still have the same UID.
    """
    ref, meta = Ref.of(before), before["metadata"]
    if _holds(before, patch):
        return Change(ref, "unchanged", dict(before), dict(before))
    kind = server.discovery.find(ref.api_version, ref.kind)
    if kind is None:
        raise Refused(f"{server.name}: {ref}: the API server has no {ref.kind} in {ref.api_version}.")
    query = {"fieldManager": fields.MANAGER, "fieldValidation": "Strict", **({"dryRun": "All"} if server.dry_run else {})}
    live = before
    for _time in range(_TIMES):
        fixed = {"uid": meta["uid"], **({"resourceVersion": live["metadata"]["resourceVersion"]} if exact else {})}
        body = {**patch, "metadata": {**(patch.get("metadata") or {}), **fixed}}
        answer = server.transport.request("PATCH", server.path(ref, kind), query, body, content_type=_MERGE)
        if answer.ok:
            return Change(ref, "updated", dict(before), dict(answer.json()))
        live = _after_refusal(server, before, answer)
        # If the first answer was lost, its own write causes the refusal of the repeat; then the object holds the patch.
        if _holds(live, patch):
            return Change(ref, "updated", dict(before), live)
        if exact and content(live) != content(before):
            break
    raise Outdated(server.name, ref)


def _after_refusal(server: Server, before: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    """Return the object as it is now, if the patch was refused because it is not as it was read."""
    ref = Ref.of(before)
    if answer.status not in (409, 422):
        raise error(answer, server.name, f"patch {ref}")
    live = server.get(ref)
    if live is None or live["metadata"]["uid"] != before["metadata"]["uid"]:
        raise Outdated(server.name, ref)
    if answer.status == 422:  # for another object of this name the server reports that the uid may not change
        raise error(answer, server.name, f"patch {ref}")
    return live


def _holds(live: Any, patch: Any) -> bool:
    if isinstance(patch, Mapping):
        return isinstance(live, Mapping) and all(key not in live if value is None else _holds(live.get(key), value) for key, value in patch.items())
    return bool(live == patch)
