# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the tokens by which sidecars are their service. All of them follow from one key: with another key come other tokens.

Consul knows both tokens of a service until its workloads have restarted with the new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ...._mesh.install.due import Due, DueOrder
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question, Read
from ...._mesh.rotation import renewed
from ...._mesh.rotation.stepped import SETTLE, Step, StepPlace
from ...._mesh.trust.prepared import RANDOM, Drawn, PreparedSecret
from ...._mesh.workloads.service_wish import ServiceWish
from .. import api
from ..names import SHARED, TOKENS, labelled
from ..workloads import identity
from . import restarting, sidecars
from .restarting import SERVER

KIND = "sidecar-tokens"
_TOKENS = "/v1/acl/tokens"
_SILENT = "no server of Consul listed its tokens"


def renews(namespace: str, _cluster: str) -> list[PreparedSecret]:
    return [PreparedSecret(Ref("v1", "Secret", TOKENS, namespace), (Drawn(identity.KEY, RANDOM),))]


@dataclass(frozen=True)
class _Token:
    """A token of a service, as Consul lists it. Its description says which set of workloads it belongs to."""

    public: str
    description: str
    namespace: str
    service: str


def _listed(place: StepPlace, answers: Answers) -> list[_Token] | None:
    """Return the tokens of sidecars of this cluster; None if nobody listed any."""
    listed = api.listed(api.only(answers, "tokens"))
    return list(_ours(place, listed)) if listed else None


def _ours(place: StepPlace, listed: Sequence[Mapping[str, object]]) -> Iterator[_Token]:
    start = identity.of_cluster(place.cluster)
    for one in listed:
        description = str(one.get("Description") or "")
        namespace, slash, service = description.partition(": ")[2].partition("/")
        if description.startswith(start) and slash:
            yield _Token(str(one.get("AccessorID")), description, namespace, service)


def _key(live: Live) -> Object | None:
    return next((one for one in live.get("Secret", ()) if one["metadata"]["name"] == TOKENS), None)


def _wanted(place: StepPlace, live: Live, namespace: str, service: str) -> str:
    """Return the secret part of the token with which the rotation ends."""
    return identity.derived(renewed.wanted(_key(live), identity.KEY), place.mesh, place.cluster, namespace, service)


def _added(place: StepPlace, live: Live, answers: Answers) -> Due:
    if said := restarting.refusal(sidecars.of_consul(place, live)):
        return Due(refusal=said)
    known, pods = _listed(place, answers), api.servers(live)
    if known is None or not pods:
        return Due(lags=[_SILENT])
    there, token = {one.public for one in known}, api.token(live, api.is_secondary(live))
    orders: dict[str, DueOrder] = {}
    for one in known:
        value = _wanted(place, live, one.namespace, one.service)
        if identity.public(value) not in there:
            body = identity.body(value, one.description, one.service)
            what = f"the new token of the service {one.namespace}/{one.service}"
            orders[one.description] = DueOrder(what, api.put("order", pods[0], _TOKENS[:-1], token, body))
    return Due(orders=list(orders.values()))


def _restarted(place: StepPlace, live: Live, answers: Answers) -> Due:
    """Restart the workloads whose token Consul knows, one after the other."""
    mark = renewed.rotation_of(_key(live), KIND)
    if said := restarting.refusal(sidecars.of_consul(place, live)) or sidecars.forbidden(place, live, KIND, mark):
        return Due(refusal=said)
    if lags := _unready(place, live, answers):
        return Due(lags=lags)
    return sidecars.due(live, KIND, mark, lambda one: {identity.TOKEN: _token(place, live, one)}) if mark else Due()


def _token(place: StepPlace, live: Live, service: ServiceWish) -> bytes:
    return _wanted(place, live, service.namespace, service.service).encode()


def _unready(place: StepPlace, live: Live, answers: Answers) -> list[str]:
    """Return what forbids to use the new tokens, and to take the former ones back."""
    known = _listed(place, answers)
    if known is None:
        return [_SILENT]
    there = {one.public for one in known}
    lost = {f"{one.namespace}/{one.service}" for one in known if identity.public(_wanted(place, live, one.namespace, one.service)) not in there}
    late = [f"Consul does not know the new token of the service {one}" for one in sorted(lost)]
    return [*late, *([] if renewed.is_settled(_key(live), identity.KEY) else [f"the Secret {TOKENS} still holds the former key of the tokens"])]


def _removed(place: StepPlace, live: Live, answers: Answers) -> Due:
    pods = api.servers(live)
    if lags := _unready(place, live, answers) if pods else [_SILENT]:
        return Due(lags=lags)
    token = api.token(live, api.is_secondary(live))
    former = [one for one in _listed(place, answers) or () if one.public != identity.public(_wanted(place, live, one.namespace, one.service))]
    asked = [(one, api.delete("order", pods[0], f"{_TOKENS[:-1]}/{one.public}", token)) for one in former]
    return Due(orders=[DueOrder(f"the end of the former token of the service {one.namespace}/{one.service} ({one.public})", each) for one, each in asked])


def _reads(place: StepPlace) -> list[Read | Ref]:
    held = (Ref("v1", "Secret", name, place.namespace) for name in (TOKENS, SHARED))
    return [*sidecars.reads(), Read("v1", "Pod", place.namespace, labelled(SERVER)), *held]


def _questions(live: Live) -> list[Question]:
    """Ask one server: the answers of all of them are those of their leader."""
    return [api.get("tokens", pod, _TOKENS, api.token(live, api.is_secondary(live))) for pod in api.servers(live)[:1]]


STEPS = (
    Step("add", "make Consul know another token of each service", lambda place: Look(_reads(place), partial(_added, place), _questions)),
    SETTLE,
    Step("restart", "hand out the new tokens, and restart the workloads with sidecars, one after the other",
         lambda place: Look(_reads(place), partial(_restarted, place), _questions)),
    Step("remove", "take the former tokens back", lambda place: Look(_reads(place), partial(_removed, place), _questions), returns=False),
)  # fmt: skip


def permissions(namespace: str) -> list[dict[str, str]]:
    wanted = [("pods", "list"), ("pods/portforward", "get"), ("pods/portforward", "create")]
    asked = [{"verb": verb, "group": "", "resource": resource, "namespace": namespace} for resource, verb in wanted]
    shared = {"verb": "get", "group": "", "resource": "secrets", "namespace": namespace, "name": SHARED}
    return [*asked, shared, *sidecars.permissions()]
