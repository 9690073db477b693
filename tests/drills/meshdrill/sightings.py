# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the witness of pods wrote to those that became ready without a sidecar where there should be one. Pure."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .witness import Eyes


@dataclass(frozen=True)
class Sighting:
    """A line of the timeline. Without a space it says that the cluster was looked at; without a pod it is about a namespace."""

    cluster: str
    begin: float
    end: float
    space: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    pod: str = ""
    ready: bool = False
    sidecar: bool = False
    revision: str = ""
    asks: bool = False
    refuses: bool = False

    @property
    def name(self) -> str:
        return f"{self.cluster}/{self.space}/{self.pod}"


def read(lines: Iterable[str]) -> list[Sighting]:
    records: Iterable[dict[str, Any]] = (json.loads(line) for line in lines)
    return [Sighting(**{name: value for name, value in record.items() if name != "pods"}) for record in records if "error" not in record]


def injected(seen: Iterable[Sighting]) -> set[tuple[str, str]]:
    """Namespaces that had a label of injection at any time: one that loses it for a moment is injected all the same."""
    return {(one.cluster, one.space) for one in seen if not one.pod and (one.labels.get("istio-injection") == "enabled" or one.labels.get("istio.io/rev"))}


def plain(seen: Sequence[Sighting], refusing: bool = False) -> list[str]:
    """Pods that became ready without a sidecar, in an injected namespace or asking for one by themselves; or those among them that want none."""
    spaces = injected(seen)
    bare = (one for one in seen if one.pod and one.ready and not one.sidecar and one.refuses is refusing)
    return sorted({one.name for one in bare if one.asks or (one.cluster, one.space) in spaces})


def made(seen: Iterable[Sighting], space: str, revision: str, begin: float, end: float) -> list[str]:
    """Pods of a namespace that became ready within this time with a sidecar of this revision."""
    return sorted({one.name for one in seen if (one.space, one.revision, one.ready) == (space, revision, True) and begin <= one.end < end})


def longest_gap(seen: Sequence[Sighting]) -> float:
    """For how long a cluster was not looked at."""
    clusters: dict[str, list[Sighting]] = {}
    for one in seen:
        if not one.space:
            clusters.setdefault(one.cluster, []).append(one)
    return max((later.begin - earlier.end for looks in clusters.values() for earlier, later in itertools.pairwise(looks)), default=0.0)


PODS = Eyes("meshdrill.pods", read, longest_gap)
