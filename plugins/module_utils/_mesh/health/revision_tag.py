# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge where revision tags lead. Findings are half sentences."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

_REMEDY = "run meshops.lifecycle.control_plane"


@dataclass(frozen=True)
class Tag:
    """A revision tag: the revision for which its webhook injects, and the one to which its Service leads; empty if that half does not exist.

    `lacks` is the Service that the tag should have in this version of the mesh. `webhook_from` and `service_from` are the revisions from which a cutover
    led each half, if one did.
    """

    name: str
    webhook: str
    service: str
    lacks: str = ""
    webhook_from: str = ""
    service_from: str = ""


def tag_faults(tags: Sequence[Tag], wanted: Collection[str], revision: str) -> list[str]:
    """Find tags that lead astray. Gateways follow a tag's Service, injection its webhook: if these differ, two revisions serve."""
    there = {tag.name for tag in tags if tag.webhook}
    faults = [f"the revision tag {name} does not exist; {_REMEDY}" for name in wanted if name not in there]
    for tag in tags:
        if tag.webhook and tag.service and tag.webhook != tag.service:
            halves = f"its webhook injects for the revision {tag.webhook}, but its Service leads to {tag.service}"
            remedy = _REMEDY if tag.name in wanted else "set it again with the tool that set it"
            faults.append(f"the two halves of the revision tag {tag.name} disagree: {halves}; {remedy}")
        elif tag.name in wanted and tag.webhook and revision not in ("", tag.webhook):
            faults.append(f"the revision tag {tag.name} leads to {tag.webhook}, not to {revision}; {_REMEDY}")
        elif tag.name in wanted and tag.webhook and tag.lacks:
            faults.append(f"the revision tag {tag.name} lacks its Service {tag.lacks}, which gateways follow; {_REMEDY}")
    return faults


def validator_faults(revision: str, running: Collection[str]) -> list[str]:
    """Find a validating webhook whose revision does not run. It refuses every write."""
    if not revision or revision in running:
        return []
    fault = f"the revision {revision} validates users' objects but does not run, so every such write is refused"
    return [f"{fault}; set mesh_default_revision and {_REMEDY}"]
