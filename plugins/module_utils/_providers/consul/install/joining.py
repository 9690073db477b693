# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a datacenter may become: the servers that run are asked before anything of them changes.

Consul promotes no secondary, and a datacenter that joins a federation gives up its own ACLs, intentions and entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ...._mesh.install.due import Due
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Question, Read
from .. import api, datacenter
from ..datacenter import PEER, PRIMARY, SECONDARY
from ..members import datacenters
from ..names import SHARED, TOKENS, by_chart, labelled, primary_of, standing
from . import access, moving

_OF_JOINING = {"tokens": "/v1/acl/tokens", "intentions": "/v1/connect/intentions", "entries": "/v1/config/service-resolver"}
_OF_PEERS = {"peerings": "/v1/peerings"}
_OF_PRIMARY = {"wan": "/v1/agent/members?wan=1"}
_ANONYMOUS = "00000000-0000-0000-0000-000000000002"
_FIRST = "Initial Management Token"
_RUNBOOK = 'the page "When the primary is lost" says what is possible instead'


@dataclass(frozen=True)
class Consent:
    """What the inventory agrees to: the name of the datacenter that gives up its own, and whether secondaries know where the gateway moves.

    `service` is the type of the gateway's Service as it is wished, and `node_port` its port of the nodes if one is given. `chart` says that the servers are to
    come from HashiCorp's chart.
    """

    gives_up: str
    secondaries_know: bool
    service: str
    chart: bool = False
    node_port: int = 0


def due(wish: ControlPlane, given: Consent) -> Look[Due]:
    """Judge what the datacenter is and what it is to become."""
    reads: list[Read | Ref] = [
        Read("apps/v1", "StatefulSet", wish.namespace, labelled("server")),
        Read("v1", "Pod", wish.namespace, labelled("server")),
        *moving.reads(wish.namespace),
        *(Ref("v1", "Secret", name, wish.namespace) for name in (TOKENS, SHARED)),
    ]
    return Look(reads, partial(_due, wish, given), partial(_questions, wish))


def _is(live: Live) -> str:
    return next((standing(one) for one in live.get("StatefulSet", ())), "")


def _asked(wish: ControlPlane, live: Live) -> dict[str, str]:
    """Return what one server is asked: only what matters for a change of what the datacenter is."""
    change = _is(live), datacenter.kind(wish)
    if change[1] == SECONDARY and change[0] in (PEER, PRIMARY):
        return _OF_JOINING
    return {(PEER, PRIMARY): _OF_PEERS, (PRIMARY, PEER): _OF_PRIMARY}.get(change, {})


def _questions(wish: ControlPlane, live: Live) -> list[Question]:
    token = api.token(live, api.is_secondary(live))
    return [api.get(about, pod, path, token) for pod in api.servers(live)[:1] for about, path in _asked(wish, live).items()]


def _due(wish: ControlPlane, given: Consent, live: Live, answers: Answers) -> Due:
    was, becomes, asked = _is(live), datacenter.kind(wish), _asked(wish, live)
    if otherwise := _made_otherwise(live, given):
        return Due(refusal=otherwise)
    if was == SECONDARY:
        return Due(refusal=_of_secondary(wish, live, becomes))
    if becomes == PRIMARY and not given.secondaries_know and (moves := moving.refusal(live, given.service, given.node_port)):
        return Due(refusal=moves)
    confirmed = given.gives_up == wish.cluster
    if not asked or (confirmed and becomes != SECONDARY):
        return Due()
    lists = {about: api.listed(api.only(answers, about)) for about in asked}
    silent = sorted(about for about, entries in lists.items() if entries is None)
    if silent:
        return Due(fault=f"no server said whether this datacenter holds what it would give up ({' and '.join(silent)})")
    known = {about: entries or [] for about, entries in lists.items()}
    if becomes == SECONDARY:
        return _of_joining(wish, known, confirmed)
    if becomes == PRIMARY:
        return Due(refusal=_of_peers(sorted(str(one.get("Name")) for one in known["peerings"])))
    others = sorted(set(datacenters(known.get("wan", []))) - {wish.cluster})
    return Due(refusal=f"It is the primary of {' and '.join(others)}, which would lose it. Take those out of the federation first." if others else "")


def _made_otherwise(live: Live, given: Consent) -> str:
    """Return why servers do not change the way in which they are installed; empty if they need not. Both ways name their claims differently."""
    if all(by_chart(one) == given.chart for one in live.get("StatefulSet", ())):
        return ""
    are, wanted = ("manifests", "HashiCorp's chart") if given.chart else ("HashiCorp's chart", "manifests")
    what = f"Its servers were installed from {are}, and mesh_charts.source asks for {wanted}, which would not find their data"
    way = "Save a snapshot with meshops.lifecycle.backup, run teardown, run site, and bring the snapshot back with meshops.lifecycle.restore"
    return f"{what}. {way}. Or set mesh_charts.source back."


def _of_peers(peers: list[str]) -> str:
    over = f"It has peerings ({', '.join(peers)}), and requests over a peering fail in a federation"
    return f"{over}. Delete the peerings, or leave the remote clusters out of the mesh." if peers else ""


def _of_secondary(wish: ControlPlane, live: Live, becomes: str) -> str:
    """Return why a secondary cannot be what is wished; empty if it stays what it is."""
    rulers = {primary_of(one) for one in live.get("StatefulSet", ())} - {""}
    if becomes != SECONDARY:
        return f"It is a secondary datacenter, and Consul cannot make it a {becomes}: {_RUNBOOK}. Set mesh_role to remote."
    if rulers and rulers != {wish.primary}:
        ruler = " and ".join(sorted(rulers))
        return f"Its primary is {ruler}, and Consul gives no datacenter another one ({wish.primary}): all of its data would have to go. Correct mesh_primary."
    return ""


def _of_joining(wish: ControlPlane, known: dict[str, list[dict[str, object]]], confirmed: bool) -> Due:
    """Return what a datacenter gives up that joins a federation: refused unless the inventory confirms it, and then what only a snapshot keeps."""
    names = ("management", "agent", "gateway", "replication")
    ours = {access.accessor(wish, name) for name in names} | {_ANONYMOUS}
    described = {_FIRST, *(access.described(wish.cluster, name) for name in names)}
    tokens = [one for one in known["tokens"] if one.get("AccessorID") not in ours and one.get("Description") not in described]
    counts = {"tokens": len(tokens), "intentions": len(known["intentions"]), "resolvers": len(known["entries"])}
    lost = [f"{count} {name}" for name, count in counts.items() if count]
    if not lost:
        return Due()
    if confirmed:
        return Due(loses=f"it gives up {', '.join(lost)} of its own as a secondary of {wish.primary}")
    export = "Save a snapshot with meshops.lifecycle.backup first"
    confirm = f"then set mesh_values.connect.gives_up to {wish.cluster}"
    what = f"It has {', '.join(lost)} of its own, and those of the primary {wish.primary} would replace them"
    return Due(refusal=f"{what}. {export}, {confirm}, or leave mesh_role as it was.")
