# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make real certificates for tests, good ones and each kind of bad one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Authority, Material, Names
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509 as pki
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

NOW = datetime(2026, 8, 27, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ISTIO = Names("ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem")


@dataclass(frozen=True)
class Made:
    """A certificate with its key."""

    raw: Any
    key: Any

    @property
    def pem(self) -> bytes:
        return bytes(self.raw.public_bytes(serialization.Encoding.PEM))

    @property
    def key_pem(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return bytes(self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))

    @property
    def fingerprint(self) -> str:
        return str(pki.facts(self.raw).fingerprint)


@lru_cache
def key(kind: str = "P-256", number: int = 0) -> Any:  # `number` tells keys of a kind apart
    curves = {"P-224": ec.SECP224R1, "P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
    if kind in curves:
        return ec.generate_private_key(curves[kind]())
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("RSA-")))


def usage(sign: bool = True) -> x509.KeyUsage:
    rest = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    return x509.KeyUsage(True, key_cert_sign=sign, crl_sign=sign, encipher_only=False, decipher_only=False, **rest)


def make(
    name: str,
    by: Made | None = None,
    own: Any = None,
    *,
    ca: bool | None = True,
    path_length: int | None = None,
    days: tuple[float, float] = (-1, 365),
    sign: bool | None = True,
    purposes: tuple[Any, ...] = (),
    serial: int | None = None,
    digest: Any = hashes.SHA256,
    issuer: str | None = None,
    subject: x509.Name | None = None,
    extensions: tuple[tuple[Any, bool], ...] = (),
) -> Made:
    """A certificate for `name`, signed `by` that one, or by itself."""
    own = own or key()
    subject = subject or x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    above = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]) if issuer else None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above or (by.raw.subject if by else subject))
        .public_key(own.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(NOW + days[0] * DAY)
        .not_valid_after(NOW + days[1] * DAY)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
    if sign is not None:
        builder = builder.add_extension(usage(sign), critical=True)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    signer = by.key if by else own
    return Made(builder.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else digest()), own)


def alternative(*hosts: str) -> tuple[Any, bool]:
    return x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), False


def constrained(*, permits: tuple[Any, ...] = (), excludes: tuple[Any, ...] = ()) -> tuple[Any, bool]:
    """A critical extension with the names that may be signed for, or may not."""
    return x509.NameConstraints(permits or None, excludes or None), True


ROOT = make("shop root", own=key(number=1), days=(-30, 3650))
OTHER_ROOT = make("other root", own=key(number=2), days=(-30, 3650))
EAST = make("Intermediate CA east", ROOT, key(number=3), path_length=0)


def issuer(own: Made = EAST, *above: Made, under: tuple[Made, ...] = (ROOT,), **parts: Any) -> Material:
    """The CA of a cluster: an intermediate, its chain, the roots. A test can replace each part by other bytes."""
    chain = b"".join(made.pem for made in (own, *above, under[0]))
    made = Material(own.pem, own.key_pem, chain, b"".join(root.pem for root in under), ISTIO)
    return replace(made, **parts)


def root(made: Made = ROOT, **parts: Any) -> Material:
    """A root with its key."""
    return replace(Material(made.pem, made.key_pem, roots=parts.get("certificate", made.pem)), **parts)


def seen(material: Material, where: str = "east: Secret istio-system/cacerts", ours: bool = False) -> Authority:
    return pki.inspect(material, where, NOW, ours)
