# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restart workloads in waves, and respect disruption budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._kube.cluster import Cluster
from .._mesh.few_names import few
from .._mesh.objects.change import Change, Ref
from .._mesh.objects.condition import Condition
from .._mesh.objects.shapes import Manifest

_WAVE, _NAMED = 8, 5


def restart(
    cluster: Cluster, refs: Sequence[Ref], patch: Mapping[str, Any], timeout: float, meanwhile: Callable[[], None], changes: list[Change]
) -> list[Ref]:
    """Restart `_WAVE` workloads at a time, and wait until they are rolled out. Return those that a budget forbids to restart now.

    What was done is added to `changes`, so that the caller knows it even if this fails.
    """
    held_back = [ref for ref in refs if forbidden(cluster, ref)]
    free = [ref for ref in refs if ref not in held_back]
    for start in range(0, len(free), _WAVE):
        wave = free[start : start + _WAVE]
        meanwhile()
        live = [one for one in cluster.get_all(wave) if one]
        for one in live:
            changes.append(cluster.amend(one, patch, exact=False))
        cluster.settle([Condition(Ref.of(one), "rollout") for one in live], timeout)
    return held_back


def why_held_back(refs: Iterable[Ref]) -> str:
    """Return as half a sentence why these were not restarted."""
    return f"a PodDisruptionBudget allows no disruption of {few([str(ref) for ref in refs], _NAMED)} now"


def rolled(moment: str) -> Manifest:
    """Return the patch that `kubectl rollout restart` makes."""
    return {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": moment}}}}}


def forbidden(cluster: Cluster, ref: Ref) -> bool:
    """Return whether a disruption budget allows none of the workload's pods to go now."""
    live = cluster.get(ref)
    labels = (((live or {}).get("spec") or {}).get("template") or {}).get("metadata", {}).get("labels") or {}
    budgets = cluster.list("policy/v1", "PodDisruptionBudget", ref.namespace)
    return any(_covers(budget, labels) and int((budget.get("status") or {}).get("disruptionsAllowed") or 0) < 1 for budget in budgets)


def _covers(budget: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Return whether a budget selects pods with these labels. A selector of expressions alone counts as selecting all, which only costs time."""
    wanted = ((budget.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())
