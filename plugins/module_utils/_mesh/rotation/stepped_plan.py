# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan a rotation in steps of the mesh's own: which steps are left, in which clusters, and what forbids them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class SteppedPlan:
    """`steps` are all steps of the rotation in order, with the clusters that lack something; none if nothing is to be done."""

    kind: str
    steps: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[str] = ()
    says: str = ""

    def facts(self) -> dict[str, Any]:
        names = [step["step"] for step in self.steps]
        return {"steps": names, "findings": list(self.findings), "done": not self.steps, "table": [self.says, *self._lines(), *self.findings]}

    def _lines(self) -> list[str]:
        return [_line(step) for step in self.steps if step["clusters"]]


def _line(step: Mapping[str, Any]) -> str:
    final = "" if step["returns"] else "; after it the former values no longer work"
    lacks = f" ({'; '.join(step['lacks'][:5])})" if step["lacks"] else ""
    return f"{step['step']}: {step['says']}, in {', '.join(step['clusters'])}{final}{lacks}"


def plan(
    mesh: str, kind: str, seen: Mapping[str, Facts | str], min_age: float, left_out: Sequence[str] = (), turns_back: bool = False
) -> SteppedPlan:
    """Return the plan. No cluster may miss, because clusters share what is renewed. A cluster of which a sentence was seen cannot be judged."""
    findings = [f"{name} cannot be judged: {facts.rstrip('.')}." for name, facts in seen.items() if isinstance(facts, str)]
    findings += _asked_in_vain(mesh, kind, left_out, turns_back)
    known = {name: facts for name, facts in seen.items() if not isinstance(facts, str)}
    if not known:
        return SteppedPlan(kind, findings=findings, says=f"{mesh}, {kind}: nothing was seen.")
    first = next(iter(known.values()))
    under_way, age = bool(first["under_way"]), first["age"]
    if not under_way and age is not None and age < min_age:
        fresh = f"{mesh}, {kind}: rotated {age:.0f} s ago, which is less than {min_age:.0f} s. Nothing is to be done."
        return SteppedPlan(kind, findings=findings, says=fresh)
    findings += [refusal for facts in known.values() for refusal in facts.get("refusals") or ()]
    return SteppedPlan(kind, _steps(known, under_way), findings, f"{mesh}, {kind}: a rotation {'goes on' if under_way else 'begins'}.")


def _asked_in_vain(mesh: str, kind: str, left_out: Sequence[str], turns_back: bool) -> list[str]:
    said = []
    if left_out:
        why = f"rotate_exclude leaves out {', '.join(left_out)}, but all clusters of the mesh {mesh} take part in a rotation {kind}"
        said.append(f"{why}. Rotate when all of them can be reached.")
    if turns_back:
        said.append(f"A rotation {kind} is not turned back. Run it without rotate_rollback until it is over, and then once more for other values.")
    return said


def _steps(known: Mapping[str, Facts], under_way: bool) -> list[dict[str, Any]]:
    """Return the steps. Of a rotation that has not begun, each cluster takes all."""
    made = []
    for number, step in enumerate(next(iter(known.values()))["steps"]):
        lacks = {name: list(facts["steps"][number]["lacks"]) for name, facts in known.items()}
        clusters = [name for name, own in lacks.items() if own or not under_way]
        said = [f"{name}: {one}" for name, own in lacks.items() for one in own]
        made.append({**{key: step[key] for key in ("step", "says", "returns")}, "clusters": clusters, "lacks": said})
    return made


def late(mesh: str, kind: str, step: str, seen: Mapping[str, Facts | str]) -> list[str]:
    """Return the sentence that stops the mesh after a step, if a cluster was not seen to be through with it; nothing if all were."""
    said = [sentence for name, facts in seen.items() if (sentence := _late(name, step, facts))]
    if not said:
        return []
    way = "Nothing is lost. Fix the cause and run the rotation again; it goes on where it stopped."
    return [f"The rotation {kind} of the mesh {mesh} stops after {step}: {' '.join(said)} {way}"]


def _late(name: str, step: str, facts: Facts | str) -> str:
    if isinstance(facts, str):
        return f"{name} cannot be judged: {facts.rstrip('.')}."
    if facts.get("step") != step:
        return f"{name}: nothing was seen of its step {step}."
    return f"{name}: {'; '.join(facts['lacks'])}." if facts.get("lacks") else ""
