# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the names that stand for a revision lead, and what is wrong with that, as half sentences."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

_WAY_OUT = "run meshops.lifecycle.control_plane"


@dataclass(frozen=True)
class Tag:
    """A revision tag: the revision that its webhook injects for and the one that its Service leads to; empty for a half that is not there.

    `lacks` is the Service that this version of the mesh would have it have.
    """

    name: str
    webhook: str
    service: str
    lacks: str = ""


def tag_faults(tags: Sequence[Tag], wanted: Collection[str], revision: str) -> list[str]:
    """Gateways and waypoints follow the Service of a tag, injection its webhook: apart, two revisions serve what one should."""
    there = {tag.name for tag in tags if tag.webhook}
    found = [f"there is no revision tag {name}; {_WAY_OUT}" for name in wanted if name not in there]
    for tag in tags:
        if tag.webhook and tag.service and tag.webhook != tag.service:
            halves = f"its webhook injects for the revision {tag.webhook}, its Service leads to {tag.service}"
            way_out = _WAY_OUT if tag.name in wanted else "set it again with what set it"
            found.append(f"the two halves of the revision tag {tag.name} disagree: {halves}; {way_out}")
        elif tag.name in wanted and tag.webhook and revision not in ("", tag.webhook):
            found.append(f"the revision tag {tag.name} leads to {tag.webhook}, not to {revision}; {_WAY_OUT}")
        elif tag.name in wanted and tag.webhook and tag.lacks:
            found.append(f"the revision tag {tag.name} lacks its Service {tag.lacks}, by which gateways and waypoints follow it; {_WAY_OUT}")
    return found


def validator_faults(revision: str, running: Collection[str]) -> list[str]:
    """A validator that nobody answers for refuses whatever it is asked about."""
    if not revision or revision in running:
        return []
    told = f"what users write is validated by the revision {revision}, of which nothing runs, so every such write is refused"
    return [f"{told}; set mesh_default_revision and {_WAY_OUT}"]
