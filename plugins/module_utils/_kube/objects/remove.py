# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create an object once; delete objects."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ..._mesh.errors import MeshError, Refused, Unreachable
from ..._mesh.objects import secret_wish
from ..._mesh.objects.change import Change, Ref
from ..._mesh.objects.condition import Condition
from ..http.answer import Answer, error
from ..http.deadline import Limits
from . import fields
from .discovery import Kind
from .server import Server, all_or_error, each
from .settle import settle
from .write import order

_TRIES = 8
_RACE = Limits()


def create(server: Server, manifest: Mapping[str, Any]) -> Change | None:
    """Return None if the object exists. If several callers create it at once, exactly one gets a Change."""
    ref = Ref.of(manifest)
    if wrong := secret_wish.fault(manifest):
        raise Refused(f"{server.name}: {ref}: {wrong}. Nothing was written.")
    kind = server.discovery.find(ref.api_version, ref.kind)
    if kind is None and server.dry_run:
        return Change(ref, "created", None, dict(manifest))
    if kind is None:
        raise Refused(f"{server.name}: {ref}: the API server has no {ref.kind} in {ref.api_version}; install its CRD first.")
    server.path(ref, kind)
    wish = fields.normal(manifest, has_status=kind.has_status)
    answer = _post(server, kind, ref, wish)
    if isinstance(answer, Change) or answer is None:
        return answer
    missing = answer.status == 404 and (answer.refusal.get("details") or {}).get("kind") == "namespaces"
    if server.dry_run and missing:
        return Change(ref, "created", None, wish)
    if not answer.ok:
        raise error(answer, server.name, f"create {ref}")
    return Change(ref, "created", None, dict(answer.json()))


def _post(server: Server, kind: Kind, ref: Ref, wish: dict[str, Any]) -> Answer | Change | None:
    """Create an object. After a lost answer, read the object: its field manager tells whether this write was stored."""
    manager = f"{fields.MANAGER}/{secrets.token_hex(4)}"
    query = {"fieldManager": manager, "fieldValidation": "Strict", **({"dryRun": "All"} if server.dry_run else {})}
    lost = False
    for attempt in range(1, _TRIES + 1):
        answer, silent = _sent(server, kind.path(ref.namespace), query, wish)
        there = answer.status == 409 and answer.reason == "AlreadyExists"
        unsure = silent is not None or (answer.status >= 500 and not answer.mistyped)
        if unsure or (there and lost):
            live = server.get(ref)
            if live:
                return Change(ref, "created", None, live) if _made_by(manager, live, wish) else None
        elif there:
            return None
        elif answer.status != 409:
            return answer
        # Another kind of conflict is about another object that a creation writes too, such as a quota.
        lost = lost or unsure
        if attempt < _TRIES:
            time.sleep(_RACE.pause(attempt))
    if silent:
        raise silent
    return answer


def _sent(server: Server, path: str, query: Mapping[str, str], wish: dict[str, Any]) -> tuple[Answer, Unreachable | None]:
    try:
        return server.transport.request("POST", path, query, wish, repeat=server.dry_run), None
    except Unreachable as silent:
        return Answer(0), silent


def _made_by(manager: str, live: dict[str, Any], wish: dict[str, Any]) -> bool:
    """Return whether this call created the object. An object without fields names no manager; then compare its content."""
    ours = fields.bears(live, manager)
    return _contains(live, wish) if ours is None else ours


def _contains(live: Any, wish: Any) -> bool:
    if isinstance(wish, Mapping):
        return isinstance(live, Mapping) and all(_contains(live.get(key), value) for key, value in wish.items())
    return bool(live == wish)


def delete(server: Server, refs: Iterable[Ref], wait: float = 0) -> list[Change]:
    """Delete in the reverse order of creation. With `wait` in seconds, all objects of one wave are gone before the next wave is deleted."""
    given = list(dict.fromkeys(refs))
    done: dict[Ref, Change] = {}
    for wave in sorted({order(ref.kind) for ref in given}, reverse=True):
        now = [ref for ref in given if order(ref.kind) == wave]
        for change in all_or_error(each(lambda ref: _delete(server, ref), now)):
            done[change.ref] = change
        if wait and not server.dry_run:
            settle(server, [Condition(ref, "absent") for ref in now if done[ref].before], wait)
    return [done[ref] for ref in given]


def _delete(server: Server, ref: Ref) -> Change:
    live = server.get(ref)
    if live is None:
        return Change(ref, "unchanged")
    if live["metadata"].get("deletionTimestamp"):
        return Change(ref, "unchanged", live, live)
    kind = server.discovery.find(ref.api_version, ref.kind)
    if kind is None:
        raise MeshError(f"{server.name}: the API server no longer serves {ref.kind} of {ref.api_version}.")
    # Delete only the object that was read, not one that was recreated under its name. If a request has a body, the server
    # ignores the query, so the body has to ask for the dry run.
    options = {"propagationPolicy": "Background", "preconditions": {"uid": live["metadata"]["uid"]}}
    body = {"apiVersion": "v1", "kind": "DeleteOptions", **options, **({"dryRun": ["All"]} if server.dry_run else {})}
    for attempt in range(1, _TRIES + 1):
        answer = server.transport.request("DELETE", server.path(ref, kind), body=body)
        if answer.ok or answer.status == 404 or (answer.status == 409 and _leaves(server, live)):
            return Change(ref, "deleted", live, None)
        if answer.status != 409 or attempt == _TRIES:
            break
        time.sleep(_RACE.pause(attempt))
    raise error(answer, server.name, f"delete {ref}")


def _leaves(server: Server, seen: Mapping[str, Any]) -> bool:
    """Return whether the object is being deleted. A namespace then refuses a second deletion, for example a repeat after a lost answer."""
    now = server.get(Ref.of(seen))
    return now is None or (now["metadata"]["uid"] == seen["metadata"]["uid"] and bool(now["metadata"].get("deletionTimestamp")))
