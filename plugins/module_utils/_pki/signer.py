# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CA outside this collection. It gets a signing request and returns a certificate; the private key never leaves this process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .._mesh.errors import Refused
from .._mesh.trust.certificate import Material, Names
from . import x509

_ANSWERED = Names("the certificate that came back", "the signing request", "the chain that came back", "the mesh's root")


@dataclass(frozen=True)
class SigningRequest:
    """A certificate to be signed: the PKCS#10 request as PEM, the cluster and the common name that it is for, its lifetime and its path length."""

    cluster: str
    common_name: str
    pem: bytes
    not_before: datetime
    not_after: datetime
    path_length: int = 0

    @property
    def days(self) -> int:
        return max((self.not_after - self.not_before).days, 1)


class Signer(Protocol):
    """`str(signer)` is its name in messages. Every failure is a MeshError that names the cluster."""

    def sign(self, request: SigningRequest) -> bytes:
        """Return the signed certificate as PEM, followed in any order by the CAs between it and the root."""


def intermediate(signer: Signer, request: SigningRequest, key: bytes, root: Material) -> Material:
    """Have the request signed and return the certificate with its key and chain. The result is not verified yet."""
    certificates, faults = x509.read(signer.sign(request), "the answer")
    if not certificates:
        reason = faults[0] if faults else "the answer is empty"
        raise Refused(f"{request.cluster}: {signer} returned no certificate: {reason}. Make it return the signed certificate as PEM.")
    own, between = certificates[0].facts.pem, b"".join(one.facts.pem for one in certificates[1:] if not one.facts.self_signed)
    rough = Material(own, key, chain=own + between + (root.chain or b"") + root.certificate, roots=root.certificate, names=_ANSWERED)
    proved = x509.inspect(rough, "", request.not_before).path
    if not proved:
        return rough
    chain = b"".join(one.pem for one in proved)
    return Material(own, key, chain=chain, roots=proved[-1].pem, names=_ANSWERED)
