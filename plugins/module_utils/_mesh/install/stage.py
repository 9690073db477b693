# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An install as stages. A stage begins when the one before it is ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import Refused
from ..objects.condition import Condition
from ..objects.look import Look
from ..objects.shapes import Manifest
from ..objects.waits import as_entry
from .due import Due
from .helm_release import Release

PARTS = ("control_plane", "gateways")


@dataclass(frozen=True)
class Stage:
    """Helm releases, then objects, of one part of a mesh. A stage of a teardown removes them in the same order.

    The next stage begins when all conditions in `ready` hold and, with `healthy`, when the provider judges the part healthy.
    Of a stage with releases, a run waits for health only if Helm had work to do. It always waits for `ready`, and for the health of a stage without
    releases, because an earlier run may have been killed while it waited.
    `then` is what a run looks at and completes when `ready` holds. In a teardown it does so before it removes anything, while the product still answers.
    `cluster` names another cluster that this is about: what it keeps of the cluster that goes. Only a teardown has such stages, with nothing but `then`, and
    goes on with a warning if that cluster cannot be reached.
    """

    name: str
    part: str
    releases: Sequence[Release] = ()
    manifests: Sequence[Manifest] = ()
    ready: Sequence[Condition] = ()
    healthy: bool = False
    then: Look[Due] | None = field(default=None, compare=False)
    cluster: str = ""

    def steps(self, absent: bool = False) -> list[dict[str, Any]]:
        """Return the stage's steps in their order. The `kind` of a step is releases, manifests, orders or elsewhere: roles have a task file for each."""
        if self.cluster:
            return [self._step("elsewhere", part=self.part, cluster=self.cluster)]
        waits = [as_entry(condition) for condition in self.ready]
        parts = [self._step("releases", releases=[release.as_dict() for release in self.releases])] if self.releases else []
        if self.manifests or waits or not (parts or self.then):
            parts.append(self._step("manifests", manifests=list(self.manifests), wait_for=waits))
        for last in parts[-1:]:
            last["healthy"] = self.healthy
        orders = [self._step("orders", part=self.part)] if self.then else []
        return [*orders, *parts] if absent else [*parts, *orders]

    def _step(self, kind: str, **what: Any) -> dict[str, Any]:
        return {"name": self.name, "kind": kind, "releases": [], "healthy": False, **what}


def of_part(stages: Sequence[Stage], part: str) -> list[Stage]:
    return [stage for stage in stages if stage.part == part]


def releases(stages: Sequence[Stage]) -> list[Release]:
    """Return all releases, in order."""
    return [release for stage in stages for release in stage.releases]


def named(stages: Sequence[Stage], part: str, name: str, cluster: str) -> Stage:
    """Return one stage. Refuse a name that none has."""
    there = [stage for stage in of_part(stages, part) if stage.name == name]
    if not there:
        known = ", ".join(stage.name for stage in of_part(stages, part)) or "none"
        raise Refused(f"{cluster}: the part {part} has no stage {name!r}; its stages are {known}. Name one of these.")
    return there[0]
