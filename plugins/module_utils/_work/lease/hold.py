# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let a task work under the Lease that its play holds."""

from __future__ import annotations

import getpass
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._kube.lease import Hold
from ..._mesh.connection import Connection
from ..._mesh.errors import MeshError
from ..._mesh.lease.lease import NAMESPACE, ref

_ROUND = 0.3


@dataclass(frozen=True)
class LeaseShare:
    """The Lease that a play holds, as it tells its tasks. `trust_cluster` is None if the task's own cluster has the Lease."""

    mesh: str
    holder: str
    epoch: int
    trust_cluster: Connection | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> LeaseShare | None:
        """Return None for a task without a Lease."""
        lease = params.get("lease")
        if not lease:
            return None
        kube = lease.get("kube")
        return cls(params["mesh"], str(lease["holder"]), int(lease["epoch"]), Connection.of_task(kube, peer=True) if kube else None)


def hold_of(cluster: Cluster, share: LeaseShare | None, connect: Connector) -> Hold | None:
    """Return the task's hold on the Lease. A task without a Lease has none; nor has a dry run, which writes nothing."""
    if share is None or cluster.dry_run:
        return None
    trusted = connect(share.trust_cluster) if share.trust_cluster else cluster
    return Hold(trusted, ref(share.mesh, NAMESPACE), share.holder, share.epoch)


class UnderLease:
    """Work that checks the Lease before each write and renews it during waits. Without a Lease it does neither."""

    hold: Hold | None

    def guard(self) -> None:
        if self.hold:
            self.hold.guard()

    def keep(self) -> None:
        if self.hold:
            self.hold.keep()


@contextmanager
def renewed(hold: Hold | None) -> Iterator[None]:
    """Renew the Lease while the block runs, however long a look or a wait in it takes. A lost Lease fails the next write or wait, not the renewal."""
    ended = threading.Event()

    def renew(kept: Hold) -> None:
        while not ended.wait(_ROUND):
            with suppress(MeshError):
                kept.keep()

    renewing = [threading.Thread(target=renew, args=(hold,), daemon=True)] if hold else []
    for thread in renewing:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in renewing:
            thread.join()


def run_name() -> str:
    """Return a name for this run that a colleague recognises, and that no other run has."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # the user of a container may have no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}/{secrets.token_hex(4)}"
