# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make CAs. Keys are made in memory and leave this file only as part of a Material."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from .._mesh.errors import MeshError
from .._mesh.gateways.host_names import address, known_as
from .._mesh.trust.certificate import Certificate, Material
from . import pem as _pem

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
except ImportError:
    pass  # pem.require() reports it

# Otherwise a cluster whose clock is behind this machine's would refuse a new certificate as not yet valid
# (istio#32176, istio#29379). Preflight refuses larger differences.
BACKDATED = timedelta(minutes=5)
_LONGEST_NAME = 64  # of a common name or an organisation, RFC 5280 appendix A


def new_root(name: str, organization: str, key_type: str, now: datetime, days: int) -> Material:
    """Return a self-signed root that is valid for `days`, with its key."""
    _pem.require()
    key, subject = _new_key(key_type), _name(name, organization)
    start = _start(now)
    builder = _builder(subject, subject, key.public_key(), start, start + BACKDATED + timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(digital_signature=False), critical=True)
    signed = _pem.of_certificate(builder.sign(key, _digest(key)))
    return Material(certificate=signed, key=_pem.of_key(key), roots=signed)


def new_intermediate(
    root: Material, name: str, organization: str, sans: Sequence[str], key_type: str, now: datetime, days: int, path_length: int = 0
) -> Material:
    """Return a CA signed by `root`, with its key. It may have `path_length` CAs between itself and its leaves, and does not outlive the root."""
    _pem.require()
    issuer, signer = _opened(root)
    key = _new_key(key_type)
    start = max(_start(now), issuer.not_valid_before_utc)
    end = min(_start(now) + BACKDATED + timedelta(days=days), issuer.not_valid_after_utc)
    builder = _builder(_name(name, organization), issuer.subject, key.public_key(), start, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(san) for san in sans]), critical=False)
    builder = builder.add_extension(_issuer_key_id(issuer), critical=False)
    own, above = _pem.of_certificate(builder.sign(signer, _digest(signer))), _pem.of_certificate(issuer)
    return Material(certificate=own, key=_pem.of_key(key), chain=own + above, roots=above)


def new_request(name: str, organization: str, sans: Sequence[str], key_type: str, path_length: int = 0) -> tuple[bytes, bytes]:
    """Return a new key and the signing request for a CA like those of `new_intermediate`, both as PEM."""
    _pem.require()
    key = _new_key(key_type)
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(name, organization))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(san) for san in sans]), critical=False)
    return _pem.of_key(key), _pem.of_certificate(builder.sign(key, _digest(key)))


def new_leaf(
    root: Material, hosts: Sequence[str], organization: str, key_type: str, now: datetime, days: int, asks: bool = False
) -> Material:
    """Return a server's certificate for these host names and addresses, with its key. The root itself signs it. A server that `asks` is a client too."""
    _pem.require()
    issuer, signer = _opened(root)
    key = _new_key(key_type)
    purposes = [x509.ExtendedKeyUsageOID.SERVER_AUTH, *([x509.ExtendedKeyUsageOID.CLIENT_AUTH] if asks else [])]
    start, end = max(_start(now), issuer.not_valid_before_utc), min(_start(now) + BACKDATED + timedelta(days=days), issuer.not_valid_after_utc)
    builder = _builder(_name(known_as(hosts[0]), organization), issuer.subject, key.public_key(), start, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(digital_signature=True, signs=False, enciphers=isinstance(key, rsa.RSAPrivateKey)), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName([_host(host) for host in dict.fromkeys(map(known_as, hosts))]), critical=False)
    builder = builder.add_extension(_issuer_key_id(issuer), critical=False)
    return Material(certificate=_pem.of_certificate(builder.sign(signer, _digest(signer))), key=_pem.of_key(key))


def _new_key(key_type: str) -> Any:
    if key_type == "P-256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=int(key_type.removeprefix("RSA-")))


def _builder(subject: Any, issuer: Any, public: Any, start: datetime, end: datetime) -> Any:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common: str, organization: str) -> Any:
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization[:_LONGEST_NAME]),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, common[:_LONGEST_NAME]),
        ]
    )


def _host(host: str) -> Any:
    ip = address(host)
    return x509.IPAddress(ip) if ip else x509.DNSName(host)


def _usage(digital_signature: bool, signs: bool = True, enciphers: bool = False) -> Any:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=enciphers,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _issuer_key_id(issuer: Any) -> Any:
    kind = x509.AuthorityKeyIdentifier
    try:
        known = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return kind.from_issuer_public_key(issuer.public_key())
    return kind.from_issuer_subject_key_identifier(known)


def _digest(key: Any) -> Any:
    """Return a hash as strong as the key: SHA-256 for P-256 and RSA."""
    size = key.key_size if isinstance(key, ec.EllipticCurvePrivateKey) else 0
    return {384: hashes.SHA384(), 521: hashes.SHA512()}.get(size, hashes.SHA256())


def lifetime(root: Certificate, now: datetime, days: int) -> tuple[datetime, datetime]:
    """Return the first and the last moment of a CA below `root` that is to be valid for `days`; it does not outlive the root."""
    start = _start(now)
    return max(start, root.not_before), min(start + BACKDATED + timedelta(days=days), root.not_after)


def _start(now: datetime) -> datetime:
    return now.replace(microsecond=0) - BACKDATED


def _opened(root: Material) -> tuple[Any, Any]:
    issuers, faults = _pem.certificates(root.certificate, root.names.certificate)
    signer, key_faults = _pem.private_key(root.key, root.names.key)
    if not issuers or signer is None:
        raise MeshError(f"The root cannot be used: {'; '.join([*faults, *key_faults]) or 'a part is missing'}.")
    return issuers[0], signer
