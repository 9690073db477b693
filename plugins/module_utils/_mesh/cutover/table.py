# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where each cluster stands on its way to a revision, what each wave restarts, and what no restart reaches, for people."""

from __future__ import annotations

from collections.abc import Sequence

from .gateway_orders import is_stood_in
from .observed import ClusterState
from .orders import unreached
from .plan import CutoverPlan

_SHOWN = 10


def cutover_table(plan: CutoverPlan, states: Sequence[ClusterState]) -> list[str]:
    aim = plan.aim
    lines = [f"mesh {plan.mesh}: from {aim.former} to {aim.target}{', which is done already' if plan.done else ''}"]
    for state in states:
        lines.append(f"  {state.cluster}: {plan.phases[state.cluster]}, {_counts(state, (aim.former, aim.target))}")
        lines += [f"    no restart reaches {said}" for said in _unreached(state, plan)]
        lines += [f"    moves with its tag, after the waves: {one.where}" for one in state.workloads if one.late and one.behind(aim.target)]
        stood_in = [one.where for one in state.workloads if is_stood_in(state, one, aim)]
        lines += [f"    moves while a second Gateway stands in: {said}" for said in _some(stood_in)]
    lines += [f"  {number}. {step.name} in {', '.join(step.clusters)}: {step.says}" for number, step in enumerate(plan.steps, 1)]
    return lines


def _counts(state: ClusterState, revisions: Sequence[str]) -> str:
    known = {revision: sum(one.made.get(revision, 0) for one in state.workloads) for revision in revisions}
    return ", ".join(f"{count} {'proxies' if count != 1 else 'proxy'} of {revision}" for revision, count in known.items())


def _unreached(state: ClusterState, plan: CutoverPlan) -> list[str]:
    return _some([one.where for one in unreached(state, plan.aim)])


def _some(names: list[str]) -> list[str]:
    more = [f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    return [*names[:_SHOWN], *more]
