# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P15: how many sidecars a cutover moves in a minute, the gate after the wave included. There is one replica of each istiod, and neither makes anybody wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .contestants import OURS, Commands, Scene, playbook
from .errors import BenchError
from .figures import Run
from .injected import REVISIONS, SIDECARS, spaces
from .measure import timed
from .race import Lane, Outcome, Race, Say
from .sites import Site, stubs_running

PROGRAM = Path(__file__).with_name("injected.py").resolve()
CLUSTER = "east"
WORDS = "late, plain or not to be asked:"


def tasks(scene: Scene, target: str, former: str) -> Commands:
    """A wave of all namespaces, and its gate."""
    common = {"kubeconfig": str(scene.kubeconfig), "context": scene.context, "provider": "istio", "namespace": "istio-system", "target": target,
              "former": former, "wave": 1, "spaces": spaces()}
    paced: dict[str, Any] = {"budgets": {"shop-*": 20, **dict.fromkeys(spaces(), 5)}}
    lacks = "{{ (seen.reading.late + seen.reading.plain + seen.reading.faults) | length }}"
    return playbook(scene, [{"name": "Move", "meshops.lifecycle.cutover": {**common, **paced, "mesh": "bench", "step": "move"}, "register": "moved"},
                            {"name": "Ask the gate", "meshops.lifecycle.cutover_gate": common, "register": "seen"},
                            {"name": "Tell", "ansible.builtin.debug": {"msg": f"{WORDS} {lacks}"}}])


class Waves:
    """There in one round, back in the next."""

    def __init__(self, site: Site, scene: Scene) -> None:
        self._site, self._scene = site, scene
        self._on, self._other = REVISIONS

    def attempt(self, name: str, _number: int) -> tuple[Lane, Run]:
        run = timed(tasks(self._scene, self._other, self._on), self._scene.folder, self._site)
        said = (self._scene.folder / "out").read_text(encoding="utf-8")
        if f"{WORDS} 0" not in said:
            raise BenchError(f"The wave did not move, or its gate could not be asked: {' '.join(said[-1500:].split())}")
        self._on, self._other = self._other, self._on
        return Lane(name, self._scene, (), self._site), replace(run, each=SIDECARS)


def waves(folder: Path, rounds: int, contestants: Sequence[str], say: Say) -> Outcome:
    place = folder / "P15"
    with stubs_running(place, [CLUSTER], PROGRAM) as site:
        say(f"P15: {SIDECARS} sidecars")
        scene = Scene(place, place / "kube" / CLUSTER, CLUSTER, [], [])
        return Race("P15", rounds, say).run([name for name in contestants if name == OURS], Waves(site, scene).attempt)
