# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the Secrets that a mesh needs before anything of it runs. What is there stays, so that a second run, and one after a kill, change nothing."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Optional

from ..._kube import namespace
from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._mesh.contract.trust import Trust
from ..._mesh.errors import Refused
from ..._mesh.objects.change import Change, Ref
from ..._mesh.objects.managed_by import managed_by
from ..._mesh.objects.shapes import Object
from ..._mesh.trust.certificate import Material
from ..._mesh.trust.prepared import AUTHORITY, CERTIFICATE, KEY, TRUSTED, UUID, Drawn, PreparedSecret, SignedServer, lacking
from ..._mesh.trust.root_secret import decoded, encoded, labels
from ..._mesh.trust.root_secret import read as read_ca
from ..._mesh.trust.root_secret import secret as ca_secret
from ..._pki import issue
from .request import AuthorityRequest
from .root import trust_cluster

_SPACE = "meshops-system"  # where the trust cluster keeps what belongs to no single cluster


@dataclass(frozen=True)
class Preparation:
    """One cluster that gets its Secrets, and the trust cluster, which keeps what all clusters share."""

    cluster: Cluster
    trust: Cluster
    request: AuthorityRequest
    now: datetime

    def place(self, name: str) -> Ref:
        """Return where the trust cluster keeps something for the mesh: several meshes may have the same trust cluster."""
        return Ref("v1", "Secret", f"{self.request.mesh}-{name}", self.request.root.namespace or _SPACE)


Missing = Mapping[PreparedSecret, Optional[Object]]  # noqa: UP045


def missing(cluster: Cluster, mesh: Trust, request: AuthorityRequest) -> Missing:
    """Return the Secrets that lack something, each as it is now. Refuse, before anything is written, what could not be made."""
    wanted = mesh.needs(request.namespace, request.trust_domain, cluster.name).prepared
    there = cluster.get_all(one.ref for one in wanted) if wanted else []
    lacks = {one: live for one, live in zip(wanted, there, strict=True) if lacking(one, live)}
    if any(one.kept for one in lacks) and not request.root.trust_cluster and request.root.source not in ("generated", "secret"):
        raise Refused(f"{cluster.name}: mesh_trust_cluster is not set. Name the cluster that keeps what the clusters of the mesh {request.mesh} share.")
    way = "Have all its keys written there, or stop that tool from managing the Secret."
    undone = [managed_by(live).refusal(f"{cluster.name}: {one.ref}", way) for one, live in lacks.items() if live]
    if any(undone):
        raise Refused(" ".join(filter(None, undone)), findings=list(filter(None, undone)))
    return lacks


def prepare(cluster: Cluster, lacks: Missing, request: AuthorityRequest, connect: Connector, now: datetime) -> list[Change]:
    """Make what is missing, first on the trust cluster. If several tasks do so at once, the first one wins, and all take what it made."""
    if not lacks:
        return []
    work = Preparation(cluster, trust_cluster(cluster, request.root, connect), request, now)
    return [change for one, live in lacks.items() for change in _made(work, one, live)]


def _made(work: Preparation, wanted: PreparedSecret, live: Object | None) -> list[Change]:
    """Write the Secret, or the keys that it lacks. A value that is there stays."""
    values, changes = _values(work, wanted)
    data = {key: encoded(values[key]) for key in lacking(wanted, live)}
    if live:
        return [*changes, work.cluster.amend(live, {"data": data})]
    made = work.cluster.create(_secret(wanted.ref, work.request.mesh, data))
    return [*changes, *([made] if made else [])]


def _values(work: Preparation, wanted: PreparedSecret) -> tuple[Mapping[str, bytes], list[Change]]:
    if wanted.signed:
        return signed(work, wanted.signed)
    if not wanted.shared:
        return {one.key: drawn(one) for one in wanted.drawn}, []
    ref = work.place(wanted.ref.name)
    values = {one.key: encoded(drawn(one)) for one in wanted.drawn}
    kept, changes = _kept(work, _secret(ref, work.request.mesh, values))
    lost = sorted(set(values) - set(kept.get("data") or {}))
    if lost:
        raise Refused(f"{work.trust.name}: {ref} lacks {', '.join(lost)}, which the clusters of the mesh share. Restore it from a cluster that has it.")
    return {key: base64.b64decode(kept["data"][key]) for key in values}, changes


def signed(work: Preparation, wanted: SignedServer) -> tuple[Mapping[str, bytes], list[Change]]:
    """Return a new certificate with its key, and the CA that signed it."""
    ca, changes = _authority(work, wanted.authority)
    leaf = leaf_of(work, ca, wanted)
    return {CERTIFICATE: leaf.certificate, KEY: leaf.key, AUTHORITY: ca.roots}, changes


def leaf_of(work: Preparation, ca: Material, wanted: SignedServer) -> Material:
    days, domain = work.request.intermediate_days, work.request.trust_domain
    return issue.new_leaf(ca, wanted.hosts, domain, work.request.key_type, work.now, days, asks=True)


def new_authority(work: Preparation, name: str) -> Material:
    request = work.request
    return issue.new_root(f"{request.mesh} {name}", request.trust_domain, request.key_type, work.now, request.root_days)


def known_authority(kept: Object) -> Material:
    """Return the CA, with all that its owners are to trust. While it gets a successor, these are both."""
    ca = read_ca(kept)
    return replace(ca, roots=decoded((kept.get("data") or {}).get(TRUSTED)) or ca.certificate)


def _authority(work: Preparation, name: str) -> tuple[Material, list[Change]]:
    """Return the CA on the trust cluster, and make it if it is missing."""
    ref = work.place(name)
    kept, changes = _kept(work, ca_secret(new_authority(work, name), ref.name, str(ref.namespace), work.request.mesh))
    return known_authority(kept), changes


def _kept(work: Preparation, manifest: dict[str, Any]) -> tuple[Object, list[Change]]:
    """Return what the trust cluster keeps under this name, and create it if there is nothing."""
    ref = Ref.of(manifest)
    there = work.trust.get(ref)
    if there:
        return there, []
    changes = namespace.ensure(work.trust, str(ref.namespace))
    made = work.trust.create(manifest)
    return work.trust.get(ref) or manifest, [*changes, *([made] if made else [])]  # a dry run stores nothing


def _secret(ref: Ref, mesh: str, data: Mapping[str, str]) -> dict[str, Any]:
    meta = {"name": ref.name, "namespace": ref.namespace, "labels": labels(mesh)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": dict(data)}


def drawn(wanted: Drawn) -> bytes:
    """Draw a value by lot."""
    return str(uuid.uuid4()).encode() if wanted.form == UUID else base64.b64encode(secrets.token_bytes(32))
