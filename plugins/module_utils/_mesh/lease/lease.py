# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide who may rotate a mesh or cut it over, from the Lease on its trust cluster. Nothing here compares two clocks."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..errors import Refused
from ..names import label_fault
from ..objects.change import Ref
from ..trust.root_secret import labels

NAMESPACE = "meshops-system"
_PREFIX = "meshops-"
# The variables by which the playbooks that take the Lease break it.
_BREAK = "rotate_break_lease or cutover_break_lease"
# The duration of a Lease that somebody else wrote without one.
_DURATION = 60
FREE, OURS, HELD, EXPIRED, BROKEN, MISNAMED = "free", "ours", "held", "expired", "broken", "misnamed"
_TIMES = ("acquireTime", "renewTime")


def ref(mesh: str, namespace: str) -> Ref:
    """Return where the Lease of a mesh is."""
    fault = label_fault("name of the mesh", mesh)
    if fault:
        raise Refused(f"A mesh of this name can have no Lease: {fault}.")
    return Ref("coordination.k8s.io/v1", "Lease", _PREFIX + mesh, namespace)


def mesh_of(where: Ref) -> str:
    """Return the mesh to which the Lease belongs."""
    return where.name.removeprefix(_PREFIX)


@dataclass(frozen=True)
class Lease:
    """What the object says. If `holder` is empty, nobody holds the Lease. The `epoch` never falls, whoever the holder is.

    The times come from the holder's clock. People read them, and a change of them shows that the holder is alive.
    """

    holder: str = ""
    epoch: int = 0
    duration: int = _DURATION
    renewed: str = ""
    acquired: str = ""

    @classmethod
    def of(cls, manifest: Mapping[str, Any] | None) -> Lease:
        spec = (manifest or {}).get("spec") or {}
        duration, epoch = spec.get("leaseDurationSeconds") or _DURATION, spec.get("leaseTransitions") or 0
        return cls(spec.get("holderIdentity") or "", epoch, duration, spec.get("renewTime") or "", spec.get("acquireTime") or "")

    def onto(self, live: Mapping[str, Any] | None, where: Ref) -> dict[str, Any]:
        """Return the object with this content. It keeps the version of the object that was read, and everything that others wrote there."""
        meta = {"name": where.name, "namespace": where.namespace, "labels": labels(mesh_of(where))}
        made: dict[str, Any] = {"apiVersion": where.api_version, "kind": where.kind, "metadata": meta}
        manifest = copy.deepcopy(dict(live)) if live else made
        spec = {"holderIdentity": self.holder, "leaseTransitions": self.epoch, "leaseDurationSeconds": self.duration}
        times = {"renewTime": self.renewed, "acquireTime": self.acquired}
        manifest["spec"] = {**(manifest.get("spec") or {}), **spec, **{name: time for name, time in times.items() if time}}
        return manifest

    def taken(self, holder: str, duration: int, now: str, at_least: int) -> Lease:
        """Return the Lease as `holder` writes it. The present holder keeps its epoch, unless a later epoch was seen on an object."""
        if self.holder == holder:
            return Lease(holder, self.epoch if self.epoch >= at_least else at_least + 1, duration, now, self.acquired or now)
        return Lease(holder, max(self.epoch, at_least) + 1, duration, now, now)

    @property
    def until(self) -> str:
        """Return when the Lease ends by the holder's clock."""
        try:
            end = datetime.fromisoformat(self.renewed) + timedelta(seconds=self.duration)
        except ValueError:
            return "an unknown time"
        return end.strftime("%Y-%m-%dT%H:%M:%SZ")

    def __str__(self) -> str:
        return f"epoch {self.epoch}, last renewed at {self.renewed or 'an unknown time'} by its own clock"


def decide(lease: Lease, holder: str, break_holder: str, unchanged: float) -> str:
    """Return what a run that wants the Lease may do. `unchanged` is for how many seconds of our clock the Lease did not change."""
    if not lease.holder:
        return FREE
    if lease.holder == holder:
        return OURS
    if break_holder:
        return BROKEN if lease.holder == break_holder else MISNAMED
    return EXPIRED if unchanged >= lease.duration else HELD


def held_by_another(cluster: str, mesh: str, lease: Lease, alive: bool) -> Refused:
    """Return the error about a holder that is alive, or that took the Lease for longer than this run may watch it."""
    said = "which is alive: the Lease changed during the watch" if alive else f"which took it for {lease.duration} s at a time, longer than this run may watch"
    return Refused(
        f"{cluster}: the Lease of mesh {mesh} is held by {lease.holder}, {said} ({lease}). "
        f"Wait until that run ends. If you know that no run of that name is alive, run again with {_BREAK} set to {lease.holder}.",
        holder=lease.holder,
        epoch=lease.epoch,
    )


def holder_sentence(cluster: str, mesh: str, lease: Lease) -> str:
    """Return who holds the Lease and until when, for people; empty if nobody does."""
    if not lease.holder:
        return ""
    return (
        f"{cluster}: the Lease of mesh {mesh} is held by {lease.holder} in epoch {lease.epoch}, until {lease.until} by its own clock "
        f"unless it renews the Lease. If that run is dead, the next run takes the Lease over; {_BREAK}, set to {lease.holder}, releases it at once."
    )


def misnamed(cluster: str, mesh: str, lease: Lease, break_holder: str) -> Refused:
    """Return the error for a run that wants to break the Lease of one holder when another one has it."""
    return Refused(
        f"{cluster}: the Lease of mesh {mesh} is held by {lease.holder} ({lease}), not by {break_holder} as {_BREAK} says. "
        "Find out what that run does. Run again without that variable, or with the name of the holder.",
        holder=lease.holder,
        epoch=lease.epoch,
    )


def is_held(lease: Lease, holder: str, epoch: int) -> bool:
    return (lease.holder, lease.epoch) == (holder, epoch)


def lost(cluster: str, mesh: str, lease: Lease, holder: str, epoch: int) -> Refused:
    """Return the error for a run that lost the Lease to another run."""
    now = f"{lease.holder} holds it now ({lease})" if lease.holder else f"nobody holds it now ({lease})"
    return Refused(
        f"{cluster}: the Lease of mesh {mesh} is no longer held by {holder} in epoch {epoch}: {now}. This run writes nothing more. "
        "Run again when no other run is at work. That run goes on from the present state of the clusters. "
        f"{_BREAK} is for a holder that is gone for good.",
        holder=lease.holder,
        epoch=lease.epoch,
    )


def timeless(manifest: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the object without the times that every renewal changes, for a diff that people read."""
    if manifest is None:
        return None
    return {**manifest, "spec": {name: value for name, value in (manifest.get("spec") or {}).items() if name not in _TIMES}}
