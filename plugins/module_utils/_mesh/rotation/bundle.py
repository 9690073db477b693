# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bytes of a trust bundle: what stays keeps its place and form, since control planes have compared bundles as text."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..errors import Refused
from ..trust.certificate import Certificate, short


def arranged(existing: bytes, held: Sequence[Certificate], wanted: Collection[str], known: Mapping[str, bytes]) -> bytes:
    """`existing` is the bundle and `held` its certificates; `wanted` are fingerprints, `known` has the PEM of those that come new."""
    present = {one.fingerprint for one in held}
    lacking = [fingerprint for fingerprint in sorted(wanted) if fingerprint not in present]
    if present <= set(wanted):
        return _joined([existing, *(_pem(known, one) for one in lacking)])
    left = [one.pem for one in held if one.fingerprint in wanted]
    return _joined([*left, *(_pem(known, one) for one in lacking)])


def _pem(known: Mapping[str, bytes], fingerprint: str) -> bytes:
    if fingerprint not in known:
        raise Refused(f"The root {short(fingerprint)} is to be trusted, but its certificate was found nowhere in the mesh.")
    return known[fingerprint]


def _joined(parts: Sequence[bytes]) -> bytes:
    return b"".join(part if part.endswith(b"\n") else part + b"\n" for part in parts if part)
