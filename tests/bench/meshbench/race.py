# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rounds of a workload: every contestant in turn, each in its own lane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from meshlab.apionly import ApiServer

from .contestants import CONTESTANTS, IDLE, OWN, STARTUP, STATUS, TASKS, Scene
from .errors import BenchError
from .figures import Run, scaled, there_and_back
from .measure import AuditLog, footprint, timed
from .workload import DRIFTED, Manifest, collection, namespace

Say = Callable[[str], None]
# Somebody else's tool that has run so often, and for so many seconds in a workload, rests for the remaining rounds.
OFTEN, LONG = 3, 60.0


@dataclass
class Outcome:
    """The runs of each contestant, already scaled, the MiB of all its processes if they were measured, and why some did not take part."""

    runs: dict[str, list[Run]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    trees: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Lane:
    """One contestant and the API servers it works on."""

    name: str
    scene: Scene
    servers: tuple[ApiServer, ...]
    audit: AuditLog

    def run(self) -> Run:
        found = timed(CONTESTANTS[self.name].commands(self.scene), self.scene.folder, self.audit)
        self.check()
        return found

    def footprint(self) -> float:
        return footprint(CONTESTANTS[self.name].commands(self.scene), self.scene.folder)

    def check(self) -> None:
        """Check that the objects exist, so that no contestant is fast because it left something out."""
        if self.name in IDLE:
            return
        wanted = self.scene.chosen if CONTESTANTS[self.name].sampled else self.scene.objects
        for server in self.servers:
            for api, kind in {(manifest["apiVersion"], manifest["kind"]) for manifest in wanted}:
                missing = {_place(one) for one in wanted if one["kind"] == kind} - {_place(one) for one in server.api.get(collection(api, kind))["items"]}
                if missing:
                    raise BenchError(f"{self.name} left out {len(missing)} {kind} objects, such as {min(missing)}.")
            if self._drifted in map(_place, wanted) and server.api.get(self._path)["data"]["number"] != "0":
                raise BenchError(f"{self.name} did not mend {DRIFTED}.")

    @property
    def _drifted(self) -> str:
        return f"{namespace(self.name, 0)}/{DRIFTED}"

    @property
    def _path(self) -> str:
        return f"/api/v1/namespaces/{namespace(self.name, 0)}/configmaps/{DRIFTED}"

    def drift(self) -> None:
        """Change a field as a person would. Another field manager owns it then, so server-side apply has to take it by force."""
        for server in self.servers if self.name not in IDLE else ():
            server.api.patch(f"{self._path}?fieldManager=hand", {"data": {"number": "drifted"}})

    @property
    def factor(self) -> float:
        return (len(self.scene.crds) + len(self.scene.objects)) / len(self.scene.sample) if CONTESTANTS[self.name].sampled else 1.0


def _place(manifest: Manifest) -> str:
    return f"{manifest['metadata'].get('namespace', '')}/{manifest['metadata']['name']}"


class Race:
    """One workload: its rounds and what came of them."""

    def __init__(self, workload: str, rounds: int, say: Say, often: int = OFTEN) -> None:
        self.outcome = Outcome()
        self._workload, self._rounds, self._say, self._often = workload, rounds, say, often
        self._spent: dict[str, list[float]] = {}

    def warm_up(self, lane: Lane, times: int = 2) -> None:
        """Run twice: the first run creates, the second does what a tool does only once."""
        self._say(f"{self._workload}: warming up {lane.name}")
        self._guarded(lane.name, lambda: [lane.run() for _time in range(times)])

    def weigh(self, lane: Lane) -> None:
        """Measure the memory in a run that is not timed and that also warms up."""
        def look() -> None:
            self.outcome.trees[lane.name] = lane.footprint()

        self._say(f"{self._workload}: the memory of {lane.name}")
        self._guarded(lane.name, look)

    def run(self, names: Sequence[str], attempt: Callable[[str, int], tuple[Lane, Run]]) -> Outcome:
        """`attempt` gets the number of the round, too."""
        for number, order in enumerate(there_and_back(names, self._rounds), 1):
            self._say(f"{self._workload}, round {number} of {self._rounds}")
            self._keep(self._round([name for name in order if self._takes_part(name)], number, attempt))
        return self.outcome

    def _round(self, names: Sequence[str], number: int, attempt: Callable[[str, int], tuple[Lane, Run]]) -> dict[str, tuple[Lane, Run]]:
        found: dict[str, tuple[Lane, Run]] = {}

        def go(name: str) -> None:
            found[name] = attempt(name, number)

        for name in names:
            self._guarded(name, lambda name=name: go(name))
        return found

    def _takes_part(self, name: str) -> bool:
        spent = self._spent.get(name, [])
        return name not in self.outcome.left_out and (name in (*OWN, STATUS, TASKS) or len(spent) < self._often or sum(spent) < LONG)

    def _guarded(self, name: str, action: Callable[[], object]) -> None:
        """Run a contestant. A peer that cannot do the workload is left out, and the report says why."""
        if name in self.outcome.left_out:
            return
        try:
            action()
        except BenchError as error:
            if name in (*OWN, STATUS, TASKS):
                raise
            self._say(f"  {name} is left out: {error}")
            self.outcome.left_out[name] = str(error)
            self.outcome.runs.pop(name, None)

    def _keep(self, found: dict[str, tuple[Lane, Run]]) -> None:
        for name, (lane, seen) in found.items():
            one = scaled(seen, found[STARTUP][1], lane.factor) if lane.factor != 1 else seen
            self._spent.setdefault(name, []).append(seen.wall)
            self.outcome.runs.setdefault(name, []).append(one)
            told = (f" {one.pushes:4.0f} pushes" if one.pushes else "") + (f" {one.lag:6.2f} s of lag" if one.lag else "")
            self._say(f"  {name:13}{one.wall:8.2f} s {one.cpu:8.2f} CPU s {one.requests:6.0f} requests {one.writes:5.0f} writes{told}")
