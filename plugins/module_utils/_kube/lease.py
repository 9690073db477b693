# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take, renew and release the Lease of a mesh. A write succeeds only if the Lease has not changed since it was read."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from .._mesh.errors import NotReady
from .._mesh.lease.lease import BROKEN, EXPIRED, HELD, MISNAMED, Lease, decide, held_by_another, is_held, lost, mesh_of, misnamed, timeless
from .._mesh.objects.change import Change, Ref
from . import namespace
from .cluster import Cluster
from .http.deadline import Limits
from .waiting import waiting

_TRIES = 12
_RACE = Limits(first_pause=0.02, longest_pause=1.0)
_LONGEST_LOOK = 1.0


@dataclass(frozen=True)
class LeaseWish:
    """Who wants the Lease, for how many seconds. `at_least` is the highest epoch seen on objects, in case somebody deleted the Lease."""

    holder: str
    duration: int
    break_holder: str = ""
    at_least: int = 0


@dataclass(frozen=True)
class Taken:
    """A Lease that was taken. `took_over` if another holder had it and had not released it."""

    holder: str
    epoch: int
    took_over: bool = False
    changes: list[Change] = field(default_factory=list)


@dataclass(frozen=True)
class _Attempt:
    """A write that the server may have stored although its answer was lost."""

    before: dict[str, Any] | None
    was: Lease
    lease: Lease

    def change(self, ref: Ref) -> Change:
        same = replace(self.lease, renewed=self.was.renewed, acquired=self.was.acquired) == self.was
        action = "created" if self.before is None else "unchanged" if same else "updated"
        return Change(ref, action, timeless(self.before), timeless(self.lease.onto(self.before, ref)))

    def write(self, cluster: Cluster, ref: Ref) -> list[Change] | None:
        """Return None if another client wrote the Lease in between."""
        manifest, made = self.lease.onto(self.before, ref), list[Change]()
        if self.before is not None:
            done = cluster.replace(manifest) is not None
        else:
            made = namespace.ensure(cluster, str(ref.namespace))
            done = cluster.create(manifest) is not None
        return [*made, self.change(ref)] if done else None


class _Watch:
    """How long a Lease has not changed, by this machine's monotonic clock."""

    def __init__(self, cluster: Cluster, ref: Ref) -> None:
        self._cluster, self._ref = cluster, ref
        self._seen: Lease | None = None
        self._since = self.unchanged = 0.0
        self.changed = False

    def read(self) -> tuple[dict[str, Any] | None, Lease]:
        """Count from the end of the first read that showed this version to the start of the current one, so that the time is never too long."""
        asked = time.monotonic()
        live = self._cluster.get(self._ref)
        lease = Lease.of(live)
        if lease != self._seen:
            self.changed = self._seen is not None
            self._seen, self._since = lease, time.monotonic()
        self.unchanged = max(0.0, asked - self._since)
        return live, lease

    def until_free(self, wish: LeaseWish) -> tuple[dict[str, Any] | None, Lease, str]:
        """Return the Lease as soon as it can be taken. Raise Refused if another holder renews it, or still has it after the duration."""
        mesh = mesh_of(self._ref)
        with waiting() as say:
            while True:
                live, lease = self.read()
                verdict = decide(lease, wish.holder, wish.break_holder, self.unchanged)
                if verdict == MISNAMED:
                    raise misnamed(self._cluster.name, mesh, lease, wish.break_holder)
                if verdict != HELD:
                    return live, lease, verdict
                if self.changed or self.unchanged >= wish.duration:
                    raise held_by_another(self._cluster.name, mesh, lease, alive=self.changed)
                say(f"{lease.holder} has the Lease of the mesh {mesh}; this run takes it if {lease.holder} does not renew it")
                time.sleep(min(_LONGEST_LOOK, wish.duration / 10))


def take(cluster: Cluster, ref: Ref, wish: LeaseWish) -> Taken:
    """Become or stay the holder. Watch another holder's Lease and take it over if the holder does not renew it within its duration."""
    watch, taken, tries = _Watch(cluster, ref), None, 0
    while True:
        live, lease, verdict = watch.until_free(wish)
        if taken and lease == taken[0].lease:
            return Taken(lease.holder, lease.epoch, taken[1], [taken[0].change(ref)])
        attempt = _Attempt(live, lease, lease.taken(wish.holder, wish.duration, now(), wish.at_least))
        taken = attempt, verdict in (EXPIRED, BROKEN)
        changes = attempt.write(cluster, ref)
        if changes is not None:
            return Taken(wish.holder, attempt.lease.epoch, taken[1], changes)
        tries = _again(cluster, ref, tries)


def check(cluster: Cluster, ref: Ref, holder: str, epoch: int) -> None:
    """Raise if this holder lost the Lease. A dry run takes no Lease and writes nothing that needs one, so it passes."""
    if not cluster.dry_run:
        _ours(cluster, ref, holder, epoch)


def renew(cluster: Cluster, ref: Ref, holder: str, epoch: int) -> Lease:
    """Renew the Lease, so that other runs see that its holder is alive. Raise as `check` does."""
    tries = 0
    while not cluster.dry_run:
        live, lease = _ours(cluster, ref, holder, epoch)
        if cluster.replace(replace(lease, renewed=now()).onto(live, ref)) is not None:
            return lease
        tries = _again(cluster, ref, tries)
    return Lease(holder, epoch)


def release(cluster: Cluster, ref: Ref, holder: str, broken: bool = False) -> Change:
    """Release the Lease if `holder` has it. The object and its epoch stay. With `broken`, `holder` is another run, which must have the Lease."""
    sent, tries = None, 0
    while True:
        live = cluster.get(ref)
        lease = Lease.of(live)
        if sent and lease == sent.lease:
            return sent.change(ref)
        if broken and lease.holder not in ("", holder):
            raise misnamed(cluster.name, mesh_of(ref), lease, holder)
        if live is None or lease.holder != holder:
            return Change(ref, "unchanged", live, live)
        sent = _Attempt(live, lease, replace(lease, holder=""))
        if sent.write(cluster, ref) is not None:
            return sent.change(ref)
        tries = _again(cluster, ref, tries)


def _ours(cluster: Cluster, ref: Ref, holder: str, epoch: int) -> tuple[dict[str, Any] | None, Lease]:
    live = cluster.get(ref)
    lease = Lease.of(live)
    if not is_held(lease, holder, epoch):
        raise lost(cluster.name, mesh_of(ref), lease, holder, epoch)
    return live, lease


def _again(cluster: Cluster, ref: Ref, tries: int) -> int:
    """Pause before the next try. Raise after as many lost races as are plausible."""
    if tries + 1 >= _TRIES:
        raise NotReady(f"{cluster.name}: {ref} could not be written: {_TRIES} times the API server reported that others had written it first. Run again.")
    time.sleep(_RACE.pause(tries + 1))
    return tries + 1


def now() -> str:
    """Return the current time in the API's format. Only people read it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Hold:
    """A Lease that this run holds: `guard` it before writes, `keep` it during waits. Threads may share it."""

    def __init__(self, cluster: Cluster, ref: Ref, holder: str, epoch: int) -> None:
        self._cluster, self._ref = cluster, ref
        self.holder, self.epoch = holder, epoch
        self._lock, self._due = threading.Lock(), 0.0

    def guard(self) -> None:
        """Call this right before a write. Raise if this run lost the Lease."""
        check(self._cluster, self._ref, self.holder, self.epoch)

    def keep(self) -> None:
        """Call this in every round of a wait. Renew after a third of the duration; a thread that finds another one renewing goes on."""
        if time.monotonic() < self._due or not self._lock.acquire(blocking=False):
            return
        try:
            begun = time.monotonic()
            self._due = begun + renew(self._cluster, self._ref, self.holder, self.epoch).duration / 3
        finally:
            self._lock.release()
