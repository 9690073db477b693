# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task's share in the Lease that its play holds."""

from __future__ import annotations

import getpass
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import connect_peer
from ..._kube.lease import Hold
from ..._mesh.errors import MeshError
from ..._mesh.lease.lease import NAMESPACE, ref

_ROUND = 0.3


def held(cluster: Cluster, params: Mapping[str, Any]) -> Hold | None:
    """None where the task was given no Lease, and in a dry run, which writes nothing."""
    lease = params["lease"]
    if not lease or cluster.dry_run:
        return None
    keeper = connect_peer(lease["kube"]) if lease.get("kube") else cluster
    return Hold(keeper, ref(params["mesh"], NAMESPACE), str(lease["holder"]), int(lease["epoch"]))


class UnderLease:
    """Work that looks before each write whether the Lease is still held, and renews it while it waits. Without a Lease it does neither."""

    hold: Hold | None

    def guard(self) -> None:
        if self.hold:
            self.hold.guard()

    def keep(self) -> None:
        if self.hold:
            self.hold.keep()


@contextmanager
def renewed(hold: Hold | None) -> Iterator[None]:
    """Renews while the block runs, however long one look or one wait in it takes. That the Lease was lost whoever writes or waits is told."""
    ended = threading.Event()

    def renew(held: Hold) -> None:
        while not ended.wait(_ROUND):
            with suppress(MeshError):
                held.keep()

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
    """A name for this run that a colleague recognises, and that no other run has."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}/{secrets.token_hex(4)}"
