# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may rotate a mesh: what the Lease on its trust cluster says, and what follows from that. No two clocks are compared."""

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
# What is assumed of a Lease that others wrote and that names none.
_DURATION = 60
FREE, OURS, HELD, EXPIRED, BROKEN, MISNAMED = "free", "ours", "held", "expired", "broken", "misnamed"
_TIMES = ("acquireTime", "renewTime")


def ref(mesh: str, namespace: str) -> Ref:
    """Where the Lease of a mesh is."""
    fault = label_fault("name of the mesh", mesh)
    if fault:
        raise Refused(f"There is no Lease for it: {fault}.")
    return Ref("coordination.k8s.io/v1", "Lease", _PREFIX + mesh, namespace)


def mesh_of(where: Ref) -> str:
    """The mesh whose Lease it is."""
    return where.name.removeprefix(_PREFIX)


@dataclass(frozen=True)
class Lease:
    """What the object says. Nobody holds it where `holder` is empty; `epoch` never falls, whoever held it.

    The times are those of the holder's clock: for people to read, and to see that they change.
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
        """The object that says so. It keeps the version of the one that was read, and everything else that is not ours."""
        meta = {"name": where.name, "namespace": where.namespace, "labels": labels(mesh_of(where))}
        made: dict[str, Any] = {"apiVersion": where.api_version, "kind": where.kind, "metadata": meta}
        manifest = copy.deepcopy(dict(live)) if live else made
        spec = {"holderIdentity": self.holder, "leaseTransitions": self.epoch, "leaseDurationSeconds": self.duration}
        times = {"renewTime": self.renewed, "acquireTime": self.acquired}
        manifest["spec"] = {**(manifest.get("spec") or {}), **spec, **{name: time for name, time in times.items() if time}}
        return manifest

    def taken(self, holder: str, duration: int, now: str, at_least: int) -> Lease:
        """As `holder` writes it. Only who holds it already keeps the epoch, unless a later one was seen at work."""
        if self.holder == holder:
            return Lease(holder, self.epoch if self.epoch >= at_least else at_least + 1, duration, now, self.acquired or now)
        return Lease(holder, max(self.epoch, at_least) + 1, duration, now, now)

    @property
    def until(self) -> str:
        """By the holder's clock."""
        try:
            end = datetime.fromisoformat(self.renewed) + timedelta(seconds=self.duration)
        except ValueError:
            return "an unknown time"
        return end.strftime("%Y-%m-%dT%H:%M:%SZ")

    def __str__(self) -> str:
        return f"epoch {self.epoch}, last renewed at {self.renewed or 'an unknown time'} by its own clock"


def decide(lease: Lease, holder: str, break_holder: str, unchanged: float) -> str:
    """What somebody who wants it may do. `unchanged` is for how many seconds, by our clock, we saw it stay as it is."""
    if not lease.holder:
        return FREE
    if lease.holder == holder:
        return OURS
    if break_holder:
        return BROKEN if lease.holder == break_holder else MISNAMED
    return EXPIRED if unchanged >= lease.duration else HELD


def held(cluster: str, mesh: str, lease: Lease, alive: bool) -> Refused:
    """For a holder that was seen to live, or that took the Lease for longer than we are ready to watch it."""
    said = "which is alive: the Lease changed while we watched" if alive else f"which took it for {lease.duration} s at a time, longer than we may watch it"
    return Refused(
        f"{cluster}: the Lease of mesh {mesh} is held by {lease.holder}, {said} ({lease}). "
        f"Wait for that run to end; if you know that nothing runs under that name any more, run again with rotate_break_lease={lease.holder}.",
        holder=lease.holder,
        epoch=lease.epoch,
    )


def told(cluster: str, mesh: str, lease: Lease) -> str:
    """Who holds it and until when, for people; empty where nobody does."""
    if not lease.holder:
        return ""
    return (
        f"{cluster}: the Lease of mesh {mesh} is held by {lease.holder} in epoch {lease.epoch}, until {lease.until} by its own clock unless it is renewed. "
        f"If that run is dead, the next one takes the Lease over, or rotate_break_lease={lease.holder} gives it back at once."
    )


def misnamed(cluster: str, mesh: str, lease: Lease, break_holder: str) -> Refused:
    """For somebody who wants to break a Lease that another holds by now."""
    return Refused(
        f"{cluster}: the Lease of mesh {mesh} is held by {lease.holder} ({lease}), not by {break_holder} as rotate_break_lease says. "
        "Find out what that run does; run again without rotate_break_lease, or with the name of the holder.",
        holder=lease.holder,
        epoch=lease.epoch,
    )


def is_held(lease: Lease, holder: str, epoch: int) -> bool:
    return (lease.holder, lease.epoch) == (holder, epoch)


def lost(cluster: str, mesh: str, lease: Lease, holder: str, epoch: int) -> Refused:
    """For a run that went on after others took its place."""
    now = f"{lease.holder} holds it now ({lease})" if lease.holder else f"nobody holds it now ({lease})"
    return Refused(
        f"{cluster}: the Lease of mesh {mesh} is no longer held by {holder} in epoch {epoch}: {now}. This run writes nothing more. "
        "Run again when no other run is at work; it goes on from what the clusters hold. rotate_break_lease is for a holder that is gone for good.",
        holder=lease.holder,
        epoch=lease.epoch,
    )


def timeless(manifest: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Without what every renewal changes, for people who look at the difference."""
    if manifest is None:
        return None
    return {**manifest, "spec": {name: value for name, value in (manifest.get("spec") or {}).items() if name not in _TIMES}}
