# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the tokens with which servers, agents, gateways, secondaries and runs prove who they are. Consul knows both while they restart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ...._mesh.install.due import Due, DueOrder
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question, Read
from ...._mesh.rotation import renewed
from ...._mesh.rotation.stepped import SETTLE, Step, StepPlace
from ...._mesh.trust.prepared import UUID, Drawn, PreparedSecret
from .. import api
from ..datacenter import PRIMARY, SECONDARY
from ..install import access, voters
from ..names import SHARED, TOKENS, labelled, standing
from . import restarting
from .restarting import CLIENT, GATEWAY, SERVER

KIND = "tokens"
_MANAGEMENT, _REPLICATION = "management", "replication"
_OWN = (_MANAGEMENT, "agent", "gateway")
_ALL_RIGHTS = "global-management"
_FIRST = "Initial Management Token"  # what Consul calls the one that its configuration names
_TOKENS = "/v1/acl/tokens"
_SILENT = "no server of Consul listed its tokens"


def renews(namespace: str, _cluster: str) -> list[PreparedSecret]:
    own, shared = (Ref("v1", "Secret", name, namespace) for name in (TOKENS, SHARED))
    return [PreparedSecret(own, tuple(Drawn(name, UUID) for name in _OWN)), PreparedSecret(shared, (Drawn(_REPLICATION, UUID),), shared=True)]


def _wish(place: StepPlace, live: Live) -> ControlPlane:
    """Return the wish as far as tokens need it: the kind of datacenter stands on its servers."""
    kind = next(map(standing, live.get("StatefulSet", ())), "")
    role = "remote" if kind == SECONDARY else "primary"
    return ControlPlane(place.cluster, place.mesh, namespace=place.namespace, role=role, serves_remotes=kind == PRIMARY)


def _names(live: Live) -> list[str]:
    """Return the tokens that this datacenter makes. A secondary takes those for management and replication from its primary."""
    kind = next(map(standing, live.get("StatefulSet", ())), "")
    return [*(name for name in _OWN if name != _MANAGEMENT or kind != SECONDARY), *([_REPLICATION] if kind == PRIMARY else [])]


def _secret(live: Live, name: str) -> Object | None:
    wanted = SHARED if name == _REPLICATION else TOKENS
    return next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == wanted), None)


def _presents(place: StepPlace, live: Live, known: Mapping[str, Object]) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each token, the value with which the rotation ends, and its public identifier: the first one, until a rotation brought another."""
    wish = _wish(place, live)
    for name in _names(live):
        value = renewed.wanted(_secret(live, name), name).decode()
        rotated, first = access.accessor(wish, name, value), access.accessor(wish, name)
        drawn_anew = rotated in known or not _in_use(live, name)
        yield name, value, rotated if drawn_anew else first


def _in_use(live: Live, name: str) -> bool:
    """Tell whether no rotation ever gave the token another value."""
    secret = _secret(live, name)
    return renewed.is_settled(secret, name) and not renewed.rotation_of(secret, KIND)


def _known(answers: Answers) -> dict[str, Object] | None:
    listed = api.listed(api.only(answers, "tokens"))
    return {str(one.get("AccessorID")): one for one in listed} if listed else None


def _added(place: StepPlace, live: Live, answers: Answers) -> Due:
    if said := restarting.refusal(live):
        return Due(refusal=said)
    known, pods, wish = _known(answers), api.servers(live), _wish(place, live)
    if known is None or not pods:
        return Due(lags=[_SILENT])
    token = api.token(live, api.is_secondary(live))
    orders = []
    for name, value, public in _presents(place, live, known):
        if value and public not in known and not (name == _MANAGEMENT and _in_use(live, name)):
            policy = _ALL_RIGHTS if name == _MANAGEMENT else access.policy_of(name)
            body = access.body(wish, name, value, policy, public)
            orders.append(DueOrder(f"the new token for {name}", api.put("order", pods[0], "/v1/acl/token", token, body)))
    return Due(orders=orders)


def _restarted(place: StepPlace, live: Live, answers: Answers) -> Due:
    """Restart all who read a token when they start. Without a rotation nobody does. Servers that do not say who votes are named before anything begins."""
    secret = _secret(live, _MANAGEMENT)
    aim, fault = renewed.rotation_of(secret, KIND), voters.seen(answers, [str(pod["metadata"]["name"]) for pod in api.servers(live)]).fault
    if fault and not aim:
        return Due(lags=[fault])
    if not renewed.is_settled(secret, _MANAGEMENT):
        return Due(lags=[f"the Secret {TOKENS} still holds the former tokens"])
    for one in (SERVER, CLIENT, GATEWAY):
        due = restarting.due(place, live, answers, KIND, one, aim, needed=True)
        if not due.complete:
            return due
    return Due()


def _removed(place: StepPlace, live: Live, answers: Answers) -> Due:
    """Take back what nobody uses any more: tokens of ours with other identifiers, and the first token for management when there is another one."""
    known, pods = _known(answers), api.servers(live)
    if known is None or not pods:
        return Due(lags=[_SILENT])
    if late := [name for name in _names(live) if not renewed.is_settled(_secret(live, name), name)]:
        return Due(lags=[f"a Secret still holds the former token for {name}" for name in late])
    presents = {name: public for name, _value, public in _presents(place, live, known)}
    absent = [name for name, public in presents.items() if public not in known and not (name == _MANAGEMENT and _in_use(live, name))]
    if absent:
        return Due(lags=[f"Consul does not know the new token for {name}" for name in absent])
    token, orders = api.token(live, api.is_secondary(live)), list[DueOrder]()
    for public, one in sorted(known.items()):
        if whose := _former(place, live, presents, public, one):
            orders.append(DueOrder(f"the end of the former token for {whose} ({public})", api.delete("order", pods[0], f"/v1/acl/token/{public}", token)))
    return Due(orders=orders)


def _former(place: StepPlace, live: Live, presents: Mapping[str, str], public: str, one: Mapping[str, Any]) -> str:
    """Return whose former token this is; empty if it is none of ours, or the present one."""
    described = str(one.get("Description") or "")
    if described == _FIRST and _MANAGEMENT in presents and not _in_use(live, _MANAGEMENT):
        return _MANAGEMENT
    return next((name for name, own in presents.items() if described == access.described(place.cluster, name) and public != own), "")


def _reads(place: StepPlace) -> list[Read | Ref]:
    held = (Ref("v1", "Secret", name, place.namespace) for name in (TOKENS, SHARED))
    return [*restarting.reads(place, SERVER, CLIENT, GATEWAY), Read("v1", "Pod", place.namespace, labelled(SERVER)), *held]


def _questions(live: Live) -> list[Question]:
    """Ask one server: the answers of all of them are those of their leader."""
    return [api.get("tokens", pod, _TOKENS, api.token(live, api.is_secondary(live))) for pod in api.servers(live)[:1]]


STEPS = (
    Step("add", "make Consul know the new tokens", lambda place: Look(_reads(place), partial(_added, place), _questions)),
    SETTLE,
    Step("restart", "restart servers one after the other, then agents and gateways, so that all use their new tokens",
         lambda place: Look(_reads(place), partial(_restarted, place), partial(restarting.questions, place))),
    Step("remove", "take the former tokens back", lambda place: Look(_reads(place), partial(_removed, place), _questions), returns=False),
)  # fmt: skip


def permissions(namespace: str) -> list[dict[str, str]]:
    return restarting.permissions(namespace, SERVER, CLIENT, GATEWAY)
