# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gateway moves by a second Deployment behind the same Service: it comes in, and only then the former one leaves. It stays without pods for the way back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ...._mesh.cutover.observed import MeshWorkload
from ...._mesh.cutover.orders import Aim, Order, stem
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.write import CREATE, Write
from ...._mesh.errors import Refused
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition
from ...._mesh.objects.shapes import Live, Manifest, Object
from ..install.tags import LED_FROM
from .injection import REV
from .live_objects import copied, named, patched
from .scalers import SCALER, replicas, rouser, scalers_of
from .turning import SECOND_OF, noted

_BUDGET = "PodDisruptionBudget"


def raised(order: Order, scene: Scene, aim: Aim, _moment: str) -> list[Write]:
    """What scales and guards it is made first: a killed run that finds the Deployment would not ask for them any more."""
    former = named(scene.live, order.kind, order.namespace, order.name)
    if former is None:
        return []
    _refuse(order, scene, former)
    asleep = _asleep(order, scene, aim)
    if asleep is not None:
        return patched(asleep, {**noted(order.away(aim)), "spec": {"replicas": replicas(former)}}, then=[Condition(Ref.of(asleep), "rollout")])
    second = _second(former, f"{stem(order.name, aim)}-{order.to}", order.to, order.away(aim))
    there = named(scene.live, order.kind, order.namespace, second["metadata"]["name"])
    if there is not None:
        return _left(there, scene.state.cluster)
    around = [*_scalers(scene.live, former, second), *_budgets(scene.live, former, second, aim)]
    return [*(Write(CREATE, Ref.of(one), one) for one in around), Write(CREATE, Ref.of(second), second, then=[Condition(Ref.of(second), "rollout")])]


def drained(order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    """No replicas: an autoscaler leaves such a Deployment alone, unless it may go down to none itself. It serves nobody, so no note says from where."""
    live = named(scene.live, order.kind, order.namespace, order.name)
    if live is None or (live.get("spec") or {}).get("replicas") == 0:
        return []
    _refuse(order, scene, live)
    return patched(live, {**noted(None), "spec": {"replicas": 0}}, then=[Condition(Ref.of(live), "rollout")])


def rejoined(order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    """One patch, so that its first pod comes from the target already. A label that names a tag stays: the tag leads to the target."""
    live = named(scene.live, order.kind, order.namespace, order.name)
    if live is None:
        return []
    _refuse(order, scene, live)
    seconds = [one for one in scene.state.workloads if (one.namespace, one.second_of) == (order.namespace, order.name)]
    spec: Manifest = {"replicas": max([replicas(live), *(one.replicas for one in seconds)])}
    label = (live["spec"]["template"]["metadata"].get("labels") or {}).get(REV, order.to)
    if order.to not in (label, *(tag.webhook for tag in scene.state.tags if tag.name == label)):
        spec["template"] = {"metadata": {"labels": {REV: order.to}}}
    return patched(live, {"spec": spec}, then=[Condition(Ref.of(live), "rollout")])


def _refuse(order: Order, scene: Scene, live: Object) -> None:
    """What would undo the writes, or leave the second Deployment without traffic."""
    where = f"{scene.state.cluster}: {order.kind} {order.namespace}/{order.name}"
    if order.kind != "Deployment":
        raise Refused(f"{where} is a gateway, and only a Deployment can have a second one beside it. Leave gateways out with cutover_gateways: never.")
    if why := rouser(scene.live.get(SCALER, ()), live):
        raise Refused(f"{where} {why}.")
    service = _workload(order, scene).service
    door = named(scene.live, "Service", order.namespace, service) if service else None
    if door and REV in ((door.get("spec") or {}).get("selector") or {}):
        told = f"{where} serves through Service {service}, whose selector names a revision ({REV}), so no other Deployment can serve there"
        raise Refused(f"{told}. Take {REV} out of the selector.")


def _workload(order: Order, scene: Scene) -> MeshWorkload:
    place = (order.namespace, order.kind, order.name)
    return next(known for known in scene.state.workloads if (known.namespace, known.kind, known.name) == place)


def _asleep(order: Order, scene: Scene, aim: Aim) -> Object | None:
    """The Deployment that served before and has no pods now, if its pods would be the target's."""
    entrance = _workload(order, scene).entrance
    for gateway in scene.state.behind_service[entrance]:
        if gateway.drained and gateway.following.revision == order.to and stem(gateway.name, aim) == stem(order.name, aim):
            return named(scene.live, gateway.kind, gateway.namespace, gateway.name)
    return None


def _left(there: Object, cluster: str) -> list[Write]:
    """One that a cutover made comes in as soon as its namespace has turned, after the next look."""
    if SECOND_OF not in (there["metadata"].get("annotations") or {}):
        told = f"{cluster}: {Ref.of(there)} exists and was not made by a cutover, so no second Deployment can have its name"
        raise Refused(f"{told}. Rename it, or leave gateways out with cutover_gateways: never.")
    return []


def _second(former: Object, name: str, target: str, away: str | None) -> Manifest:
    """Its selector names the revision, so that neither takes the other's pods. The pods have all labels that the Service looks for."""
    made = copied(former, name, **{SECOND_OF: _first(former)}, **({LED_FROM: away} if away else {}))
    made["spec"] = copy.deepcopy(dict(former["spec"]))
    selector, template = made["spec"].setdefault("selector", {}), made["spec"]["template"].setdefault("metadata", {})
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), REV: target}
    template["labels"] = {**(template.get("labels") or {}), REV: target}
    template.pop("creationTimestamp", None)
    if REV in made["metadata"]["labels"]:
        made["metadata"]["labels"][REV] = target
    return made


def _first(former: Object) -> str:
    """A second one of a second one belongs to the same first one."""
    meta = former["metadata"]
    return str((meta.get("annotations") or {}).get(SECOND_OF) or meta["name"])


def _scalers(live: Live, former: Object, second: Manifest) -> list[Manifest]:
    made = []
    for one in scalers_of(live.get(SCALER, ()), former):
        copy_of = copied(one, second["metadata"]["name"], **{SECOND_OF: _first(former)})
        aimed = {**one["spec"]["scaleTargetRef"], "name": second["metadata"]["name"]}
        made.append({**copy_of, "spec": {**one["spec"], "scaleTargetRef": aimed}})
    return made


def of_revision(budget: Object, revision: str) -> bool:
    """Whether a budget is about the pods of one revision alone. Any other is about those of the second Deployment, too."""
    return _picks(budget).get(REV) == revision


def _picks(budget: Object) -> Mapping[str, Any]:
    return ((budget.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}


def _budgets(live: Live, former: Object, second: Manifest, aim: Aim) -> list[Manifest]:
    """The API server evicts no pod that two budgets are about, so only a budget of the former revision alone is copied."""
    meta, pods = former["metadata"], former["spec"]["template"]["metadata"].get("labels") or {}
    own = [one for one in live.get(_BUDGET, ()) if one["metadata"]["namespace"] == meta["namespace"] and of_revision(one, str(pods.get(REV)))]
    made = []
    for one in own:
        if _picks(one).items() <= pods.items():
            budget = copied(one, second["metadata"]["name"], **{SECOND_OF: _first(former)})
            selector = {**one["spec"]["selector"], "matchLabels": {**_picks(one), REV: aim.target}}
            made.append({**budget, "spec": {**one["spec"], "selector": selector}})
    return made
