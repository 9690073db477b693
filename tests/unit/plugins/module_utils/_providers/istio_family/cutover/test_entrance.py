# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The second Deployment of a gateway: what it has of the first one, what comes with it, and what forbids it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.gateway_orders import of_gateways
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import DRAIN, RAISE, Aim, Order
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.scene import Scene
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.write import CREATE, PATCH, Write
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.turning import SECOND_OF
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.writes import writes
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.tags import LED_FROM
from ansible_collections.meshops.lifecycle.tests.unit.support.cutover_cluster import API
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import NAMESPACE, REV, World, deployment, space

AIM, BACK = Aim("green", "blue"), Aim("blue", "green")
GATEWAY = {"inject.istio.io/templates": "gateway"}


def gateway(name: str = "door", revision: str = "blue", replicas: int = 2, **labels: str) -> dict[str, Any]:
    made = deployment(NAMESPACE, name, {REV: revision, "app": "door"}, annotations=GATEWAY)
    made["metadata"] |= {"labels": {"app": "door", REV: revision, **labels}, "annotations": {"deployment.kubernetes.io/revision": "4", "note": "kept"}}
    made["spec"] |= {"replicas": replicas, "selector": {"matchLabels": {"app": "door"}}, "strategy": {"rollingUpdate": {"maxSurge": 1}}}
    return made


def world(*gateways: dict[str, Any], selector: dict[str, str] | None = None, **more: Any) -> World:
    door = {"metadata": {"name": "door", "namespace": NAMESPACE, "labels": {}}, "spec": {"selector": selector or {"app": "door"}}}
    return World.of([space("shop")], gateways or [gateway()], {"prod": "blue"}, services=[door], **more)


def of(there: World, what: str, name: str = "door", aim: Aim = AIM, kind: str = "Deployment") -> list[Write]:
    live = {kind: [{"apiVersion": API[kind], "kind": kind, **one} for one in found] for kind, found in there.live.items()}
    return writes(Order(what, kind, NAMESPACE, name, aim.target), Scene(there.state(), live), aim, "")


def scaler(name: str = "door", least: int = 1, **meta: Any) -> dict[str, Any]:
    aimed = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "door"}
    return {"metadata": {"name": name, "namespace": NAMESPACE, **meta}, "spec": {"minReplicas": least, "maxReplicas": 5, "scaleTargetRef": aimed}}


def budget(**picks: str) -> dict[str, Any]:
    return {"metadata": {"name": "door", "namespace": NAMESPACE}, "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "door", **picks}}}}


def test_the_second_has_the_labels_of_the_first_but_the_revision_and_takes_none_of_its_pods() -> None:
    (write,) = of(world(gateway(**{"helm.sh/chart": "gateway-1.30.1", "app.kubernetes.io/managed-by": "Helm"})), RAISE)
    meta, spec = write.body["metadata"], write.body["spec"]
    assert (write.how, meta["name"], [one.check for one in write.then]) == (CREATE, "door-green", ["rollout"])
    assert meta["labels"] == {"app": "door", REV: "green", "app.kubernetes.io/managed-by": "meshops.lifecycle"}
    assert meta["annotations"] == {SECOND_OF: "door", "note": "kept", LED_FROM: "blue"}
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"] == {"app": "door", REV: "green"}
    assert (spec["replicas"], spec["strategy"], spec["template"]["metadata"]["annotations"]) == (2, {"rollingUpdate": {"maxSurge": 1}}, GATEWAY)


def test_what_scales_it_comes_before_it_and_a_budget_only_if_it_names_the_revision() -> None:
    there = world(HorizontalPodAutoscaler=[scaler()], PodDisruptionBudget=[budget()])
    assert [str(write.ref) for write in of(there, RAISE)] == [f"HorizontalPodAutoscaler {NAMESPACE}/door-green", f"Deployment {NAMESPACE}/door-green"]
    assert of(there, RAISE)[0].body["spec"] == {**scaler()["spec"], "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "door-green"}}
    there.live["PodDisruptionBudget"] = [budget(**{REV: "blue"})]
    made = next(write.body for write in of(there, RAISE) if write.ref.kind == "PodDisruptionBudget")
    assert made["spec"] == {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "door", REV: "green"}}}


def test_on_the_way_back_the_first_one_gets_as_many_replicas_as_the_second_has() -> None:
    there = world(gateway(replicas=0), gateway("door-green", "green", replicas=5))
    (write,) = of(there, RAISE, "door-green", BACK)
    raised = {"metadata": {"annotations": {LED_FROM: "green"}}, "spec": {"replicas": 5}}
    assert (write.how, write.ref.name, write.body, [one.check for one in write.then]) == (PATCH, "door", raised, ["rollout"])
    (write,) = of(there, DRAIN, "door-green", BACK)
    assert (write.how, write.body) == (PATCH, {"metadata": {"annotations": {LED_FROM: None}}, "spec": {"replicas": 0}})
    assert of(there, DRAIN) == []


def test_a_third_revision_gets_a_name_without_the_second() -> None:
    there = world(gateway("door-green", "green"), planes={"green": "1.31.0", "red": "1.32.0"})
    (write,) = of(there, RAISE, "door-green", Aim("red", "green"))
    assert write.ref.name == "door-red"


def test_each_of_two_deployments_behind_a_service_has_a_second_one() -> None:
    there = world(gateway("zone-a"), gateway("zone-b"), gateway("zone-b-green", "green"))
    orders = of_gateways(there.state(), [f"{NAMESPACE}/door"], AIM)
    assert [str(order) for order in orders] == [
        f"raise Deployment {NAMESPACE}/zone-a", f"drain Deployment {NAMESPACE}/zone-a", f"drain Deployment {NAMESPACE}/zone-b",
    ]  # fmt: skip


def test_a_name_that_is_taken_is_refused_unless_a_cutover_took_it() -> None:
    taken = gateway("door-green", "green", replicas=0)
    taken["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    with pytest.raises(Refused, match="Deployment istio-system/door-green exists and was not made by a cutover"):
        of(world(gateway(), taken), RAISE)
    taken["metadata"]["annotations"] = {SECOND_OF: "door"}
    assert of(world(gateway(), taken), RAISE) == []


@pytest.mark.parametrize("what", [RAISE, DRAIN])
@pytest.mark.parametrize(
    ("more", "selector", "said"),
    [
        ({"HorizontalPodAutoscaler": [scaler(ownerReferences=[{"kind": "ScaledObject", "name": "by-queue"}])]}, None, "KEDA's ScaledObject by-queue"),
        ({"HorizontalPodAutoscaler": [scaler(least=0)]}, None, "Set its minReplicas to 1 or more"),
        ({}, {"app": "door", REV: "blue"}, "Service door, whose selector names a revision"),
    ],
)
def test_what_would_undo_it_is_refused(what: str, more: dict[str, Any], selector: dict[str, str] | None, said: str) -> None:
    with pytest.raises(Refused, match=said):
        of(world(selector=selector, **more), what)


def test_only_a_deployment_can_have_a_second_one() -> None:
    there = world()
    there.live["DaemonSet"], there.live["Deployment"] = there.live["Deployment"], []
    with pytest.raises(Refused, match="only a Deployment can have a second one beside it"):
        of(there, RAISE, kind="DaemonSet")
