# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Save a snapshot of what a product keeps, sealed, or restore one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from ..._kube.cluster import Answer, Cluster
from ..._mesh.backup.snapshot import RestoreWish, SnapshotContent, SnapshotFile, of_cluster, refusal, surplus
from ..._mesh.contract.backup import Backup
from ..._mesh.errors import MeshError, NotReady, Refused
from ..._mesh.trust.certificate import iso
from ..._pki import sealing
from ..._pki.x509 import bundle
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from ..clock import Clock, SystemClock
from ..look import asked, look
from . import shelf

_WORDS: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
TASK: dict[str, Any] = dict(
    argument_spec=dict(
        **MESH_OPTIONS,
        mesh=dict(required=True),
        state=dict(choices=["saved", "restored"], default="saved"),
        directory=dict(type="path"),
        encrypt=_WORDS,
        keep=dict(type="int", default=30),
        younger_than=dict(type="int", default=0),
        file=dict(type="path"),
        decrypt=_WORDS,
        confirm=dict(default=""),
        other_ca=dict(type="bool", default=False),
        timeout=dict(type="int", default=300),
    ),
    required_if=[["state", "saved", ["directory"]], ["state", "restored", ["file"]]],
    prepare=complete,
)


@dataclass(frozen=True)
class Request:
    """What a task wants: a snapshot in a directory, or one of its files restored. `age` is how old the last one may be."""

    provider: str
    namespace: str
    mesh: str
    restores: bool
    directory: str
    encrypt: tuple[str, ...]
    keep: int
    age: timedelta
    file: str
    decrypt: tuple[str, ...]
    confirmed: str
    other_ca: bool
    timeout: float

    @classmethod
    def of(cls, params: dict[str, Any]) -> Request:
        return cls(
            provider=params["provider"],
            namespace=params["namespace"],
            mesh=params["mesh"],
            restores=params["state"] == "restored",
            directory=params["directory"] or "",
            encrypt=tuple(params["encrypt"]),
            keep=params["keep"],
            age=timedelta(seconds=params["younger_than"]),
            file=params["file"] or "",
            decrypt=tuple(params["decrypt"]),
            confirmed=params["confirm"],
            other_ca=params["other_ca"],
            timeout=params["timeout"],
        )


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None) -> dict[str, Any]:
    request = Request.of(params)
    story = provider(request.provider).backup
    return _restore(cluster, story, request) if request.restores else _save(cluster, story, request, clock or SystemClock())


def _save(cluster: Cluster, story: Backup, request: Request, clock: Clock) -> dict[str, Any]:
    """Store a sealed snapshot, and remove those that are too many. A dry run gets one and seals it too, to show whether that works."""
    if request.keep < 0:
        raise Refused(f"{cluster.name}: keep is {request.keep}, which would remove all older snapshots. Give how many to keep, or 0 to keep all.")
    now = clock.now()
    there = of_cluster(shelf.names(request.directory), request.mesh, cluster.name)
    if there and there[0].within(request.age, now):
        return {"changed": False, "removed": [], **_facts(request, there[0])}
    plain = look(cluster, story.saved(request.namespace), request.timeout)
    content = story.content(cluster.name, plain)
    sealed = sealing.seal(cluster.name, request.encrypt, plain, request.timeout)
    file = SnapshotFile.at(request.mesh, cluster.name, now)
    gone = surplus([file, *(one for one in there if one.name != file.name)], request.keep)
    if not cluster.dry_run:
        shelf.store(request.directory, file.name, sealed)
        for one in gone:
            shelf.remove(request.directory, one.name)
    return {"changed": True, "removed": [one.name for one in gone], "index": content.index, **_facts(request, file)}


def _facts(request: Request, file: SnapshotFile) -> dict[str, Any]:
    return {"file": str(Path(request.directory) / file.name), "taken": iso(file.taken)}


def _restore(cluster: Cluster, story: Backup, request: Request) -> dict[str, Any]:
    """Put a snapshot in place of what the product keeps, if nothing stands against it."""
    plain, content = opened(cluster.name, story, request.file, request.decrypt, request.timeout)
    authority = {one.pem for one in bundle(look(cluster, story.authority(request.namespace)))}
    known = SnapshotContent(content.index, {one.pem for one in bundle(b"".join(content.certificates))})
    wish = RestoreWish(cluster.name, request.mesh, request.confirmed, request.other_ca)
    if said := refusal(wish, Path(request.file).name, known, authority):
        raise Refused(f"{cluster.name}: {said}")
    if not cluster.dry_run:
        _send(cluster, story, request, plain)
    return {"changed": True, "removed": [], "file": request.file, "index": content.index}


def opened(cluster: str, story: Backup, file: str, decrypt: tuple[str, ...], timeout: float) -> tuple[bytes, SnapshotContent]:
    """Return a snapshot and what it holds. It is opened in memory only."""
    plain = sealing.unseal(cluster, decrypt, shelf.content(file), timeout)
    return plain, story.content(cluster, plain)


def _send(cluster: Cluster, story: Backup, request: Request, plain: bytes) -> None:
    question = look(cluster, story.restoring(request.namespace, plain))
    (answer,) = cluster.ask_all([asked(question, request.timeout)])
    if isinstance(answer, MeshError):
        raise NotReady(f"{str(answer).rstrip('.')}. Whether the snapshot was restored is not known. Run again: it may be restored twice.")
    if isinstance(answer, Answer) and answer.status != 200:
        raise NotReady(f"{cluster.name}: the restore was answered with HTTP {answer.status}: {' '.join(answer.body.decode(errors='replace').split())[:200]}.")
