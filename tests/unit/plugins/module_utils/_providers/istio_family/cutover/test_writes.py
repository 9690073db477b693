# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes of each order, from the objects that were read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover import orders
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Aim, Order
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.scene import Scene
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.write import CREATE, EVICT, PATCH, REPLACE, TRY, Write
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.notes import forgotten
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.writes import writes
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.tags import LED_FROM
from ansible_collections.meshops.lifecycle.tests.unit.support.cutover_cluster import API
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import ENABLE, HOOKS, NAMESPACE, REV, World, api_gateway, deployment, space

AIM, MOMENT = Aim("green", "blue"), "2026-01-01T00:00:00Z"
VALIDATORS = "ValidatingWebhookConfiguration"


def scene(there: World) -> Scene:
    live = {kind: [{"apiVersion": API.get(kind, ""), "kind": kind, **one} for one in found] for kind, found in there.live.items()}
    return Scene(there.state(), live)


def world(*workloads: dict[str, Any], tags: dict[str, str] | None = None, **more: Any) -> World:
    spaces = [space("shop", **{REV: "prod"}), space("both", **{ENABLE: "enabled", REV: "prod"})]
    return World.of(spaces, workloads, {"prod": "blue"} if tags is None else tags, **more)


def of(there: World, what: str, kind: str = "Deployment", namespace: str = "shop", name: str = "a", to: str = "green") -> list[Write]:
    return writes(Order(what, kind, namespace, name, to), scene(there), AIM, MOMENT)


def test_a_namespace_turns_and_gets_its_labels_back_by_one_patch_each() -> None:
    (turned,) = of(world(), orders.TURN, "Namespace", "", "both")
    assert (turned.how, turned.restarts, str(turned.ref), turned.before and turned.before["metadata"]["name"]) == (PATCH, False, "Namespace both", "both")
    record = {"meshops.lifecycle/cutover-former": f"{ENABLE}=enabled,{REV}=prod"}
    assert turned.body == {"metadata": {"labels": {REV: "green", ENABLE: None}, "annotations": record}}
    there = world()
    there.live["Namespace"][1]["metadata"] |= {"annotations": record}
    (back,) = of(there, orders.RESTORE, "Namespace", "", "shop")
    assert back.body["metadata"]["labels"] == {REV: "prod", ENABLE: "enabled"}


@pytest.mark.parametrize("what", [orders.TURN, orders.RESTORE, orders.RELABEL, orders.RESTART, orders.PIN, orders.RAISE, orders.DRAIN])
def test_nothing_is_written_for_what_is_gone(what: str) -> None:
    assert of(world(), what, name="nobody") == []


def test_gateways_of_the_gateway_api_are_held_back_and_handed_over() -> None:
    gateway = api_gateway("shop", "door")
    there = world(gateways=[gateway])
    there.live["Gateway"].insert(0, {"apiVersion": "networking.istio.io/v1", "metadata": {"name": "door", "namespace": "shop"}})
    bodies = [write.body["metadata"]["labels"] for what in (orders.PIN, orders.HAND_OVER, orders.UNPIN) for write in of(there, what, "Gateway", name="door")]
    assert bodies == [{REV: "green"}, {REV: "green"}, {REV: None}]
    assert {write.ref.api_version for write in of(there, orders.PIN, "Gateway", name="door")} == {"gateway.networking.k8s.io/v1"}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_restart_is_what_kubectl_makes_of_it(kind: str) -> None:
    there = world(**{kind: [deployment("shop", "a")]})
    (write,) = of(there, orders.RESTART, kind)
    assert write.body == {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": MOMENT}}}}}
    assert (write.restarts, [condition.check for condition in write.then]) == (True, ["rollout"])


def test_a_rollout_of_argo_restarts_without_its_steps() -> None:
    there = world(Rollout=[deployment("shop", "a")])
    (write,) = of(there, orders.RESTART, "Rollout")
    assert write.body == {"spec": {"restartAt": MOMENT}}
    assert [(one.check, one.path, one.value) for one in write.then] == [("field", "status.restartedAt", MOMENT)]
    there.live["Rollout"][0]["spec"]["restartAt"] = "earlier"
    assert of(there, orders.RESTART, "Rollout") == []
    there.live["Rollout"][0]["status"] = {"restartedAt": "earlier"}
    assert len(of(there, orders.RESTART, "Rollout")) == 1
    (relabelled,) = of(there, orders.RELABEL, "Rollout")
    assert [(one.path, one.value) for one in relabelled.then] == [("status.phase", "Healthy")]


@pytest.mark.parametrize(
    ("generation", "replicas", "updated", "made", "under_way"),
    [
        (2, 3, 0, {"blue": 3}, True),  # its controller has not seen the patch
        (1, 3, 1, {"blue": 2, "green": 1}, True),
        (1, 3, 1, {"blue": 3}, False),  # somebody's rollout, from before the namespace turned
        (1, 3, 3, {"blue": 3}, False),
        (1, 3, 3, {"blue": 1, "green": 2}, False),
    ],
)
def test_a_rollout_that_a_killed_run_asked_for_is_not_asked_for_again(
    generation: int, replicas: int, updated: int, made: dict[str, int], under_way: bool
) -> None:
    there = world(deployment("shop", "a"))
    there.live["Pod"] = [
        {"metadata": {"name": f"a-{revision}-{number}", "namespace": "shop", "annotations": {REV: revision},
                      "ownerReferences": [{"kind": "Deployment", "name": "a", "controller": True}]}}
        for revision, count in made.items() for number in range(count)
    ]  # fmt: skip
    owner = there.live["Deployment"][0]
    owner["metadata"]["generation"], owner["status"] = generation, {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": updated}
    assert (of(there, orders.RESTART) == []) is under_way


def test_only_pods_of_the_workload_that_the_target_did_not_make_are_evicted() -> None:
    there = world(deployment("shop", "a"), deployment("shop", "b"))
    there.live["Pod"][0]["metadata"]["deletionTimestamp"] = "now"
    there.roll(there.live["Deployment"][0])
    assert [(write.how, write.ref.name) for write in of(there, orders.EVICT)] == [(EVICT, there.live["Pod"][-1]["metadata"]["name"])]
    assert of(there, orders.EVICT, to="blue") == []


def test_a_tag_that_is_missing_is_made_with_the_way_to_the_target_and_its_ca() -> None:
    there = world(tags={})
    injector = next(one for one in there.live[HOOKS] if one["metadata"]["labels"][REV] == "green")
    for each in injector["webhooks"]:
        each["clientConfig"]["caBundle"] = "CA of green"
    (service,) = of(there, orders.POINT_SERVICE, "tag", "", "default")
    (webhook,) = of(there, orders.POINT_WEBHOOK, "tag", "", "default")
    assert [(one.how, str(one.ref)) for one in (service, webhook)] == [
        (CREATE, f"Service {NAMESPACE}/istiod-revision-tag-default"), (CREATE, f"{HOOKS} istio-revision-tag-default"),
    ]  # fmt: skip
    assert [one.body["metadata"]["annotations"][LED_FROM] for one in (service, webhook)] == ["blue"] * 2
    ways = [each["clientConfig"] for each in webhook.body["webhooks"]]
    assert {(way["caBundle"], way["service"]["name"]) for way in ways} == {("CA of green", "istiod-green")}
    there.live[HOOKS].remove(injector)
    with pytest.raises(Refused, match="green has no injection webhook, so the tag default cannot lead to it"):
        of(there, orders.POINT_WEBHOOK, "tag", "", "default")


def test_a_tag_that_is_there_is_written_as_it_was_read() -> None:
    there = world()
    (service,), (webhook,) = of(there, orders.POINT_SERVICE, "tag", "", "prod"), of(there, orders.POINT_WEBHOOK, "tag", "", "prod")
    assert (service.how, service.body["spec"]["selector"], service.before and service.before["spec"]["selector"]) == (
        REPLACE, {"app": "istiod", REV: "green"}, {"app": "istiod", REV: "blue"},
    )  # fmt: skip
    assert (webhook.how, {each["clientConfig"]["service"]["name"] for each in webhook.body["webhooks"]}) == (REPLACE, {"istiod-green"})
    assert of(there, orders.POINT_SERVICE, "tag", "", "prod", to="blue") == []


@pytest.mark.parametrize(("led", "noted"), [("blue", {LED_FROM: "blue"}), ("green", None)])
def test_a_service_that_a_tag_lacks_notes_no_way_that_its_webhook_was_never_led(led: str, noted: Any) -> None:
    there = world(tags={"early": led})
    there.live["Service"] = []
    (service,) = of(there, orders.POINT_SERVICE, "tag", "", "early")
    assert (service.how, service.body["metadata"].get("annotations") or None) == (CREATE, noted)


def test_what_names_a_revision_notes_from_where_it_was_led() -> None:
    """In the same patch, and not in the template of the pods. A namespace that keeps a record needs no note."""
    there = world(deployment("shop", "a", {REV: "blue"}), gateways=[api_gateway("shop", "door", {REV: "blue"})])
    there.live["Namespace"].append(space("named", **{REV: "blue"}))
    note = {LED_FROM: "blue"}
    (named,), (tagged,) = of(there, orders.TURN, "Namespace", "", "named"), of(there, orders.TURN, "Namespace", "", "shop")
    assert (named.body["metadata"]["annotations"], LED_FROM in tagged.body["metadata"]["annotations"]) == (note, False)
    (template,), (gateway,) = of(there, orders.RELABEL), of(there, orders.HAND_OVER, "Gateway", name="door")
    assert (template.body["metadata"], template.body["spec"]["template"]) == ({"annotations": note}, {"metadata": {"labels": {REV: "green"}}})
    assert gateway.body["metadata"]["annotations"] == note


def test_what_is_undone_loses_its_note() -> None:
    there = validators(world())
    back = [replace(order, undoes=True) for order in (
        Order(orders.POINT_SERVICE, "tag", "", "prod", "green"), Order(orders.POINT_WEBHOOK, "tag", "", "prod", "green"),
        Order(orders.VALIDATE, "validator", "", "blue", "green"))]  # fmt: skip
    for one in (there.one("Service", NAMESPACE, "istiod-revision-tag-prod"), there.one(HOOKS, "", "istio-revision-tag-prod"), there.live[VALIDATORS][0]):
        one["metadata"].setdefault("annotations", {}).update({LED_FROM: "green", "own": "note"})
    told = [write.body["metadata"]["annotations"] for order in back for write in writes(order, scene(there), AIM, MOMENT) if write.how == REPLACE]
    assert len(told) == 3
    assert not [notes for notes in told if LED_FROM in notes or notes["own"] != "note"]


def test_what_a_revision_leaves_on_tags_goes_with_it() -> None:
    there = world(tags={"prod": "green", "early": "green"})
    for kind in ("Service", HOOKS):
        for half in there.live[kind]:
            if "istio.io/tag" in half["metadata"].get("labels", {}):
                from_where = "blue" if half["metadata"]["labels"]["istio.io/tag"] == "prod" else "other"
                half["metadata"]["annotations"] = {LED_FROM: from_where, "own": "note"}
    gone = forgotten(scene(there), "blue")
    assert [(one.how, one.ref.kind, one.body["metadata"]["labels"]["istio.io/tag"]) for one in gone] == [(REPLACE, "Service", "prod"), (REPLACE, HOOKS, "prod")]
    assert [one.body["metadata"]["annotations"] for one in gone] == [{"own": "note"}] * 2


def test_its_notes_elsewhere_go_with_it_too() -> None:
    there = validators(world(deployment("shop", "a"), deployment("shop", "b"), gateways=[api_gateway("shop", "door")]))
    noted = {"annotations": {LED_FROM: "blue"}}
    for one in (there.live["Namespace"][1], there.live["Deployment"][0], there.live["Gateway"][0], there.live[VALIDATORS][0]):
        one["metadata"] |= noted
    there.live["Gateway"].append({"apiVersion": "networking.istio.io/v1", "metadata": {"name": "other", "namespace": "shop", **noted}})
    going = Ref("apps/v1", "Deployment", "b", "shop")
    there.live["Deployment"][1]["metadata"] |= noted
    gone = forgotten(scene(there), "blue", [going])
    assert [str(one.ref) for one in gone] == [f"{VALIDATORS} istiod-default-validator", "Namespace shop", "Deployment shop/a", "Gateway shop/door"]
    assert [one.how for one in gone] == [REPLACE, PATCH, PATCH, PATCH]
    assert forgotten(scene(there), "green") == []


def validators(there: World) -> World:
    def one(name: str, revision: str, ca: str) -> dict[str, Any]:
        client = {"service": {"name": f"istiod-{revision}", "namespace": NAMESPACE}, "caBundle": ca}
        return {"metadata": {"name": name, "labels": {REV: revision}}, "webhooks": [{"name": "any", "clientConfig": client}]}

    there.live[VALIDATORS] = [one("istiod-default-validator", "blue", "old"), one("istio-validator-green-istio-system", "green", "new")]
    return there


def test_the_validator_is_led_to_the_target_after_its_own_webhook_refused_something() -> None:
    there = validators(world())
    tried, written = of(there, orders.VALIDATE, "validator", "", "blue")
    assert (tried.how, tried.body["kind"], tried.body["metadata"]["labels"], tried.body["spec"]["hosts"]) == (TRY, "VirtualService", {REV: "green"}, ["*"])
    assert (written.how, written.body["metadata"]["labels"][REV], written.body["metadata"]["annotations"]) == (REPLACE, "green", {LED_FROM: "blue"})
    assert written.body["webhooks"][0]["clientConfig"] == {"service": {"name": "istiod-green", "namespace": NAMESPACE}, "caBundle": "new"}


def test_a_target_that_cannot_be_asked_validates_nothing() -> None:
    there = validators(world())
    del there.live[VALIDATORS][1]
    with pytest.raises(Refused, match="green has no validating webhook of its own"):
        of(there, orders.VALIDATE, "validator", "", "blue")
    remote = scene(there)
    remote = replace(remote, state=replace(remote.state, served_by="east"))
    told = writes(Order(orders.VALIDATE, "validator", "", "blue", "green"), remote, AIM, MOMENT)
    assert [write.how for write in told] == [REPLACE]
