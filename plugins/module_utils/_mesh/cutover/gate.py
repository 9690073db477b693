# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a cutover goes on after a wave, or turns back, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..few_names import few

GO, BACK, STOP = "go", "back", "stop"
WAVE, ALL, NONE = "wave", "all", "none"
_SHOWN = 5
_LOGS = "the logs of the control planes say which"
_ASTRAY = "restart the control planes of the revision that is wrong, or leave this out with cutover_probe.destinations: false"


@dataclass(frozen=True)
class ProbeReading:
    """Requests that the probes sent and how they ended. `slowest` is the 99th percentile in seconds. `fault` says why nothing was measured.

    `answer` is the status that counts as an answer, if that is not the one of a probe. `others` says what came instead, and how often.
    """

    path: str
    sent: int
    answered: int
    slowest: float = 0.0
    fault: str = ""
    answer: str = ""
    others: str = ""


@dataclass(frozen=True)
class UserGate:
    """The answer to a gate of the user's. `value` is what was seen; `fault` says why it could not be asked."""

    name: str
    passed: bool = False
    value: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Reading:
    """What was seen of a cluster after a wave, and of its probes `before` the first one. `late` says what is not moved, `faults` what could not be asked.

    `counted` is the configuration that proxies rejected since their control planes started, by kind, and `rejected` since the first reading. `astray` says
    where the target sends requests otherwise than the former revision.
    """

    cluster: str
    probes: Sequence[ProbeReading] = ()
    before: Mapping[str, ProbeReading] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    late: Sequence[str] = ()
    plain: Sequence[str] = ()
    gates: Sequence[UserGate] = ()
    counted: Mapping[str, int] = field(default_factory=dict)
    faults: Sequence[str] = ()
    wave: int = 0
    astray: Sequence[str] = ()

    def facts(self) -> dict[str, Any]:
        return {**vars(self), "probes": [vars(one) for one in self.probes], "before": {}, "gates": [vars(one) for one in self.gates]}

    @classmethod
    def of(cls, facts: Mapping[str, Any], since: Mapping[str, Any] | None = None) -> Reading:
        """`facts` and `since` are facts of a reading. Without an earlier one nothing is compared."""
        probes = [ProbeReading(**one) for one in facts["probes"]]
        before = {one["path"]: ProbeReading(**one) for one in (since or {}).get("probes") or ()}
        return cls(**{**facts, "probes": probes, "before": before, "gates": [UserGate(**one) for one in facts["gates"]]})


@dataclass(frozen=True)
class Measure:
    """What a wave has to meet. `slower` is how many times slower than before an answer may be, 0 for any; below `seconds` nothing is too slow.

    `requests` is how many requests the probes were to send. Unless it is 0, a cluster of which no probe says anything has failed.
    """

    least_success: float = 1.0
    most_seconds: float = 1.0
    slower: float = 3.0
    seconds: float = 0.5
    rollback: str = WAVE
    requests: int = 0


@dataclass(frozen=True)
class Verdict:
    """`way` is go, back or stop. `waves` are the numbers of the waves to turn back, the last one first; with `pointers`, after the step finish."""

    way: str
    waves: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()
    pointers: bool = False


def since(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """What counters counted since they were read before. One that is smaller now began anew."""
    return {kind: count - before.get(kind, 0) if count >= before.get(kind, 0) else count for kind, count in now.items()}


def verdict(
    readings: Sequence[Reading],
    measure: Measure,
    wave: int,
    through: Sequence[int] = (),
    gates: Sequence[UserGate] = (),
    faults: Sequence[str] = (),
    finished: bool = False,
) -> Verdict:
    """`through` are the waves that were moved before this one, `gates` those that no cluster was asked, `faults` sentences about this wave.

    Whatever could not be asked has failed. Wave 0 is none: nothing of it can be turned back, but what the step finish did can if it is `finished`.
    """
    own = [f"{reason[0].upper()}{reason[1:]}." for gate in gates if (reason := _gate(gate))]
    reasons = (*faults, *(f"{reading.cluster}: {reason}." for reading in readings for reason in _reasons(reading, measure)), *own)
    if not reasons:
        return Verdict(GO)
    if measure.rollback == NONE:
        return Verdict(STOP, (), reasons)
    earlier = sorted((number for number in through if number != wave), reverse=True) if measure.rollback == ALL else []
    return Verdict(BACK, (*([wave] if wave else []), *earlier), reasons, finished)


def _reasons(reading: Reading, measure: Measure) -> list[str]:
    return [
        *reading.faults,
        *(["no probe was asked"] if measure.requests and not reading.probes and not reading.faults else []),
        *([f"pods run without a proxy: {_list(reading.plain)}"] if reading.plain else []),
        *([f"not moved: {_list(reading.late)}"] if reading.late else []),
        *([f"{_list(reading.astray)}; {_ASTRAY}"] if reading.astray else []),
        *(f"proxies rejected {count} {kind} configurations; {_LOGS}" for kind, count in sorted(reading.rejected.items()) if count > 0),
        *(reason for probe in reading.probes for reason in _probe(probe, reading.before.get(probe.path), measure)),
        *(reason for gate in reading.gates if (reason := _gate(gate))),
    ]


def _list(names: Sequence[str]) -> str:
    return few(names, _SHOWN, "; ")


def _probe(probe: ProbeReading, before: ProbeReading | None, measure: Measure) -> list[str]:
    if probe.fault:
        return [f"the probe {probe.path} failed: {probe.fault}"]
    if probe.sent == 0:
        return [f"the probe {probe.path} sent nothing"]
    share = probe.answered / probe.sent
    if share < measure.least_success:
        instead = f"; instead came: {probe.others}" if probe.others else ""
        return [f"the probe {probe.path} got {probe.answered} of {probe.sent} answers ({share:.2%}), and needs {measure.least_success:.2%}{instead}"]
    if probe.slowest > measure.most_seconds:
        return [f"the probe {probe.path} waited {probe.slowest:.2f} s for its slowest answers, and may wait {measure.most_seconds:.2f} s"]
    if before and before.slowest and measure.slower and probe.slowest > max(measure.seconds, before.slowest * measure.slower):
        return [f"the probe {probe.path} waited {probe.slowest:.2f} s for its slowest answers, {before.slowest:.2f} s before the wave"]
    return []


def _gate(gate: UserGate) -> str:
    if gate.fault:
        return f"the gate {gate.name} could not be asked: {gate.fault}"
    return "" if gate.passed else f"the gate {gate.name} failed{f': it saw {gate.value}' if gate.value else ''}"
