# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe how the control planes of a mesh accept another CA, so that a plan can follow the provider's rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from ..errors import Refused
from ..trust.certificate import Certificate, short

Roots = frozenset[str]


def anything(_given: Roots, _own: Roots) -> bool:
    return True


def joined(_existing: bytes, present: Sequence[Certificate], wanted: Collection[str], known: Mapping[str, bytes]) -> bytes:
    """Return the wanted certificates, in any order and form."""
    return b"".join(pem_of(known, one, present) for one in sorted(wanted))


def pem_of(known: Mapping[str, bytes], fingerprint: str, present: Sequence[Certificate] = ()) -> bytes:
    """Return the certificate as a PEM block that ends with a line break."""
    pem = next((one.pem for one in present if one.fingerprint == fingerprint), known.get(fingerprint))
    if pem is None:
        raise Refused(f"The root {short(fingerprint)} should be trusted, but no cluster of the mesh has its certificate.")
    return pem if pem.endswith(b"\n") else pem + b"\n"


@dataclass(frozen=True)
class Rules:
    """The rules of a provider.

    `mark` is the name of the mark that a rotation adds to the bundle with each new CA, so that proxies notice the change; empty if proxies need
    none. `takes` says whether a running control plane that hands out some roots accepts a CA with other roots. `arranged` writes a bundle from the
    present bundle, its certificates, the wanted fingerprints, and the PEM of new certificates.
    """

    mark: str = ""
    takes: Callable[[Roots, Roots], bool] = anything
    arranged: Callable[[bytes, Sequence[Certificate], Collection[str], Mapping[str, bytes]], bytes] = joined

    def is_mark(self, certificate: Certificate) -> bool:
        """Tell whether the certificate is a mark."""
        return bool(self.mark) and certificate.self_signed and f"CN={self.mark}" in certificate.subject.split(",")

    def marks(self, certificates: Sequence[Certificate]) -> frozenset[str]:
        return frozenset(one.fingerprint for one in certificates if self.is_mark(one))
