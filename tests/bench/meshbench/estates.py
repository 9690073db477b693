# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P17: `status` of an estate of 1,000 stub clusters, of which one in twenty is out of reach."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from .contestants import OURS, TASKS, Commands, Scene
from .errors import BenchError
from .figures import Run
from .measure import AuditLog, footprint, timed
from .race import OFTEN, Lane, Outcome, Race, Say
from .sites import LOOPBACK, PROGRAM, Site, names, settled, stubs_running

ALIKE = PROGRAM.with_name("alike.py")
WORKLOAD = "P17"
CLUSTERS, FORKS, ONE_IN = 1000, 20, 20
STATUS = "meshops.lifecycle.status"
# The run is to show the table, not to fail for what it shows.
GREEN = "--extra-vars=status_fail=false"
MARK = "× UNREACHED"


def unreached(clusters: Sequence[str]) -> list[str]:
    return list(clusters[ONE_IN - 1 :: ONE_IN])


@contextlib.contextmanager
def nobody() -> Iterator[tuple[int, int]]:
    """Two ports: one that refuses connections, and one that lets them wait, as a cluster does behind a firewall that drops packets."""
    with socket.socket() as refusing, socket.socket() as waiting, contextlib.ExitStack() as held:
        for one in (refusing, waiting):
            one.bind((LOOPBACK, 0))
        waiting.listen(0)
        for _place in range(2):  # the queue is full after the first one
            one = held.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(waiting.getsockname())
        yield refusing.getsockname()[1], waiting.getsockname()[1]


def lead_away(site: Site, gone: Sequence[str], ports: tuple[int, int]) -> None:
    """Let the kubeconfigs of these clusters lead to nobody, to each of the two ports in turn."""
    for place, name in enumerate(gone):
        file = site.folder / "kube" / name
        file.write_text(file.read_text(encoding="utf-8").replace(site.url, f"https://{LOOPBACK}:{ports[place % 2]}"), encoding="utf-8")


def shown(text: str, gone: Sequence[str]) -> None:
    """Refuse a run whose table does not name exactly these clusters as unreached, before all others."""
    rows = [line.split()[0] for line in text.splitlines() if MARK in line]
    if rows != sorted(gone):
        wrong = sorted(set(gone) ^ set(rows)) or rows
        raise BenchError(f"The table of status names {len(rows)} clusters as unreached and not {len(gone)}; the difference begins with {wrong[0]}.")


class Estate:
    """The contestants of P17."""

    def __init__(self, site: Site, count: int, gone: Sequence[str]) -> None:
        self._site, self._count, self._gone, self._tasks = site, count, gone, 1
        scene = Scene(site.folder, site.folder / "kube", "", [], [])
        self._lanes = {name: Lane(name, scene, (), AuditLog()) for name in (OURS, TASKS)}

    def commands(self, name: str) -> Commands:
        if name == TASKS:
            return [self._site.command(self._site.nothing(self._tasks), self._count, FORKS)]
        return [[*self._site.command(STATUS, self._count, FORKS), GREEN]]

    def weigh(self, outcome: Outcome) -> None:
        outcome.trees[OURS] = footprint(self.commands(OURS), self._site.folder)

    def attempt(self, name: str, _number: int) -> tuple[Lane, Run]:
        run = timed(self.commands(name), self._site.folder, self._site)
        if name == OURS:
            text = (self._site.folder / "out").read_text(encoding="utf-8")
            self._tasks = settled(text, self._count)
            shown(text, self._gone)
        return self._lanes[name], run


@contextlib.contextmanager
def estate(folder: Path, count: int) -> Iterator[Site]:
    """So many clusters, of which the first mesh was filled by a real `site`."""
    with stubs_running(folder, names(count), ALIKE) as site:
        site.fill_first()
        yield site


def everything(folder: Path, rounds: int, say: Say, count: int = CLUSTERS) -> Outcome:
    say(f"{WORKLOAD}: {count} stub clusters, of which a real site fills the first two")
    with estate(folder / WORKLOAD, count) as site, nobody() as ports:
        gone = unreached(names(count))
        lead_away(site, gone, ports)
        contestants, race = Estate(site, count, gone), Race(WORKLOAD, min(rounds, OFTEN), say)
        contestants.weigh(race.outcome)
        return race.run([OURS, TASKS], contestants.attempt)
