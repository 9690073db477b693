# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""drill-kill: a root rotation is killed before and after every one of its writes, run again to its end, and ends in the same state each time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.tests.killpoint.killpoint import armed

from . import byhand, play, state
from .app import Load
from .certificates import roots
from .errors import DrillError
from .ground import CLUSTERS, Ground, Seen, nobody_noticed
from .play import Run
from .report import Phase, Promise, Result

MOMENTS = ("before", "after")
Rotate = Callable[[str], Run]
# Seldom a run writes once more or less than the one that was counted: a write is sent again when the server asks for that.
MORE = 2
# A chain of killed runs ends after three times the writes of an undisturbed one and so many besides, or it does not get on.
MOST_BESIDES = 20
# Who was killed cannot give the Lease back, and the next has to wait until it is seen to be stale.
LEASE = 10


def by_playbook(folder: Path, inventory: Path = play.INVENTORY) -> Rotate:
    """Run the playbook with this kill point, or without one to its end."""
    return lambda point: play.rotate("root", folder, armed(point) if point else None, inventory, rotate_lease_duration=LEASE)


@dataclass
class Way:
    """Something that can be killed and run again. A run with this kill point; with none to its end. And what a cluster is like after an undisturbed one."""

    play: Rotate
    name: str = ""
    writes: int = 0
    wanted: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name}, " if self.name else ""


@dataclass
class Kills:
    """What became of each kill. Where there is more than one way, each begins where the one before it ends."""

    ground: Ground
    ways: Sequence[Way]
    state: Callable[[], dict[str, Any]]
    only: Sequence[int] = ()
    drill: str = "kill"
    chained: bool = False
    killed: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    otherwise: dict[str, str] = field(default_factory=dict)

    def act(self, load: Load) -> list[Phase]:
        begin = time.time()
        self._undisturbed()
        writes = {way.name or "a run": way.writes for way in self.ways}
        self.ground.say(f"drill-{self.drill}: writes: {', '.join(f'{name} {number}' for name, number in writes.items())}")
        phases = [Phase("undisturbed", begin, time.time() - begin)]
        if self.chained:
            return [*phases, *(phase for way in self.ways for phase in self._chain(way))]
        for number in self.only or range(1, max(writes.values()) + 1 + MORE):
            for moment in MOMENTS:
                phases += [self._one(way, moment, number) for way in self.ways]
        return phases

    def _chain(self, way: Way) -> list[Phase]:
        """One way, killed at each of its writes: every run goes on where the last was killed. It is killed after its first write or in turn before its second.

        If a run sends what the one before it sent last, the next may send one write more, so that a write that every run sends does not hold all of them up.
        """
        phases, further, last = list[Phase](), 0, ""
        for number in range(1, 3 * way.writes + MOST_BESIDES):
            moment = MOMENTS[number % 2]
            name, begin = f"{way}run {number}", time.time()
            run, at, sent = self._killed(way, moment, 1 + further + (moment == "before"))
            phases.append(Phase(name, begin, time.time() - begin))
            if not run.killed:
                self._end(name, way, run, at)
                self.ground.say(f"drill-{self.drill}: {name}: to its end, then {self.otherwise.get(name, 'the same state')}")
                return phases
            self.killed.append(f"{name} {moment} {at}")
            self.ground.say(f"drill-{self.drill}: {name}: killed {moment} {at}")
            further, last = (further + 1 if sent == last else 0), sent
        raise DrillError(f"{way}{len(phases)} runs were killed one after the other, far more than its {way.writes} writes, and none came to its end.")

    def _killed(self, way: Way, moment: str, number: int) -> tuple[Run, str, str]:
        """A run with this kill point, the write at which it ended, and the last that it sent."""
        with tempfile.TemporaryDirectory() as folder:
            run, writes = way.play(f"{folder}:{moment}:{number}"), Path(folder) / "writes"
            lines = writes.read_text(encoding="utf-8").splitlines() if writes.exists() else []
        at = lines[-1] if lines else ""
        sent = "".join(lines[-2:-1]) if run.killed and moment == "before" else at
        return run, at, sent.partition(" ")[2]

    def _end(self, name: str, way: Way, run: Run, at: str) -> None:
        """A run that was not killed has to succeed, and to leave what an undisturbed one leaves. `at` is the write that is named if it fails."""
        try:
            run.succeeded()
        except DrillError as error:
            raise DrillError(f"{name} ({at}): {error}") from None
        if different := state.differences(way.wanted, self.state()):
            self.otherwise[name] = "; ".join(different)

    def _undisturbed(self) -> None:
        """Every run that is compared with it has one behind it, as this one has."""
        for way in self.ways:
            way.play("").succeeded()
        for way in self.ways:
            with tempfile.TemporaryDirectory() as folder:
                way.play(f"{folder}:count").succeeded()
                way.wanted = self.state()
                way.writes = len((Path(folder) / "writes").read_text(encoding="utf-8").splitlines())

    def _one(self, way: Way, moment: str, number: int) -> Phase:
        name, begin = f"{way}{moment} write {number}", time.time()
        run, at, _sent = self._killed(way, moment, number)
        (self.killed if run.killed else self.passed).append(name)
        self._end(name, way, way.play("") if run.killed else run, at)
        became = f"{'killed at ' + at if run.killed else 'not reached'}, then {self.otherwise.get(name, 'the same state')}"
        self.ground.say(f"drill-{self.drill}: {name}: {became}")
        return Phase(name, begin, time.time() - begin)

    def ended(self) -> list[Promise]:
        return [Promise("runs are killed", str(len(self.killed)), bool(self.killed)),
                Promise("each ends in the same state", "; ".join(f"{name}: {why}" for name, why in self.otherwise.items()) or "the same", not self.otherwise)]


def _state(ground: Ground) -> dict[str, Any]:
    return {cluster: {**state.read(ground.estate, cluster), "roots": _roots(ground, cluster)} for cluster in CLUSTERS}


def _roots(ground: Ground, cluster: str) -> Mapping[str, Any]:
    """How many a cluster trusts, and whether it is those of its neighbours."""
    trusted = {name: roots(byhand.cacerts(ground.estate, name)["root-cert.pem"]) for name in CLUSTERS}
    return {"trusted": len(trusted[cluster]), "of all": len(frozenset().union(*trusted.values()))}


def hold(ground: Ground, only: Sequence[int] = (), rotate: Rotate | None = None) -> Result:
    kills = Kills(ground, [Way(rotate or by_playbook(ground.build / "kill", ground.estate.inventory))], lambda: _state(ground), only)

    def judge(seen: Seen) -> list[Promise]:
        last = {sample.holder: sample for sample in seen.samples}.values()
        mixed = sorted(sample.holder for sample in last if sample.trusts != {sample.issuer})
        return [*nobody_noticed(seen, 0), *kills.ended(),
                Promise("in the end every proxy trusts one root and has a leaf of it", ", ".join(mixed) or "all", not mixed)]

    return ground.hold("kill", kills.act, judge)
