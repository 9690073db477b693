# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An intermediate of the mesh's root for a cluster: signed here, or by whoever has the root's key; proved before anybody gets it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.errors import Refused
from ..._mesh.trust.certificate import Material
from ..._mesh.trust.name_constraints import Name, signed_for
from ..._mesh.trust.objections import ISSUER, objections
from ..._pki import issue as pki
from ..._pki import signer as external
from ..._pki import x509
from ..._pki.trial import tried
from .root import Root


class Moment:
    """The time of a task, which goes on while somebody else signs."""

    def __init__(self, start: datetime) -> None:
        self._start, self._begun = start, time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._begun)


def intermediate(cluster: Cluster, root: Root, sans: Sequence[str], params: Mapping[str, Any], moment: Moment) -> Material:
    """Refused where anything speaks against it."""
    if root.material is None:
        raise Refused(f"{root.source.where}: there is no root to issue from.")
    name, now = f"Intermediate CA {cluster.name}", moment.now()
    domain, kind, days = params["trust_domain"], params["key_type"], params["intermediate_days"]
    bears = signed_for(domain, sans)
    if root.signer is None:
        made = pki.new_intermediate(root.issuer or root.material, name, domain, sans, kind, now, days)
        if root.issuer:
            made = replace(made, chain=made.certificate + (root.issuer.chain or b""), roots=root.issuer.roots)
        return proved(made, f"{cluster.name}: the new intermediate", now, bears)
    if cluster.dry_run:  # nobody is asked; what would come looks like this
        return pki.new_intermediate(pki.new_root(name, domain, kind, now, days), name, domain, sans, kind, now, days)
    (own,) = x509.bundle(root.material.certificate)
    key, pem = pki.new_request(name, domain, sans, kind)
    request = external.SigningRequest(cluster.name, name, pem, *pki.lifetime(own, now, days))
    made = external.intermediate(root.signer, request, key, root.material)
    return proved(made, f"{cluster.name}: what came back from {root.signer}", moment.now(), bears)


def proved(ca: Material, where: str, now: datetime, bears: Sequence[Name]) -> Material:
    """The same CA, unless something speaks against signing with it: then all of that at once. `bears` is what its leaves will bear."""
    found = objections(tried(x509.inspect(ca, where, now), bears), ISSUER)
    if found:
        sentences = [one.sentence for one in found]
        raise Refused(" ".join(sentences), findings=sentences, reasons=[one.reason for one in found])
    return ca
