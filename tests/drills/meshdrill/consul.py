# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""drill-consul: what two datacenters of Consul survive under load. Some acts must lose nothing; of others the drill counts what they lose, and says why."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import consul_acts, consul_scenery, ledger, sightings
from .app import NAMESPACE, Load, ledgers
from .consul_acts import ACTS, Act
from .consul_mesh import Mesh
from .errors import DrillError
from .ground import CLUSTERS, LONGEST_GAP, Ground, Seen, lost_by_phase
from .report import Phase, Promise, Result, promise

Do = Callable[[Act, Mesh], Sequence[Promise]]


class ConsulLoad(Load):
    """Clients in both datacenters ask servers in both."""

    def __init__(self, ground: Ground, mesh: Mesh) -> None:
        super().__init__(ground.estate, CLUSTERS, ground.rate, ground.say)
        self._mesh, self._books = mesh, [ledger.Book(ledgers(cluster)) for cluster in CLUSTERS]

    @property
    def flows(self) -> tuple[str, ...]:
        return tuple(consul_scenery.flows(CLUSTERS))

    def start(self) -> None:
        self._bring_image()
        self.stop()
        for book in self._books:
            book.open()
        for cluster in CLUSTERS:
            items = list(consul_scenery.objects(CLUSTERS, cluster, self._rate))
            self._estate.kubectl(cluster, "apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        self._mesh.play("site", "site").succeeded()
        for cluster in CLUSTERS:
            for name in (*consul_scenery.SERVICES, "client"):
                self._mesh.rolled_out(cluster, f"deployment/{name}", NAMESPACE)
                # The one without a sidecar is gone, so that nobody asks it what it sent.
                self._mesh.alone(cluster, f"app={name}", NAMESPACE)
        self._settle()

    def requests(self) -> list[ledger.Request]:
        for book in self._books:
            self._requests += book.news()
        return self._requests

    def sent_since(self, begin: float) -> int:
        seen = ledger.flows(ledger.during(self.requests(), begin, time.time()))
        return min((seen[name].sent if name in seen else 0) for name in self.flows)

    def stop(self) -> None:
        """The pods go, and `site` without them takes their services, tokens and entries out of Consul."""
        for cluster in CLUSTERS:
            self._estate.kubectl(cluster, "delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=true")


def _nothing(_mesh: Mesh) -> list[Promise]:
    time.sleep(10.0)
    return []


_REST = Act("nothing is done", _nothing)


@dataclass
class Course:
    """The acts of one drill, in turn until each flow has its requests."""

    ground: Ground
    mesh: Mesh
    acts: Sequence[Act]
    requests: int
    do: Do = consul_acts.do
    findings: list[Promise] = field(default_factory=list)

    def act(self, load: Load) -> list[Phase]:
        begin, phases, turn = time.time(), list[Phase](), 0
        # What may lose requests is done once, last, so that its aftermath is in no other act.
        safe, other = [one for one in self.acts if one.safe], [one for one in self.acts if not one.safe]
        again = [one for one in safe if not one.once] or [_REST]
        while turn < len(safe) or (safe and load.sent_since(begin) < self.requests):
            phases += self._one(safe[turn] if turn < len(safe) else again[turn % len(again)], load, begin)
            turn += 1
        for one in other:
            phases += self._one(one, load, begin)
        return phases

    def _one(self, act: Act, load: Load, begin: float) -> list[Phase]:
        since = time.time()
        try:
            self.findings += self.do(act, self.mesh)
        except (DrillError, AssertionError, subprocess.SubprocessError) as error:
            # The others are held all the same, as each begins with a mesh that is well.
            self.findings.append(Promise(f"{act.name} comes to its end", str(error)[:600], met=False))
        phase = Phase(act.name, since, time.time() - since)
        self.ground.say(f"drill-consul: {act.name}: {phase.seconds:.1f} s, {load.sent_since(begin)} requests in the slowest flow")
        return [phase]

    def judge(self, seen: Seen) -> list[Promise]:
        least = min((seen.flows[name].sent if name in seen.flows else 0) for name in consul_scenery.flows(CLUSTERS))
        sight = promise("no cluster is out of the witness's sight for longer, in seconds,", sightings.longest_gap(seen.samples), LONGEST_GAP)
        return [Promise(f"each flow has {self.requests} requests or more", str(least), least >= self.requests), *self.findings,
                *losses(self.acts, seen), sight]


def losses(acts: Sequence[Act], seen: Seen) -> list[Promise]:
    """What each act lost. Of one that may lose, the flows that it must not touch are judged alone, and the others are told with what explains them."""
    told = []
    for act in acts:
        phases = [phase for phase in seen.phases if phase.name == act.name]
        if act.safe:
            told.append(promise(f"{act.name} loses nothing", lost_by_phase(phases, seen.requests).get(act.name, 0)))
            continue
        if act.keeps:
            kept = [one for one in seen.requests if one.flow.startswith(act.keeps)]
            told.append(promise(f"{act.name} loses nothing of {act.keeps}*", lost_by_phase(phases, kept).get(act.name, 0)))
        others = [one for one in seen.requests if not (act.keeps and one.flow.startswith(act.keeps))]
        lost = lost_by_phase(phases, others).get(act.name, 0)
        sent = sum(len(ledger.during(others, phase.begin, phase.end)) for phase in phases)
        told.append(Promise(f"{act.name} is counted: {act.why}", f"{lost} of {sent} lost", met=bool(phases)))
    return told


def chosen(mesh: str, names: Sequence[str]) -> list[Act]:
    """The acts named, or all that this kind of mesh has."""
    known = {act.name: act for act in ACTS if mesh in act.meshes}
    if unknown := sorted(set(names) - set(known)):
        raise DrillError(f"A {mesh} has no act {', '.join(unknown)}; there are {', '.join(known)}.")
    return [known[name] for name in names] if names else list(known.values())


def hold(ground: Ground, requests: int, mesh: str, names: Sequence[str], do: Do = consul_acts.do) -> Result:
    acts = chosen(mesh, names)
    by_hand = Mesh(ground.estate, mesh, ground.build / "consul", variables(mesh))
    course = Course(ground, by_hand, acts, requests, do)
    return ground.hold("consul", course.act, course.judge, eyes=sightings.PODS, load=ConsulLoad(ground, by_hand))


def variables(mesh: str) -> dict[str, Any]:
    return consul_scenery.variables(CLUSTERS, mesh)
