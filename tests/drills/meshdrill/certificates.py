# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the roots of a bundle and the root of a leaf. The watcher shares no code for this with the collection."""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


@lru_cache(maxsize=256)
def roots(bundle: bytes) -> frozenset[str]:
    return frozenset(fingerprint(one) for one in x509.load_pem_x509_certificates(bundle))


@lru_cache(maxsize=1024)
def root_of(chain: bytes) -> str:
    """The fingerprint of the root to which verified signatures lead from a chain's first certificate; else a text that is no fingerprint.

    Istio names some of the certificates twice, so the order says nothing.
    """
    certificate, *others = x509.load_pem_x509_certificates(chain)
    for _step in range(len(others) + 1):
        if _signed(certificate, certificate):
            return fingerprint(certificate)
        above = [one for one in others if _signed(certificate, one)]
        if not above:
            return "chain-without-root"
        certificate = above[0]
    return "endless-chain"


def _signed(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
