# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A second Gateway stands in while a Gateway changes its revision: its pods serve behind the Service of the first one, so no address moves."""

from __future__ import annotations

import json

from ...._mesh.cutover.orders import Aim, Order
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.write import CREATE, DELETE, Write
from ...._mesh.errors import Refused
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition
from ...._mesh.objects.shapes import Manifest, Object
from ..install.tags import LED_FROM
from .gateway_api import ASLEEP, GATEWAY_NAME, MANAGED, OF_SECOND, STOOD_IN, Belongings, Key, leaving, note, parents, second_name, unable
from .injection import REV
from .live_objects import copied, patched
from .scalers import replicas
from .turning import SECOND_OF
from .workloads import made_by

_SERVICE_TYPE, _ACCOUNT = "networking.istio.io/service-type", "gateway.istio.io/service-account"
_DNS = "external-dns.alpha.kubernetes.io/target"
# What names the first one, or would make a tool do something for the second one, too.
_ITS_OWN = ("meshops.lifecycle/", "cert-manager.io/", "gateway.istio.io/")


def raised(order: Order, scene: Scene, aim: Aim, _moment: str) -> list[Write]:
    """Whatever is missing. Routes name the second Gateway before it is made, so that its first pod already gets all of them.

    The note on the Deployment comes first: whatever a killed run leaves is found by it.
    """
    beside, key = Belongings.of(scene.live), (order.namespace, order.name)
    first = beside.gateways.get(key)
    if first is None or key not in beside.deployments:
        return []
    _refuse(order, scene, beside)
    deployment, second = beside.deployments[key], (key[0], second_name(key[1]))
    noted = [] if note(deployment, STOOD_IN) else patched(deployment, {"metadata": {"annotations": {STOOD_IN: second[1]}}})
    routes = [write for route in beside.unattached(key) for write in patched(route, _naming(route, key, second[1]))]
    there = beside.gateways.get(second)
    if there is not None and not _drained(beside, second):
        return [*noted, *_released(beside, key), *routes, *_as_many(beside, key, second)]
    parameters = _parameters(key, second[1])
    made = [Write(CREATE, Ref.of(parameters), parameters)]
    if there is None:
        body = _second(first, beside.account(key), order.to, order.away(aim))
        return [*noted, *_released(beside, key), *routes, *made, Write(CREATE, Ref.of(body), body)]
    return [*noted, *_released(beside, key), *routes, *made, *_as_many(beside, key, second)]


def _refuse(order: Order, scene: Scene, beside: Belongings) -> None:
    key = (order.namespace, order.name)
    if why := unable(beside.gateways[key], beside):
        where = f"{scene.state.cluster}: Gateway {order.namespace}/{order.name}"
        raise Refused(f"{where} needs a second one beside it, and {why}. Leave gateways out with cutover_gateways: never.")


def _drained(beside: Belongings, gateway: Key) -> bool:
    deployment = beside.deployments.get(gateway)
    return deployment is not None and replicas(deployment) == 0


def _as_many(beside: Belongings, first: Key, second: Key) -> list[Write]:
    """As many pods as the first one has, once istiod has made the Deployment."""
    deployment, wanted = beside.deployments.get(second), replicas(beside.deployments[first])
    if deployment is None or replicas(deployment) >= wanted:
        return []
    return patched(deployment, {"spec": {"replicas": wanted}}, then=[Condition(Ref.of(deployment), "rollout")])


def _released(beside: Belongings, key: Key) -> list[Write]:
    """Both Gateways have pods of one account, so that they call as the same one. istiod would give it to whichever it has seen last."""
    account = beside.owned_account(key)
    own = account is not None and MANAGED in (account["metadata"].get("labels") or {})
    return patched(account, {"metadata": {"labels": {MANAGED: None}}}) if own else []


def _returned(beside: Belongings, key: Key) -> list[Write]:
    account, label = beside.owned_account(key), (beside.deployments[key]["metadata"].get("labels") or {}).get(MANAGED)
    if account is None or label is None or MANAGED in (account["metadata"].get("labels") or {}):
        return []
    return patched(account, {"metadata": {"labels": {MANAGED: label}}})


def _naming(route: Object, first: Key, second: str) -> Manifest:
    """A route that names each listener of the first Gateway that it names, of the second one, too."""
    more = [{**ref, "name": second} for key, ref in parents(route) if key == first]
    return {"spec": {"parentRefs": [*route["spec"]["parentRefs"], *more]}}


def _parameters(first: Key, second: str) -> Manifest:
    """What istiod makes otherwise for the second Gateway: pods that the Service and the policies of the first one take for theirs."""
    picks = {GATEWAY_NAME: first[1], OF_SECOND: second}
    deployment = {"spec": {"selector": {"matchLabels": picks}, "template": {"metadata": {"labels": picks}}}}
    data = {"deployment": json.dumps(deployment), "service": json.dumps({"spec": {"selector": picks}})}
    meta = {"name": _parameters_name(first), "namespace": first[0], "labels": {"app.kubernetes.io/managed-by": "meshops.lifecycle"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def _parameters_name(first: Key) -> str:
    return f"meshops-cutover-{first[1]}"


def _second(first: Object, account: str, target: str, away: str | None) -> Manifest:
    """Its own Service gets no address from outside, and what makes names of addresses is told those of the first one."""
    meta, spec = first["metadata"], dict(first.get("spec") or {})
    made = copied(first, second_name(meta["name"]))
    notes = {key: value for key, value in made["metadata"]["annotations"].items() if not key.startswith(_ITS_OWN)}
    notes |= {SECOND_OF: meta["name"], _SERVICE_TYPE: "ClusterIP", _ACCOUNT: account, **({LED_FROM: away} if away else {})}
    addresses = [str(one["value"]) for one in (first.get("status") or {}).get("addresses") or [] if one.get("value")]
    notes |= {_DNS: ",".join(addresses)} if addresses and _DNS not in notes else {}
    spec.pop("addresses", None)
    parameters = {"group": "", "kind": "ConfigMap", "name": _parameters_name((meta["namespace"], meta["name"]))}
    made["spec"] = {**spec, "infrastructure": {**(spec.get("infrastructure") or {}), "parametersRef": parameters}}
    made["metadata"] |= {"annotations": notes, "labels": {**made["metadata"]["labels"], REV: target}}
    return made


def drained(order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    """The first one notes how many pods it has to get back."""
    beside, key = Belongings.of(scene.live), (order.namespace, order.name)
    deployment = beside.deployments.get(key)
    if deployment is None or replicas(deployment) == 0:
        return []
    first = not note(beside.gateways[key], SECOND_OF)
    if first:
        _refuse(order, scene, beside)
    noted = {"metadata": {"annotations": {ASLEEP: str(replicas(deployment))}}} if first else {}
    return patched(deployment, {**noted, "spec": {"replicas": 0}}, then=[Condition(Ref.of(deployment), "rollout")])


def may_change(order: Order, scene: Scene) -> bool:
    """Whether a Gateway may change its revision now: while its last pods end what they had begun, they keep their configuration."""
    deployment = Belongings.of(scene.live).deployments.get((order.namespace, order.name))
    asleep = deployment is not None and bool(note(deployment, ASLEEP))
    return not (asleep and leaving(scene.live.get("Pod", ()), (order.namespace, order.name)))


def rejoined(order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    """Not before istiod of the target has made the template: a pod of the former one would serve nothing."""
    deployment = Belongings.of(scene.live).deployments.get((order.namespace, order.name))
    if deployment is None or made_by({"metadata": deployment["spec"]["template"].get("metadata") or {}}) != order.to:
        return []
    wanted = max(int(note(deployment, ASLEEP) or 0), replicas(deployment))
    body: Manifest = {"metadata": {"annotations": {ASLEEP: None}}, "spec": {"replicas": wanted}}
    return patched(deployment, body, then=[Condition(Ref.of(deployment), "rollout")])


def removed(order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    """In the order in which it was made, the other way round. The note goes last."""
    beside, key = Belongings.of(scene.live), (order.namespace, order.name)
    deployment, second = beside.deployments.get(key), (order.namespace, second_name(order.name))
    if deployment is None:
        return []
    there = beside.gateways.get(second)
    routes = [write for route in beside.routes.get(second, ()) for write in patched(route, _without(route, second))]
    parameters = Ref("v1", "ConfigMap", _parameters_name(key), key[0])
    gone = [Write(DELETE, parameters), *([Write(DELETE, Ref.of(there), before=there)] if there else [])]
    off = {"metadata": {"annotations": {STOOD_IN: None}}}
    return [*routes, *gone, *_returned(beside, key), *patched(deployment, off)]


def _without(route: Object, second: Key) -> Manifest:
    gone = [ref for key, ref in parents(route) if key == second]
    return {"spec": {"parentRefs": [ref for ref in route["spec"]["parentRefs"] if ref not in gone]}}
