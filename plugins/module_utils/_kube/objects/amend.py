# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alter an object that is there, in one step, and only if it still is what it was when the decision was made."""

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
    """`before` is the object that was read. Whoever wrote it since has decided otherwise, so then nothing is written.

    Without `exact` it only has to be the same object, whatever was written to it, and no other of its name.
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
    """A repeat after a lost answer is refused by its own first attempt: then the object holds what was wanted."""
    ref = Ref.of(before)
    if answer.status not in (409, 422):
        raise error(answer, server.name, f"patch {ref}")
    live = server.get(ref)
    same = live is not None and live["metadata"]["uid"] == before["metadata"]["uid"]
    if answer.status == 422 and same:  # another object of the name is said to be one whose uid may not change
        raise error(answer, server.name, f"patch {ref}")
    if live and same and _holds(live, patch):
        return Change(ref, "updated", dict(before), live)
    raise Refused(f"{server.name}: {ref} was changed by somebody else since it was read, so it was not written. Run again to decide anew.")


def _holds(live: Any, patch: Any) -> bool:
    if isinstance(patch, Mapping):
        return isinstance(live, Mapping) and all(key not in live if value is None else _holds(live.get(key), value) for key, value in patch.items())
    return bool(live == patch)
