# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What leads pods astray, whether somebody cuts over or not. A cutover refuses it, preflight and status name it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..few_names import few
from .leftover import left_over
from .observed import ClusterState

_SHOWN = 5


def strays(state: ClusterState) -> list[str]:
    """All of it as half sentences, not more than some of each kind. A remote cluster does not know which revisions there are."""
    tags = of_tags(state) if state.revisions else []
    return [*left_over(state.leftovers), *_first(tags), *_first(of_two_rules(state)), *_first(of_labels(state)), *_first(of_pods(state))]


def _first(said: Sequence[str]) -> list[str]:
    return [*said[:_SHOWN], *([f"{len(said) - _SHOWN} more like the last one"] if len(said) > _SHOWN else [])]


def of_tags(state: ClusterState, under_way: Collection[str] = (), coming: str = "") -> list[str]:
    """A tag whose halves name both revisions that are `under_way` is half moved, and the cutover goes on with it. The revision `coming` will be there."""
    there, found = {known.revision for known in state.revisions}, []
    for tag in state.tags:
        halves = {half for half in (tag.webhook, tag.service) if half}
        if len(halves) > 1 and not halves <= set(under_way):
            found.append(f"the revision tag {tag.name} leads to {tag.webhook} by its webhook and to {tag.service} by its Service; lead both to one first")
        missing = sorted(halves - there - {coming})
        found += [f"the revision tag {tag.name} leads to {half}, which is not installed; lead it elsewhere or delete it" for half in missing]
    return found


def of_two_rules(state: ClusterState) -> list[str]:
    told = "has labels of two rules for injection, of which one wins silently; remove one of them"
    return [f"namespace {space.name} {told}" for space in state.spaces if space.both]


def of_labels(state: ClusterState) -> list[str]:
    told = "which is neither a revision nor a tag, so its pods start without a proxy; mend the label"
    return [f"namespace {space.name} follows {space.following.pointer}, {told}" for space in state.spaces if space.following.plain]


def of_pods(state: ClusterState) -> list[str]:
    """Pods that were made while nobody injected."""
    found = []
    for space in state.spaces:
        if space.plain:
            many = f"{len(space.plain)} pods of namespace {space.name} run" if len(space.plain) > 1 else f"a pod of namespace {space.name} runs"
            found.append(f"{many} without a proxy ({few(space.plain, _SHOWN)}); restart what has none first")
    return found
