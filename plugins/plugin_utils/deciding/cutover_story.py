# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story of a cutover: what stops all its clusters, and what is kept from one wave to the next. Private: see plugin_utils/filters.py.

What is kept is JSON, because a role keeps it as the message of an assert.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._mesh.cutover import outcome
from ...module_utils._mesh.cutover.gate import GO
from ...module_utils._mesh.cutover.outcome import POINTERS_BACK, TURNED_BACK, CutoverProgress
from .. import filters
from ..hosts import mates


def faults_of(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, key: str = "faults") -> list[str]:
    """Return what a task says against going on, of all clusters of the mesh. `key` is where its result keeps it.

    A cluster in which the task has failed, or did not run, is against it too.
    """
    return [said for member in mates(hosts, hostvars, cluster) for said in _against(member.name, hostvars[member.name].get(variable), key)]


def _against(name: str, result: Mapping[str, Any] | None, key: str) -> list[str]:
    if result is None or key not in result or result.get("failed"):
        return [str((result or {}).get("msg") or f"{name}: this run did not come so far there. See what failed in {name}.")]
    return [str(said) for said in result[key]]


def noted(
    progress: Mapping[str, Any],
    wave: int = 0,
    verdict: Mapping[str, Any] | None = None,
    own_gates: Sequence[Mapping[str, Any]] = (),
    late: Sequence[str] = (),
    step: str = "",
) -> str:
    """Return the progress of the run after a verdict, after a wave or the finish was turned back, or after a step that follows the waves."""
    before = CutoverProgress.of(progress)
    if step == TURNED_BACK:
        after = outcome.turned_back(before, wave, late)
    elif step == POINTERS_BACK:
        after = outcome.pointers_back(before, late)
    elif step:
        after = outcome.past(before, step)
    else:
        judged = verdict or {"way": GO}
        waits = next((str(gate["waits"]) for gate in own_gates if gate.get("waits")), "")
        after = outcome.judged(before, wave, judged["way"], judged.get("reasons") or [], waits)
    return json.dumps(after.facts())


def answered(answers: Sequence[Mapping[str, Any]], gate: Mapping[str, Any], failure: Mapping[str, Any] | None = None, answer: str = "") -> str:
    """Return the answers of the user's gates with that of one more: a task file, or a person.

    Nobody's answer is no reason to turn back: the gate passes, and the run waits.
    """
    name, said = str(gate.get("name") or gate.get("tasks") or gate.get("pause")), answer.strip().lower()
    judged: dict[str, Any] = {"name": name, "passed": not failure}
    if failure:
        judged["value"] = str(failure.get("msg") or "a task that failed")
    elif gate.get("pause") and said in ("no", "n", "back"):
        judged |= {"passed": False, "value": "the answer no"}
    elif gate.get("pause") and not gate.get("minutes") and said not in ("yes", "y"):
        judged["waits"] = str(gate["pause"])
    return json.dumps([*answers, judged])


def outcome_of(plan: Mapping[str, Any], progress: Mapping[str, Any] | None = None, revision: str = "") -> dict[str, Any]:
    """Return what the run did, for people (`says`) and for the run's artifact. `plan` is what `_cutover_plan` returned, `revision` is the inventory's."""
    return outcome.outcome(plan, CutoverProgress.of(progress or {}), revision)


class FilterModule:
    """The filters of the role cutover that keep what happened."""

    def filters(self) -> dict[str, Any]:
        return filters.named(_cutover_answered=answered, _cutover_faults=faults_of, _cutover_noted=noted, _cutover_outcome=outcome_of)
