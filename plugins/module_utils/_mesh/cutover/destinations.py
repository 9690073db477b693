# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where proxies of two revisions send requests, and whom they expect there. Both revisions read the same services, so the proxies have to know the same.

Probes of a cutover prove only the paths between each other. A control plane that has just started may know older services wrongly, for example by identities
in the trust domain that a product takes where it has read none. Then all probes are answered, and users are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..few_names import few

_SHOWN = 3


@dataclass(frozen=True)
class Destinations:
    """What one proxy knows: by service and port, the addresses with ports. None in `known` means that no proxy said it.

    `identities` are those that it accepts of a service, by service and port.

    `relays` are the ports of gateways between networks. A control plane looks their addresses up by itself where a load balancer has a name and no address,
    so two revisions may know different ones.
    """

    known: Mapping[str, frozenset[str]] | None = None
    relays: frozenset[str] = field(default_factory=frozenset)
    identities: Mapping[str, frozenset[str]] = field(default_factory=dict)


def astray(target: Destinations, former: Destinations, spared: Sequence[str] = ()) -> list[str]:
    """Return where the target sends requests otherwise than the former revision, as half sentences. Services of the namespaces `spared` do not count."""
    if target.known is None or former.known is None:
        who = " and ".join(name for name, one in (("the target", target), ("the former revision", former)) if one.known is None)
        return [f"no proxy of {who} said where it sends requests"]
    said = []
    for service, addresses in sorted(former.known.items()):
        if any(f".{space}." in service for space in spared):
            continue
        ours = target.known.get(service, frozenset())
        if ours != addresses and addresses and not _relayed(ours ^ addresses, ours, addresses, target.relays | former.relays):
            said.append(f"the target sends requests for {service} to {_shown(ours)}, and the former revision to {_shown(addresses)}")
        elif ours and (lacks := former.identities.get(service, frozenset()) - target.identities.get(service, frozenset())):
            accepted = _shown(target.identities.get(service, frozenset()))
            said.append(f"the target does not accept {_shown(lacks)} as {service}, which the former revision does; it accepts {accepted}")
    return said


def _relayed(different: frozenset[str], ours: frozenset[str], theirs: frozenset[str], relays: frozenset[str]) -> bool:
    """Whether only the addresses of gateways differ, and both know some."""
    through = [{one.rpartition(":")[2] for one in addresses} & relays for addresses in (ours, theirs)]
    return through[0] == through[1] and {one.rpartition(":")[2] for one in different} <= through[0]


def _shown(addresses: frozenset[str]) -> str:
    return few(sorted(addresses), _SHOWN) or "nobody"
