# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Use the cryptography library once beforehand. Its first use takes as long as a hundred later ones."""

from __future__ import annotations

from contextlib import suppress

from . import pem as _pem

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    pass  # pem.require() reports it

# A signature (r = s = 1) that no key produces.
_NO_SIGNATURE = bytes.fromhex("3006020101020101")


def prepare() -> None:
    """Verify a signature once. This draws no random numbers, so processes that are forked afterwards share no random state.

    Do nothing if the library is missing; the code that needs it reports that.
    """
    if _pem.MISSING is not None:
        return
    known = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    with suppress(InvalidSignature, UnsupportedAlgorithm):
        known.verify(_NO_SIGNATURE, b"", ec.ECDSA(hashes.SHA256()))
