# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Note the epoch of the Lease on each object that a run writes. So a run that lost the Lease unnoticed cannot write over the object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Refused

ANNOTATION = "meshops.lifecycle/epoch"


def annotation(epoch: int) -> dict[str, str]:
    """Return the annotation that a run writes together with the content."""
    return {ANNOTATION: str(epoch)}


def last_epoch(objects: Iterable[Mapping[str, Any]]) -> int:
    """Return the latest epoch in which any of these objects was written; 0 if no object has one."""
    noted = [str(((one.get("metadata") or {}).get("annotations") or {}).get(ANNOTATION) or "") for one in objects]
    return max((int(one) for one in noted if one.isdecimal()), default=0)


def epoch_of(cluster: str, where: str, annotations: Mapping[str, str] | None) -> int:
    """Return the epoch in which the object was last written; 0 if no run under a Lease wrote it."""
    noted = (annotations or {}).get(ANNOTATION, "0")
    if not (noted.isascii() and noted.isdecimal()):
        raise Refused(f"{cluster}: {where} has the annotation {ANNOTATION}: {noted!r}, which is no number. Find out who wrote the annotation, and remove it.")
    return int(noted)


def fence(cluster: str, where: str, annotations: Mapping[str, str] | None, epoch: int) -> None:
    """Refuse to write over an object that a later holder of the Lease wrote."""
    live = epoch_of(cluster, where, annotations)
    if live > epoch:
        raise Refused(
            f"{cluster}: {where} was written in epoch {live}, and this run has epoch {epoch}: another run took over. Nothing was written. "
            "Make sure that no other run is at work, and run again.",
            epoch=live,
        )
