# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mesh needs before anything of it runs: the names in its CA, and Secrets with values that nobody chooses."""

from __future__ import annotations

from dataclasses import dataclass

from ..objects.change import Ref
from ..objects.shapes import Object

UUID, RANDOM = "uuid", "random"  # RANDOM is 32 bytes in base64


@dataclass(frozen=True)
class Drawn:
    """A value of a Secret that is drawn by lot."""

    key: str
    form: str


@dataclass(frozen=True)
class SignedServer:
    """A certificate for `hosts` with its key. The CA that signs it lies on the trust cluster under the name `authority`, and is made if it is missing.

    Its owner shows the certificate to servers and to clients.
    """

    authority: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class PreparedSecret:
    """A Secret that is there before the install. What is there stays: a value is drawn once, and a certificate is signed once.

    A `shared` Secret holds the same in all clusters of the mesh. The trust cluster keeps it, and the cluster gets a copy.
    """

    ref: Ref
    drawn: tuple[Drawn, ...] = ()
    signed: SignedServer | None = None
    shared: bool = False

    @property
    def kept(self) -> bool:
        """Whether the trust cluster keeps something of it."""
        return self.shared or self.signed is not None


CERTIFICATE, KEY, AUTHORITY = "tls.crt", "tls.key", "ca.crt"
TRUSTED = "trusted.pem"  # beside a CA on the trust cluster, while it gets a successor: all CAs that its owners are to trust


def lacking(wanted: PreparedSecret, live: Object | None) -> list[str]:
    """Return the keys that the Secret lacks."""
    there = (live or {}).get("data") or {}
    keys = [*(one.key for one in wanted.drawn), *((CERTIFICATE, KEY, AUTHORITY) if wanted.signed else ())]
    return [key for key in keys if not there.get(key)]


@dataclass(frozen=True)
class TrustNeeds:
    """`sans` are the names in a cluster's CA, and `prepared` the Secrets beside it."""

    sans: tuple[str, ...] = ()
    prepared: tuple[PreparedSecret, ...] = ()
