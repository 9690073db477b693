# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roots and intermediates for drills in which certificates are changed by hand; no code of the collection."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CA_USAGE = x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
                         data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False)


@dataclass(frozen=True)
class Authority:
    """A CA certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def cacerts(self, root: Authority, trusted: bytes) -> Mapping[str, bytes]:
        """The Secret's content by which istiod signs with this intermediate of `root`."""
        return {"ca-cert.pem": self.pem, "ca-key.pem": _pem(self.key), "cert-chain.pem": self.pem + root.pem, "root-cert.pem": trusted}


def encoded(data: Mapping[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(value).decode() for name, value in data.items()}


def make(name: str, signer: Authority | None = None) -> Authority:
    """A root, or an intermediate of `signer`."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _begun(name, key, signer).add_extension(x509.BasicConstraints(ca=True, path_length=0 if signer else None), critical=True)
    return Authority(builder.add_extension(CA_USAGE, critical=True).sign(signer.key if signer else key, hashes.SHA256()), key)


def serving(name: str, signer: Authority) -> dict[str, bytes]:
    """The content of a Secret by which a gateway serves this DNS name."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    certificate = _begun(name, key, signer).add_extension(names, critical=False).sign(signer.key, hashes.SHA256())
    return {"tls.crt": certificate.public_bytes(serialization.Encoding.PEM), "tls.key": _pem(key)}


def _begun(name: str, key: ec.EllipticCurvePrivateKey, signer: Authority | None) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "drill"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(signer.certificate.subject if signer else subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5)).not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key((signer.key if signer else key).public_key()), critical=False))


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
