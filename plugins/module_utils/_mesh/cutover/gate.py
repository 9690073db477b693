# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a cutover goes on after a wave, or turns back, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

GO, BACK, STOP = "go", "back", "stop"
WAVE, ALL, NONE = "wave", "all", "none"
_SHOWN = 5


@dataclass(frozen=True)
class ProbeReading:
    """Requests that the probes sent and how they ended. `slowest` is the 99th percentile in seconds."""

    path: str
    sent: int
    answered: int
    slowest: float = 0.0


@dataclass(frozen=True)
class UserGate:
    """The answer to a gate of the user's. `value` is what was seen; `fault` says why it could not be asked."""

    name: str
    passed: bool = False
    value: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Reading:
    """What was seen of a cluster after a wave. `late` says what is not moved. `rejected` counts rejected configuration by kind since the last reading."""

    cluster: str
    probes: Sequence[ProbeReading] = ()
    before: Mapping[str, ProbeReading] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    late: Sequence[str] = ()
    plain: Sequence[str] = ()
    gates: Sequence[UserGate] = ()


@dataclass(frozen=True)
class Measure:
    """What a wave has to meet. `slower` is how many times slower than before the wave an answer may be; below `seconds` nothing is too slow."""

    least_success: float = 1.0
    most_seconds: float = 1.0
    slower: float = 3.0
    seconds: float = 0.1
    rollback: str = WAVE


@dataclass(frozen=True)
class Verdict:
    """`way` is go, back or stop. `waves` are the numbers of the waves to turn back, the last one first."""

    way: str
    waves: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()


def verdict(readings: Sequence[Reading], measure: Measure, wave: int, through: Sequence[int] = ()) -> Verdict:
    """`through` are the waves that were moved before this one. Whatever could not be asked has failed."""
    reasons = tuple(f"{reading.cluster}: {reason}." for reading in readings for reason in _reasons(reading, measure))
    if not reasons:
        return Verdict(GO)
    if measure.rollback == NONE:
        return Verdict(STOP, (), reasons)
    earlier = sorted((number for number in through if number != wave), reverse=True) if measure.rollback == ALL else []
    return Verdict(BACK, (wave, *earlier), reasons)


def _reasons(reading: Reading, measure: Measure) -> list[str]:
    return [
        *([f"pods run without a proxy: {_list(reading.plain)}"] if reading.plain else []),
        *([f"not moved: {_list(reading.late)}"] if reading.late else []),
        *(f"proxies rejected {count} {kind} configurations" for kind, count in sorted(reading.rejected.items()) if count > 0),
        *(reason for probe in reading.probes for reason in _probe(probe, reading.before.get(probe.path), measure)),
        *(reason for gate in reading.gates if (reason := _gate(gate))),
    ]


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return "; ".join(names[:_SHOWN]) + more


def _probe(probe: ProbeReading, before: ProbeReading | None, measure: Measure) -> list[str]:
    if probe.sent == 0:
        return [f"the probe {probe.path} sent nothing"]
    share = probe.answered / probe.sent
    if share < measure.least_success:
        return [f"the probe {probe.path} got {probe.answered} of {probe.sent} answers ({share:.2%}), and needs {measure.least_success:.2%}"]
    if probe.slowest > measure.most_seconds:
        return [f"the probe {probe.path} waited {probe.slowest:.2f} s for its slowest answers, and may wait {measure.most_seconds:.2f} s"]
    if before and before.slowest and probe.slowest > max(measure.seconds, before.slowest * measure.slower):
        return [f"the probe {probe.path} waited {probe.slowest:.2f} s for its slowest answers, {before.slowest:.2f} s before the wave"]
    return []


def _gate(gate: UserGate) -> str:
    if gate.fault:
        return f"the gate {gate.name} could not be asked: {gate.fault}"
    return "" if gate.passed else f"the gate {gate.name} failed{f': it saw {gate.value}' if gate.value else ''}"
