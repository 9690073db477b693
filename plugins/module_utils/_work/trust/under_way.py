# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out whether a rotation is under way before a cluster gets a CA."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._mesh.errors import Denied, Unreachable
from ..._mesh.lease.lease import NAMESPACE, Lease, holder_sentence, ref
from ..._mesh.trust.objections import Objection
from . import root as roots
from .request import AuthorityRequest


def at_work(cluster: Cluster, root: roots.Root, request: AuthorityRequest, where: str, connect: Connector) -> list[Objection]:
    """Object to replacing a CA while somebody holds the Lease, because a rotation writes the same Secret.

    If the credential may not look at the Lease, nothing is objected: the write still fails if the Secret changed since it was read.
    """
    try:
        trusted = root.cluster or roots.trust_cluster(cluster, request.root, connect)
        said = holder_sentence(trusted.name, request.mesh, Lease.of(trusted.get(ref(request.mesh, NAMESPACE))))
    except Denied:
        return []
    except Unreachable as error:
        return [Objection("unreachable_lease", f"{where}: the CA was not replaced, because nobody knows whether a rotation is at work on it. {error}")]
    text = f"the CA was not replaced, because a rotation may be at work on it. {said} Wait until that run ends, then run again."
    return [Objection("rotation_at_work", f"{where}: {text}")] if said else []


def going_on(cluster: Cluster, root: roots.Root, request: AuthorityRequest, now: datetime, connect: Connector) -> list[Objection]:
    """Object to giving a new cluster the former root alone, because other clusters may already sign under the next root."""
    if not root.source.generated or root.source.root is None or root.cluster is None:
        return []
    with suppress(Denied):
        upcoming = roots.find(cluster, request.mesh, request.root.upcoming(), now, connect)
        follows, active = upcoming.source.root, root.source.root.certificate
        if follows and follows.certificate and active and follows.certificate.fingerprint != active.fingerprint:
            text = f"a rotation of the mesh {request.mesh} to {follows.certificate} is under way, and {cluster.name} would get the former root alone"
            way = "Finish the rotation or turn it back, and add the cluster afterwards"
            return [Objection("rotation_under_way", f"{upcoming.source.where}: {text}. {way}.")]
    return []
