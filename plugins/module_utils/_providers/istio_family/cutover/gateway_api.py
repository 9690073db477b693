# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What belongs to a Gateway of the Gateway API: what istiod makes for it, the routes that name it, and a second Gateway that stands in for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from ...._mesh.objects.managed_by import managed_by
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Read
from .scalers import SCALER, replicas, rouser
from .turning import SECOND_OF

GROUP, GATEWAY_NAME = "gateway.networking.k8s.io", "gateway.networking.k8s.io/gateway-name"
# On the Deployment of a Gateway: that another one stands in for it, and how many pods it has to get back. A label of pods: whose they are of a second one.
STOOD_IN, ASLEEP = "meshops.lifecycle/cutover-stood-in", "meshops.lifecycle/cutover-replicas"
OF_SECOND = "meshops.lifecycle/cutover-second"
# With this label istiod takes what has it for its own, and writes it.
MANAGED = "gateway.istio.io/managed"
# A kind may be served in several versions. Whichever is read, an object is one.
ROUTES = (
    (f"{GROUP}/v1", "HTTPRoute"), (f"{GROUP}/v1", "GRPCRoute"), (f"{GROUP}/v1", "TLSRoute"), (f"{GROUP}/v1alpha3", "TLSRoute"),
    (f"{GROUP}/v1alpha2", "TLSRoute"), (f"{GROUP}/v1", "TCPRoute"), (f"{GROUP}/v1alpha2", "TCPRoute"),
)  # fmt: skip
_SETS = ((f"{GROUP}/v1", "ListenerSet"), ("gateway.networking.x-k8s.io/v1alpha1", "XListenerSet"))
_CONTROLLERS = "istio.io/"
_NETWORK, _LONGEST, _MOST_PARENTS = "topology.istio.io/network", 63, 32
Key = tuple[str, str]


def reads() -> list[Read]:
    """A cluster without the Gateway API serves none of the kinds, and is asked for its accounts only."""
    kinds = (*ROUTES, *_SETS, (f"{GROUP}/v1", "GatewayClass"))
    return [*(Read(version, kind) for version, kind in kinds), Read("v1", "ServiceAccount", labels=GATEWAY_NAME)]


def is_gateway_api(one: Object) -> bool:
    return str(one.get("apiVersion", "")).startswith(f"{GROUP}/")


def second_name(first: str) -> str:
    """The same in both directions: whichever revision it follows, it is the one that stands in."""
    return f"{first}-second"


def parents(one: Object) -> list[tuple[Key, Mapping[str, Any]]]:
    """The Gateways that a route names, each with its reference."""
    refs = (one.get("spec") or {}).get("parentRefs") or []
    own = str(one["metadata"]["namespace"])
    gateways = [ref for ref in refs if ref.get("kind", "Gateway") == "Gateway" and ref.get("group", GROUP) == GROUP]
    return [((str(ref.get("namespace") or own), str(ref.get("name"))), ref) for ref in gateways]


def note(one: Object, name: str) -> str:
    return str((one["metadata"].get("annotations") or {}).get(name) or "")


@dataclass(frozen=True)
class Belongings:
    """Deployments, Services, accounts and routes by the namespace and name of their Gateway. `sets` are the Gateways that listener sets add to.

    A Gateway of a class of somebody else is none of the mesh's.
    """

    gateways: Mapping[Key, Object]
    deployments: Mapping[Key, Object]
    services: Mapping[Key, Object]
    accounts: Mapping[Key, Object]
    routes: Mapping[Key, Sequence[Object]]
    sets: Set[Key]
    scalers: Sequence[Object]

    @classmethod
    def of(cls, live: Live) -> Belongings:
        others = {one["metadata"]["name"] for one in live.get("GatewayClass", ()) if not str(one["spec"].get("controllerName")).startswith(_CONTROLLERS)}
        known = [one for one in live.get("Gateway", ()) if is_gateway_api(one)]
        gateways = {_key(one): one for one in known if (one.get("spec") or {}).get("gatewayClassName") not in others}
        made = [{_made_for(one): one for one in live.get(kind, ()) if _made_for(one) in gateways} for kind in ("Deployment", "Service")]
        accounts = {_key(one): one for one in live.get("ServiceAccount", ())}
        return cls(gateways, made[0], made[1], accounts, _routes(live) if gateways else {}, _sets(live), live.get(SCALER, ()))

    def account(self, key: Key) -> str:
        """The name of the account with which the pods of a Gateway call."""
        template = ((self.deployments[key].get("spec") or {}).get("template") or {}).get("spec") or {}
        return str(template.get("serviceAccountName") or "default")

    def owned_account(self, key: Key) -> Object | None:
        """The account of a Gateway's pods, if istiod made it."""
        account = self.accounts.get((key[0], self.account(key)))
        return account if account is not None and _made_for(account) == key else None

    def unattached(self, first: Key) -> list[Object]:
        """The routes of a Gateway that do not name its second one."""
        second = (first[0], second_name(first[1]))
        return [route for route in self.routes.get(first, ()) if second not in [key for key, _ref in parents(route)]]


def _key(one: Object) -> Key:
    return str(one["metadata"].get("namespace") or ""), str(one["metadata"]["name"])


def _made_for(one: Object) -> Key:
    """The Gateway that istiod made something for; no name if it was not istiod."""
    owners = [str(owner["name"]) for owner in one["metadata"].get("ownerReferences") or [] if owner.get("kind") == "Gateway"]
    return str(one["metadata"].get("namespace") or ""), owners[0] if owners else ""


def _routes(live: Live) -> dict[Key, list[Object]]:
    known: dict[tuple[str, Key], Object] = {}
    for kind in dict.fromkeys(kind for _version, kind in ROUTES):
        for one in live.get(kind, ()):
            known.setdefault((kind, _key(one)), one)
    found: dict[Key, list[Object]] = {}
    for route in known.values():
        for key in dict.fromkeys(key for key, _ref in parents(route)):
            found.setdefault(key, []).append(route)
    return found


def _sets(live: Live) -> set[Key]:
    return {_parent(one) for _version, kind in _SETS for one in live.get(kind, ())}


def _parent(one: Object) -> Key:
    ref = (one.get("spec") or {}).get("parentRef") or {}
    return str(ref.get("namespace") or one["metadata"]["namespace"]), str(ref.get("name"))


def seen(gateway: Object, beside: Belongings) -> dict[str, Any]:
    """What a cutover has to know of a Gateway beside its labels."""
    key, deployment = _key(gateway), beside.deployments.get(_key(gateway))
    first = note(gateway, SECOND_OF)
    status = gateway.get("status") or {}
    attached = {str(one["name"]): int(one.get("attachedRoutes") or 0) for one in status.get("listeners") or []}
    told: dict[str, Any] = {"attached": attached, "reached": str(beside.services.get((key[0], first or key[1]), {}).get("metadata", {}).get("name", ""))}
    if deployment is not None:
        told |= {"deployment": str(deployment["metadata"]["name"]), "replicas": replicas(deployment)}
    if first:
        return {**told, "second_of": first, "service": first, "lacks": _lacks((key[0], first), key, beside), **({} if deployment else {"replicas": 0})}
    if deployment is None:
        return told
    kept = [f"{one['kind']} {'/'.join(_key(one))} ({keeper})" for one in beside.routes.get(key, ()) if (keeper := managed_by(one).writer)]
    asleep = int(note(deployment, ASLEEP) or 0)
    return {**told, "stood_in": bool(note(deployment, STOOD_IN)), "asleep": asleep, "unable": unable(gateway, beside), "kept": tuple(kept)}


def _lacks(first: Key, second: Key, beside: Belongings) -> tuple[str, ...]:
    """What a second Gateway has not yet of the first one."""
    if first not in beside.deployments:
        return ()
    lacks = [f"{route['kind']} {'/'.join(_key(route))}" for route in beside.unattached(first)]
    account = beside.owned_account(first)
    lacks += ["the account"] if account and MANAGED in (account["metadata"].get("labels") or {}) else []
    deployment, wanted = beside.deployments.get(second), replicas(beside.deployments[first])
    return (*lacks, *(["its pods"] if deployment is None or replicas(deployment) < wanted else []))


def unable(gateway: Object, beside: Belongings) -> str:
    """Why no second Gateway can stand in for one, as half a sentence; empty if one can."""
    key, spec = _key(gateway), gateway.get("spec") or {}
    labels = {**(gateway["metadata"].get("labels") or {}), **((spec.get("infrastructure") or {}).get("labels") or {})}
    other = beside.gateways.get((key[0], second_name(key[1])))
    if other is not None and note(other, SECOND_OF) != key[1]:
        return f"Gateway {key[0]}/{second_name(key[1])} has the name of a second one, and no cutover made it"
    if (spec.get("infrastructure") or {}).get("parametersRef"):
        return "its parametersRef changes what istiod makes for it, which a second one could not have as well"
    if key in beside.sets:
        return "a ListenerSet adds listeners to it, and can name one Gateway only"
    if _NETWORK in labels:
        return "it is an east-west gateway, and peers would discover the addresses of a second one, too"
    if len(f"{second_name(key[1])}-{spec.get('gatewayClassName', '')}") > _LONGEST:
        return "its name is too long for a second one beside it"
    return _crowded(key, beside) or _scaled(beside.deployments[key], beside)


def _crowded(first: Key, beside: Belongings) -> str:
    """A route has to name the second one as often as the first one, too."""
    for route in beside.unattached(first):
        own, more = len(route["spec"]["parentRefs"]), sum(key == first for key, _ref in parents(route))
        if own + more > _MOST_PARENTS:
            return f"{route['kind']} {'/'.join(_key(route))} names {own} parents, and a route may name {_MOST_PARENTS}"
    return ""


def _scaled(deployment: Object, beside: Belongings) -> str:
    """istiod applies no number of pods, unless the class of the Gateway says one."""
    if why := rouser(beside.scalers, deployment):
        return f"its Deployment {why}"
    applied = [one.get("fieldsV1") or {} for one in deployment["metadata"].get("managedFields") or [] if one.get("operation") == "Apply"]
    if any("f:replicas" in (fields.get("f:spec") or {}) for fields in applied):
        return "the defaults of its class say how many pods it has, so that it cannot be left without any"
    return ""


def leaving(pods: Iterable[Object], gateway: Key) -> bool:
    """Whether there still are pods of a Gateway that is to have none, which end what they had begun."""
    for pod in pods:
        labels = pod["metadata"].get("labels") or {}
        if labels.get(GATEWAY_NAME) == gateway[1] and OF_SECOND not in labels and pod["metadata"]["namespace"] == gateway[0]:
            return True
    return False
