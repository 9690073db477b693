# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a set of objects to a cluster, with only as many writes as there are differences."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..._mesh.errors import MeshError, Refused
from ..._mesh.objects import secret_wish
from ..._mesh.objects.change import Change, Ref
from ..._mesh.objects.pruning import wrote_the_whole
from ..http.answer import Answer, error, owners
from ..http.deadline import Limits
from . import fields
from .discovery import Kind
from .enforced import left_to_the_platform
from .reading import read
from .server import Server, all_or_error, each

_CRD = "CustomResourceDefinition"
_ORDER = {"Namespace": 0, _CRD: 1}
_ORDER.update(dict.fromkeys(("ServiceAccount", "Secret", "ConfigMap", "PriorityClass", "ResourceQuota"), 2))
_ORDER.update(dict.fromkeys(("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), 2))
_OTHERS = 3
_ORDER.update(dict.fromkeys(("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"), 4))
# Namespaces and CRDs are written first; custom resources when the server serves their CRDs; webhooks last.
_WAVES, _CUSTOM = {0: 0, 1: 0, 2: 1, _OTHERS: 2, 4: 4}, 3
_TRIES = 8
_RACE = Limits(first_pause=0.05)


@dataclass(frozen=True)
class ObjectWish:
    """A manifest to be written; `kind` is None until the server serves it."""

    ref: Ref
    manifest: dict[str, Any]
    kind: Kind | None


def order(kind: str) -> int:
    return _ORDER.get(kind, _OTHERS)


@dataclass(frozen=True)
class Hand:
    """Who writes. With `force` it takes fields over from other managers."""

    owner: str = fields.MANAGER
    force: bool = False


def apply(server: Server, manifests: Iterable[Mapping[str, Any]], force: bool = False, owner: str = fields.MANAGER) -> list[Change]:
    """Write the objects that differ, in waves. Return the changes in the order of the manifests. Raise Refused before the first write."""
    hand = Hand(owner, force)
    wishes = _wishes(server, list(manifests))
    done: dict[Ref, Change] = {}
    wanted = {wish.ref: wish.manifest for wish in wishes}

    def compare(ref: Ref, there: dict[str, Any]) -> None:
        if fields.settled(wanted[ref] if force else left_to_the_platform(wanted[ref], there), there, owner):
            done[ref] = Change(ref, "unchanged", there, there)

    live = read(server, [(wish.kind, wish.manifest) for wish in wishes if wish.kind], compare)
    due = [wish for wish in wishes if wish.ref not in done]
    defined = {_group_kind(wish.manifest) for wish in due if wish.ref.kind == _CRD}
    waves: dict[int, list[ObjectWish]] = {}
    for wish in due:
        custom = wish.kind is None or _of(wish.ref) in defined
        waves.setdefault(_CUSTOM if custom else _WAVES[order(wish.ref.kind)], []).append(wish)
    put = partial(_put, server, live, hand)
    for wave in sorted(wave for wave in waves if wave < _CUSTOM):
        _write(waves[wave], put, done)
    _serve(server, wishes, done)
    for wave in sorted(wave for wave in waves if wave >= _CUSTOM):
        _write([_with_kind(server, wish) for wish in waves[wave]], put, done)
    return [done[wish.ref] for wish in wishes]


def _write(wave: Sequence[ObjectWish], put: Callable[[ObjectWish], Change], done: dict[Ref, Change]) -> None:
    results = each(put, wave)
    done.update({result.ref: result for result in results if isinstance(result, Change)})
    try:
        all_or_error(results)
    except MeshError as failed:
        failed.facts.update(_so_far(done.values()))
        raise


def _serve(server: Server, wishes: Sequence[ObjectWish], done: Mapping[Ref, Change]) -> None:
    """Wait for CRDs that are new, or that an aborted run left before the server served them."""
    unknown = {_of(wish.ref) for wish in wishes if wish.kind is None}
    crds = [wish.manifest for wish in wishes if wish.ref.kind == _CRD and (done[wish.ref].changed or _group_kind(wish.manifest) in unknown)]
    if crds and not server.dry_run:
        from .definitions import establish

        establish(server, crds)


def _so_far(changes: Iterable[Change]) -> dict[str, Any]:
    known = list(changes)
    return {
        "changed": any(change.changed for change in known),
        "changes": [{"object": str(change.ref), "action": change.action} for change in known],
    }


def _wishes(server: Server, manifests: Sequence[Mapping[str, Any]]) -> list[ObjectWish]:
    """Check all manifests and refuse every fault that can be seen before the first write."""
    wishes: list[ObjectWish] = []
    seen: set[Ref] = set()
    made = {_group_kind(crd) for crd in manifests if crd.get("kind") == _CRD}
    for manifest in manifests:
        ref = Ref.of(manifest)
        if not (ref.api_version and ref.kind and ref.name):
            raise Refused(f"{server.name}: a manifest lacks apiVersion, kind or metadata.name: {ref}.")
        if wrong := secret_wish.fault(manifest):
            raise Refused(f"{server.name}: {ref}: {wrong}. Nothing was written.")
        kind = server.discovery.find(ref.api_version, ref.kind)
        if kind is None and not server.dry_run and _of(ref) not in made:
            raise Refused(f"{server.name}: {ref}: the API server has no {ref.kind} in {ref.api_version}; install its CRD first.")
        if kind and kind.namespaced and not ref.namespace:
            raise Refused(f"{server.name}: {ref} names no namespace, and {ref.kind} objects live in one.")
        if kind:
            server.path(ref, kind)
        wish = fields.normal(manifest, has_status=kind is None or kind.has_status)
        if kind and not kind.namespaced and wish["metadata"].pop("namespace", None):
            ref = replace(ref, namespace=None)
        if ref in seen:
            raise Refused(f"{server.name}: {ref} is in the set twice.")
        seen.add(ref)
        wishes.append(ObjectWish(ref, wish, kind))
    return wishes


def _of(ref: Ref) -> tuple[str, str]:
    return ref.api_version.partition("/")[0], ref.kind


def _group_kind(crd: Mapping[str, Any]) -> tuple[str, str]:
    spec = crd.get("spec") or {}
    return str(spec.get("group")), str((spec.get("names") or {}).get("kind"))


def _with_kind(server: Server, wish: ObjectWish) -> ObjectWish:
    """Return the wish with its kind, which the server knows by now: its CRD came earlier in the set."""
    if wish.kind or server.dry_run:
        return wish
    kind = server.discovery.find(wish.ref.api_version, wish.ref.kind)
    if kind is None:
        raise Refused(f"{server.name}: {wish.ref}: its CRD is in the set, but does not serve {wish.ref.api_version}.")
    return ObjectWish(wish.ref, fields.normal(wish.manifest, has_status=kind.has_status), kind)


def _put(server: Server, known: Mapping[Ref, dict[str, Any]], hand: Hand, wish: ObjectWish) -> Change:
    if wish.kind is None:
        return Change(wish.ref, "created", None, wish.manifest)
    live, path = known.get(wish.ref), server.path(wish.ref, wish.kind)
    if live and not hand.force:
        wish = replace(wish, manifest=left_to_the_platform(wish.manifest, live))
    adopted = fields.adoption(live) if live and hand.owner == fields.MANAGER else None
    if adopted and not server.dry_run:
        _adopt(server, wish.ref, path, adopted)
    answer = _patch(server, wish, path, hand, fresh=live is None)
    if hand.owner == fields.MANAGER and _by_owner(answer) and all(map(wrote_the_whole, owners(answer.refusal))):
        # Who patches is another manager than who applies, whatever the name, and a dry run has adopted nothing. What we wrote ourselves is ours to change.
        answer = _patch(server, wish, path, replace(hand, force=True), fresh=False)
    if not answer.ok:
        if server.dry_run and _namespace_missing(answer):
            return Change(wish.ref, "created", None, wish.manifest)
        raise error(answer, server.name, f"apply {wish.ref}")
    after = dict(answer.json())
    if live is None:
        return Change(wish.ref, "created", None, after)
    return Change(wish.ref, "updated" if fields.changed(live, after, hand.owner) else "unchanged", live, after)


def _adopt(server: Server, ref: Ref, path: str, patch: list[dict[str, Any]] | None) -> None:
    """Send the adoption. Its patch names a resourceVersion, so make it again if another client writes in between."""
    for _attempt in range(_TRIES):
        if not patch:
            return
        answer = server.transport.request("PATCH", path, body=patch, content_type="application/json-patch+json")
        live = None if answer.ok else server.get(ref)
        patch = fields.adoption(live) if live else None


def _patch(server: Server, wish: ObjectWish, path: str, hand: Hand, fresh: bool) -> Answer:
    query = {"fieldManager": hand.owner, "fieldValidation": "Strict", "force": "true" if hand.force else "false"}
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
        # Some API servers answer 404 for a moment after a CRD was established.
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
