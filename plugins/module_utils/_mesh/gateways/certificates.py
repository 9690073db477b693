# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates that gateways serve: which gateway serves which, and why a certificate must not be served."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..objects.change import Ref
from ..question import Greeting
from ..trust.certificate import Authority
from ..trust.expiry import expired_at
from ..trust.objections import (
    Objection,
    Reason,
    chain_does_not_verify,
    missing_part,
    not_yet_valid,
    objections,
    overdue,
    unreadable,
    unusable_key,
    weak_key,
    weak_signature,
)
from .host_names import address, known_as

_ANY = "*"
_SERVES = frozenset({"serverAuth", "any"})


@dataclass(frozen=True)
class Pod:
    """A pod that serves a certificate, and the port on which it listens."""

    namespace: str
    name: str
    port: int


@dataclass(frozen=True)
class Use:
    """A gateway that serves the certificate in `secret` for `hosts`, from `pods`."""

    gateway: str
    secret: Ref
    hosts: tuple[str, ...]
    pods: tuple[Pod, ...]


@dataclass(frozen=True)
class LinkToken:
    """The token in a link, the place of its Secret, and when that was created. The token must not be shown."""

    where: str
    created: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Expires:
    """What else expires: the Secrets that gateways serve, the CAs of webhooks by their configuration, and the tokens in links."""

    secrets: Sequence[Ref] = ()
    authorities: Sequence[tuple[str, bytes]] = ()
    tokens: Sequence[LinkToken] = ()


def hosts_of(uses: Iterable[Use]) -> list[str]:
    """Return the hosts that a certificate must cover; none for a gateway that serves any host."""
    return sorted({host for use in uses for host in use.hosts} - {_ANY})


def covers(name: str, host: str) -> bool:
    """Return whether a name in a certificate covers a host, as clients decide: a wildcard matches one label, and no part of an address."""
    name, host = known_as(name), known_as(host)
    return name == host or (address(host) is None and name.startswith("*.") and not host.startswith("*.") and host.partition(".")[2] == name[2:])


def greetings(uses: Iterable[Use], names: Sequence[str]) -> list[tuple[Use, Greeting]]:
    """Return a handshake for each host with each pod. `names` are the names in the certificate, for gateways that serve any host."""
    uses_by_greeting: dict[Greeting, Use] = {}
    for use in uses:
        for pod in use.pods:
            for host in use.hosts:
                asked = (names[0] if names else "") if host == _ANY else host
                uses_by_greeting.setdefault(Greeting(pod.namespace, pod.name, pod.port, asked.replace("*.", "probe.", 1)), use)
    return [(use, greeting) for greeting, use in uses_by_greeting.items()]


def key_does_not_match(leaf: Authority) -> str | None:
    if leaf.certificate is None or leaf.key_type is None or leaf.key_matches:
        return None
    return f"the key ({leaf.key_type}) does not match the certificate {leaf.certificate}. Give the key of this certificate."


def wrong_purpose(leaf: Authority) -> str | None:
    """Return a fault if the certificate does not allow TLS servers, which a gateway's clients require."""
    lacking = [one for one in leaf.line if one.extended_key_usage is not None and not one.extended_key_usage & _SERVES]
    fault = f"the extended key usage of {' and '.join(map(str, lacking))} does not allow TLS servers"
    return f"{fault}. Have the certificate issued for serverAuth." if lacking else None


def expired(leaf: Authority) -> str | None:
    faults = "; ".join(expired_at(one, one.not_after) for one in overdue(leaf))
    return f"{faults}. Give a valid certificate." if faults else None


_LEAF: tuple[Reason, ...] = (
    missing_part, unreadable, key_does_not_match, wrong_purpose, expired, not_yet_valid, unusable_key, weak_key, weak_signature, chain_does_not_verify,
)  # fmt: skip


def leaf_objections(leaf: Authority, hosts: Sequence[str]) -> list[Objection]:
    """Return all objections to serving a certificate for these hosts."""
    against = objections(leaf, _LEAF)
    names = leaf.certificate.sans if leaf.certificate else ()
    bare = [host for host in hosts if not any(covers(name, host) for name in names)]
    if leaf.certificate and bare:
        fault = f"{leaf.where}: the certificate {leaf.certificate} does not cover {', '.join(bare)}, which gateways serve with it"
        against.append(Objection("host_not_covered", f"{fault}. Have it issued for these hosts too."))
    return against
