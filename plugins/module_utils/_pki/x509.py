# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read PEM into facts about a CA, and verify the signatures in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from .._mesh.trust.certificate import Authority, Certificate, Material
from .._mesh.trust.name_constraints import DIRECTORY, DNS, IP, URI, Constraints, Name
from . import pem as _pem

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
except ImportError:
    pass  # pem.require() reports it

_CURVES = {"secp224r1": "P-224", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_LONGEST_PATH = 8


@dataclass(frozen=True)
class ParsedCertificate:
    """A certificate: the library's object and the facts read from it."""

    raw: Any
    facts: Certificate


def inspect(material: Material, where: str, now: datetime, ours: bool = False, target: str = "") -> Authority:
    """Return the facts about a CA and the verified path to its root. Bad input does not raise; `unreadable` of the result lists it.

    If the path could end with several roots that share a name and a key, it ends with the `target`, if that is one of them.
    """
    _pem.require()
    names = material.names
    own, own_faults = read(material.certificate, names.certificate)
    chain, chain_faults = read(material.chain or b"", names.chain)
    roots, root_faults = read(material.roots, names.roots)
    key, key_faults = _pem.private_key(material.key, names.key)
    faults = dict.fromkeys([*material.faults, *own_faults, *key_faults, *chain_faults, *root_faults])
    return Authority(
        where=where,
        at=now,
        certificate=own[0].facts if own else None,
        roots=tuple(one.facts for one in _distinct(roots)),
        chain=tuple(one.facts for one in chain),
        path=tuple(one.facts for one in _path(own[0], sorted([*roots, *chain], key=lambda other: other.facts.fingerprint != target), roots)) if own else (),
        key_type=_key_type(key.public_key()) if key else None,
        key_matches=bool(key and own and _public(key.public_key()) == _public(own[0].raw.public_key())),
        names=names,
        missing=_missing(material),
        unreadable=tuple(faults),
        self_made=material.self_made,
        ours=ours,
    )


def _missing(material: Material) -> tuple[str, ...]:
    names = material.names
    parts = {names.certificate: material.certificate, names.key: material.key, names.roots: material.roots}
    if material.chain is not None:
        parts[names.chain] = material.chain
    return tuple(name for name, part in parts.items() if not part.strip())


def bundle(pem: bytes) -> list[Certificate]:
    """Return the certificates of a PEM bundle, each once, without those that cannot be read."""
    _pem.require()
    return [parsed.facts for parsed in _distinct(read(pem, "")[0])]


def read(part: bytes, name: str) -> tuple[list[ParsedCertificate], list[str]]:
    """Return the certificates in one part of a CA, and half sentences about what cannot be read in it."""
    return _pem.certificates(part, name, lambda raw: ParsedCertificate(raw, facts(raw)))


@lru_cache(maxsize=256)
def facts(raw: Any) -> Certificate:
    """Return the library's certificate as plain data. Cached, because the parts of a CA and the CAs of a mesh repeat certificates."""
    values = {type(one.value): one.value for one in raw.extensions}
    constraints = values.get(x509.BasicConstraints)
    ski, aki = values.get(x509.SubjectKeyIdentifier), values.get(x509.AuthorityKeyIdentifier)
    return Certificate(
        subject=raw.subject.rfc4514_string(),
        issuer=raw.issuer.rfc4514_string(),
        serial=f"{raw.serial_number:x}",
        not_before=raw.not_valid_before_utc,
        not_after=raw.not_valid_after_utc,
        is_ca=bool(constraints and constraints.ca),
        path_length=constraints.path_length if constraints else None,
        key_type=_key_type(raw.public_key()),
        fingerprint=raw.fingerprint(hashes.SHA256()).hex(),
        signature_algorithm=_algorithm(raw.signature_algorithm_oid),
        ski=ski.digest.hex() if ski else None,
        aki=aki.key_identifier.hex() if aki and aki.key_identifier else None,
        sans=tuple(str(name.value) for name in values.get(x509.SubjectAlternativeName) or ()),
        names=(*_names(values.get(x509.SubjectAlternativeName) or ()), Name(DIRECTORY, raw.subject.rfc4514_string())),
        constraints=_constraints(values.get(x509.NameConstraints)),
        key_usage=_usage(values.get(x509.KeyUsage)),
        extended_key_usage=_purposes(values.get(x509.ExtendedKeyUsage)),
        self_signed=signed(raw, raw),
        pem=_pem.of_certificate(raw),
    )


def _names(names: Iterable[Any]) -> tuple[Name, ...]:
    kinds: dict[type[Any], str] = {x509.DNSName: DNS, x509.IPAddress: IP, x509.UniformResourceIdentifier: URI, x509.DirectoryName: DIRECTORY}
    return tuple(
        Name(kinds.get(type(name), type(name).__name__), name.value.rfc4514_string() if isinstance(name, x509.DirectoryName) else str(name.value))
        for name in names
    )


def _constraints(given: Any) -> Constraints | None:
    return Constraints(_names(given.permitted_subtrees or ()), _names(given.excluded_subtrees or ())) if given else None


def _usage(usage: Any) -> frozenset[str] | None:
    if usage is None:
        return None
    named = {"keyCertSign": usage.key_cert_sign, "cRLSign": usage.crl_sign, "digitalSignature": usage.digital_signature}
    return frozenset(name for name, given in named.items() if given)


def _purposes(extended: Any) -> frozenset[str] | None:
    if extended is None:
        return None
    oids = x509.ExtendedKeyUsageOID
    known = {oids.SERVER_AUTH: "serverAuth", oids.CLIENT_AUTH: "clientAuth", oids.ANY_EXTENDED_KEY_USAGE: "any"}
    return frozenset(known.get(oid, oid.dotted_string) for oid in extended)


@cache
def _algorithm(oid: Any) -> str:
    """Return the library's name of an algorithm, such as ECDSA_WITH_SHA256."""
    return next((name for name, known in vars(x509.SignatureAlgorithmOID).items() if known == oid), oid.dotted_string)


def _key_type(public: Any) -> str:
    if isinstance(public, rsa.RSAPublicKey):
        return f"RSA {public.key_size}"
    if isinstance(public, ec.EllipticCurvePublicKey):
        return f"EC {_CURVES.get(public.curve.name, public.curve.name)}"
    if isinstance(public, ed25519.Ed25519PublicKey):
        return "Ed25519"
    return "Ed448" if isinstance(public, ed448.Ed448PublicKey) else type(public).__name__.removesuffix("PublicKey")


def _public(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_bytes(serialization.Encoding.DER, form))


def signed(child: Any, parent: Any) -> bool:
    """Return whether the parent's key signed the child and the child names the parent as its issuer."""
    try:
        child.verify_directly_issued_by(parent)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def issued_by(leaf: bytes, ca: bytes) -> bool:
    """Return whether a CA signed a certificate. Both are PEM, and of each the first certificate counts."""
    _pem.require()
    (child, *_more), (parent, *_others) = ([*read(pem, "")[0], None] for pem in (leaf, ca))
    return bool(child and parent and signed(child.raw, parent.raw))


def _distinct(certificates: Sequence[ParsedCertificate]) -> list[ParsedCertificate]:
    return list({one.facts.fingerprint: one for one in certificates}.values())


def _path(start: ParsedCertificate, known: Sequence[ParsedCertificate], roots: Sequence[ParsedCertificate]) -> tuple[ParsedCertificate, ...]:
    """Return the shortest chain of verified signatures from a certificate up to a root; empty if there is none."""
    anchors = {root.facts.fingerprint for root in roots}
    paths: list[tuple[ParsedCertificate, ...]] = [(start,)]
    for _step in range(_LONGEST_PATH):
        for path in paths:
            if path[-1].facts.fingerprint in anchors:
                return path
        paths = [(*path, up) for path in paths for up in _distinct(known) if _leads_on(path, up)]
    return ()


def _leads_on(path: tuple[ParsedCertificate, ...], up: ParsedCertificate) -> bool:
    fresh = up.facts.fingerprint not in {one.facts.fingerprint for one in path}
    return fresh and signed(path[-1].raw, up.raw)
