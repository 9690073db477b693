# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List the sealed snapshots of a cluster, and say what one of them holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.backup.snapshot import age, of_cluster
from ..._mesh.trust.certificate import iso
from ..._pki.x509 import bundle
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from ..clock import Clock, SystemClock
from . import shelf
from .snapshot import opened

TASK: dict[str, Any] = dict(
    argument_spec=dict(
        **MESH_OPTIONS,
        mesh=dict(required=True),
        directory=dict(type="path", required=True),
        file=dict(type="path"),
        decrypt=dict(type="list", elements="str", default=[]),
        timeout=dict(type="int", default=300),
    ),
    prepare=complete,
)


@dataclass(frozen=True)
class Request:
    """A directory, and the file to open; empty if none is."""

    provider: str
    mesh: str
    directory: str
    file: str
    decrypt: tuple[str, ...]
    timeout: float

    @classmethod
    def of(cls, params: dict[str, Any]) -> Request:
        return cls(params["provider"], params["mesh"], params["directory"], params["file"] or "", tuple(params["decrypt"]), params["timeout"])


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None) -> dict[str, Any]:
    """Ask no cluster. `cluster` only says of which one the snapshots are."""
    request = Request.of(params)
    story = provider(request.provider).backup
    files = of_cluster(shelf.names(request.directory), request.mesh, cluster.name)
    result: dict[str, Any] = {
        "changed": False,
        "snapshots": [{"file": str(Path(request.directory) / one.name), "taken": iso(one.taken)} for one in files],
        "says": age(files[0] if files else None, request.directory, (clock or SystemClock()).now()),
    }
    if request.file:
        _plain, content = opened(cluster.name, story, request.file, request.decrypt, request.timeout)
        certificates = [one.facts() for one in bundle(b"".join(content.certificates))]
        result["content"] = {"index": content.index, "certificates": certificates}
    return result
