# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide whether there is anything to write, from the wish, the live object and its field managers. No I/O."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..._mesh.objects.pruning import MANAGER, is_our_manager
from .quantity import has_quantities, is_quantity, same_amount, same_but_for_quantities

_CLAIMS = "volumeClaimTemplates"


def normal(manifest: Mapping[str, Any], *, has_status: bool = True) -> dict[str, Any]:
    """Return a wish as the server will store it: without fields that the server sets, Secrets with `data`, webhook rules with their scope.

    The result shares its deeper parts with the manifest, because no caller changes them.
    """
    wish = dict(manifest)
    meta = wish["metadata"] = dict(wish.get("metadata") or {})
    meta.pop("managedFields", None)
    if meta.get("creationTimestamp", "") is None:
        del meta["creationTimestamp"]
    if has_status:
        wish.pop("status", None)
    if wish.get("kind") == "Secret" and "stringData" in wish:
        plain = wish.pop("stringData") or {}
        coded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
        wish["data"] = {**(wish.get("data") or {}), **coded}
    if wish.get("apiVersion") == "admissionregistration.k8s.io/v1" and isinstance(wish.get("webhooks"), list):
        wish["webhooks"] = [_scoped(webhook) for webhook in wish["webhooks"]]
    spec = wish.get("spec")
    if (wish.get("apiVersion"), wish.get("kind")) == ("apps/v1", "StatefulSet") and isinstance(spec, dict) and isinstance(spec.get(_CLAIMS), list):
        wish["spec"] = {**spec, _CLAIMS: [_claimed(claim) for claim in spec[_CLAIMS]]}
    return wish


def _scoped(webhook: Any) -> Any:
    """Set the default scope. In an atomic list, a default of the server looks like an earlier wish, so the wish has to name it."""
    if not isinstance(webhook, dict) or not isinstance(webhook.get("rules"), list):
        return webhook
    return {**webhook, "rules": [{"scope": "*", **rule} if isinstance(rule, dict) else rule for rule in webhook["rules"]]}


def _claimed(claim: Any) -> Any:
    """Set what the server sets in a template of a claim, which is a part of an atomic list, too."""
    if not isinstance(claim, dict) or not isinstance(claim.get("spec"), dict):
        return claim
    spec = {"volumeMode": "Filesystem", **claim["spec"]}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **claim, "spec": spec, "status": {"phase": "Pending"}}


def settled(wish: Mapping[str, Any], live: Mapping[str, Any], owner: str = MANAGER) -> bool:
    """Return True only if applying the wish would change nothing: the values are there, and our manager, `owner`, owns exactly these fields.

    In doubt (defaults inside lists, values that a custom resource may write differently) return False, so that the
    server decides.
    """
    body = {key: value for key, value in wish.items() if key not in ("apiVersion", "kind", "metadata")}
    meta = {key: value for key, value in wish["metadata"].items() if key not in ("name", "namespace")}
    if meta:
        body["metadata"] = meta
    mine = _entry(live, "Apply", owner)
    if mine is None:
        # The server records no manager that owns no field; a bare Namespace is such a wish.
        return not body and not _entry(live, "Update")
    if mine.get("apiVersion") != wish.get("apiVersion"):
        return False
    return _Comparison(has_quantities(wish)).same(body, live, mine.get("fieldsV1") or {})


def _entry(live: Mapping[str, Any], operation: str, owner: str = MANAGER) -> dict[str, Any] | None:
    for entry in (live.get("metadata") or {}).get("managedFields") or []:
        if _ours(entry, operation, owner):
            return dict(entry)
    return None


def applied(live: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the entry of managedFields that says what we applied; None if we applied nothing."""
    return _entry(live, "Apply")


def _ours(entry: Mapping[str, Any], operation: str, owner: str = MANAGER) -> bool:
    """Each creation has its own field manager, so that a run can tell its creation from another run's."""
    manager = str(entry.get("manager"))
    named = manager == owner or (operation == "Update" and is_our_manager(manager))
    return named and entry.get("operation") == operation and not entry.get("subresource")


def bears(live: Mapping[str, Any], manager: str) -> bool | None:
    """Return whether this manager wrote the object; None if the object names no managers."""
    known = (live.get("metadata") or {}).get("managedFields")
    return any(entry.get("manager") == manager for entry in known) if known else None


class _Comparison:
    """Compares a wish with a live object. With `quantities`, the server may write quantities in another form."""

    def __init__(self, quantities: bool) -> None:
        self._equal = same_but_for_quantities if quantities else _equal
        self._quantities = quantities

    def same(self, wish: Any, live: Any, owned: Mapping[str, Any], key: str = "", within: str = "") -> bool:
        members = len(owned) - ("." in owned)
        if not members:
            if wish == live:
                return True
            # Some types drop empty, zero and false values. We still own the field, so no other manager removed the value.
            amounts = self._quantities and is_quantity(key, within) and same_amount(wish, live)
            return amounts or self._equal(wish, live, key) or (live is None and not wish)
        if isinstance(wish, dict) and isinstance(live, dict) and members == len(wish):
            for name, value in wish.items():
                inner = owned.get("f:" + name)
                if inner is None or not self.same(value, live.get(name), inner, name, key):
                    return False
            return True
        return isinstance(wish, list) and isinstance(live, list) and members == len(wish) and self._same_items(wish, live, owned)

    def _same_items(self, wish: list[Any], live: list[Any], owned: Mapping[str, Any]) -> bool:
        """Compare lists that are merged by key, or sets. The order counts too, because applying would restore it."""
        places = []
        left = {key: inner for key, inner in owned.items() if key != "."}
        for item in wish:
            keys = [key for key in left if names(key, item)]
            if len(keys) != 1:
                return False
            there = [place for place, other in enumerate(live) if names(keys[0], other, exactly=True)]
            if len(there) != 1 or not self.same(item, live[there[0]], left.pop(keys[0])):
                return False
            places += there
        return places == sorted(places)


def _equal(wish: Any, live: Any, _key: str) -> bool:
    return bool(wish == live)


def names(key: str, item: Any, exactly: bool = False) -> bool:
    """Return whether a key of managedFields (`k:{…}` or `v:…`) means this item. The wish may omit keys that have defaults."""
    named = _named(key)
    if key.startswith("v:"):
        return bool(named == item)
    if not key.startswith("k:") or not isinstance(item, dict):
        return False
    return all(item.get(name) == value if exactly or name in item else True for name, value in named.items())


@lru_cache(maxsize=4096)
def _named(key: str) -> Any:
    """Parse a key of managedFields. Cached, because all objects of a kind repeat the keys."""
    return json.loads(key[2:]) if key[:2] in ("v:", "k:") else None


def changed(before: Mapping[str, Any], after: Mapping[str, Any], owner: str = MANAGER) -> bool:
    """Return whether a write changed anything. A status that changed meanwhile does not count."""
    versions = [(each.get("metadata") or {}).get("resourceVersion") for each in (before, after)]
    same_version = versions[0] == versions[1] and before.get("status") == after.get("status")
    return not (same_version and before == after) and _essence(before, owner) != _essence(after, owner)


def _essence(live: Mapping[str, Any], owner: str) -> dict[str, Any]:
    skipped = ("managedFields", "resourceVersion", "generation")
    essence = {key: value for key, value in live.items() if key != "status"}
    essence["metadata"] = {key: value for key, value in live["metadata"].items() if key not in skipped}
    essence["owned"] = _owned(live, owner)
    return essence


def _owned(live: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """The fields that are ours, whether we applied them or wrote them by a patch: an apply that takes over our own field changes nothing."""
    ours: dict[str, Any] = {}
    for operation in ("Apply", "Update"):
        _join(ours, (_entry(live, operation, owner) or {}).get("fieldsV1") or {})
    return ours


def _join(tree: dict[str, Any], other: Mapping[str, Any]) -> None:
    for key, inner in other.items():
        _join(tree.setdefault(key, {}), inner)


def adoption(live: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the patch that turns our manager's entry from a creation by POST into one for apply; None if none is needed."""
    meta = live.get("metadata") or {}
    if _entry(live, "Apply"):
        return None
    for place, entry in enumerate(meta.get("managedFields") or []):
        if _ours(entry, "Update"):
            return [
                {"op": "test", "path": "/metadata/resourceVersion", "value": meta.get("resourceVersion")},
                {"op": "replace", "path": f"/metadata/managedFields/{place}/operation", "value": "Apply"},
                {"op": "replace", "path": f"/metadata/managedFields/{place}/manager", "value": MANAGER},
            ]
    return None
