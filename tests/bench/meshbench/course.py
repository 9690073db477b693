# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workloads, run: each contestant has namespaces of its own on one API server, or an empty API server where the start is cold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import yaml
from meshlab import apionly, programs
from meshlab.apionly import ApiServer

from .contestants import CONTESTANTS, ENGINE, IDLE, OURS, STARTUP, Scene
from .errors import BenchError
from .figures import Run, scaled, there_and_back
from .measure import AuditLog, timed
from .workload import DRIFTED, LABEL, Manifest, collection, namespace, objects, one_of_each

Say = Callable[[str], None]
OWN = (ENGINE, OURS, *IDLE)


@dataclass
class Outcome:
    """The runs of each contestant, already scaled, and why some did not take part."""

    runs: dict[str, list[Run]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lane:
    """One contestant on one API server."""

    name: str
    scene: Scene
    server: ApiServer
    audit: AuditLog

    def run(self) -> Run:
        found = timed(CONTESTANTS[self.name].commands(self.scene), self.scene.folder, self.audit)
        self.check()
        return found

    def check(self) -> None:
        """What it says it did has to be there: nobody is fast by leaving something out."""
        if self.name in IDLE:
            return
        manifests = one_of_each(self.scene.objects) if CONTESTANTS[self.name].sampled else self.scene.objects
        for (api, kind), count in Counter((manifest["apiVersion"], manifest["kind"]) for manifest in manifests).items():
            live = self.server.api.get(f"{collection(api, kind)}?labelSelector={LABEL}={self.name}")["items"]
            if len(live) != count:
                raise BenchError(f"{self.name} left {len(live)} {kind} objects instead of {count}.")
        if self.server.api.get(self._drifted)["data"]["number"] != "0":
            raise BenchError(f"{self.name} did not mend {DRIFTED}.")

    @property
    def _drifted(self) -> str:
        return f"/api/v1/namespaces/{namespace(self.name, 0)}/configmaps/{DRIFTED}"

    def drift(self) -> None:
        """As if by hand: another field manager owns the field now, so whoever uses server-side apply has to take it by force."""
        if self.name not in IDLE:
            self.server.api.patch(f"{self._drifted}?fieldManager=hand", {"data": {"number": "drifted"}})

    @property
    def factor(self) -> float:
        return (len(self.scene.crds) + len(self.scene.objects)) / len(self.scene.sample) if CONTESTANTS[self.name].sampled else 1.0


@cache
def istio_crds() -> list[Manifest]:
    """Out of the chart that the lab has built."""
    file = programs.PROGRAMS["istio"].cached / "charts" / "base" / "files" / "crd-all.gen.yaml"
    if not file.exists():
        raise BenchError("Istio's charts are not built yet: make lab-build.")
    return [crd for crd in yaml.load_all(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if crd]


class Course:
    """The same contestants over one workload after the other."""

    def __init__(self, folder: Path, rounds: int, names: list[str], say: Say) -> None:
        self._folder, self._rounds, self._names, self._say = folder, rounds, names, say

    def warm(self, wanted: list[str]) -> dict[str, Outcome]:
        """P1 and P2, on one API server that has everything."""
        outcomes = {"P1": Outcome(), "P2": Outcome()}
        with apionly.running("bench") as server:
            lanes = {name: self._lane(server, name) for name in self._names}
            timed(CONTESTANTS[ENGINE].commands(replace(lanes[ENGINE].scene, objects=[], crds=istio_crds())), lanes[ENGINE].scene.folder, lanes[ENGINE].audit)
            for name, lane in lanes.items():
                self._warm_up(name, lane, outcomes)
            if "P1" in wanted:
                self._rounds_of("P1", lambda name: lanes[name], outcomes["P1"])
            if "P2" in wanted:
                forced = {name: replace(lane, scene=replace(lane.scene, force=True)) for name, lane in lanes.items()}
                self._rounds_of("P2", lambda name: forced[name], outcomes["P2"], prepare=Lane.drift)
        return {name: outcome for name, outcome in outcomes.items() if name in wanted}

    def cold(self) -> Outcome:
        """P3: a new, empty API server for each run of each contestant; CRDs are part of the work."""
        outcome = Outcome()
        for number, names in enumerate(there_and_back(self._names, self._rounds), 1):
            self._say(f"P3, round {number} of {self._rounds}")
            found: dict[str, Run] = {}
            lanes: dict[str, Lane] = {}
            for name in [name for name in names if name not in outcome.left_out]:
                with apionly.running("bench") as server:
                    lanes[name] = self._lane(server, name, istio_crds())
                    self._attempt(lanes[name], found, outcome)
            self._keep(found, {name: lanes[name].factor for name in found}, outcome)
        return outcome

    def _lane(self, server: ApiServer, name: str, crds: list[Manifest] | None = None) -> Lane:
        folder = self._folder / server.directory.parent.name / name
        folder.mkdir(parents=True, exist_ok=True)
        return Lane(name, Scene(folder, server.kubeconfig, server.context, objects(name), crds or [], False), server, AuditLog(server.audit_log))

    def _warm_up(self, name: str, lane: Lane, outcomes: dict[str, Outcome]) -> None:
        """Twice: the first creates, the second settles what a tool does only once."""
        self._say(f"warming up {name}")
        try:
            for _time in range(2):
                lane.run()
        except BenchError as error:
            for outcome in outcomes.values():
                self._fail(name, error, outcome)

    def _rounds_of(self, workload: str, lane: Callable[[str], Lane], outcome: Outcome, prepare: Callable[[Lane], None] = lambda lane: None) -> None:
        for number, names in enumerate(there_and_back(self._names, self._rounds), 1):
            self._say(f"{workload}, round {number} of {self._rounds}")
            found: dict[str, Run] = {}
            for name in [name for name in names if name not in outcome.left_out]:
                prepare(lane(name))
                self._attempt(lane(name), found, outcome)
            self._keep(found, {name: lane(name).factor for name in found}, outcome)

    def _attempt(self, lane: Lane, found: dict[str, Run], outcome: Outcome) -> None:
        try:
            found[lane.name] = lane.run()
        except BenchError as error:
            self._fail(lane.name, error, outcome)

    def _keep(self, found: dict[str, Run], factors: dict[str, float], outcome: Outcome) -> None:
        for name, seen in found.items():
            one = seen if factors[name] == 1 else scaled(seen, found[STARTUP], factors[name])
            outcome.runs.setdefault(name, []).append(one)
            self._say(f"  {name:13}{one.wall:8.2f} s {one.cpu:8.2f} CPU s {one.requests:6.0f} requests {one.writes:5.0f} writes")

    def _fail(self, name: str, error: BenchError, outcome: Outcome) -> None:
        """A peer that cannot do it is left out, and the report says why."""
        if name in OWN:
            raise error
        self._say(f"  {name} is left out: {error}")
        outcome.left_out[name] = str(error)
        outcome.runs.pop(name, None)
