# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe certificates and CAs as plain data. The fields already say what cryptography found out about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .keys import ALL, UsableKeys
from .name_constraints import DNS, IP, Constraints, Name


@dataclass(frozen=True)
class Certificate:
    """One certificate. `key_type` is a family and a size: "EC P-256", "RSA 2048", "Ed25519"."""

    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    is_ca: bool
    path_length: int | None
    key_type: str
    fingerprint: str
    signature_algorithm: str
    ski: str | None = None
    aki: str | None = None
    sans: tuple[str, ...] = ()
    key_usage: frozenset[str] | None = None
    extended_key_usage: frozenset[str] | None = None
    names: tuple[Name, ...] = ()  # the alternative names with their kinds, then the subject
    constraints: Constraints | None = None
    self_signed: bool = False
    pem: bytes = field(default=b"", repr=False, compare=False)

    def __str__(self) -> str:
        return f"'{self.subject}' ({short(self.fingerprint)})"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the names and addresses by which clients may call the owner, without identities."""
        return tuple(name.value for name in self.names if name.kind in (DNS, IP))

    def facts(self) -> dict[str, Any]:
        """Return the facts that a module returns."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": self.serial,
            "not_before": iso(self.not_before),
            "not_after": iso(self.not_after),
            "key_type": self.key_type,
            "fingerprint": self.fingerprint,
            "path_length": self.path_length,
            "sans": list(self.sans),
            "signature_algorithm": self.signature_algorithm,
        }


@dataclass(frozen=True)
class Names:
    """What the parts of a CA are called at its source: the keys of a Secret, or the options of a task."""

    certificate: str = "certificate"
    key: str = "private key"
    chain: str = "chain"
    roots: str = "root certificate"


@dataclass(frozen=True)
class Material:
    """A CA as PEM. A missing part is empty. `chain` is None for a CA that needs none, such as a root.

    The key is in no repr, so no traceback shows it.
    """

    certificate: bytes
    key: bytes = field(repr=False)
    chain: bytes | None = None
    roots: bytes = b""
    names: Names = Names()
    self_made: bool = False  # the mesh's control plane made the CA for itself
    faults: tuple[str, ...] = ()  # what the mesh would not accept, as half sentences


@dataclass(frozen=True)
class Authority:
    """A CA as it was at the time `at`: its parts, and what their signatures prove.

    `path` goes from the certificate up to the root that verifies it. The path is empty if no root does.
    """

    where: str
    at: datetime
    certificate: Certificate | None
    roots: tuple[Certificate, ...] = ()
    chain: tuple[Certificate, ...] = ()
    path: tuple[Certificate, ...] = ()
    key_type: str | None = None
    key_matches: bool = False
    names: Names = Names()
    missing: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    self_made: bool = False
    ours: bool = False
    signs_for: tuple[Name, ...] = ()  # the names in the certificates that this CA will sign
    refused: str = ""  # why peers would refuse these certificates, in the verifier's words
    keys: UsableKeys = ALL  # those that the mesh can use

    @property
    def root(self) -> Certificate | None:
        """Return the root that the path leads to, or the only root."""
        if self.path:
            return self.path[-1]
        return self.roots[0] if len(self.roots) == 1 else None

    @property
    def line(self) -> tuple[Certificate, ...]:
        """Return the certificates that must be valid for everything that this CA signs."""
        return self.path or ((self.certificate,) if self.certificate else ())

    @property
    def trusts(self) -> frozenset[str]:
        """Return the fingerprints of the roots that this CA hands out as trusted."""
        return frozenset(root.fingerprint for root in self.roots)


@dataclass(frozen=True)
class LeafCertificate:
    """A certificate in use, and the fingerprints of its signer and its root, which are empty if they are unknown."""

    leaf: Certificate
    signer: str = ""
    root: str = ""


def short(fingerprint: str) -> str:
    """Return enough of a fingerprint to tell certificates apart in a sentence."""
    return fingerprint[:12]


def iso(moment: datetime) -> str:
    """Return a moment as people and machines read it: 2026-08-27T12:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
