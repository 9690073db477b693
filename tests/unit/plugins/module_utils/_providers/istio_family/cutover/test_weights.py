# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The weights of every kind of object: what they give green, and the one patch that gives it another share."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.planes import Split
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.write import PATCH
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import planes, slices, weights
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_planes as world
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import merge
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_planes import NAMESPACE, declared, host, live, scene


def split(kind: str, name: str = "shop") -> Split:
    return next(one for plane in ("application", "egress") for one in declared(plane).splits if (one.kind, one.name) == (kind, name))


def after(one: Split, there: dict[str, Any], colour: str, share: int) -> dict[str, Any]:
    """The object with the patch in it."""
    changed = copy.deepcopy(there)
    for write in weights.shifted(one, there, colour, share):
        assert (write.how, write.before) == (PATCH, there)
        merge(changed, copy.deepcopy(write.body))
    return changed


OBJECTS = {
    "VirtualService": (split("VirtualService"), world.virtual_service),
    "a TCP rule": (split("VirtualService", "stock"), world.tcp_service),
    "HTTPRoute": (split("HTTPRoute"), world.http_route),
    "Route": (split("Route"), world.route),
    "ServiceEntry": (split("ServiceEntry", "outside"), world.service_entry),
}


@pytest.mark.parametrize(("one", "make"), OBJECTS.values(), ids=OBJECTS)
def test_every_share_can_be_given_and_read(one: Split, make: Any) -> None:
    there = make()
    assert weights.weigh(one, there).green == 0
    for share in (10, 50, 100, 99, 1, 0, 100):
        there = after(one, there, "green", share)
        assert weights.weigh(one, there).green == share
        assert after(one, there, "green", share) == there
        assert after(one, there, "blue", 100 - share) == there


def test_a_rule_of_another_name_stays_as_it_is_and_the_others_keep_all_else() -> None:
    one, make = OBJECTS["VirtualService"]
    before, changed = make()["spec"], after(one, make(), "green", 10)["spec"]
    assert changed["http"][0] == before["http"][0]
    assert changed["http"][1]["timeout"] == "5s"
    headers = {"request": {"set": {"a": "b"}}}
    assert changed["http"][1]["route"] == [
        {"destination": {"host": host("app-blue"), "port": {"number": 8080}}, "headers": headers, "weight": 90},
        {"destination": {"host": host("app-green"), "subset": "v2", "port": {"number": 8080}}, "headers": headers, "weight": 10},
    ]


def test_a_destination_made_like_the_other_keeps_none_of_its_marks() -> None:
    one, make = OBJECTS["VirtualService"]
    there = after(one, make(), "green", 100)
    there["spec"]["http"][1]["route"] = there["spec"]["http"][1]["route"][1:]  # its owner dropped blue
    assert weights.weigh(one, there).green == 100
    blue = after(one, there, "blue", 10)["spec"]["http"][1]["route"][1]["destination"]
    assert blue == {"host": host("app-blue"), "port": {"number": 8080}}


def test_the_patch_holds_only_what_changes() -> None:
    one, make = OBJECTS["VirtualService"]
    assert [list(write.body["spec"]) for write in weights.shifted(one, make(), "green", 10)] == [["http"]]


def test_an_endpoint_without_weight_is_left_out_because_no_weight_means_one() -> None:
    one, make = OBJECTS["ServiceEntry"]
    half = after(one, make(), "green", 50)
    assert [(each["address"], each["weight"], each["ports"]) for each in half["spec"]["endpoints"]] == [
        ("10.0.0.1", 50, {"http": 8188}), ("10.0.0.2", 50, {"http": 8188}),
    ]  # fmt: skip
    assert [each["address"] for each in after(one, half, "green", 100)["spec"]["endpoints"]] == ["10.0.0.2"]


@pytest.mark.parametrize("weight", [0, None])
def test_an_endpoint_of_weight_0_gets_as_much_as_one_of_weight_1(weight: int | None) -> None:
    """The API of the mesh cannot tell a 0 from what is not there."""
    one, make = OBJECTS["ServiceEntry"]
    there = after(one, make(), "green", 50)
    there["spec"]["endpoints"][1] = {key: value for key, value in {**there["spec"]["endpoints"][1], "weight": weight}.items() if value is not None}
    assert weights.weigh(one, there).green == 2, "1 of 51"
    assert weights.weigh(one, after(one, there, "blue", 100)).green == 0


def test_a_destination_of_somebody_else_that_gets_nothing_is_kept() -> None:
    one, there = split("VirtualService", "stock"), rules([("app-blue", 100), ("dark", 0), ("app-green", 0)])
    changed = after(one, there, "green", 10)
    told = [(each["destination"]["host"], each["weight"]) for each in changed["spec"]["http"][0]["route"]]
    assert told == [(host("app-blue"), 90), (host("dark"), 0), (host("app-green"), 10)]


def rules(*routes: list[tuple[str, int | None]]) -> dict[str, Any]:
    def backend(name: str, weight: int | None) -> dict[str, Any]:
        return {"destination": {"host": host(name)}, **({} if weight is None else {"weight": weight})}

    http = [{"route": [backend(name, weight) for name, weight in route]} for route in routes]
    return {"metadata": {"name": "stock", "namespace": world.SPACE}, "spec": {"http": http}}


@pytest.mark.parametrize(
    ("routes", "green"),
    [
        ([[("app-blue", 999), ("app-green", 1)]], 1),
        ([[("app-blue", 1), ("app-green", 999)]], 99),
        ([[("app-blue", 3), ("app-green", 1)]], 25),
        ([[("app-blue", 100), ("app-green", 0)]], 0),
        ([[("app-blue", None), ("app-green", 100)]], 100),
        ([[("app-green", None)]], 100),
        ([[("app-blue", 50), ("app-green", 50)], [("elsewhere", None)]], 50),
    ],
)
def test_less_than_a_percent_is_not_nothing(routes: Any, green: int) -> None:
    assert weights.weigh(split("VirtualService", "stock"), rules(*routes)).green == green


@pytest.mark.parametrize(
    ("routes", "fault"),
    [
        ([[("elsewhere", 1)]], "has no rule that leads to blue or green"),
        ([[("app-blue", 1), ("app-green", 1), ("elsewhere", 1)]], "also leads to others than blue and green"),
        ([[("app-blue", 1), ("app-blue", 2)]], "names a destination twice in a rule"),
        ([[("app-blue", 0), ("app-green", 0)]], "gives nobody any weight"),
        ([[("app-blue", 1)], [("app-green", 1)]], "has rules that give green 0 and 100 percent; name those that carry the plane's traffic as rules"),
    ],
)
def test_what_leaves_the_share_in_doubt_is_a_fault(routes: Any, fault: str) -> None:
    assert weights.weigh(split("VirtualService", "stock"), rules(*routes)).fault == fault


def test_a_named_rule_that_is_missing_or_leads_elsewhere_is_a_fault() -> None:
    one, there = split("VirtualService"), world.virtual_service()
    there["spec"]["http"][1]["route"][0]["destination"]["host"] = "elsewhere"
    assert weights.weigh(one, there).fault == "has no rule that leads to blue or green"
    there["spec"]["http"][1]["name"] = "some"
    assert weights.weigh(one, there).fault == "has no rule all"
    assert weights.weigh(one, None).fault == "does not exist"


def test_who_keeps_an_object_is_named() -> None:
    one, there = split("HTTPRoute"), world.http_route()
    there["metadata"]["managedFields"] = [{"manager": "argocd-controller", "fieldsV1": {"f:spec": {}}}]
    assert weights.weigh(one, there).keeper == "Argo CD"


SLICES = declared("ingress").splits[0]


def of(blue: bool, green: bool) -> dict[str, Any]:
    return {"blue": world.slice_of("blue", blue), "green": world.slice_of("green", green)}


def test_a_colour_is_in_or_out_and_both_may_be() -> None:
    assert [slices.weigh(SLICES, of(blue, green)).green for blue, green in [(True, False), (True, True), (False, True)]] == [0, 50, 100]
    assert slices.weigh(SLICES, of(False, False)).fault == "has no endpoint that is ready"
    assert slices.weigh(SLICES, {"blue": world.slice_of("blue", True)}).fault == "lacks EndpointSlice planes/entry-green"
    empty = {**world.slice_of("green", True), "endpoints": []}
    assert slices.weigh(SLICES, {**of(True, False), "green": empty}).fault == "names nobody who could serve in EndpointSlice planes/entry-green"
    unsaid = world.slice_of("green", True)
    unsaid["endpoints"] = [{"addresses": ["10.1.0.1"]}]
    assert slices.weigh(SLICES, {**of(True, False), "green": unsaid}).green == 50


@pytest.mark.parametrize("colour", ["blue", "green"])
def test_who_is_to_serve_comes_in_before_the_other_leaves(colour: str) -> None:
    there = of(colour != "blue", colour != "green")
    order = [(write.ref.name, write.body["endpoints"][0]["conditions"]["ready"]) for write in slices.shifted(SLICES, there, colour, 100)]
    assert order == [(f"entry-{colour}", True), (f"entry-{'green' if colour == 'blue' else 'blue'}", False)]
    assert len(slices.shifted(SLICES, there, colour, 10)) == 1


def seen(name: str, there: dict[str, Any], **more: Any) -> Any:
    plane = declared(name, **more)
    return scene(planes.plane("east", NAMESPACE, plane), there).state


def test_a_colour_without_its_control_plane_or_without_pods_takes_no_traffic() -> None:
    there = live()
    assert not seen("egress", there).hindered("green")
    there["Deployment"] = [one for one in there["Deployment"] if "egress-green" not in one["metadata"]["name"]]
    assert seen("egress", there).hindered("green").endswith("egress-green is not installed: there is no Deployment istio-system/istiod-egress-green")
    there["Deployment"].append(world.istiod("egress-green", ready=0))
    assert "has no replica that is ready" in seen("egress", there).hindered("green")
    there["Deployment"][-1] = world.istiod("egress-green")
    there["Pod"] = [world.pod("egress-green", ready="False")]
    assert seen("egress", there).hindered("green") == "no pod of namespace planes with app=egress-green is ready"
    gone = world.pod("egress-green")
    gone["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert seen("egress", {**there, "Pod": [gone]}).hindered("green")


def test_a_remote_cluster_has_a_service_that_leads_to_its_control_plane() -> None:
    there = live()
    there["Deployment"], there["Service"] = [], [{"metadata": {"name": "istiod-egress-green", "namespace": NAMESPACE}}]
    assert not seen("egress", there).hindered("green")
    assert seen("egress", there).hindered("blue")


def test_a_kind_that_splits_nothing_is_a_fault() -> None:
    splits = [{"kind": "Ingress", "namespace": "a", "name": "b", "blue": {"a": 1}, "green": {"a": 2}}]
    weighed = seen("egress", live(), splits=splits).weighed[0]
    assert weighed.fault == "is of a kind that splits no traffic (such kinds are VirtualService, HTTPRoute, GRPCRoute, ServiceEntry, Route, EndpointSlice)"


def test_each_object_is_read_once() -> None:
    for name in ("ingress", "application", "egress"):
        reads = list(planes.plane("east", NAMESPACE, declared(name)).reads)
        assert len(reads) == len(set(reads))
