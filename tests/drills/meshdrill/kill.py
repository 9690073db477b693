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
# Who was killed cannot give the Lease back, and the next has to wait until it is seen to be stale.
LEASE = 10


def by_playbook(folder: Path) -> Rotate:
    """Run the playbook with this kill point, or without one to its end."""
    return lambda point: play.rotate("root", folder, armed(point) if point else None, rotate_lease_duration=LEASE)


@dataclass
class Kills:
    """The result of each kill."""

    ground: Ground
    rotate: Rotate
    only: Sequence[int] = ()
    wanted: dict[str, Any] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    otherwise: dict[str, str] = field(default_factory=dict)

    def act(self, load: Load) -> list[Phase]:
        begin = time.time()
        writes = self._undisturbed()
        self.ground.say(f"drill-kill: a root rotation writes {writes} times")
        phases = [Phase("undisturbed", begin, time.time() - begin)]
        for number in self.only or range(1, writes + 1 + MORE):
            for moment in MOMENTS:
                phases.append(self._one(moment, number))
        return phases

    def _undisturbed(self) -> int:
        """Rotate twice without a kill, and keep the state after the second rotation, because each killed run has one before it too. Return how often it
        wrote."""
        self.rotate("").succeeded()
        with tempfile.TemporaryDirectory() as folder:
            self.rotate(f"{folder}:count").succeeded()
            self.wanted = self._state()
            return len((Path(folder) / "writes").read_text(encoding="utf-8").splitlines())

    def _one(self, moment: str, number: int) -> Phase:
        name, begin = f"{moment} write {number}", time.time()
        with tempfile.TemporaryDirectory() as folder:
            run = self.rotate(f"{folder}:{moment}:{number}")
            writes = Path(folder) / "writes"
            at = writes.read_text(encoding="utf-8").splitlines()[-1:] if writes.exists() else []
        (self.killed if run.killed else self.passed).append(name)
        try:
            (self.rotate("") if run.killed else run).succeeded()
        except DrillError as error:
            raise DrillError(f"{name} ({''.join(at)}): {error}") from None
        if different := state.differences(self.wanted, self._state()):
            self.otherwise[name] = "; ".join(different)
        self.ground.say(f"drill-kill: {name}: {'killed at ' + ''.join(at) if run.killed else 'not reached'}, then {self.otherwise.get(name, 'the same state')}")
        return Phase(name, begin, time.time() - begin)

    def _state(self) -> dict[str, Any]:
        return {cluster: {**state.read(self.ground.estate, cluster), "roots": self._roots(cluster)} for cluster in CLUSTERS}

    def _roots(self, cluster: str) -> Mapping[str, Any]:
        """How many roots a cluster trusts, and whether all clusters trust the same."""
        trusted = {name: roots(byhand.cacerts(self.ground.estate, name)["root-cert.pem"]) for name in CLUSTERS}
        return {"trusted": len(trusted[cluster]), "of all": len(frozenset().union(*trusted.values()))}

    def judge(self, seen: Seen) -> list[Promise]:
        last = {sample.holder: sample for sample in seen.samples}.values()
        mixed = sorted(sample.holder for sample in last if sample.trusts != {sample.issuer})
        return [*nobody_noticed(seen, 0), Promise("runs are killed", str(len(self.killed)), bool(self.killed)),
                Promise("each ends in the same state", "; ".join(f"{name}: {why}" for name, why in self.otherwise.items()) or "the same", not self.otherwise),
                Promise("in the end every proxy trusts one root and has a leaf of it", ", ".join(mixed) or "all", not mixed)]


def hold(ground: Ground, only: Sequence[int] = (), rotate: Rotate | None = None) -> Result:
    kills = Kills(ground, rotate or by_playbook(ground.build / "kill"), only)
    return ground.hold("kill", kills.act, kills.judge)
