# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Consul's servers say of themselves: their leader, their voters, the primary, and what replicates from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...._mesh.health.servers import Quorum
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers
from .. import api
from ..members import datacenters
from ..names import standing
from .primary import silent

_REMEDY = "read the logs of the servers"


@dataclass(frozen=True)
class ServersView:
    """The primary datacenter of a secondary, as its servers name it, and faults that only the product knows, as half sentences."""

    primary: str = ""
    faults: Sequence[str] = ()
    quorum: Quorum | None = None


def seen(live: Live, answers: Answers) -> ServersView:
    itself = api.mapped(api.only(answers, "self")) or {}
    config = itself.get("Config") or {}
    own, primary = str(config.get("Datacenter") or ""), str(config.get("PrimaryDatacenter") or "")
    desired = sum(int(one["spec"].get("replicas") or 0) for one in live.get("StatefulSet", ()))
    secondary = bool(primary) and primary != own
    faults = [*_raft(answers, desired), *_mixed(answers, own), *(_replication(answers) if secondary and not silent(answers)[1] else ())]
    return ServersView(primary if secondary else "", faults, _quorum(live, answers))


def _quorum(live: Live, answers: Answers) -> Quorum | None:
    """Return who leads and how many vote, as the servers agree on it; None if there are no servers."""
    views = list(_views(answers).values())
    leaders = {_leader(servers) for servers in views}
    voting = max((sum(1 for one in servers if one.get("Voter")) for servers in views), default=0)
    role = next((standing(one) for one in live.get("StatefulSet", ())), "")
    return Quorum(leaders.pop() if len(leaders) == 1 else "", voting, role) if live.get("StatefulSet") else None


def _views(answers: Answers) -> dict[str, list[Mapping[str, Any]]]:
    """Return the servers that each server knows."""
    return {question.pod: (api.mapped(text) or {}).get("Servers") or [] for question, text in api.about(answers, "raft") if text is not None}


def _leader(servers: Sequence[Mapping[str, Any]]) -> str:
    return next((str(one.get("Node")) for one in servers if one.get("Leader")), "")


def _raft(answers: Answers, desired: int) -> Iterator[str]:
    """Yield what is wrong with the quorum. Servers that name different leaders are cut off from each other."""
    views = _views(answers)
    leaders = {pod: _leader(servers) for pod, servers in views.items()}
    without = sorted(pod for pod, leader in leaders.items() if not leader)
    if without:
        yield f"{' and '.join(without)} {'know' if len(without) > 1 else 'knows'} no leader, so nothing can be written; {_REMEDY}"
    elif len(set(leaders.values())) > 1:
        named = ", ".join(f"{pod} follows {leader}" for pod, leader in sorted(leaders.items()))
        yield f"the servers follow different leaders ({named}); check whether they reach each other"
    most = max((sum(1 for one in servers if one.get("Voter")) for servers in views.values()), default=desired)
    if most < desired:
        yield f"{most} of {desired} servers vote, so the loss of one more may stop all writes; a server that came back votes again after about a minute"


def _mixed(answers: Answers, own: str) -> Iterator[str]:
    """Yield a fault if a datacenter both is federated and has peers: the peering says ACTIVE, and requests over it fail."""
    pool = {name for _question, text in api.about(answers, "wan") for name in datacenters(api.listed(text) or [])} - {own}
    peers = {str(one.get("Name")) for _question, text in api.about(answers, "peerings") for one in api.listed(text) or []}
    if both := sorted(pool & peers):
        yield f"{' and '.join(both)} is a peer and a member of the same federation, and requests over such a peering fail; delete the peering"


def _replication(answers: Answers) -> Iterator[str]:
    """Yield a fault if tokens and policies of the primary do not arrive. Consul writes both moments in one form, so texts compare as moments do."""
    said = [api.mapped(text) or {} for _question, text in api.about(answers, "replication") if text is not None]
    for one in said[:1]:
        if not (one.get("Enabled") and one.get("Running")):
            yield "tokens and policies of the primary are not replicated, so new ones are unknown here; check the replication token"
        elif str(one.get("LastError") or "") > str(one.get("LastSuccess") or ""):
            message = str(one.get("LastErrorMessage") or "no message")
            yield f"the last replication of tokens and policies from the primary failed ({message}); check whether the primary's servers and gateways run"
