# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which workloads may start anew now: not too many at once, and none whose disruption budget has nothing left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ..objects.selector import matches
from ..objects.shapes import Object


@dataclass(frozen=True)
class RestartPace:
    """How many workloads start anew at once in a cluster, and at most how many in the namespaces of a pattern."""

    parallel: int = 20
    at_once: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PodsOf:
    """A workload, and the labels of its pods."""

    namespace: str
    kind: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)


def startable(waiting: Sequence[PodsOf], running: Sequence[PodsOf], pace: RestartPace, budgets: Sequence[Object]) -> list[PodsOf]:
    """Return those that may begin, in their order. One that has to wait does not hold up those behind it."""
    chosen: list[PodsOf] = []
    for candidate in waiting:
        busy = [*running, *chosen]
        if len(busy) >= pace.parallel:
            break
        if not _full(candidate, busy, pace.at_once) and not _exhausted(candidate, busy, budgets):
            chosen.append(candidate)
    return chosen


def _full(candidate: PodsOf, busy: Sequence[PodsOf], at_once: Mapping[str, int]) -> bool:
    limits = [(pattern, most) for pattern, most in at_once.items() if fnmatchcase(candidate.namespace, pattern)]
    return any(sum(fnmatchcase(other.namespace, pattern) for other in busy) >= most for pattern, most in limits)


def _exhausted(candidate: PodsOf, busy: Sequence[PodsOf], budgets: Sequence[Object]) -> bool:
    """A rollout does not ask budgets, so we do. Those that start anew may not have been counted yet."""
    for budget in budgets:
        if covers(budget, candidate):
            allowed = int((budget.get("status") or {}).get("disruptionsAllowed") or 0)
            if allowed <= sum(covers(budget, other) for other in busy):
                return True
    return False


def covers(budget: Object, pods: PodsOf) -> bool:
    selector = (budget.get("spec") or {}).get("selector")
    return budget["metadata"]["namespace"] == pods.namespace and selector is not None and matches(selector, pods.labels)
