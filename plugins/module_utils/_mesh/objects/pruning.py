# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A named set of objects. Its objects get a label when they are written, so that objects that left the set can be removed, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Refused
from ..names import value_fault
from .change import Ref

LABEL = "meshops.lifecycle/set"
MANAGER = "meshops.lifecycle"  # the field manager of every apply
_CREATION = re.compile(rf"{re.escape(MANAGER)}/[0-9a-f]{{8}}")


def is_our_manager(manager: str) -> bool:
    """Return whether a field manager is ours. Each creation has its own one, so that a run can tell its creation from another run's."""
    return manager == MANAGER or manager.startswith(MANAGER + "/")


def wrote_the_whole(manager: str) -> bool:
    """Return whether a field manager is that of our patches, or of one of our creations. What we add to an object of others has a manager of its own."""
    return manager == MANAGER or _CREATION.fullmatch(manager) is not None


@dataclass(frozen=True)
class Scope:
    """What a set may hold and what may be removed: kinds as (apiVersion, kind), and namespaces for namespaced kinds."""

    name: str
    kinds: Sequence[tuple[str, str]]
    namespaces: Sequence[str] = ()

    @classmethod
    def of(cls, cluster: str, wish: Mapping[str, Any]) -> Scope:
        fault = value_fault("name of the set", wish["set"])
        if fault:
            raise Refused(f"{cluster}: {fault}. Choose another prune.set.")
        return cls(wish["set"], [(kind["api_version"], kind["kind"]) for kind in wish["kinds"]], list(wish["namespaces"]))

    @property
    def selector(self) -> str:
        return f"{LABEL}={self.name}"

    def holds(self, ref: Ref) -> bool:
        return (ref.api_version, ref.kind) in self.kinds and (ref.namespace is None or ref.namespace in self.namespaces)


def labelled(cluster: str, manifests: Iterable[Mapping[str, Any]], scope: Scope) -> list[dict[str, Any]]:
    """Return the manifests with the set's label. Refuse a manifest outside the scope: it could never be removed again."""
    result = []
    for manifest in manifests:
        ref = Ref.of(manifest)
        if not scope.holds(ref):
            raise Refused(
                f"{cluster}: {ref} ({ref.api_version}) lies outside of the set {scope.name}. "
                "Name its kind and namespace in prune, or leave it to another task."
            )
        meta = manifest["metadata"]
        result.append({**manifest, "metadata": {**meta, "labels": {**(meta.get("labels") or {}), LABEL: scope.name}}})
    return result


def left(live: Iterable[Mapping[str, Any]], wished: Iterable[Ref], scope: Scope) -> list[Ref]:
    """Return the objects that we labelled, that lie in the scope and are not wished any more, each once.

    A label alone proves nothing: controllers copy it to objects that they derive, as a control plane does for the Service of a Gateway.
    """
    keep = {_place(ref) for ref in wished}
    ours = {_place(ref): ref for ref in (Ref.of(item) for item in live if _applied_by_us(item)) if scope.holds(ref)}
    return [ref for place, ref in ours.items() if place not in keep]


def _applied_by_us(live: Mapping[str, Any]) -> bool:
    meta = live.get("metadata") or {}
    if any(owner.get("controller") for owner in meta.get("ownerReferences") or ()):
        return False
    return any(_labels_it(entry) for entry in meta.get("managedFields") or ())


def _labels_it(entry: Mapping[str, Any]) -> bool:
    ours = entry.get("manager") == MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource")
    labels = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:labels") or {}
    return ours and f"f:{LABEL}" in labels


def _place(ref: Ref) -> tuple[str, str, str | None, str]:
    """Return a key that is the same for all API versions of an object."""
    return ref.api_version.rpartition("/")[0], ref.kind, ref.namespace, ref.name
