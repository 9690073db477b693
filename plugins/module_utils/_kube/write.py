# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a set of objects to a cluster, or take it away, with as few writes as there are differences."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._mesh.change import Change, Ref
from .._mesh.condition import Condition
from .._mesh.errors import Denied, MeshError, Refused
from . import fields
from .answer import Answer, error
from .deadline import Limits
from .discovery import Kind
from .server import Objects, Server, all_or_error, each
from .settle import settle

_ORDER = {"Namespace": 0, "CustomResourceDefinition": 1}
_ORDER.update(dict.fromkeys(("ServiceAccount", "Secret", "ConfigMap", "PriorityClass", "ResourceQuota"), 2))
_ORDER.update(dict.fromkeys(("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), 2))
_OTHERS = 3
_ORDER.update(dict.fromkeys(("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"), 4))
# Reading all of these to compare a few would cost more than it saves.
_ONE_BY_ONE = ("Secret", "CustomResourceDefinition", "Pod")
_ESTABLISHED_WITHIN, _TRIES = 60, 8
_RACE = Limits(first_pause=0.05)


@dataclass(frozen=True)
class Wish:
    """A manifest on its way to the server."""

    ref: Ref
    manifest: dict[str, Any]
    kind: Kind | None


def order(kind: str) -> int:
    return _ORDER.get(kind, _OTHERS)


def apply(server: Server, manifests: Iterable[Mapping[str, Any]], force: bool = False) -> list[Change]:
    """Namespaces first, then CRDs until they serve, then the rest; the changes come in the order of the manifests."""
    given = list(manifests)
    wishes = _wishes(server, given)
    live = _read(server, wishes)
    done: dict[Ref, Change] = {}
    for wave in sorted({order(wish.ref.kind) for wish in wishes}):
        now = [_found(server, wish) for wish in wishes if order(wish.ref.kind) == wave]
        results = each(lambda wish: _put(server, wish, live.get(wish.ref), force), now)
        done.update({result.ref: result for result in results if isinstance(result, Change)})
        try:
            all_or_error(results)
        except MeshError as failed:
            failed.facts.update(_so_far(done.values()))
            raise
        crds = [wish for wish in now if wish.ref.kind == "CustomResourceDefinition"]
        if crds and not server.dry_run:
            _establish(server, crds, done)
    return [done[wish.ref] for wish in wishes]


def _so_far(changes: Iterable[Change]) -> dict[str, Any]:
    known = list(changes)
    return {
        "changed": any(change.changed for change in known),
        "changes": [{"object": str(change.ref), "action": change.action} for change in known],
    }


def _wishes(server: Server, manifests: Sequence[Mapping[str, Any]]) -> list[Wish]:
    """All that can be told to be wrong before the first write is told here."""
    wishes: list[Wish] = []
    seen: set[Ref] = set()
    made = {_group_kind(crd) for crd in manifests if crd.get("kind") == "CustomResourceDefinition"}
    for manifest in manifests:
        ref = Ref.of(manifest)
        if not (ref.api_version and ref.kind and ref.name):
            raise Refused(f"{server.name}: a manifest lacks apiVersion, kind or metadata.name: {ref}.")
        kind = server.discovery.find(ref.api_version, ref.kind)
        if kind is None and not server.dry_run and (ref.api_version.partition("/")[0], ref.kind) not in made:
            raise Refused(f"{server.name}: {ref}: the API server has no {ref.kind} in {ref.api_version}; install its CRD first.")
        if kind and kind.namespaced and not ref.namespace:
            raise Refused(f"{server.name}: {ref} names no namespace, and {ref.kind} objects live in one.")
        if kind:
            server.path(ref, kind)
        wish = fields.normal(manifest, has_status=kind is None or kind.has_status)
        if kind and not kind.namespaced:
            wish["metadata"].pop("namespace", None)
        ref = Ref.of(wish)
        if ref in seen:
            raise Refused(f"{server.name}: {ref} is in the set twice.")
        seen.add(ref)
        wishes.append(Wish(ref, wish, kind))
    return wishes


def _group_kind(crd: Mapping[str, Any]) -> tuple[str, str]:
    spec = crd.get("spec") or {}
    return str(spec.get("group")), str((spec.get("names") or {}).get("kind"))


def _read(server: Server, wishes: Sequence[Wish]) -> dict[Ref, dict[str, Any]]:
    """One LIST where several of a kind are in a namespace, a GET for each otherwise."""
    groups: dict[tuple[str, str, str | None], list[Wish]] = {}
    for wish in wishes:
        if wish.kind:
            groups.setdefault((wish.ref.api_version, wish.ref.kind, wish.ref.namespace), []).append(wish)
    lists = [key for key, group in groups.items() if len(group) > 2 and key[1] not in _ONE_BY_ONE]
    singles = [wish.ref for key, group in groups.items() if key not in lists for wish in group]
    wanted = {wish.ref for wish in wishes}
    todo: list[Ref | tuple[str, str, str | None]] = [*lists, *singles]

    def read(what: Ref | tuple[str, str, str | None]) -> Objects:
        if isinstance(what, Ref):
            one = server.get(what)
            return [one] if one else []
        return server.list(*what)

    parts = each(read, todo)
    # Who may not list may still read: least privilege often names the objects.
    refused = [key for key, part in zip(todo, parts, strict=True) if isinstance(part, Denied) and not isinstance(key, Ref)]
    again = [wish.ref for key in refused for wish in groups[key]]
    parts = [part for key, part in zip(todo, parts, strict=True) if key not in refused] + each(read, again)
    found = [live for part in all_or_error(parts) for live in part]
    return {Ref.of(live): live for live in found if Ref.of(live) in wanted}


def _found(server: Server, wish: Wish) -> Wish:
    """A kind whose CRD came earlier in the same set is known by now."""
    if wish.kind or server.dry_run:
        return wish
    kind = server.discovery.find(wish.ref.api_version, wish.ref.kind)
    if kind is None:
        raise Refused(f"{server.name}: {wish.ref}: its CRD is in the set, but does not serve {wish.ref.api_version}.")
    return Wish(wish.ref, fields.normal(wish.manifest, has_status=kind.has_status), kind)


def _put(server: Server, wish: Wish, live: dict[str, Any] | None, force: bool) -> Change:
    if wish.kind is None:
        return Change(wish.ref, "created", None, wish.manifest)
    if live and fields.settled(wish.manifest, live):
        return Change(wish.ref, "unchanged", live, live)
    path = server.path(wish.ref, wish.kind)
    adopted = fields.adoption(live) if live else None
    if adopted and not server.dry_run:
        _adopt(server, wish.ref, path, adopted)
    answer = _patch(server, wish, path, force or bool(adopted and server.dry_run), fresh=live is None)
    if not answer.ok:
        if server.dry_run and _namespace_missing(answer):
            return Change(wish.ref, "created", None, wish.manifest)
        raise error(answer, server.name, f"apply {wish.ref}")
    after = dict(answer.json())
    if live is None:
        return Change(wish.ref, "created", None, after)
    return Change(wish.ref, "updated" if fields.changed(live, after) else "unchanged", live, after)


def _adopt(server: Server, ref: Ref, path: str, patch: list[dict[str, Any]] | None) -> None:
    """It names the version it was made for, so when somebody else writes at that moment it is made anew."""
    for _attempt in range(_TRIES):
        if not patch:
            return
        answer = server.transport.request("PATCH", path, body=patch, content_type="application/json-patch+json")
        live = None if answer.ok else server.get(ref)
        patch = fields.adoption(live) if live else None


def _patch(server: Server, wish: Wish, path: str, force: bool, fresh: bool) -> Answer:
    query = {"fieldManager": fields.MANAGER, "fieldValidation": "Strict", "force": "true" if force else "false"}
    if server.dry_run:
        query["dryRun"] = "All"
    for attempt in range(1, _TRIES + 1):
        answer = server.transport.request(
            "PATCH",
            path,
            query,
            wish.manifest,
            content_type="application/apply-patch+yaml",
        )
        raced = answer.status == 409 and not _by_owner(answer)
        # A CRD that was just established answers 404 for a moment on some API servers.
        unborn = answer.status == 404 and fresh and not answer.refusal.get("details")
        if attempt == _TRIES or not (raced or unborn):
            break
        time.sleep(_RACE.pause(attempt))
    return answer


def _by_owner(answer: Answer) -> bool:
    causes = (answer.refusal.get("details") or {}).get("causes") or []
    return any(cause.get("reason") == "FieldManagerConflict" for cause in causes)


def _namespace_missing(answer: Answer) -> bool:
    return answer.status == 404 and (answer.refusal.get("details") or {}).get("kind") == "namespaces"


def _establish(server: Server, crds: Sequence[Wish], done: Mapping[Ref, Change]) -> None:
    fresh = [wish for wish in crds if done[wish.ref].changed]
    settle(server, [Condition(wish.ref, "established") for wish in fresh], _ESTABLISHED_WITHIN)
    for wish in fresh:
        server.discovery.learn(wish.manifest)
