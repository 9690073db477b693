# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say for which names the CAs below a certificate may sign (RFC 5280, 4.2.1.10), as BoringSSL reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..names import domain_fault

DNS, IP, URI, DIRECTORY = "DNS", "IP", "URI", "directory name"


@dataclass(frozen=True)
class Name:
    """A name in a certificate, or the base of names in a name constraint: its kind and its value."""

    kind: str
    value: str

    def __str__(self) -> str:
        return self.value if self.kind == URI else f"{self.kind} {self.value}"


@dataclass(frozen=True)
class Constraints:
    """Names of a kind without a permitted base are allowed, unless they are excluded."""

    permitted: tuple[Name, ...] = ()
    excluded: tuple[Name, ...] = ()

    def forbids(self, name: Name) -> str:
        """Return why nobody may sign for the name, as the end of a sentence; empty if signing is allowed."""
        allowed = [one for one in self.permitted if one.kind == name.kind]
        if allowed and not any(_below(name, one) for one in allowed):
            return f"permits no {name.kind} but {_listed(allowed)}"
        excluded = [one for one in self.excluded if one.kind == name.kind and _below(name, one)]
        return f"excludes {name.kind} {_listed(excluded)}" if excluded else ""


def signed_for(trust_domain: str, servers: Iterable[str]) -> tuple[Name, ...]:
    """Return the names in a mesh's certificates: a SPIFFE ID for workloads, and these host names for the control plane. Nothing for a wrong trust domain."""
    if domain_fault("trust domain", trust_domain):
        return ()
    return (Name(URI, f"spiffe://{trust_domain}/ns/x/sa/y"), *(Name(DNS, server) for server in servers))


def _below(name: Name, base: Name) -> bool:
    own, above = name.value.lower(), base.value.lower()
    if name.kind == DIRECTORY:  # a directory name is written from its end, so its beginning stands last
        return not above or own == above or own.endswith(f",{above}")
    if name.kind == URI:
        host = own.partition("://")[2].partition("/")[0].partition(":")[0]
        return host.endswith(above) if above.startswith(".") else host == above
    return not above or own == above or own.endswith(above if above.startswith(".") else f".{above}")


def _listed(names: Sequence[Name]) -> str:
    return " and ".join(name.value for name in names)
