# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run leaves for the person who approves the next one: a verdict, numbers, the first findings, and what is next.

AWX shows it beside the job, and hands it to later jobs as extra variables. So it stays short whatever the size of the estate, and holds only sentences and
numbers that were chosen here. Reports in files have the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union

from ..few_names import few
from . import matrix
from .symbols import BAD, GOOD

# Nothing forbids the next run; something has to be mended first; the run did what it was for, or nothing is left to do.
GO, STOP, DONE = "go", "stop", "done"
_MOST, _LETTERS, _NAMES = 5, 300, 3

Facts = Mapping[str, Any]
# By cluster its findings; a sentence in place of them if nothing was read.
Seen = Mapping[str, Union[Sequence[str], str]]  # noqa: UP007 - sanity's pylint knows no other


def left(verdict: str, says: str, following: str, findings: Iterable[str] = (), **more: Any) -> dict[str, Any]:
    """Return an artifact. `more` are its numbers and names."""
    return {"verdict": verdict, "says": f"{BAD if verdict == STOP else GOOD} {says}", **more, "findings": shortened(findings), "next": following}


def shortened(sentences: Iterable[str], most: int = _MOST) -> list[str]:
    """Return the first sentences, each on one line and cut off where it gets long, and how many more there are."""
    every = [" ".join(str(sentence).split()) for sentence in sentences]
    first = [one if len(one) <= _LETTERS else f"{one[:_LETTERS]} ..." for one in every[:most]]
    return [*first, *([f"and {len(every) - most} more, which the output of the job has"] if len(every) > most else [])]


def preflight(counts: Mapping[str, int], said: Sequence[str], notices: int, unread: Sequence[str]) -> dict[str, Any]:
    """Return the artifact of preflight. `counts` are the findings of each cluster, `said` all of them as sentences, `unread` who was not judged."""
    bad, number = [name for name, count in counts.items() if count], len(counts) + len(unread)
    numbers: dict[str, Any] = {"clusters": number, "ready": len(counts) - len(bad), "notices": notices}
    if not bad and not unread:
        known = f", with {_count(notices, 'notice')}" if notices else ""
        return left(GO, f"{_count(number, 'cluster')} ready{known}", "Run site in check mode: it shows what it would change.", **numbers)
    parts = [(bad, "with findings"), (unread, "not read")]
    says = f"{_count(number, 'cluster')}: {', '.join(f'{len(names)} {word} ({few(sorted(names), _NAMES)})' for names, word in parts if names)}"
    return left(STOP, says, "Mend what the findings name, and run preflight again. Nothing was written.", said, **numbers)


def plans(what: str, each: Iterable[Facts]) -> dict[str, Any]:
    """Return the artifact of a plan. `what` is planned, of each mesh as `planned` describes it."""
    meshes = {facts["mesh"]: planned(facts) for facts in each}
    verdicts = {one["verdict"] for one in meshes.values()}
    says = _each(meshes)
    findings = [sentence for one in meshes.values() for sentence in one["findings"]]
    if STOP in verdicts or not meshes:
        return left(STOP, says or "nothing was planned", "Mend what the findings name, and plan again. Nothing was written.", findings, meshes=meshes)
    if verdicts == {DONE}:
        return left(DONE, says, f"Nothing: the {what} has nothing to do.", meshes=meshes)
    return left(GO, says, f"Approve the {what}. It reads the clusters once more and plans anew before it writes.", meshes=meshes)


def _each(meshes: Mapping[str, Facts]) -> str:
    return few([f"{name}: {one['says']}" for name, one in meshes.items()], _NAMES, "; ")


def planned(facts: Facts) -> dict[str, Any]:
    """Return the plan for one mesh in short: `clusters` and `steps` counted, `due` the first steps in words, with whatever else is short."""
    steps = [_step(step) for step in facts.get("steps") or ()]
    findings, waves = list(facts.get("findings") or ()), list(facts.get("waves") or ())
    done, number = bool(facts.get("done", not steps)), _clusters(facts)
    verdict = STOP if findings else DONE if done else GO
    word = _count(len(findings), "finding") if findings else "nothing to do" if done else f"{_count(len(steps), 'step')} in {_count(number, 'cluster')}"
    more = {key: facts[key] for key in ("kind", "target", "former", "version") if facts.get(key)}
    if waves:
        more |= {"waves": len(waves), "proxies": sum(sum(wave.get("proxies", {}).values()) for wave in waves)}
    lists = {key: shortened(facts[key]) for key in ("left_out", "notices") if facts.get(key)}
    more |= {"clusters": number, "steps": len(steps), "due": shortened(steps), **lists}
    return {"verdict": verdict, "says": word, **more, "findings": shortened(findings)}


def _clusters(facts: Facts) -> int:
    return len(facts.get("phases") or facts.get("clusters") or ())


def _step(step: Facts | str) -> str:
    if isinstance(step, str):
        return step
    return f"{step['step']} in {few(step['clusters'], _MOST)}: {step['says']}"


def rotated(each: Iterable[tuple[Facts, Facts | None]]) -> dict[str, Any]:
    """Return the artifact of a rotation: of each mesh its plan, and what it ended with; None if it did not come to its end."""
    meshes = {plan["mesh"]: _rotated(plan, end) for plan, end in each}
    bad = [name for name, one in meshes.items() if one["verdict"] == STOP]
    findings = [sentence for one in meshes.values() for sentence in one.pop("findings")]
    if bad or not meshes:
        says = f"the rotation of {few(bad, _NAMES)} is not through" if bad else "nothing was rotated"
        return left(STOP, says, "Read the output, mend what it names, and run the rotation again: it goes on where it stopped.", findings, meshes=meshes)
    return left(DONE, _each(meshes), "Look at what expires: the report of rotate shows it.", meshes=meshes)


def _rotated(plan: Facts, end: Facts | None) -> dict[str, Any]:
    known, number = {"kind": plan["kind"]}, _clusters(plan)
    if end is None and not plan.get("done", not plan.get("steps")):
        return {**known, "verdict": STOP, "says": "not through", "clusters": number, "findings": list(plan.get("findings") or ())}
    took = sum(seconds for seconds in (end or {}).get("seconds", {}).values() if isinstance(seconds, int | float))
    says = f"{plan['kind']} of {_count(number, 'cluster')} rotated in {took:.0f} s" if end is not None else "nothing was to be done"
    more = {key: end[key] for key in ("root", "seconds") if end.get(key)} if end else {}
    return {**known, "verdict": DONE, "says": says, "clusters": number, **more, "findings": []}


def verified(seen: Seen, answers: matrix.Answers | None, wanted: int) -> dict[str, Any]:
    """Return the artifact of verify. `answers` are those of the probes; None if they were not asked for."""
    bad = [name for name, findings in seen.items() if findings]
    findings = [said for told in seen.values() for said in ([told] if isinstance(told, str) else told)]
    well, asked, silent = matrix.counted(answers, wanted) if answers is not None else (0, 0, [])
    numbers: dict[str, Any] = {"clusters": len(seen), "well": len(seen) - len(bad)}
    numbers |= {"paths": asked, "answered": well} if answers is not None else {}
    parts = [f"{len(seen) - len(bad)} of {_count(len(seen), 'cluster')} as the inventory says"]
    parts += [f"{well} of {_count(asked, 'path')} between them answer over mTLS"] if answers is not None else []
    if bad or well < asked or silent:
        return left(STOP, "; ".join(parts), "Read the output. Mend what the findings name, and run verify again.", findings, **numbers)
    return left(DONE, "; ".join(parts), "Nothing.", **numbers)


def brought_up(each: Mapping[str, Facts | str], check: bool) -> dict[str, Any]:
    """Return the artifact of site. Of each cluster `mesh`, the `wished` version and those that are `installed`, or a sentence why nothing was seen."""
    known = {name: facts for name, facts in each.items() if not isinstance(facts, str)}
    lacking = {name: _lacks(facts) for name, facts in known.items()}
    unread = [name for name in each if name not in known]
    fresh = [name for name, lack in lacking.items() if lack == "install"]
    other = [f"{name}: {_joined(known[name]['installed'])} to {known[name]['wished']}" for name, lack in lacking.items() if lack == "version"]
    meshes = len({facts["mesh"] for facts in known.values()})
    numbers: dict[str, Any] = {"clusters": len(each), "meshes": meshes, "to_install": len(fresh), "to_another_version": len(other), "failed": len(unread)}
    named = [(fresh, "to install"), (other, "to another version"), (unread, "failed")]
    says = [f"{len(names)} {word} ({few(names, _NAMES)})" for names, word in named if names]
    as_wished = len(known) - len(fresh) - len(other)
    says = [f"{_count(len(each), 'cluster')} of {_count(meshes, 'mesh', 'meshes')}: {as_wished} with the version of the inventory", *says]
    failed = [told for told in each.values() if isinstance(told, str)]
    if failed:
        return left(STOP, ", ".join(says), "Read the output, mend what it names, and run site again.", failed, **numbers)
    following = "Approve, if the differences in the output are what you want." if check else "Give the next users the mesh. status shows how it does."
    return left(GO if check else DONE, ", ".join(says), following, **numbers)


def _lacks(facts: Facts) -> str:
    wished, installed = str(facts.get("wished") or ""), [str(one).removeprefix("v") for one in facts["installed"]]
    if not installed:
        return "" if facts.get("served_by") else "install"
    fits = not wished or any(one == wished.removeprefix("v") or one.startswith(f"{wished.removeprefix('v')}.") for one in installed)
    return "" if fits else "version"


def _joined(names: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(map(str, names)))


def _count(number: int, word: str, words: str = "") -> str:
    return f"{number} {word if number == 1 else words or f'{word}s'}"
