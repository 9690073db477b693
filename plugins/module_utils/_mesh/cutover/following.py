# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who follows which revision, counted, and what a cutover left half done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .observed import NOTHING, ClusterState


def followers(state: ClusterState) -> dict[str, Any]:
    """By revision, how many namespaces and workloads follow it, how many proxies it made, and how many it serves.

    `turned` are the namespaces that a cutover turned and did not finish, and `pinned` the Gateways that it held back. `plain` are pods that run
    without a proxy although their namespace follows something.
    """
    counts: dict[str, dict[str, int]] = {}
    for revision, what, number in _each(state):
        if revision and number:
            of_revision = counts.setdefault(revision, dict.fromkeys(("namespaces", "workloads", "made", "served"), 0))
            of_revision[what] += number
    return {
        "follows": {revision: counts[revision] for revision in sorted(counts)},
        "turned": [space.name for space in state.spaces if space.former is not None],
        "pinned": [workload.where for workload in state.workloads if workload.pinned],
        "plain": [f"{space.name}/{pod}" for space in state.spaces for pod in space.plain],
    }


def _each(state: ClusterState) -> Iterator[tuple[str, str, int]]:
    for space in state.spaces:
        if space.following.rule != NOTHING:
            yield space.following.revision, "namespaces", 1
    for workload in state.workloads:
        if not workload.drained:
            yield workload.following.revision, "workloads", 1
        yield from ((revision, "made", number) for revision, number in workload.made.items())
        yield from ((revision, "served", number) for revision, number in workload.connected.items())
