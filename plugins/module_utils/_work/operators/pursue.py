# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring one operator to where it shall be: look, write what is due, wait, look again. A killed run goes on where the cluster stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..._kube.cluster import Cluster
from ..._mesh.errors import MeshError, NotReady, Refused
from ..._mesh.objects.change import Change
from ..._mesh.operators.step import DELETE, PATCHES, Next, OperatorWrite
from ..follow import Pace, Ticking, follow

PATIENCE = 60.0  # seconds for what heals by itself or never does
_PACE = Pace(first=0.2, longest=2.0)
_MOST = 3  # how often one write is made before whoever undoes it is left alone


@dataclass
class Pursuit:
    """The way of one package. `changes` and `plan` grow with what was written, or would be in a dry run."""

    cluster: Cluster
    package: str
    look: Callable[[], Next]
    timeout: float
    clock: Ticking
    changes: list[Change] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    _troubled: float | None = None
    _made: Counter[str] = field(default_factory=Counter)

    def go(self) -> Next:
        """Return the last look, after which all is as wanted. In a dry run it is the first one: what was not written has no consequences."""
        while True:
            seen = self.look() if self.cluster.dry_run else self._wait()
            if not seen.done and self.cluster.dry_run:
                self._plan(seen)
            if seen.done or self.cluster.dry_run:
                return seen
            self._write(seen.writes)

    def _plan(self, seen: Next) -> None:
        if seen.failed:
            raise NotReady(f"{self.cluster.name}: {seen.failed}")
        self._write(seen.writes)
        self.plan += [f"{self.package}: {write}" for write in seen.writes] or [f"{self.package}: wait for {seen.waits}"]

    def _wait(self) -> Next:
        return follow(
            self.look,
            done=lambda seen: seen.done or bool(seen.writes),
            late=lambda seen, seconds: NotReady(f"{self.cluster.name}: {self.package} was not ready after {seconds:.0f} s. It waits for {seen.waits}."),
            hopeless=self._hopeless,
            waits=lambda seen: f"{self.package} waits for {seen.waits}",
            timeout=self.timeout,
            pace=_PACE,
            clock=self.clock,
        )

    def _hopeless(self, seen: Next, _seconds: float) -> MeshError | None:
        if seen.failed:
            return NotReady(f"{self.cluster.name}: {seen.failed}")
        now = self.clock.monotonic()
        self._troubled = (self._troubled if self._troubled is not None else now) if seen.trouble else None
        if self._troubled is None or now - self._troubled < PATIENCE:
            return None
        return NotReady(f"{self.cluster.name}: {self.package} has waited {now - self._troubled:.0f} s for {seen.waits}. Mend it and run again.")

    def _write(self, writes: Sequence[OperatorWrite]) -> None:
        for write in writes:
            if self._made[write.mark] == _MOST:
                raise NotReady(f"{self.cluster.name}: {write.undone(_MOST)} Leave {self.package} out, or let that one wish the same, and run again.")
            if changes := self._written(write):
                self.changes += changes
                self._made[write.mark] += 1

    def _written(self, write: OperatorWrite) -> list[Change]:
        if write.verb == DELETE:
            return self.cluster.delete([write.ref])
        if not (patch := PATCHES.get(write.verb)):
            return self.cluster.apply([write.manifest], force=write.force)
        try:
            return [self.cluster.amend(write.manifest, patch)]
        except Refused:
            live = self.cluster.get(write.ref)
            if live and live["metadata"]["resourceVersion"] == write.manifest["metadata"]["resourceVersion"]:
                raise
            return []  # somebody wrote it since it was read, so it is read and judged anew
