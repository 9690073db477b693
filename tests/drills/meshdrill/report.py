# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that a drill prints, the file it writes, and whether its promises were kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from . import machine
from .ledger import Flow, Request
from .timeline import Conflict

SHOWN, _LOSSES = 8, 200


@dataclass(frozen=True)
class Phase:
    """Something that took time, and when it began (seconds of the epoch). What was lost in it is counted by when requests were due."""

    name: str
    begin: float
    seconds: float

    @property
    def end(self) -> float:
        return self.begin + self.seconds


@dataclass(frozen=True)
class Promise:
    text: str
    seen: str
    met: bool


@dataclass(frozen=True)
class Result:
    """One run of a drill."""

    name: str
    phases: Sequence[Phase]
    flows: Mapping[str, Flow]
    baseline: Mapping[str, Flow]
    conflicts: Sequence[Conflict]
    gap: float
    promises: Sequence[Promise]
    lost_by_phase: Mapping[str, int] = field(default_factory=dict)
    machine: Mapping[str, machine.Use] = field(default_factory=dict)
    trust: bool = True  # whether the witness looked at what proxies trust
    losses: Sequence[Request] = ()

    @property
    def met(self) -> bool:
        return all(promise.met for promise in self.promises)

    def added(self, flow: str) -> float | None:
        """How many milliseconds the 99th percentile is above that of the quiet time before."""
        quiet = self.baseline.get(flow)
        return round((self.flows[flow].p99 - quiet.p99) * 1000, 1) if quiet else None


def promise(text: str, seen: float, most: float = 0.0) -> Promise:
    """A promise that a figure does not exceed a limit."""
    return Promise(text, f"{seen:g}", seen <= most)


def as_json(result: Result) -> dict[str, Any]:
    flows = {name: {**asdict(flow), "outcomes": dict(flow.outcomes), "p99_added_ms": result.added(name)} for name, flow in result.flows.items()}
    return {
        "name": result.name, "met": result.met, "phases": [{**asdict(phase), "lost": result.lost_by_phase.get(phase.name)} for phase in result.phases],
        "flows": flows, "unsafe": sum(conflict.certain for conflict in result.conflicts),
        "unclear": sum(not conflict.certain for conflict in result.conflicts), "conflicts": [str(conflict) for conflict in result.conflicts[:50]],
        "losses": [asdict(one) for one in result.losses[:_LOSSES]], "longest_gap": round(result.gap, 2), "promises": [asdict(one) for one in result.promises],
        "machine_percent": {when: asdict(use) for when, use in result.machine.items()},
    }


def table(result: Result) -> str:
    start = result.phases[0].begin if result.phases else 0.0
    heads = ("flow", "sent", "lost", "breaks", "first lost", "last lost", "p50 ms", "p99 ms", "p99 added")
    flows = [heads, *(_line(flow, start, result.added(name)) for name, flow in result.flows.items())]
    why = [f"  {name}: {count} x {outcome}" for name, flow in result.flows.items() for outcome, count in flow.outcomes]
    promised = [f"{'kept  ' if one.met else 'MISSED'}  {one.text} (seen: {one.seen})" for one in result.promises]
    return "\n".join([f"drill-{result.name}", "", *columns(_phases(result)), "", *columns(flows), *why, "", *_states(result), "", *promised])


def _phases(result: Result) -> list[tuple[str, ...]]:
    """One line for each name of a phase, however often the phase came."""
    return phase_lines([result])


def phase_lines(results: Sequence[Result]) -> list[tuple[str, ...]]:
    names = list(dict.fromkeys(phase.name for result in results for phase in result.phases))
    seconds = {name: [phase.seconds for result in results for phase in result.phases if phase.name == name] for name in names}
    lost = {name: [result.lost_by_phase[name] for result in results if name in result.lost_by_phase] for name in names}
    lines = ((name, str(len(took)), f"{median(took):.1f}", f"{max(took):.1f}", str(sum(lost[name])) if lost[name] else "") for name, took in seconds.items())
    return [("phase", "times", "median s", "longest s", "lost"), *lines]


def over_all(results: Sequence[Result]) -> list[str]:
    """One table over several runs; empty for a single run."""
    if len(results) < 2:
        return []
    flows = [("flow", "sent", "lost", "breaks", "p99 added, median", "p99 added, worst")]
    for name in dict.fromkeys(name for result in results for name in result.flows):
        seen = [result.flows[name] for result in results if name in result.flows]
        added = [ms for ms in (result.added(name) for result in results if name in result.flows) if ms is not None]
        sums = (sum(flow.sent for flow in seen), sum(flow.lost for flow in seen), sum(flow.breaks for flow in seen))
        flows.append((name, *map(str, sums), f"{median(added):+.1f}" if added else "", f"{max(added):+.1f}" if added else ""))
    states = sum(len(result.conflicts) for result in results)
    trusted = [f"states seen in which a leaf was not trusted, or not excluded: {states}"] if results[0].trust else []
    return ["", f"all {len(results)} runs of drill-{results[0].name}", "", *columns(phase_lines(results)), "", *columns(flows), "",
            *trusted, f"longest time {_what(results[0])} was not looked at: {max(result.gap for result in results):.2f} s", *_busy(results),
            f"runs that kept every promise: {sum(result.met for result in results)} of {len(results)}"]


def _busy(results: Sequence[Result]) -> list[str]:
    busy = [result.machine["during"].busy for result in results if "during" in result.machine]
    return [f"the machine's cores during the drill: {median(busy):g} % busy, {max(busy):g} % in the run that had most"] if busy else []


def _states(result: Result) -> list[str]:
    certain = sum(one.certain for one in result.conflicts)
    first, rest = result.conflicts[:SHOWN], len(result.conflicts) - SHOWN
    trusted = [f"states seen in which a leaf was not trusted: {certain}, not excluded: {len(result.conflicts) - certain}"] if result.trust else []
    return [*trusted, f"longest time {_what(result)} was not looked at: {result.gap:.2f} s",
            *(f"  {one}" for one in first), *([f"  and {rest} more"] if rest > 0 else []),
            *([machine.told(result.machine["quiet"], result.machine["during"])] if result.machine else [])]


def _what(result: Result) -> str:
    return "a proxy" if result.trust else "a cluster"


def _line(flow: Flow, start: float, added: float | None) -> tuple[str, ...]:
    ends = (f"{moment - start:+.1f} s" if moment is not None else "" for moment in (flow.first_lost, flow.last_lost))
    return (flow.flow, str(flow.sent), str(flow.lost), str(flow.breaks), *ends, f"{flow.p50 * 1000:.1f}", f"{flow.p99 * 1000:.1f}",
            "" if added is None else f"{added:+.1f}")


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Align the columns, the first one to the left."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
            for row in rows]


def beside(ours: Sequence[Result], others: Sequence[Result]) -> list[str]:
    """The losses of both drills side by side, a line for each."""
    if not others:
        return []
    lines = ((result.name, str(sum(flow.lost for flow in result.flows.values())), str(sum(flow.sent for flow in result.flows.values())))
             for result in (*others, *ours))
    return columns([("drill", "lost", "of"), *lines])
