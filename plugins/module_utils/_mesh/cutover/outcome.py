# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of a cutover did: which waves moved, which were turned back, why it stopped, and what the inventory has to say from now on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from .gate import GO
from .plan import FINISH, MOVE, RETIRE

TURNED_BACK, POINTERS_BACK = "back", "pointers back"


@dataclass(frozen=True)
class CutoverProgress:
    """Waves by their numbers. `stuck` says what could not be turned back, `why` what stopped the run, `waits` what a person has to decide first.

    `through` are the steps after the waves that the run is through with. `pointers_back` says that the step finish was turned back.
    """

    moved: tuple[int, ...] = ()
    turned_back: tuple[int, ...] = ()
    stuck: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    waits: str = ""
    through: tuple[str, ...] = ()
    pointers_back: bool = False

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> CutoverProgress:
        read: dict[str, Any] = {key: tuple(value) if isinstance(value, list | tuple) else value for key, value in facts.items()}
        return cls(**read)

    def facts(self) -> dict[str, Any]:
        return asdict(self)


def judged(progress: CutoverProgress, wave: int, way: str, reasons: Iterable[str], waits: str = "") -> CutoverProgress:
    """A wave passed its gates, or something stopped the run. Wave 0 is none."""
    if way != GO:
        return replace(progress, why=(*progress.why, *reasons))
    return replace(progress, moved=(*progress.moved, *([wave] if wave else [])), waits=waits)


def turned_back(progress: CutoverProgress, wave: int, late: Sequence[str]) -> CutoverProgress:
    """`late` says what did not follow on the way back."""
    moved = tuple(number for number in progress.moved if number != wave)
    if late:
        return replace(progress, moved=moved, stuck=(*progress.stuck, *late))
    return replace(progress, moved=moved, turned_back=(*progress.turned_back, wave))


def pointers_back(progress: CutoverProgress, late: Sequence[str]) -> CutoverProgress:
    """The step finish is undone, in all clusters or in all but those that `late` names."""
    before = replace(progress, through=tuple(step for step in progress.through if step != FINISH))
    return replace(before, stuck=(*progress.stuck, *late)) if late else replace(before, pointers_back=True)


def past(progress: CutoverProgress, step: str) -> CutoverProgress:
    return replace(progress, through=(*progress.through, step))


def outcome(plan: Mapping[str, Any], progress: CutoverProgress, revision: str = "") -> dict[str, Any]:
    """What a run leaves for a person and for another program. `plan` are the facts of the plan it began with, `revision` is the inventory's."""
    due = [step["wave"] for step in plan["steps"] if step["step"] == MOVE]
    left = [number for number in due if number not in progress.moved]
    by_number = {wave["number"]: {key: wave[key] for key in ("number", "kind", "spaces", "services")} for wave in plan["waves"]}
    return {
        "mesh": plan["mesh"],
        "target": plan["target"],
        "former": plan["former"],
        "moved": [by_number[number] for number in progress.moved],
        "turned_back": [by_number[number] for number in progress.turned_back],
        "not_moved": [by_number[number] for number in left],
        "why": [*progress.why, *progress.stuck],
        "waits": progress.waits,
        "finished": _finished(plan, progress) and not left,
        "pointers_back": progress.pointers_back,
        "retired": RETIRE in progress.through,
        "says": [*_waves(plan, progress, due, left), *_next(plan, progress, left), *_inventory(plan, progress, left, revision)],
    }


def _finished(plan: Mapping[str, Any], progress: CutoverProgress) -> bool:
    undone = progress.pointers_back or progress.stuck
    return FINISH in progress.through or (not undone and not _due(plan, FINISH))


def _due(plan: Mapping[str, Any], step: str) -> bool:
    return any(each["step"] == step for each in plan["steps"])


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _waves(plan: Mapping[str, Any], progress: CutoverProgress, due: Sequence[int], left: Sequence[int]) -> list[str]:
    said = []
    if progress.moved:
        said.append(f"{plan['mesh']}: of {len(due)} waves from {plan['former']} to {plan['target']}, these moved: {_numbers(progress.moved)}.")
    if progress.turned_back:
        said.append(f"{plan['mesh']}: these waves were turned back to {plan['former']}: {_numbers(progress.turned_back)}.")
    if progress.pointers_back:
        said.append(f"{plan['mesh']}: tags, the default rule, validation and what moves only with them were turned back to {plan['former']}.")
        stay = sorted({wave["number"] for wave in plan["waves"]} - {*progress.turned_back, *left})
        said += [f"{plan['mesh']}: what these waves moved was not turned back, and names {plan['target']} now: {_numbers(stay)}."] if stay else []
    if left:
        said.append(f"{plan['mesh']}: these waves have not moved: {_numbers(left)}.")
    return said


def _next(plan: Mapping[str, Any], progress: CutoverProgress, left: Sequence[int]) -> list[str]:
    said = list(progress.why)
    if progress.stuck:
        said += [f"Not everything could be turned back. Run the cutover with cutover_to: {plan['former']}.", *progress.stuck]
    elif progress.why:
        said.append(f"Mend what is named. Then run the cutover again to go on to {plan['target']}, or with cutover_to: {plan['former']} to go back.")
    if progress.waits:
        again = "Start it again with cutover_approved: true to go on" if not left and _finished(plan, progress) else "Start it again to go on"
        said.append(f"The run waits for a person: {progress.waits} {again}, or with cutover_to: {plan['former']} to go back.")
    if not left and plan.get("left_out"):
        names = ", ".join(plan["left_out"])
        said.append(f"{plan['former']} stays, and tags lead to it, because cutover_only, cutover_skip or cutover_gateways leaves out what follows it: {names}.")
    return said


def _inventory(plan: Mapping[str, Any], progress: CutoverProgress, left: Sequence[int], revision: str) -> list[str]:
    """The inventory names one revision. Everything that reads it would otherwise install the former one again, and refuses where tags moved."""
    target = plan["target"]
    if left or plan.get("left_out") or not _finished(plan, progress) or revision == target:
        return []
    version = f" and mesh_version: {plan['version']}" if plan.get("version") else ""
    said = f"{plan['mesh']}: everything follows {target}. Set mesh_revision: {target}{version} in the inventory, and put what cutover_values declares into"
    return [f"{said} mesh_values, before you run another playbook. The inventory still names {revision}, and site would install {revision} again."]
