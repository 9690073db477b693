# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create once, and take away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._mesh.change import Change, Ref
from .._mesh.condition import Condition
from .._mesh.errors import MeshError, Refused, Unreachable
from . import fields
from .answer import Answer, error
from .discovery import Kind
from .server import Server, all_or_error, each
from .settle import settle
from .write import order

_TRIES = 3


def create(server: Server, manifest: Mapping[str, Any]) -> Change | None:
    """None when somebody was there first: of several that try at once exactly one gets a Change."""
    ref = Ref.of(manifest)
    kind = server.discovery.find(ref.api_version, ref.kind)
    if kind is None and server.dry_run:
        return Change(ref, "created", None, dict(manifest))
    if kind is None:
        raise Refused(f"{server.name}: {ref}: the API server has no {ref.kind} in {ref.api_version}; install its CRD first.")
    wish = fields.normal(manifest, has_status=kind.has_status)
    query = {"fieldManager": fields.MANAGER, "fieldValidation": "Strict"}
    if server.dry_run:
        query["dryRun"] = "All"
    answer = _post(server, kind, ref, wish, query)
    if isinstance(answer, Change) or answer is None:
        return answer
    missing = answer.status == 404 and (answer.refusal.get("details") or {}).get("kind") == "namespaces"
    if server.dry_run and missing:
        return Change(ref, "created", None, wish)
    if not answer.ok:
        raise error(answer, server.name, f"create {ref}")
    return Change(ref, "created", None, dict(answer.json()))


def _post(server: Server, kind: Kind, ref: Ref, wish: dict[str, Any], query: Mapping[str, str]) -> Answer | Change | None:
    """Where an answer was lost, the object tells whether the write was too."""
    for attempt in range(1, _TRIES + 1):
        try:
            answer = server.transport.request("POST", kind.path(ref.namespace), query, wish, repeat=False)
        except Unreachable:
            live = server.get(ref)
            if live:
                return Change(ref, "created", None, live) if _contains(live, wish) else None
            if attempt == _TRIES:
                raise
            continue
        break
    return None if answer.status == 409 and answer.reason == "AlreadyExists" else answer


def _contains(live: Any, wish: Any) -> bool:
    if isinstance(wish, Mapping):
        return isinstance(live, Mapping) and all(_contains(live.get(key), value) for key, value in wish.items())
    return bool(live == wish)


def delete(server: Server, refs: Iterable[Ref], wait: float = 0) -> list[Change]:
    """In the reverse of the order of creation; with `wait` each step is gone before the next one goes."""
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
        raise MeshError(f"{server.name}: {ref.kind} of {ref.api_version} went away.")
    # Only the object that was read: not one that somebody made anew in its place. Beside a body the server ignores
    # the query, so the dry run has to be asked for in here.
    options = {"propagationPolicy": "Background", "preconditions": {"uid": live["metadata"]["uid"]}}
    body = {"apiVersion": "v1", "kind": "DeleteOptions", **options, **({"dryRun": ["All"]} if server.dry_run else {})}
    answer = server.transport.request("DELETE", server.path(ref, kind), body=body)
    if not answer.ok and answer.status != 404:
        raise error(answer, server.name, f"delete {ref}")
    return Change(ref, "deleted", live, None)
