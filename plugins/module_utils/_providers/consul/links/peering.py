# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is due in Consul until two datacenters are peered, a token in the one and the peering in the other, and until they are peers no longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ...._mesh.install.due import Due, DueOrder, StoredAnswer
from ...._mesh.links.link import Link
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Question, Read
from ...._mesh.trust.root_secret import decoded
from .. import api
from ..names import TOKENS, labelled
from . import peer_secret

# A peering that was ACTIVE once and lost its other side is made already; that its other side is away is for status to say.
_MADE, _GONE = ("ACTIVE", "FAILING"), ("DELETING", "TERMINATED", "")


def fills(link: Link) -> Look[Due]:
    """Return what the source lacks: a token in its Secret for a peering that it knows."""
    return Look(_reads(link.namespace, peer_secret.offered(link)), partial(_token_due, link), _questions)


def establishes(link: Link) -> Look[Due]:
    """Return what the consumer lacks: a peering with the source, made of the token in its Secret."""
    return Look(_reads(link.namespace, peer_secret.accepted(link)), partial(_peering_due, link), _questions)


def ends(namespace: str, other: str) -> Look[Due]:
    """Return what is due until a datacenter is no peer of another one any more. Each of the two ends the peering, because either may be away."""
    return Look(_reads(namespace), partial(_end_due, other), _questions)


def _reads(namespace: str, *secrets: Ref) -> list[Read | Ref]:
    return [Read("v1", "Pod", namespace, labelled("server")), Ref("v1", "Secret", TOKENS, namespace), *secrets]


def _questions(live: Live) -> list[Question]:
    return [api.get("peerings", pod, "/v1/peerings", api.token(live, False)) for pod in api.servers(live)[:1]]


def _state(answers: Answers, name: str) -> str | None:
    """Return the state of the peering of that name; empty if there is none, and None if no server said so."""
    peerings = api.listed(api.only(answers, "peerings"))
    if peerings is None:
        return None
    known: Mapping[str, Any] = next((one for one in peerings if one.get("Name") == name), {})
    return str(known.get("State") or "")


def _token_in(live: Live, secret: Ref) -> str:
    known = next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == secret.name), {})
    return decoded((known.get("data") or {}).get(peer_secret.TOKEN)).decode()


def _token_due(link: Link, live: Live, answers: Answers) -> Due:
    state, secret = _state(answers, link.consumer), peer_secret.offered(link)
    if state is None:
        return Due(fault=f"no server of Consul said with whom {link.source} is peered")
    if _token_in(live, secret) and state not in _GONE:
        return Due()
    body = {"PeerName": link.consumer, "Meta": {"managed-by": "meshops.lifecycle"}}
    order = api.put("order", api.servers(live)[0], "/v1/peering/token", api.token(live, False), body, "POST")
    return Due(orders=[DueOrder(f"the token of the peering with {link.consumer}", order, StoredAnswer(secret, peer_secret.TOKEN, "PeeringToken"))])


def _peering_due(link: Link, live: Live, answers: Answers) -> Due:
    state, token = _state(answers, link.source), _token_in(live, peer_secret.accepted(link))
    if state is None:
        return Due(fault=f"no server of Consul said with whom {link.consumer} is peered")
    if state in _MADE:
        return Due()
    if state not in _GONE:
        return Due(fault=f"the peering with {link.source} is {state.lower()}; check whether the gateways of both datacenters reach each other")
    if not token:
        return Due(fault=f"the Secret {peer_secret.accepted(link).name} holds no token")
    body = {"PeerName": link.source, "PeeringToken": token, "Meta": {"managed-by": "meshops.lifecycle"}}
    order = api.put("order", api.servers(live)[0], "/v1/peering/establish", api.token(live, False), body, "POST")
    return Due(orders=[DueOrder(f"the peering with {link.source}", order)])


def _end_due(other: str, live: Live, answers: Answers) -> Due:
    if not live.get("Pod"):
        return Due()  # no server is left that could hold a peering
    state = _state(answers, other)
    if state is None:
        return Due(fault=f"no server of Consul said whether it is peered with {other}")
    if state in ("", "DELETING"):
        return Due()
    order = replace(api.get("order", api.servers(live)[0], f"/v1/peering/{other}", api.token(live, False)), method="DELETE")
    return Due(orders=[DueOrder(f"the end of the peering with {other}", order)])
