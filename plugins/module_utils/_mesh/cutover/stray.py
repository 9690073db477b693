# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What leads pods astray, whether somebody cuts over or not. A cutover refuses it, preflight and status name it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..few_names import few
from ..health.revision_tag import Tag
from .leftover import left_over
from .observed import ClusterState

_SHOWN = 5


def strays(state: ClusterState) -> list[str]:
    """All of it as half sentences, not more than some of each kind. A remote cluster does not know which revisions there are."""
    lost = of_lost_tags(state) if state.revisions else []
    rules, labels, pods = of_two_rules(state), of_labels(state), of_pods(state)
    return [*left_over(state.leftovers), *_first(of_halves(state)), *_first(lost), *_first(rules), *_first(labels), *_first(pods)]


def _first(said: Sequence[str]) -> list[str]:
    return [*said[:_SHOWN], *([f"{len(said) - _SHOWN} more like the last one"] if len(said) > _SHOWN else [])]


def of_halves(state: ClusterState, under_way: Collection[str] = ()) -> list[str]:
    """A tag whose halves name both revisions that are `under_way` is half moved, and the cutover goes on with it."""
    apart = [tag for tag in state.tags if len(_halves(tag)) > 1 and not _halves(tag) <= set(under_way)]
    return [f"the revision tag {tag.name} leads to {tag.webhook} by its webhook and to {tag.service} by its Service; lead both to one first" for tag in apart]


def of_lost_tags(state: ClusterState, coming: str = "") -> list[str]:
    """Tags that lead to a revision without a control plane. The revision `coming` will have one."""
    there = {*(known.revision for known in state.revisions), coming}
    lost = [(tag.name, half) for tag in state.tags for half in sorted(_halves(tag) - there)]
    return [f"the revision tag {name} leads to {half}, which is not installed; lead it elsewhere or delete it" for name, half in lost]


def _halves(tag: Tag) -> set[str]:
    return {half for half in (tag.webhook, tag.service) if half}


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
