# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a rotation is under way while a cluster is to be given a CA."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._mesh.errors import Denied, Unreachable
from ..._mesh.lease.lease import NAMESPACE, Lease, ref, told
from ..._mesh.trust.objections import Objection
from . import root as roots
from .request import AuthorityRequest


def at_work(cluster: Cluster, root: roots.Root, request: AuthorityRequest, where: str, connect: Connector) -> list[Objection]:
    """A rotation writes the same Secret, so nobody else replaces a CA while somebody holds the Lease.

    Where the Lease may not be looked at, the write still only goes onto what was read.
    """
    try:
        trusted = root.cluster or roots.trust_cluster(cluster, request.root, connect)
        said = told(trusted.name, request.mesh, Lease.of(trusted.get(ref(request.mesh, NAMESPACE))))
    except Denied:
        return []
    except Unreachable as error:
        return [Objection("unreachable_lease", f"{where}: it is not replaced, for nobody knows whether a rotation is at work on it. {error}")]
    text = f"it is not replaced, for a rotation may be at work on it. {said} Wait for its end, then run again."
    return [Objection("rotation_at_work", f"{where}: {text}")] if said else []


def going_on(cluster: Cluster, root: roots.Root, request: AuthorityRequest, now: datetime, connect: Connector) -> list[Objection]:
    """A cluster that comes new would be given the former root alone, and others may sign under the next one already."""
    if not root.source.generated or root.source.root is None or root.cluster is None:
        return []
    with suppress(Denied):
        upcoming = roots.find(cluster, request.mesh, request.root.upcoming(), now, connect)
        follows, active = upcoming.source.root, root.source.root.certificate
        if follows and follows.certificate and active and follows.certificate.fingerprint != active.fingerprint:
            text = f"a rotation of the mesh {request.mesh} to {follows.certificate} is under way, and {cluster.name} would be given the former root alone"
            way = "Bring the rotation to its end, or turn it back, and add the cluster then"
            return [Objection("rotation_under_way", f"{upcoming.source.where}: {text}. {way}.")]
    return []
