# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make an intermediate of the mesh's root for a cluster. The collection or an external signer signs it, and nobody gets it before it is proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ..._kube.cluster import Cluster
from ..._mesh.errors import Refused
from ..._mesh.trust.certificate import Material
from ..._mesh.trust.keys import ALL, UsableKeys
from ..._mesh.trust.name_constraints import Name, signed_for
from ..._mesh.trust.objections import ISSUER, objections
from ..._mesh.trust.path_length import shortage
from ..._pki import issue as pki
from ..._pki import signer as external
from ..._pki import x509
from ..._pki.trial import tried
from ..clock import Clock
from .request import AuthorityRequest
from .root import Root


def intermediate(cluster: Cluster, root: Root, sans: Sequence[str], request: AuthorityRequest, clock: Clock) -> Material:
    """Return a new intermediate. Refuse it if anything speaks against it. While an external signer signs, time goes on."""
    if root.material is None:
        raise Refused(f"{root.source.where}: there is no root to issue from.")
    name, now = f"Intermediate CA {cluster.name}", clock.now()
    domain, kind, days, below = request.trust_domain, request.key_type, request.intermediate_days, request.path_length
    bears = signed_for(domain, sans)
    if root.signer is None:
        made = pki.new_intermediate(root.issuer or root.material, name, domain, sans, kind, now, days, below)
        if root.issuer:
            made = replace(made, chain=made.certificate + (root.issuer.chain or b""), roots=root.issuer.roots)
        return proved(made, f"{cluster.name}: the new intermediate", now, bears, request.root.keys, below)
    if cluster.dry_run:  # a dry run asks no signer and shows what its answer would look like
        return pki.new_intermediate(pki.new_root(name, domain, kind, now, days), name, domain, sans, kind, now, days, below)
    (own,) = x509.bundle(root.material.certificate)
    key, pem = pki.new_request(name, domain, sans, kind, below)
    signing = external.SigningRequest(cluster.name, name, pem, *pki.lifetime(own, now, days), below)
    made = external.intermediate(root.signer, signing, key, root.material)
    return proved(made, f"{cluster.name}: the answer of {root.signer}", clock.now(), bears, request.root.keys, below)


def proved(ca: Material, where: str, now: datetime, bears: Sequence[Name], keys: UsableKeys = ALL, below: int = 0) -> Material:
    """Return the CA. Refuse it with all objections at once if anything speaks against signing with it.

    `bears` are the names in its leaves, and `below` is how many CAs the mesh puts between it and them.
    """
    authority = tried(replace(x509.inspect(ca, where, now), keys=keys), bears)
    against = objections(authority, ISSUER)
    if against:
        sentences = [one.sentence for one in against]
        raise Refused(" ".join(sentences), findings=sentences, reasons=[one.reason for one in against])
    if short := shortage(authority, below):
        raise Refused(f"{where}: {short}")
    return ca
