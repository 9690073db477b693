# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the control planes of a mesh take another CA: what a provider says of it, so that a plan can heed it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from ..errors import Refused
from ..trust.certificate import Certificate, short

Roots = frozenset[str]


def anything(_given: Roots, _own: Roots) -> bool:
    return True


def joined(_existing: bytes, held: Sequence[Certificate], wanted: Collection[str], known: Mapping[str, bytes]) -> bytes:
    """The certificates that are wanted, in any form."""
    return b"".join(pem_of(known, one, held) for one in sorted(wanted))


def pem_of(known: Mapping[str, bytes], fingerprint: str, held: Sequence[Certificate] = ()) -> bytes:
    """As a block that ends with a line."""
    found = next((one.pem for one in held if one.fingerprint == fingerprint), known.get(fingerprint))
    if found is None:
        raise Refused(f"The root {short(fingerprint)} is to be trusted, but its certificate was found nowhere in the mesh.")
    return found if found.endswith(b"\n") else found + b"\n"


@dataclass(frozen=True)
class Rules:
    """`mark` is the name of a root without a key that is put into the bundle with each new CA, so that proxies notice; empty where they need none.

    `takes` says whether a control plane that hands out some roots takes a CA with others while it runs. `arranged` writes a bundle: it is given
    the bundle as it is, its certificates, the fingerprints that are wanted, and the PEM of those that come new.
    """

    mark: str = ""
    takes: Callable[[Roots, Roots], bool] = anything
    arranged: Callable[[bytes, Sequence[Certificate], Collection[str], Mapping[str, bytes]], bytes] = joined

    def is_mark(self, certificate: Certificate) -> bool:
        """Whether it is a root that was only put into a bundle to change it."""
        return bool(self.mark) and certificate.self_signed and f"CN={self.mark}" in certificate.subject.split(",")

    def marks(self, certificates: Sequence[Certificate]) -> frozenset[str]:
        return frozenset(one.fingerprint for one in certificates if self.is_mark(one))
