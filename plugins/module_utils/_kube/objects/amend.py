# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Patch an existing object in one request, only if it is still the object that the decision was based on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._mesh.errors import Refused
from ..._mesh.objects.change import Change, Ref
from ..http.answer import Answer, error
from . import fields
from .server import Server

_MERGE = "application/merge-patch+json"


def amend(server: Server, before: Mapping[str, Any], patch: Mapping[str, Any], exact: bool = True) -> Change:
    """Send a merge patch for `before`, the object that was read. Raise Refused and write nothing if the object has changed since.

    Without `exact`, the object may have changed, but it must still have the same UID.
    """
    ref, meta = Ref.of(before), before["metadata"]
    if _holds(before, patch):
        return Change(ref, "unchanged", dict(before), dict(before))
    kind = server.discovery.find(ref.api_version, ref.kind)
    if kind is None:
        raise Refused(f"{server.name}: {ref}: the API server has no {ref.kind} in {ref.api_version}.")
    fixed = {"uid": meta["uid"], **({"resourceVersion": meta["resourceVersion"]} if exact else {})}
    body = {**patch, "metadata": {**(patch.get("metadata") or {}), **fixed}}
    query = {"fieldManager": fields.MANAGER, "fieldValidation": "Strict", **({"dryRun": "All"} if server.dry_run else {})}
    answer = server.transport.request("PATCH", server.path(ref, kind), query, body, content_type=_MERGE)
    if answer.ok:
        return Change(ref, "updated", dict(before), dict(answer.json()))
    return _lost(server, before, patch, answer)


def _lost(server: Server, before: Mapping[str, Any], patch: Mapping[str, Any], answer: Answer) -> Change:
    """Judge a refused patch. If the first answer was lost, its own write causes the refusal of the repeat; then the object holds the patch."""
    ref = Ref.of(before)
    if answer.status not in (409, 422):
        raise error(answer, server.name, f"patch {ref}")
    live = server.get(ref)
    same = live is not None and live["metadata"]["uid"] == before["metadata"]["uid"]
    if answer.status == 422 and same:  # for another object of this name the server reports that the uid may not change
        raise error(answer, server.name, f"patch {ref}")
    if live and same and _holds(live, patch):
        return Change(ref, "updated", dict(before), live)
    raise Refused(f"{server.name}: {ref} has changed since it was read, so it was not written. Run again to decide anew.")


def _holds(live: Any, patch: Any) -> bool:
    if isinstance(patch, Mapping):
        return isinstance(live, Mapping) and all(key not in live if value is None else _holds(live.get(key), value) for key, value in patch.items())
    return bool(live == patch)
