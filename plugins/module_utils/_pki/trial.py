# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out before a CA signs anything whether peers would accept its leaves: verify a throw-away leaf as a client and as a server.

The trial rebuilds the chain above the leaf with throw-away keys and with those extensions of the real CAs that verifiers judge. So it needs
no key of a CA and works for roots whose keys are elsewhere. It ignores the further demands that a verifier of web servers makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from .._mesh.trust.certificate import Authority
from .._mesh.trust.name_constraints import DNS, Name
from .._mesh.trust.objections import ISSUER, ROOT, Reason, objections
from . import pem as _pem

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509 import verification
except ImportError:
    pass  # pem.require() reports it

_HOST = re.compile(r"[a-z0-9]([-a-z0-9]{0,62})(\.[a-z0-9]([-a-z0-9]{0,62}))*", re.IGNORECASE)
_AT = datetime(2026, 1, 1, tzinfo=UTC)  # other checks judge whether the real chain is valid now
_DAY = timedelta(days=1)


def tried(ca: Authority, signs_for: Sequence[Name], root: bool = False) -> Authority:
    """Return the CA with the outcome of the trial. `signs_for` are the leaves' names, servers' names as DNS. Below a root the trial adds an intermediate."""
    if not signs_for:
        return ca
    known = replace(ca, signs_for=tuple(signs_for))
    reasons: Sequence[Reason] = ROOT if root else ISSUER
    lines = [tuple(one.pem for one in line) for line in _lines(known, root)]
    if not lines or any(objection.reason in _TELLING for objection in objections(known, reasons)):
        return known
    refused = (_refused(line, tuple(signs_for), root) for line in lines)
    return replace(known, refused=next((words for words in refused if words), ""))


# Another fault already covers these cases, so they need no trial.
_TELLING = frozenset({"unreadable", "not_a_ca", "cannot_sign", "wrong_purpose", "forbidden_name", "path_too_short", "no_room_for_intermediate"})


def _lines(ca: Authority, root: bool) -> Iterator[tuple[Any, ...]]:
    """Yield chains from the signer up to the root: the path of a CA, and for a root each path to it through its own chain."""
    if ca.path:
        yield ca.path
    if not root:
        return
    for between in ca.chain:
        line = [between]
        while not line[-1].self_signed and len(line) <= len(ca.chain):
            up = next((other for other in (*ca.roots, *ca.chain) if other.subject == line[-1].issuer and other not in line), None)
            if up is None:
                break
            line.append(up)
        if len(line) > 1 and line[-1] in ca.roots:
            yield tuple(line)


@lru_cache(maxsize=256)
def _refused(line: tuple[bytes, ...], signs_for: tuple[Name, ...], root: bool) -> str:
    """Return why a leaf is not accepted, in the verifier's words; empty if it is accepted as client and as server."""
    above: list[tuple[Any, Any]] = []
    for raw in reversed([_pem.certificates(one, "")[0][0] for one in line]):
        above.insert(0, _signed(raw.subject, above[0] if above else None, _deciding(raw)))
    servers = [name.value for name in signs_for if name.kind == DNS]
    if root:
        above.insert(0, _signed(_named("intermediate"), above[0], [*_ca(0), *_alternative([x509.DNSName(one) for one in servers])]))
    spiffe = [x509.UniformResourceIdentifier(name.value) for name in signs_for if name.kind != DNS]
    between, store = [one for one, _key in above[:-1]], verification.Store([above[-1][0]])
    for server in ("", *servers[:1]):
        names = [*spiffe, *([x509.DNSName(server)] if server else [])]
        leaf, _key = _signed(x509.Name([]), above[0], _leaf(names))
        words = _verified(verification.PolicyBuilder().store(store).time(_AT), leaf, between, server)
        if words:
            return f"as a {'server' if server else 'client'}, {words}"
    return ""


def _verified(policy: Any, leaf: Any, between: Sequence[Any], server: str) -> str:
    try:
        if server:
            policy.build_server_verifier(x509.DNSName(server)).verify(leaf, list(between))
        elif hasattr(policy, "build_client_verifier"):  # since cryptography 43; the purposes that it judges are checked by name elsewhere
            policy.build_client_verifier().verify(leaf, list(between))
    except verification.VerificationError as error:
        return " ".join(str(error).split()).removeprefix("validation failed: ").rstrip(".")
    return ""


def _signed(subject: Any, by: tuple[Any, Any] | None, extensions: Sequence[tuple[Any, bool]]) -> tuple[Any, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, signer = (by[0].subject, by[1]) if by else (subject, key)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(_AT - _DAY).not_valid_after(_AT + _DAY)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256()), key


def _deciding(raw: Any) -> list[tuple[Any, bool]]:
    """Return the extensions of a CA that verifiers judge, and the critical ones that the library does not know."""
    kinds = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName)
    deciding: list[tuple[Any, bool]] = []
    for one in raw.extensions:
        if isinstance(one.value, kinds):
            deciding.append((one.value, one.critical or isinstance(one.value, x509.BasicConstraints)))
        elif one.critical and isinstance(one.value, x509.UnrecognizedExtension):
            deciding.append((one.value, True))
    constraints = [_of_hosts(one.value) for one in raw.extensions if isinstance(one.value, x509.NameConstraints)]
    usage = [] if any(isinstance(value, x509.KeyUsage) for value, _critical in deciding) else [_ca(None)[1]]
    return [*deciding, *usage, *((one, True) for one in constraints if one)]


def _of_hosts(given: Any) -> Any:
    """Return only the constraints on host names. Verifiers of web servers know no others; other code checks the rest by name."""
    trees = [[x509.DNSName(bare) for one in tree or () if isinstance(one, x509.DNSName) and _HOST.fullmatch(bare := one.value.lstrip("."))]
             for tree in (given.permitted_subtrees, given.excluded_subtrees)]  # fmt: skip
    return x509.NameConstraints(trees[0] or None, trees[1] or None) if any(trees) else None


def _ca(path_length: int | None) -> list[tuple[Any, bool]]:
    return [(x509.BasicConstraints(ca=True, path_length=path_length), True), (_usage(signs=True), True)]


def _leaf(names: Sequence[Any]) -> list[tuple[Any, bool]]:
    purposes = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH, x509.ExtendedKeyUsageOID.CLIENT_AUTH])
    return [(x509.BasicConstraints(ca=False, path_length=None), True), (_usage(signs=False), True), (purposes, False), *_alternative(names, critical=True)]


def _alternative(names: Sequence[Any], critical: bool = False) -> list[tuple[Any, bool]]:
    return [(x509.SubjectAlternativeName(names), critical)] if names else []


def _usage(signs: bool) -> Any:
    others = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(digital_signature=True, key_cert_sign=signs, crl_sign=signs, **others)


def _named(name: str) -> Any:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
