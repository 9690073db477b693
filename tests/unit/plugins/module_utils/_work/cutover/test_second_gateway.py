# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a version drops the configuration of a Gateway that changes its revision, a second one stands in: write by write, killed or turned back after any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Aim
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.turning import SECOND_OF
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.workloads import made_by
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import cutover
from ansible_collections.meshops.lifecycle.tests.unit.support.cutover_cluster import CutoverCluster, Kept
from ansible_collections.meshops.lifecycle.tests.unit.support.gateway_istiod import GATEWAY_NAME, GROUP, MANAGED, account_of, default_name, names
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import NAMESPACE, REV, World, api_gateway, deployment, space
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

FORWARD, BACK = Aim("green", "blue"), Aim("blue", "green")
OLD = {"blue": "1.28.0", "green": "1.29.0"}
DOOR, DOORS = "doors/door", ["doors/door"]
PODS = 2
ENTRANCE = "istio"


def gateway(labels: Mapping[str, str], kind: str = ENTRANCE) -> dict[str, Any]:
    listeners = [{"name": name, "port": port, "protocol": "HTTP"} for name, port in (("web", 80), ("more", 8080))]
    made = api_gateway("doors", "door", {**labels, "team": "shop"})
    made["spec"] = {"gatewayClassName": kind, "listeners": listeners, "addresses": [{"type": "IPAddress", "value": "192.0.2.7"}]}
    return made


def route(where: str, **more: Any) -> dict[str, Any]:
    namespace, _slash, name = where.partition("/")
    refs = [{"name": "door", "namespace": "doors", "sectionName": "web"}, {"group": "", "kind": "Service", "name": "a"}]
    return {"apiVersion": f"{GROUP}/v1", "kind": "HTTPRoute", "metadata": {"name": name, "namespace": namespace, **more}, "spec": {"parentRefs": refs}}


def cluster(*more: dict[str, Any], labels: Mapping[str, str] | None = None, kind: str = ENTRANCE, planes: Mapping[str, str] | None = None) -> CutoverCluster:
    """A Gateway with two pods, and routes of two namespaces to it."""
    spaces = [space("shop", **{REV: "blue"}), space("doors", **{REV: "prod"})]
    there = World.of(spaces, [deployment("shop", "a")], {"prod": "blue"}, gateways=[], planes=dict(planes or OLD))
    whole = gateway({REV: "blue"} if labels is None else labels, kind)
    made = CutoverCluster(there, {**whole, "kind": "Gateway"}, route("shop/web"), route("doors/own"), *more)
    made.live("Deployment", "doors", default_name(whole))["spec"]["replicas"] = PODS
    made.backend.control()
    return made


def ask(there: CutoverCluster, aim: Aim = FORWARD, step: str = "move", **options: Any) -> dict[str, Any]:
    told = {name: spec.get("default") for name, spec in cutover.TASK["argument_spec"].items()}
    wanted = {"provider": "istio", "namespace": NAMESPACE, "mesh": "prod", "step": step, "target": aim.target, "former": aim.former, "timeout": 30}
    return cutover.reconcile(there, {**told, **wanted, "services": DOORS, **options}, None, Ticking())


class Served:
    """Behind the Service of the Gateway there always are all its pods or more, and each has the routes, the policies and the account of the Gateway."""

    def __init__(self, there: CutoverCluster) -> None:
        self.backend, self.states = there.backend, 0

    def __call__(self) -> None:
        self.states += 1
        (first,) = (one for one in self.gateways() if one["metadata"]["name"] == "door")
        pods = list(self.behind(default_name(first)))
        assert len(pods) >= PODS, self.states
        for pod in pods:
            owner = next(one for one in self.backend.of("Deployment") if one["metadata"]["uid"] == pod["metadata"]["ownerReferences"][0]["uid"])
            assert pod["metadata"]["labels"][GATEWAY_NAME] == "door", "policies are for the Gateway of this name"
            assert owner["spec"]["template"]["spec"]["serviceAccountName"] == default_name(first)
            assert any(self.configures(one, pod) for one in self.gateways()), (self.states, pod["metadata"]["name"])
        account = next(one for one in self.backend.of("ServiceAccount") if one["metadata"]["name"] == default_name(first))
        assert [each["uid"] for each in account["metadata"]["ownerReferences"]] == [first["metadata"]["uid"]], "it goes with its owner"

    def gateways(self) -> list[dict[str, Any]]:
        return [one for one in self.backend.of("Gateway") if one["apiVersion"].startswith(GROUP)]

    def behind(self, service: str) -> Iterator[dict[str, Any]]:
        slices = [one for one in self.backend.of("EndpointSlice") if one["metadata"]["labels"]["kubernetes.io/service-name"] == service]
        there = {pod["metadata"]["name"]: pod for pod in self.backend.of("Pod")}
        for each in (endpoint for one in slices for endpoint in one["endpoints"]):
            yield there[each["targetRef"]["name"]]

    def configures(self, gateway: dict[str, Any], pod: dict[str, Any]) -> bool:
        """Only the istiod of a Gateway's revision configures for it, in these versions, and only pods of its Service with its account."""
        meta = gateway["metadata"]
        revision = self.backend.revision_of(gateway)
        of_service = pod["metadata"]["name"] in [one["metadata"]["name"] for one in self.behind(default_name(gateway))]
        attached = all((meta["namespace"], meta["name"]) in names(one) for one in self.backend.of("HTTPRoute"))
        return made_by(pod) == revision and of_service and attached and account_of(gateway) == "door-istio"


def states(there: CutoverCluster, aim: Aim = FORWARD) -> list[Kept]:
    """As it is after the first write, after the second, and so on."""
    seen: list[Kept] = []
    there.watch(Served(there), lambda: seen.append(there.kept()))
    ask(there, aim)
    there.watch()
    return seen


def settled(there: CutoverCluster, revision: str) -> None:
    """The Gateway serves by this revision, and nothing that stood in for it is left."""
    (gate,) = there.backend.of("Gateway")
    assert there.backend.revision_of(gate) == revision
    made = [one for one in there.backend.of("Deployment") if one["metadata"]["namespace"] == "doors"]
    assert [(one["metadata"]["name"], one["spec"]["replicas"], one["metadata"].get("annotations") or {}) for one in made] == [("door-istio", PODS, {})]
    assert {made_by(pod) for pod in there.backend.of("Pod") if pod["metadata"]["namespace"] == "doors"} == {revision}
    routes = there.backend.of("HTTPRoute")
    assert [one["spec"]["parentRefs"] for one in routes] == [route("any/one")["spec"]["parentRefs"]] * 2
    assert [one["metadata"]["labels"].get(MANAGED) for one in there.backend.of("ServiceAccount")] == ["istio.io-gateway-controller"]
    assert [one for one in there.backend.of("ConfigMap") if one["metadata"]["namespace"] == "doors"] == []


def test_a_gateway_changes_its_revision_and_back_and_each_of_its_pods_serves_at_any_time() -> None:
    there = cluster()
    before, check = there.picture(), Served(there)
    there.watch(check)
    result = ask(there)
    settled(there, "green")
    written = [(one["object"].partition(" ")[0], one["action"]) for one in result["changes"]]
    assert written[:6] == [("Deployment", "updated"), ("ServiceAccount", "updated"), ("HTTPRoute", "updated"), ("HTTPRoute", "updated"),
                           ("ConfigMap", "created"), ("Gateway", "created")]  # fmt: skip
    assert check.states == len(result["changes"]) > 15
    assert not ask(there)["changed"]
    ask(there, BACK)
    settled(there, "blue")
    (gate,) = there.backend.of("Gateway")
    gate["metadata"]["annotations"] = {}
    assert {**there.picture(), "Gateway": before["Gateway"]} == before


def test_the_second_one_serves_behind_the_service_of_the_first_one_and_asks_for_no_address() -> None:
    there, found = cluster(), list[dict[str, Any]]()
    there.watch(lambda: found.extend(one for one in there.backend.of("Gateway") if SECOND_OF in (one["metadata"].get("annotations") or {})))
    there.live("Gateway", "doors", "door")["status"]["addresses"] = [{"type": "IPAddress", "value": "192.0.2.7"}]
    ask(there)
    meta, spec = found[0]["metadata"], found[0]["spec"]
    assert (meta["name"], meta["labels"]["team"], meta["labels"][REV]) == ("door-second", "shop", "green")
    assert meta["annotations"]["networking.istio.io/service-type"] == "ClusterIP"
    assert "addresses" not in spec
    assert [one["name"] for one in spec["listeners"]] == ["web", "more"]


@pytest.mark.parametrize("labels", [{REV: "blue"}, {REV: "prod"}, {}], ids=["own", "tag", "namespace"])
def test_killed_after_any_write_it_ends_the_same_and_turned_back_it_is_as_before(labels: dict[str, str]) -> None:
    there = cluster(labels=labels)
    left = states(there)
    whole = there.picture()
    settled(there, "green")
    for number, kept in enumerate(left):
        for aim in (FORWARD, BACK):
            there.back_to(kept)
            there.watch(Served(there))
            ask(there, aim)
            settled(there, aim.target)
            assert aim is BACK or there.picture() == whole, number


def test_a_way_back_that_is_killed_goes_on_in_either_direction() -> None:
    there = cluster()
    ask(there)
    for kept in states(there, BACK):
        for aim in (FORWARD, BACK):
            there.back_to(kept)
            there.watch(Served(there))
            ask(there, aim)
            settled(there, aim.target)


def test_a_gate_that_fails_turns_it_back_after_any_write() -> None:
    there = cluster()
    for kept in states(there):
        there.back_to(kept)
        there.watch(Served(there))
        ask(there, BACK, back=True)
        settled(there, "blue")


def test_a_waypoint_moves_in_the_same_way_and_who_uses_it_names_it_as_before() -> None:
    there = cluster(kind="istio-waypoint")
    ask(there)
    assert {made_by(pod) for pod in there.backend.of("Pod") if pod["metadata"]["namespace"] == "doors"} == {"green"}
    assert [one["metadata"]["name"] for one in there.backend.of("Service") if one["metadata"]["namespace"] == "doors"] == ["door"]


def test_where_both_versions_keep_its_configuration_only_the_label_changes() -> None:
    there = cluster(planes={"blue": "1.30.2", "green": "1.31.0"})
    assert [(one["object"], one["action"]) for one in ask(there)["changes"]] == [("Gateway doors/door", "updated")]
    settled(there, "green")


def test_check_mode_says_what_comes_first_and_stores_nothing() -> None:
    there = cluster()
    there.dry_run = there._server.dry_run = True
    before = there.kept()
    assert [one["object"].partition(" ")[0] for one in ask(there)["changes"]][-2:] == ["ConfigMap", "Gateway"]
    assert there.kept() == before


def test_a_hook_for_other_objects_is_not_asked_for_what_the_mesh_makes_of_a_gateway() -> None:
    there = cluster()
    assert ask(there, kept="wait")["kept"] == []
    settled(there, "green")


def test_pods_that_still_end_what_they_had_begun_keep_their_configuration() -> None:
    there = cluster()
    seen = 0

    def ending() -> None:
        """The last pod of the first Deployment stays a while."""
        nonlocal seen
        gate, second = there.live("Gateway", "doors", "door"), there.live("Deployment", "doors", "door-istio")
        if second["spec"]["replicas"] == 0 and gate["metadata"]["labels"][REV] == "blue" and not seen:
            seen += 1
            owners = [{"kind": "ReplicaSet", "name": "none", "uid": "none"}]
            meta = {"name": "last", "namespace": "doors", "labels": {GATEWAY_NAME: "door"}, "annotations": {REV: "blue"},
                    "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["any"], "ownerReferences": owners}  # fmt: skip
            there.backend.seed({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {"phase": "Running"}})

    there.watch(ending)
    with pytest.raises(NotReady, match="still to do: hand over Gateway doors/door"):
        ask(there)
    assert seen == 1


def test_a_route_that_the_second_one_does_not_take_keeps_the_first_one_serving() -> None:
    there = cluster()
    there.watch(lambda: [one["status"]["listeners"].clear() for one in there.backend.of("Gateway") if one["metadata"]["name"] == "door-second"])
    with pytest.raises(NotReady, match="the listener web of Gateway doors/door-second has 0 of 2 routes yet"):
        ask(there)
    assert there.live("Deployment", "doors", "door-istio")["spec"]["replicas"] == PODS


def test_what_cannot_have_a_second_one_is_refused_before_the_first_write() -> None:
    there = cluster()
    there.live("Gateway", "doors", "door")["spec"]["infrastructure"] = {"parametersRef": {"group": "", "kind": "ConfigMap", "name": "sizes"}}
    stored = there.backend.stored
    with pytest.raises(Refused, match=r"east: Gateway doors/door needs a second one beside it, and its parametersRef changes what istiod makes"):
        ask(there)
    assert there.backend.stored == stored
