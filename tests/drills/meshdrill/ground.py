# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of all drills: run the load, let the witness look, do something meanwhile, and make a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

from . import ledger, machine, timeline, witness
from .app import FLOWS, STREAM, Load, Say, Stage
from .errors import DrillError
from .ledger import Flow
from .report import Phase, Promise, Result, promise
from .witness import TRUST, Eyes, Samples

CLUSTERS = ("east", "west")
# A witness that looked away for longer than this has not seen enough to vouch for anything.
LONGEST_GAP = 2.0


@dataclass(frozen=True)
class Seen:
    """What a drill has measured, by which its promises are judged."""

    flows: Mapping[str, Flow]
    samples: Samples
    phases: Sequence[Phase]
    requests: Sequence[ledger.Request] = ()

    @property
    def lost(self) -> int:
        return sum(flow.lost + flow.breaks for flow in self.flows.values())


Act = Callable[[Load], Sequence[Phase]]
Judge = Callable[[Seen], Sequence[Promise]]


@dataclass(frozen=True)
class Ground:
    """Where drills are held, and with how much load."""

    estate: Estate
    build: Path
    say: Say
    rate: float
    baseline: float

    def hold(self, name: str, act: Act, judge: Judge, stage: Stage | None = None, eyes: Eyes = TRUST, load: Load | None = None) -> Result:
        """One drill, from a quiet time for comparison to the figures of what was done under load."""
        load = load or Load(self.estate, CLUSTERS, self.rate, self.say, stage)
        file = self.build / f"{name}.timeline.jsonl"
        try:
            self.say(f"drill-{name}: starting the load, {self.rate:g} requests a second in each flow")
            load.start()
            with witness.watching(Path(self.estate.kubeconfig), file, CLUSTERS, eyes):
                quiet, used = time.time(), [machine.now()]
                time.sleep(self.baseline)
                begin = time.time()
                used.append(machine.now())
                phases, trouble = attempt(act, load, begin)
                end = time.time()
                used.append(machine.now())
                requests = load.finished()
        finally:
            load.stop()
        during, samples = ledger.during(requests, begin, end), witness.samples(file, eyes)
        seen = Seen(ledger.flows(during), samples, phases, during)
        return Result(name, phases, seen.flows, ledger.flows(ledger.during(requests, quiet, begin)), eyes.conflicts(samples), eyes.gap(samples),
                      [*trouble, *judge(seen)], lost_by_phase(phases, during),
                      {"quiet": machine.between(*used[:2]), "during": machine.between(*used[1:])}, trust=eyes is TRUST,
                      losses=[request for request in during if request.lost])


def attempt(act: Act, load: Load, begin: float) -> tuple[Sequence[Phase], list[Promise]]:
    """Do something under load. If it fails halfway, or a look at a cluster does, the figures until then still count."""
    try:
        return act(load), []
    except (DrillError, AssertionError) as error:
        return [Phase("did not come to its end", begin, time.time() - begin)], [Promise("it comes to its end", str(error), met=False)]


def lost_by_phase(phases: Sequence[Phase], requests: Sequence[ledger.Request]) -> dict[str, int]:
    lost = {phase.name: 0 for phase in phases}
    for phase in phases:
        lost[phase.name] += sum(request.lost for request in ledger.during(requests, phase.begin, phase.end))
    return lost


def served(seen: Seen, requests: int, streams: Sequence[str]) -> list[Promise]:
    """The promises to those who use the mesh."""
    counted = [seen.flows.get(flow, Flow(flow, 0, 0, 0, 0, 0)) for flow in (*FLOWS, *streams)]
    broken = [promise(f"the stream {flow.flow} never breaks", flow.breaks if flow.sent else float("inf")) for flow in counted if flow.flow in streams]
    least = min(flow.sent for flow in counted)
    return [Promise(f"each flow has {requests} requests or more", str(least), least >= requests),
            promise("no request is lost", sum(flow.lost for flow in counted)), *broken]


def nobody_noticed(seen: Seen, requests: int) -> list[Promise]:
    """The promises for a change that users of the mesh must not notice."""
    least = min((seen.flows[flow].sent if flow in seen.flows else 0) for flow in FLOWS)
    conflicts = timeline.conflicts(seen.samples)
    return [
        Promise(f"each flow has {requests} requests or more", str(least), least >= requests),
        promise("no request is lost", sum(flow.lost for flow in seen.flows.values())),
        promise(f"the stream {STREAM} never breaks", seen.flows[STREAM].breaks if STREAM in seen.flows else float("inf")),
        promise("every leaf is trusted by every proxy, at every moment: states seen in which it was not", sum(one.certain for one in conflicts)),
        promise("nor can such a state have gone unseen", sum(not one.certain for one in conflicts)),
        promise("no proxy is out of the witness's sight for longer, in seconds,", timeline.longest_gap(seen.samples), LONGEST_GAP),
    ]
