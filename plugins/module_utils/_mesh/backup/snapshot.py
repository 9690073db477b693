# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snapshot: what it holds, the name of its file, which files go, and what keeps it from being restored."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..trust.certificate import iso

_ENDING = "snapshot"
_FORM = "%Y%m%dT%H%M%SZ"
FRESH = timedelta(days=1)  # of a snapshot that keeps what a product is about to lose
_NAME = re.compile(rf"(?P<cluster>[^@/]+)@(?P<mesh>[^@/]+)\.(?P<taken>[0-9]{{8}}T[0-9]{{6}}Z)\.{_ENDING}")


@dataclass(frozen=True)
class SnapshotContent:
    """How far the store was, and the certificates in the snapshot, as PEM."""

    index: int
    certificates: Collection[bytes]


@dataclass(frozen=True)
class SnapshotFile:
    """A sealed snapshot in a directory. Its name says of which cluster and mesh it is, and when it was taken, so that nothing else has to remember it."""

    name: str
    cluster: str
    mesh: str
    taken: datetime

    @classmethod
    def at(cls, mesh: str, cluster: str, taken: datetime) -> SnapshotFile:
        return cls(f"{cluster}@{mesh}.{taken:{_FORM}}.{_ENDING}", cluster, mesh, taken.replace(microsecond=0))

    def within(self, span: timedelta, now: datetime) -> bool:
        """Return whether it was taken less than this long ago. One of a later day, by a clock that was wrong, stands for none that is young."""
        return abs(now - self.taken) < span

    @classmethod
    def of(cls, name: str) -> SnapshotFile | None:
        """Return the file of a name; None if it is no name of a snapshot."""
        known = _NAME.fullmatch(name)
        if not known:
            return None
        try:
            taken = datetime.strptime(known["taken"], _FORM).replace(tzinfo=UTC)
        except ValueError:
            return None
        return cls(name, known["cluster"], known["mesh"], taken)


def of_cluster(names: Iterable[str], mesh: str, cluster: str) -> list[SnapshotFile]:
    """Return the snapshots of one cluster, the newest first."""
    files = (file for name in names if (file := SnapshotFile.of(name)))
    return sorted((file for file in files if (file.mesh, file.cluster) == (mesh, cluster)), key=lambda file: file.taken, reverse=True)


def surplus(files: list[SnapshotFile], keep: int) -> list[SnapshotFile]:
    """Return the files that go. `files` begin with the newest, which never goes; 0 keeps all."""
    return files[max(keep, 1) :] if keep else []


def age(newest: SnapshotFile | None, directory: str, now: datetime) -> str:
    """Return half a sentence about the last snapshot."""
    if newest is None:
        return f"there is no snapshot of it in {directory}; run meshops.lifecycle.backup"
    hours = (now - newest.taken) / timedelta(hours=1)
    if hours < -1:
        return f"its last snapshot has the time {iso(newest.taken)}, which is still to come by the clock of this machine"
    old = f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"
    return f"its last snapshot was taken at {iso(newest.taken)}, {old} ago"


def unsaved(loses: str, newest: SnapshotFile | None, directory: str, now: datetime) -> str:
    """Return why a product may not lose what it keeps; empty if a snapshot of the last day has it. `loses` is half a sentence about what goes."""
    if newest and newest.within(FRESH, now):
        return ""
    found = age(newest, directory, now) if directory else "mesh_backup.directory names no directory with snapshots"
    way = "Save a snapshot with meshops.lifecycle.backup, and run this again within a day"
    return f"{loses[:1].upper()}{loses[1:]}, and only a snapshot keeps that, but {found.partition(';')[0]}. {way}."


@dataclass(frozen=True)
class RestoreWish:
    """What a restore is asked for: into which cluster of which mesh, the word that confirms it, and whether another CA may come back."""

    cluster: str
    mesh: str
    confirmed: str
    other_ca: bool


def refusal(wish: RestoreWish, file: str, content: SnapshotContent, authority: Collection[bytes]) -> str:
    """Return why a snapshot is not restored; empty if nothing stands against it. `authority` is the CA in use."""
    known = SnapshotFile.of(file)
    if wish.confirmed != wish.mesh:
        lost = "A restore replaces all that the product keeps, also what came after the snapshot"
        return f"{lost}. To confirm it, give the name of the mesh ({wish.mesh}) as confirmation."
    if known is None:
        return f"The name of the file {file} does not say of which cluster it is. Give it the name that it had when it was saved."
    if (known.cluster, known.mesh) != (wish.cluster, wish.mesh):
        return f"The snapshot {file} is of the cluster {known.cluster} in the mesh {known.mesh}. Restore it there."
    if not wish.other_ca and not set(authority) & set(content.certificates):
        found = "does not hold the CA that is in use" if authority else "cannot be compared, because the product names no CA"
        consequence = "workloads would get certificates of another CA, which others may not trust"
        return f"The snapshot {file} {found}: {consequence}. Take a newer snapshot, or accept the CA of this one with other_ca."
    return ""
