# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read trusted CAs as kubectl does: all certificates in a text, whatever stands between them. Each may be an intermediate."""

from __future__ import annotations

import base64
import re
import ssl

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END CERTIFICATE-----")


def context(ca: bytes | None, verify: bool) -> ssl.SSLContext:
    """Return a context that trusts `ca`, or the system's CAs if it is None. Raise ValueError if `ca` holds no readable certificate.

    It is no stricter than kubectl: many clusters' CAs lack extensions that Python 3.13 demands, and older versions accept no intermediate as anchor.
    """
    trusting = ssl.create_default_context() if ca is None and verify else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca is not None:
        add(trusting, ca)
    trusting.verify_flags = (trusting.verify_flags & ~getattr(ssl, "VERIFY_X509_STRICT", 0)) | ssl.VERIFY_X509_PARTIAL_CHAIN
    if not verify:
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
    return trusting


def add(to: ssl.SSLContext, ca: bytes) -> None:
    readable = [der for der in map(_der, _BLOCK.findall(ca)) if der and _taken(to, der)]
    if not readable:
        raise ValueError("no certificate in it can be read")


def _der(coded: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(coded.split()), validate=True)
    except ValueError:
        return b""


def _taken(to: ssl.SSLContext, der: bytes) -> bool:
    """Return whether the context took the certificate. An unreadable one does not affect the others."""
    try:
        to.load_verify_locations(cadata=der)
    except ssl.SSLError:
        return False
    return True
