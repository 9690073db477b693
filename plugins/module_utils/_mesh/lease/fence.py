# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run leaves on an object that it wrote under a Lease, so that a run which lost the Lease unnoticed cannot write over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Refused

ANNOTATION = "meshops.lifecycle/epoch"


def annotation(epoch: int) -> dict[str, str]:
    """To be written together with the content."""
    return {ANNOTATION: str(epoch)}


def last_epoch(objects: Iterable[Mapping[str, Any]]) -> int:
    """The latest epoch in which any of these objects was written; 0 where that cannot be told."""
    told = [str(((one.get("metadata") or {}).get("annotations") or {}).get(ANNOTATION) or "") for one in objects]
    return max((int(one) for one in told if one.isdecimal()), default=0)


def epoch_of(cluster: str, where: str, annotations: Mapping[str, str] | None) -> int:
    """Under which epoch it was last written; 0 for what no run under a Lease wrote."""
    told = (annotations or {}).get(ANNOTATION, "0")
    if not (told.isascii() and told.isdecimal()):
        raise Refused(f"{cluster}: {where} carries {ANNOTATION}: {told!r}, which is no number. Find out who wrote it, and remove the annotation.")
    return int(told)


def fence(cluster: str, where: str, annotations: Mapping[str, str] | None, epoch: int) -> None:
    """Refuses to write over what a later holder of the Lease wrote."""
    live = epoch_of(cluster, where, annotations)
    if live > epoch:
        raise Refused(
            f"{cluster}: {where} was written in epoch {live}, and this run is of epoch {epoch}: another run took over. Nothing was written. "
            "See that no other run is at work, and run again.",
            epoch=live,
        )
