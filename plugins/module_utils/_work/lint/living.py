# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the objects of a cluster that people wrote, without those that controllers made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.errors import Denied
from ..._mesh.lint import verdict
from ..._mesh.lint.finding import Finding
from ..._mesh.lint.given import Document
from ..._mesh.objects.exported import LAST_APPLIED, said_by_people
from .judging import OnlineJudge


@dataclass(frozen=True)
class LiveObject:
    """An object as the cluster has it, and as kubectl noted that it was asked for."""

    document: Document
    asked: Document | None


def living(cluster: Cluster, judge: OnlineJudge, groups: Sequence[str]) -> tuple[list[LiveObject], list[Finding]]:
    """Return the objects of these API groups, each once, and what could not be read. No Secret is ever read: it is in none of these groups."""
    objects: list[LiveObject] = []
    unread: list[Finding] = []
    for (group, kind), versions in sorted(judge.served.items()):
        if not group or group not in groups:
            continue
        try:
            lives = cluster.list(f"{group}/{versions[0]}", kind, without=("metadata.managedFields", "status"))
        except Denied as denied:
            unread.append(verdict.unread(f"live objects of the kind {kind}", str(denied).removeprefix(f"{cluster.name}: ").partition(":")[0].rstrip(".")))
            continue
        objects += list(_written(lives))
    return objects, unread


def _written(lives: Sequence[Mapping[str, Any]]) -> Iterator[LiveObject]:
    for live in lives:
        meta = live["metadata"]
        if any(owner.get("controller") for owner in meta.get("ownerReferences") or ()):
            continue
        asked = (meta.get("annotations") or {}).get(LAST_APPLIED)
        kept = {key: value for key, value in said_by_people(meta).items() if key != "ownerReferences"}
        yield LiveObject(Document({**live, "metadata": kept}), _asked(asked))


def _asked(text: Any) -> Document | None:
    try:
        manifest = json.loads(text) if text else None
    except ValueError:
        return None
    return Document(manifest) if isinstance(manifest, Mapping) and isinstance(manifest.get("metadata"), Mapping) else None
