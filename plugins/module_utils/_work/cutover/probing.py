# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let the probes of a cutover ask each other, once to see that mTLS holds, and then often enough to measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..._kube.cluster import Answer, Cluster
from ..._kube.waiting import waiting
from ..._mesh.contract.health import Health
from ..._mesh.cutover.gate import ProbeReading
from ..._mesh.cutover.probes import asking, measured_by
from ..._mesh.errors import MeshError
from ..._mesh.few_names import few
from ..._mesh.health.probe import Load, Probe
from ..clock import Clock
from ..follow import Pace
from ..health.probe import asking_pod
from ..look import asked

_ANSWER = "200"
_AT_ONCE = 3  # more would measure each other, and what a small cluster can carry
_SHORTEST, _EACH = 30.0, 1.0  # how long a measure may take: so long, and so much more for each request
T = TypeVar("T")


@dataclass(frozen=True)
class ProbePath:
    """One pod that asks one cluster, by the name under which the reading shows it."""

    name: str
    probe: Probe
    pod: str
    target: str


@dataclass(frozen=True)
class ProbeOrder:
    """Which clusters the probes ask, how often, and whether they also ask through gateways. `patience` is how many seconds a path may take until it works.

    `timeout` is how many seconds a request of the measure may take.

    `destinations` says that the proxies of the probes have to know the same endpoints.
    """

    targets: Sequence[str] = ()
    requests: int = 0
    timeout: float = 5.0
    trust_domain: str = ""
    gateway: bool = True
    patience: float = 0.0
    destinations: bool = True

    @property
    def load(self) -> Load:
        return Load(self.requests, self.timeout)


def probed(cluster: Cluster, health: Health, order: ProbeOrder, clock: Clock) -> list[ProbeReading]:
    """What the probes saw on each path. Without patience each is asked once. In a mesh of very many clusters most paths only have to work."""
    end, requests = clock.monotonic() + order.patience, order.requests
    with waiting() as say:
        for pause in Pace(0.5, 2.0).pauses():
            paths, faults = _paths(cluster, health, order)
            faults = {**faults, **_faults(cluster, paths)}
            if not faults or clock.monotonic() >= end:
                break
            say(f"probes do not get through yet: {few(sorted(faults), 3)}")
            clock.sleep(pause)
    near, sound = measured_by(cluster.name, order.targets), [path for path in paths if path.name not in faults]
    measured = {one.path: one for chunk in together([path for path in sound if path.target in near]) for one in _measured(cluster, chunk, order.load)}
    answered = {path.name: ProbeReading(path.name, 1, 1) for path in sound if path.target not in near}
    failed = {name: ProbeReading(name, requests, 0, 0.0, fault) for name, fault in faults.items()}
    return [reading for _name, reading in sorted({**measured, **answered, **failed}.items())]


def _paths(cluster: Cluster, health: Health, order: ProbeOrder) -> tuple[list[ProbePath], dict[str, str]]:
    paths, faults = [], {}
    for told, wish in asking(cluster.name, order.targets, order.trust_domain, order.gateway):
        probe = health.probe(wish)
        pod = asking_pod(cluster, probe)
        for target in order.targets:
            name = f"{told}, {cluster.name} to {target}"
            if pod is None:
                faults[name] = f"no probe pod runs in namespace {wish.namespace}"
            else:
                paths.append(ProbePath(name, probe, pod, target))
    return paths, faults


def _faults(cluster: Cluster, paths: Sequence[ProbePath]) -> Mapping[str, str]:
    """Ask once on each path, and return what is wrong with the answers."""
    answers = cluster.ask_all([asked(path.probe.question(path.pod, path.target)) for path in paths])
    judged = {path.name: _fault(path, answer) for path, answer in zip(paths, answers, strict=True)}
    return {name: fault for name, fault in judged.items() if fault}


def _fault(path: ProbePath, answer: Answer | MeshError) -> str | None:
    if isinstance(answer, MeshError):
        return str(answer).rstrip(".")
    return path.probe.fault(path.target, answer.status, answer.body.decode(errors="replace"))


def together(measures: Sequence[T]) -> Iterator[Sequence[T]]:
    """Those measures that run at once, then the next ones."""
    yield from (measures[start : start + _AT_ONCE] for start in range(0, len(measures), _AT_ONCE))


def longest(load: Load) -> float:
    """How many seconds the measure of a load may take."""
    return _SHORTEST + load.timeout + _EACH * load.requests


def _measured(cluster: Cluster, paths: Sequence[ProbePath], load: Load) -> list[ProbeReading]:
    answers = cluster.ask_all([asked(path.probe.load(path.pod, path.target, load), longest(load)) for path in paths])
    return [_reading(path, answer, load.requests) for path, answer in zip(paths, answers, strict=True)]


def _reading(path: ProbePath, answer: Answer | MeshError, requests: int) -> ProbeReading:
    if isinstance(answer, MeshError):
        return ProbeReading(path.name, requests, 0, 0.0, str(answer).rstrip("."))
    try:
        if answer.status != 200:
            raise ValueError(f"the measure was answered with HTTP {answer.status}")
        seen = path.probe.measured(answer.body.decode(errors="replace"))
    except ValueError as wrong:
        return ProbeReading(path.name, requests, 0, 0.0, str(wrong))
    return ProbeReading(path.name, seen.sent, seen.answered, seen.slowest, others=seen.besides(_ANSWER))
