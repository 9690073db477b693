# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read PEM leniently, as people provide it: with carriage returns, indentation and text around it. Write it in one form."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any

from .._mesh.errors import MeshError

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_CERTIFICATES = (b"CERTIFICATE", b"X509 CERTIFICATE")
_KEYS = (b"PRIVATE KEY", b"EC PRIVATE KEY", b"RSA PRIVATE KEY")


def require() -> None:
    """Raise MeshError with what to install if the cryptography library is missing."""
    if MISSING is not None:
        text = "The Python library cryptography (at least 42) is missing where this task runs"
        raise MeshError(f"{text} ({MISSING}). Install it for the interpreter that runs the task.")


def certificates(pem: bytes, name: str, read: Callable[[Any], Any] = lambda raw: raw) -> tuple[list[Any], list[str]]:
    """Return the certificates in `pem`, each passed through `read`, and half sentences about the blocks that cannot be read.

    The library parses parts of a certificate only on access. So `read` accesses them here, where errors are caught.
    """
    parsed, faults = [], []
    for number, (kind, der) in enumerate(_blocks(pem), 1):
        if kind not in _CERTIFICATES:
            continue
        try:
            parsed.append(read(_loaded(der)))
        except _failures():
            faults.append(f"block {number} in {name} cannot be read as a certificate")
    if pem.strip() and not parsed and not faults:
        faults.append(f"{name} holds no PEM certificate (-----BEGIN CERTIFICATE-----)")
    return parsed, faults


def split(pem: bytes) -> list[bytes]:
    """Return the blocks of `pem` unchanged, each with its BEGIN and END lines."""
    return [block.group() for block in _BLOCK.finditer(pem)]


def private_key(pem: bytes, name: str) -> tuple[Any, list[str]]:
    """Return the first private key in `pem` or None, and half sentences about why there is none. No library error is repeated: it may quote the key."""
    if not pem.strip():
        return None, []
    kinds = [kind for kind, _der in _blocks(pem)]
    if b"ENCRYPTED PRIVATE KEY" in kinds or b"Proc-Type: 4,ENCRYPTED" in pem:
        return None, [f"the key in {name} is encrypted with a passphrase; give it in plain, protected by ansible-vault"]
    ders = [der for kind, der in _blocks(pem) if kind in _KEYS]
    if not ders:
        return None, [f"{name} holds no PEM private key (-----BEGIN PRIVATE KEY-----)"]
    try:
        return serialization.load_der_private_key(ders[0], password=None), []
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None, [f"the private key in {name} cannot be read"]


def of_certificate(raw: Any) -> bytes:
    """Return a certificate or a signing request as PEM."""
    return bytes(raw.public_bytes(serialization.Encoding.PEM))


def of_key(key: Any) -> bytes:
    """Return a private key as PEM in PKCS#8, which Go and OpenSSL read for every type of key."""
    form = serialization.PrivateFormat.PKCS8
    return bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


def _failures() -> tuple[type[Exception], ...]:
    """Return the exceptions that the library raises for a bad certificate: ordinary Python errors and its own."""
    own = (UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)
    return (ValueError, TypeError, LookupError, ArithmeticError, *own)


def _loaded(der: bytes) -> Any:
    """Parse a certificate. The library parses lazily, so access the parts that are needed later: a bad certificate then fails here."""
    raw = x509.load_der_x509_certificate(der)
    return raw if raw.extensions is not None and raw.public_key() and raw.issuer is not None else None


def _blocks(pem: bytes) -> Iterator[tuple[bytes, bytes]]:
    for block in _BLOCK.finditer(pem):
        try:
            yield block[1], base64.b64decode(b"".join(block[2].split()), validate=True)
        except binascii.Error:
            yield block[1], b""
