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
from ..._mesh.trust.keys import UsableKeys
from ..._mesh.trust.name_constraints import Name, signed_for
from ..._mesh.trust.objections import ISSUER, objections
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
    domain, kind, days = request.trust_domain, request.key_type, request.intermediate_days
    bears = signed_for(domain, sans)
    if root.signer is None:
        made = pki.new_intermediate(root.issuer or root.material, name, domain, sans, kind, now, days)
        if root.issuer:
            made = replace(made, chain=made.certificate + (root.issuer.chain or b""), roots=root.issuer.roots)
        return proved(made, f"{cluster.name}: the new intermediate", now, bears, request.root.keys)
    if cluster.dry_run:  # a dry run asks no signer and shows what its answer would look like
        return pki.new_intermediate(pki.new_root(name, domain, kind, now, days), name, domain, sans, kind, now, days)
    (own,) = x509.bundle(root.material.certificate)
    key, pem = pki.new_request(name, domain, sans, kind)
    signing = external.SigningRequest(cluster.name, name, pem, *pki.lifetime(own, now, days))
    made = external.intermediate(root.signer, signing, key, root.material)
    return proved(made, f"{cluster.name}: the answer of {root.signer}", clock.now(), bears, request.root.keys)


def proved(ca: Material, where: str, now: datetime, bears: Sequence[Name], keys: UsableKeys) -> Material:
    """Return the CA. Refuse it with all objections at once if anything speaks against signing with it. `bears` are the names in its leaves."""
    against = objections(tried(replace(x509.inspect(ca, where, now), keys=keys), bears), ISSUER)
    if against:
        sentences = [one.sentence for one in against]
        raise Refused(" ".join(sentences), findings=sentences, reasons=[one.reason for one in against])
    return ca
