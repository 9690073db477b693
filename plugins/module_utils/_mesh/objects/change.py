# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One object before and after a change, and the result that Ansible expects of many changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .hiding import hidden

_NOISE = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")
_LAST_APPLIED = "last-applied"


@dataclass(frozen=True)
class Ref:
    """A reference that finds one object on a cluster."""

    api_version: str
    kind: str
    name: str
    namespace: str | None = None

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Ref:
        meta = manifest.get("metadata") or {}
        return cls(
            str(manifest.get("apiVersion") or ""),
            str(manifest.get("kind") or ""),
            str(meta.get("name") or ""),
            meta.get("namespace") or None,
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"


@dataclass(frozen=True)
class Change:
    """The change of one object: `created`, `updated`, `deleted` or `unchanged`."""

    ref: Ref
    action: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None

    @property
    def changed(self) -> bool:
        return self.action != "unchanged"


def as_result(changes: Iterable[Change]) -> dict[str, Any]:
    """Return `changed`, `changes` (of every object) and `diff` (of the objects that differ, without secrets)."""
    known = list(changes)
    return {
        "changed": any(change.changed for change in known),
        "changes": [{"object": str(change.ref), "action": change.action} for change in known],
        "diff": [_diff(change) for change in known if change.changed],
    }


def _diff(change: Change) -> dict[str, Any]:
    header = str(change.ref)
    return {
        "before_header": header,
        "after_header": f"{header} ({change.action})",
        "before": presentable(change.before),
        "after": presentable(change.after, change.before),
    }


def presentable(manifest: Mapping[str, Any] | None, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a manifest for people: without the server's bookkeeping, and with only a note about each secret whether it differs from `before`."""
    if not manifest:
        return {}
    shown = {key: value for key, value in manifest.items() if key != "status"}
    meta = {key: value for key, value in (shown.get("metadata") or {}).items() if key not in _NOISE}
    annotations = {k: v for k, v in (meta.pop("annotations", None) or {}).items() if _LAST_APPLIED not in k}
    if annotations:
        meta["annotations"] = annotations
    shown["metadata"] = meta
    return hidden(shown, before) if shown.get("kind") == "Secret" else shown


def digest(value: str) -> str:
    """Return a digest to distinguish tokens. Never print it or use it for a value that somebody can guess: a guess can be tried against it."""
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()[:12]
