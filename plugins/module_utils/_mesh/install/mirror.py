# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List what a mirror must hold: each chart and image with its upstream name, and the name by which the install asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..health.probe import IMAGE
from .helm_release import Release

_DOCKER = "docker.io"


@dataclass(frozen=True)
class Needed:
    """A chart or an image: its `upstream` place, and the place from which the install takes it."""

    kind: str
    upstream: str
    taken: str


def reference(release: Release) -> str:
    """Return a release's chart with its version, as the install asks for it."""
    version = f":{release.version}" if release.version else ""
    return f"{release.repository.rstrip('/')}/{release.chart}{version}" if release.repository else f"{release.chart}{version}"


def image(given: str, mirror: Mapping[str, Any]) -> str:
    """Return the probe's image: the given one, else the mirror's, else the upstream one."""
    place = str(mirror.get("images") or _DOCKER).rstrip("/")
    return given or f"{place}{IMAGE.removeprefix(_DOCKER)}"


def listing(needed: Iterable[Needed]) -> list[str]:
    """Return one line for each, in the given order. An arrow leads to the mirror's name if it differs from the upstream one."""
    lines = [f"{one.kind} {one.upstream}{'' if one.taken == one.upstream else f' -> {one.taken}'}" for one in needed]
    return list(dict.fromkeys(lines))
