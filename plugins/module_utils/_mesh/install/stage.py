# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An install as stages. A stage begins when the one before it is ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

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
    A run waits for health only if Helm had work to do. It always waits for `ready`, because an earlier run may have been killed while it waited.
    `then` is what a run looks at and completes when `ready` holds.
    """

    name: str
    part: str
    releases: Sequence[Release] = ()
    manifests: Sequence[Manifest] = ()
    ready: Sequence[Condition] = ()
    healthy: bool = False
    then: Look[Due] | None = field(default=None, compare=False)

    def steps(self) -> list[dict[str, Any]]:
        """Return one step for the releases and one for the objects, in this order, because roles have a task file for each."""
        waits = [as_entry(condition) for condition in self.ready]
        parts: list[dict[str, Any]] = [{"name": self.name, "releases": [release.as_dict() for release in self.releases]}] if self.releases else []
        if self.manifests or waits or not parts:
            parts.append({"name": self.name, "releases": [], "manifests": list(self.manifests), "wait_for": waits})
        parts[-1] |= {"then": True} if self.then else {}
        return [{**step, "healthy": self.healthy and step is parts[-1]} for step in parts]


def of_part(stages: Sequence[Stage], part: str) -> list[Stage]:
    return [stage for stage in stages if stage.part == part]


def releases(stages: Sequence[Stage]) -> list[Release]:
    """Return all releases, in order."""
    return [release for stage in stages for release in stage.releases]
