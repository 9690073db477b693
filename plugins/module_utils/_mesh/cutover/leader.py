# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which control plane does the work that only one of them may do. Where a default tag leads, its control plane takes that over by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..health.revision_tag import Tag

# Control planes ask for a lock every few seconds, and one that ended keeps it for half a minute.
PATIENCE = 60.0


@dataclass(frozen=True)
class Leader:
    """A lock, the pod that holds it, and the revision of that pod."""

    lock: str
    holder: str
    revision: str


def of_revision(leaders: Sequence[Leader], revision: str) -> list[str]:
    """The locks that a revision holds."""
    return [one.lock for one in leaders if one.revision == revision]


def preferred(tags: Sequence[Tag], default_tag: str) -> str:
    """The revision that takes the locks of all others; empty where nothing says so."""
    return next((tag.webhook for tag in tags if tag.name == default_tag), "")


def astray(leaders: Sequence[Leader], tags: Sequence[Tag], default_tag: str, installed: Mapping[str, str]) -> list[str]:
    """Half sentences about locks that another revision holds than the one to which the default tag leads. `installed` are versions by revision."""
    wanted = preferred(tags, default_tag)
    if wanted not in installed:
        return []
    held: dict[tuple[str, str], list[str]] = {}
    for one in leaders:
        if one.revision != wanted and one.revision in installed:
            held.setdefault((one.revision, one.holder), []).append(one.lock)
    way = f"{wanted} takes them over by itself within a minute, or when {{}} ends"
    return [f"the revision {revision} still leads {', '.join(locks)} (pod {pod}); {way.format(revision)}" for (revision, pod), locks in held.items()]
