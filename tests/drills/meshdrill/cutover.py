# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""drill-cutover: forward until a gate fails and all is turned back by itself; forward; back by hand; forward, and the former retired. Nobody notices."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from . import counters, onset, play, revisions, sightings
from .app import NAMESPACE, PATIENCE, STREAM, Load, ledgers
from .errors import DrillError
from .gate import Gate, always, gate
from .ground import CLUSTERS, LONGEST_GAP, Ground, Seen, served
from .ledger import ANSWERED, Request
from .play import Run
from .report import Phase, Promise, Result, promise
from .revisions import Left, Pair, Variables
from .scenery import CANARY, DECOY, ENDLESS, INGRESS, stage

# A stream that is not renewed ends with its server; within so many seconds it is answered again.
SILENCE = 5.0
# The machine carries two clusters, the load and the playbook: what the gates of the playbook call slow has to leave room for that, and a request of
# a probe has as much time as one of the load. Before the first wave both cores may be free, so slower than then says nothing here.
MEASURE = {"requests": 50, "timeout": PATIENCE, "least_success": 1.0, "most_seconds": 5.0, "slower": 0.0}
Play = Callable[[str, Variables], Run]


@dataclass(frozen=True)
class Step:
    """One run of the playbook. `back`: to the former revision. `fails`: a gate says no as soon as servers have moved."""

    name: str
    back: bool = False
    fails: bool = False
    retire: bool = False

    def to(self, pair: Pair) -> str:
        return pair.former if self.back else pair.target


STEPS = (Step("gate fails", fails=True), Step("forward"), Step("back", back=True), Step("forward, retire", retire=True))


def by_playbook(folder: Path, inventory: Path = play.INVENTORY) -> Play:
    return lambda kind, variables: play.playbook("cutover", kind, folder / kind.replace(", ", "-").replace(" ", "-"), variables, inventory=inventory)


def wish(to: str, pair: Pair, gates: Sequence[Variables] = (), **variables: Any) -> Variables:
    """What the playbook is given."""
    return {**pair.variables(to), "cutover_to": to, "cutover_canary": [CANARY], "cutover_rollback": "all", "cutover_probe": MEASURE,
            "cutover_gates": list(gates), **variables}


@dataclass
class Course:
    """The steps of one drill, and what became of them."""

    ground: Ground
    pair: Pair
    play: Play
    asked: Gate
    requests: int
    spans: dict[str, tuple[float, float]] = field(default_factory=dict)
    trouble: list[Promise] = field(default_factory=list)
    note: Callable[[str], None] = lambda _step: None
    left: Left = revisions.left
    watched: Callable[[], AbstractContextManager[None]] = nullcontext

    def act(self, load: Load) -> list[Phase]:
        begin, phases = time.time(), list[Phase]()
        self.ground.estate.kubectl_all("-n", CANARY, "delete", "pod", DECOY, "--ignore-not-found")
        try:
            for step in STEPS:
                with self.watched():
                    phases += self._step(step)
                self.ground.say(f"drill-cutover: {step.name}: {phases[-1].seconds:.1f} s, {load.sent_since(begin)} requests in the slowest flow")
        except DrillError as error:
            self.trouble.append(Promise("each cutover ends as it should", str(error), met=False))
            return [*phases, Phase("did not come to its end", begin, time.time() - begin)]
        return [*phases, *self._rest(load, begin)]

    def _rest(self, load: Load, begin: float) -> list[Phase]:
        """The load goes on until each flow has its requests."""
        since = time.time()
        while load.sent_since(begin) < self.requests:
            time.sleep(2.0)
        return [Phase("nothing is done any more", since, time.time() - since)]

    def _step(self, step: Step) -> list[Phase]:
        to = step.to(self.pair)
        self.asked.well = (lambda: not self._moved(to)) if step.fails else always
        own = {"name": "drill", "http": {"url": self.asked.url, "status": [200]}}
        run = self.play(step.name, wish(to, self.pair, [own], cutover_retire=step.retire))
        end = time.time()
        self.note(step.name)
        self.spans[step.name] = (run.began, end)
        self._judge(step, run)
        return [*run.phases, Phase(f"{step.name}: in all", run.began, end - run.began)]

    def _moved(self, revision: str) -> bool:
        """Whether a server of the first cluster runs by this revision."""
        pods = self.ground.estate.get(CLUSTERS[0], "pods", "-n", NAMESPACE, "-l", "drill=server")["items"]
        return any(pod["metadata"].get("annotations", {}).get(revisions.REV) == revision for pod in pods)

    def _judge(self, step: Step, run: Run) -> None:
        estate, to = self.ground.estate, step.to(self.pair)
        if step.fails and not run.code:
            raise DrillError(f"{step.name}: a gate failed and the playbook did not; its words are in {run.log}.")
        on = self.pair.former if step.fails else run.succeeded() and to
        wrong = [line for cluster in CLUSTERS for line in revisions.strangers(estate, cluster, str(on))]
        wrong += [f"{line} is left of it" for cluster in CLUSTERS if step.retire for line in self.left(estate, cluster, self.pair.former)]
        if wrong:
            raise DrillError(f"{step.name}: not everything is on {on}: {'; '.join(wrong[:5])} ({len(wrong)} in all; {run.log}).")

    def judge(self, seen: Seen) -> list[Promise]:
        begin, end = self.spans.get("gate fails", (0.0, 0.0))
        moved = sightings.made(seen.samples, NAMESPACE, self.pair.target, begin, end)
        return [*self.trouble, *served(seen, self.requests, [STREAM]),
                promise(f"a stream that nobody renews ({ENDLESS}) is answered again after its server ended, within seconds,", silence(seen.requests), SILENCE),
                Promise("servers had moved when the gate failed, and came back", f"{len(moved)} had", bool(moved)), *nobody_is_plain(seen)]


def nobody_is_plain(seen: Seen) -> list[Promise]:
    bare, decoys = sightings.plain(seen.samples), [name for name in sightings.plain(seen.samples, refusing=True) if name.endswith(f"/{CANARY}/{DECOY}")]
    return [Promise("no pod without a sidecar becomes ready where there should be one", ", ".join(bare) or "none", not bare),
            Promise("the witness sees the one that wants none", ", ".join(decoys) or "it does not", len(decoys) == len(CLUSTERS)),
            promise("no cluster is out of the witness's sight for longer, in seconds,", sightings.longest_gap(seen.samples), LONGEST_GAP)]


def silence(requests: Sequence[Request]) -> float:
    """The longest time between two answers of the stream that nobody renews."""
    answers = sorted(request.due + request.took for request in requests if (request.flow, request.outcome) == (ENDLESS, ANSWERED))
    return round(max((later - earlier for earlier, later in itertools.pairwise(answers)), default=float("inf")), 2)


def hold(ground: Ground, requests: int, servers: int, variables: Callable[[str], Variables], run: Play | None = None, left: Left = revisions.left) -> Result:
    pair = revisions.between(ground.estate, CLUSTERS, variables)
    ground.say(f"drill-cutover: {pair.former} serves; there and back to {pair.target}, {servers} server{'s' if servers > 1 else ''} in each cluster")
    with gate() as asked:
        note = partial(counters.write_down, ground.estate, CLUSTERS[0], INGRESS, ground.build / "cutover.counters.jsonl")
        watched = partial(onset.watching, onset.Onset(ground.estate, CLUSTERS, ground.build / "cutover.onset"), ledgers(CLUSTERS[0]))
        play_it = run or by_playbook(ground.build / "cutover", ground.estate.inventory)
        course = Course(ground, pair, play_it, asked, requests, note=note, left=left, watched=watched)
        return ground.hold("cutover", course.act, course.judge, stage(CLUSTERS, pair.former, servers), sightings.PODS)


@contextmanager
def standing(ground: Ground, variables: Callable[[str], Variables], home: bool = True) -> Iterator[None]:
    """The mesh, installed as drills of a cutover want it. In the end it comes home to the revision that the inventory names, which is what `site` wishes."""
    now = revisions.serving(ground.estate, CLUSTERS[0]) or revisions.REVISIONS[0]
    inventory = ground.estate.inventory
    play.playbook("site", "site", ground.build / "site", {**variables(now), "mesh_revision": now}, inventory=inventory).succeeded()
    yield
    first, last = revisions.REVISIONS[0], revisions.serving(ground.estate, CLUSTERS[0])
    if home and last != first:
        ground.say(f"drill-cutover: bringing the mesh back from {last} to {first}")
        given = {**variables(first), "cutover_to": first, "cutover_probe": MEASURE}
        play.playbook("cutover", "home", ground.build / "home", given, inventory=inventory).succeeded()
