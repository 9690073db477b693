# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of a Gateway and of a second one, what forbids a second one, and what it is made of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import MeshWorkload
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import RAISE, Aim, Order
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.scene import Scene
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.write import Write
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import gateway_api
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.turning import PINNED, SECOND_OF
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.writes import writes
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.tags import LED_FROM
from ansible_collections.meshops.lifecycle.tests.unit.support.gateway_istiod import GATEWAY_NAME, GROUP, MANAGED, made
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import REV, World, api_gateway, space

AIM = Aim("green", "blue")


def gateway(name: str = "door", notes: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    one = api_gateway("doors", name, {REV: "blue"})
    one["metadata"] |= {"annotations": notes or {}, "uid": f"of-{name}"}
    one["spec"] = {"gatewayClassName": "istio", "listeners": [{"name": "web", "port": 80}], **spec}
    return {**one, "kind": "Gateway", "status": {"listeners": [{"name": "web", "attachedRoutes": 3}], "addresses": [{"value": "192.0.2.7"}]}}


def route(name: str, *parents: str, version: str = "v1", kind: str = "HTTPRoute", **more: Any) -> dict[str, Any]:
    refs = [{"name": parent, "sectionName": "web"} for parent in parents]
    return {"apiVersion": f"{GROUP}/{version}", "kind": kind, "metadata": {"name": name, "namespace": "doors", **more}, "spec": {"parentRefs": refs}}


def world(one: dict[str, Any], *gateways: dict[str, Any], **more: list[dict[str, Any]]) -> World:
    """Without pods."""
    there = World.of([space("doors")], [], {}, gateways=[], planes={"blue": "1.28.0", "green": "1.29.0"})
    objects = [each for known in (one, *gateways) for each in made(known, "blue")]
    for each in objects:
        if each["kind"] == "Deployment":
            each["spec"]["replicas"] = 2
        there.live.setdefault(each["kind"], []).append(each)
    there.live["Gateway"] = [one, *gateways]
    for kind, found in more.items():
        there.live[kind] = [*there.live.get(kind, []), *found]
    return there


def seen(there: World, name: str = "door") -> MeshWorkload:
    return next(one for one in there.state().workloads if (one.kind, one.name) == ("Gateway", name))


def raised(there: World) -> list[Write]:
    return writes(Order(RAISE, "Gateway", "doors", "door", "green"), Scene(there.state(), there.live), AIM, "")


def test_what_belongs_to_a_gateway_is_seen() -> None:
    writes_back = [{"manager": "kustomize-controller", "fieldsV1": {"f:spec": {}}}]
    kept = route("kept", "door", labels={"kustomize.toolkit.fluxcd.io/name": "shop"}, managedFields=writes_back)
    there = world(gateway(), HTTPRoute=[kept, route("web", "door"), route("other", "else")])
    one = seen(there)
    assert (one.deployment, one.reached, one.replicas, one.attached) == ("door-istio", "door-istio", 2, {"web": 3})
    assert (one.unable, one.stood_in, one.asleep) == ("", False, 0)
    assert one.kept == ("HTTPRoute doors/kept (Flux, for its Kustomization shop)",)
    there.live["Deployment"][0]["metadata"]["annotations"] = {gateway_api.STOOD_IN: "door-second", gateway_api.ASLEEP: "2"}
    assert (seen(there).stood_in, seen(there).asleep) == (True, 2)


def test_what_a_second_one_lacks_is_seen_in_whichever_version_a_route_is_read() -> None:
    second = gateway("door-second", {SECOND_OF: "door"})
    routes = [route("secret", "door", version=version, kind="TLSRoute") for version in ("v1", "v1alpha2")]
    there = world(gateway(), second, TLSRoute=routes, HTTPRoute=[route("web", "door", "door-second")])
    one = seen(there, "door-second")
    assert (one.second_of, one.entrance, one.lacks) == ("door", "doors/door", ("TLSRoute doors/secret", "the account"))
    (write,) = [each for each in raised(there) if each.ref.kind == "TLSRoute"]
    assert write.ref.api_version == f"{GROUP}/v1"
    assert [ref["name"] for ref in write.body["spec"]["parentRefs"]] == ["door", "door-second"]
    there.live["Deployment"] = there.live["Deployment"][:1]
    assert (seen(there, "door-second").replicas, seen(there, "door-second").lacks[-1]) == (0, "its pods")


SCALER = {"metadata": {"name": "x", "namespace": "doors"}, "spec": {"minReplicas": 0, "scaleTargetRef": {"kind": "Deployment", "name": "door-istio"}}}
SET = {"apiVersion": f"{GROUP}/v1", "kind": "ListenerSet", "metadata": {"name": "x", "namespace": "shop"},
       "spec": {"parentRef": {"name": "door", "namespace": "doors"}}}  # fmt: skip


@pytest.mark.parametrize(
    ("one", "more", "why"),
    [
        (gateway(infrastructure={"parametersRef": {"kind": "ConfigMap", "name": "x"}}), {}, "its parametersRef changes what istiod makes for it"),
        (gateway(infrastructure={"labels": {"topology.istio.io/network": "lan"}}), {}, "it is an east-west gateway"),
        (gateway(), {"ListenerSet": [SET]}, "a ListenerSet adds listeners to it"),
        (gateway(), {"HorizontalPodAutoscaler": [SCALER]}, "its Deployment may be scaled to none and back by HorizontalPodAutoscaler x"),
        (gateway(), {"Gateway": [gateway("door-second")]}, "Gateway doors/door-second has the name of a second one, and no cutover made it"),
    ],
)
def test_what_forbids_a_second_one_is_seen_and_refused(one: dict[str, Any], more: dict[str, Any], why: str) -> None:
    there = world(one, **more)
    assert seen(there).unable.startswith(why)
    with pytest.raises(Refused, match=f"east: Gateway doors/door needs a second one beside it, and {why}"):
        raised(there)


def test_a_long_name_and_a_number_of_pods_that_istiod_writes_forbid_it_too() -> None:
    there = world(gateway("d" * 55))
    assert seen(there, "d" * 55).unable == "its name is too long for a second one beside it"
    there = world(gateway())
    there.live["Deployment"][0]["metadata"]["managedFields"] = [{"operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]
    assert "the defaults of its class say how many pods it has" in seen(there).unable


def test_a_route_that_could_not_name_a_second_one_forbids_it() -> None:
    crowded, others = route("web", "door", "door", *["else"] * 29), [route("there", *["door"] * 16), route("none", *["else"] * 32)]
    assert seen(world(gateway(), HTTPRoute=[crowded, *others])).unable == "HTTPRoute doors/web names 31 parents, and a route may name 32"
    assert seen(world(gateway(), HTTPRoute=others)).unable == ""
    second = gateway("door-second", {SECOND_OF: "door"})
    assert seen(world(gateway(), second, HTTPRoute=[route("web", *["door"] * 16, *["door-second"] * 16)])).unable == ""


def test_the_second_one_takes_nothing_that_is_the_first_one_s() -> None:
    notes = {"cert-manager.io/issuer": "x", "gateway.istio.io/name-override": "x", PINNED: "blue", "kept": "y"}
    there = world(gateway(notes=notes, addresses=[{"value": "192.0.2.7"}]), HTTPRoute=[route("web", "door")])
    done = raised(there)
    assert [(each.how, each.ref.kind) for each in done] == [
        ("patch", "Deployment"), ("patch", "ServiceAccount"), ("patch", "HTTPRoute"), ("create", "ConfigMap"), ("create", "Gateway"),
    ]  # fmt: skip
    body = done[-1].body
    assert body["metadata"]["annotations"] == {
        "kept": "y", SECOND_OF: "door", LED_FROM: "blue", "networking.istio.io/service-type": "ClusterIP",
        "gateway.istio.io/service-account": "door-istio", "external-dns.alpha.kubernetes.io/target": "192.0.2.7",
    }  # fmt: skip
    assert body["metadata"]["labels"][REV] == "green"
    assert "addresses" not in body["spec"]
    assert body["spec"]["infrastructure"] == {"parametersRef": {"group": "", "kind": "ConfigMap", "name": done[-2].ref.name}}
    picks = {GATEWAY_NAME: "door", gateway_api.OF_SECOND: "door-second"}
    data = {key: json.loads(text)["spec"] for key, text in done[-2].body["data"].items()}
    assert data == {"deployment": {"selector": {"matchLabels": picks}, "template": {"metadata": {"labels": picks}}}, "service": {"selector": picks}}


def test_an_account_of_the_user_s_is_left_alone() -> None:
    there = world(gateway(), HTTPRoute=[route("web", "door")])
    for account in there.live["ServiceAccount"]:
        account["metadata"]["ownerReferences"] = []
    assert "ServiceAccount" not in [each.ref.kind for each in raised(there)]
    assert there.live["ServiceAccount"][0]["metadata"]["labels"][MANAGED]


def test_a_gateway_of_somebody_else_s_class_is_none_of_the_mesh_s() -> None:
    whose = {"istio": "istio.io", "envoy": "other.io"}
    classes = [{"metadata": {"name": name}, "spec": {"controllerName": f"{who}/gateway-controller"}} for name, who in whose.items()]
    there = world(gateway(), gateway("else", gatewayClassName="envoy"), GatewayClass=classes)
    assert [one.name for one in there.state().workloads if one.kind == "Gateway"] == ["door"]


@pytest.mark.parametrize(
    ("tags", "planes", "revision"),
    [({"default": "blue"}, ("blue", "green"), "blue"), ({}, ("default", "green"), "default"), ({}, ("blue", "green"), "")],
)
def test_a_gateway_without_a_label_follows_whatever_leads_by_default(tags: dict[str, str], planes: tuple[str, ...], revision: str) -> None:
    there = World.of([space("doors")], [], tags, gateways=[api_gateway("doors", "door")], planes=dict.fromkeys(planes, "1.31.0"))
    assert (seen(there).following.revision, seen(there).own) == (revision, False)
