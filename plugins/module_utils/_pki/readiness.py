# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cryptography library as it is after its first use, which takes as long as a hundred later ones."""

from __future__ import annotations

from contextlib import suppress

from . import pem as _pem

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    pass  # said by require()

# A signature (r = s = 1) that no key gives.
_NO_SIGNATURE = bytes.fromhex("3006020101020101")


def prepare() -> None:
    """Check a signature, once. That needs no random numbers, so processes forked afterwards have none in common.

    Where the library is missing nothing is done; whoever needs it says so.
    """
    if _pem.MISSING is not None:
        return
    known = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    with suppress(InvalidSignature, UnsupportedAlgorithm):
        known.verify(_NO_SIGNATURE, b"", ec.ECDSA(hashes.SHA256()))
