# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mirror has to hold: each chart and image, as it is called upstream and as the install asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..health.probe import IMAGE
from .helm_release import Release

_DOCKER = "docker.io"


@dataclass(frozen=True)
class Needed:
    """A chart or an image: where it is copied from, and the place from which it is taken."""

    kind: str
    upstream: str
    taken: str


def reference(release: Release) -> str:
    """A release's chart with its version, as it is taken."""
    version = f":{release.version}" if release.version else ""
    return f"{release.repository.rstrip('/')}/{release.chart}{version}" if release.repository else f"{release.chart}{version}"


def image(told: str, mirror: Mapping[str, Any]) -> str:
    """The probe's image: the one that is told, or the mirror's."""
    place = str(mirror.get("images") or _DOCKER).rstrip("/")
    return told or f"{place}{IMAGE.removeprefix(_DOCKER)}"


def listing(needed: Iterable[Needed]) -> list[str]:
    """A line for each, in the order given and each once; an arrow where it is taken from elsewhere than upstream."""
    lines = [f"{one.kind} {one.upstream}{'' if one.taken == one.upstream else f' -> {one.taken}'}" for one in needed]
    return list(dict.fromkeys(lines))
