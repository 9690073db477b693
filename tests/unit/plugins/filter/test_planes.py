# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning a cutover of one plane over the clusters of a mesh, as the controller sees them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.shifts import PlaneState, Weighed
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_planes import DECLARED


def seen(cluster: str, green: int = 0, **more: Any) -> dict[str, Any]:
    state = PlaneState(cluster, "egress", (Weighed("ServiceEntry planes/outside", green),), **more)
    return {"state": json.dumps(state.facts())}


def inventory(east: Any = None, west: Any = None, planes: Any = "as declared") -> dict[str, dict[str, Any]]:
    hosts: dict[str, dict[str, Any]] = {}
    given = DECLARED if planes == "as declared" else planes
    for name, result in (("east", east or seen("east")), ("west", west or seen("west"))):
        hosts[name] = {"mesh_name": "shop", "mesh_kube": {"context": name}, "mesh_planes": copy.deepcopy(given), "seen": result}
    return hosts


def with_west(planes: Any) -> dict[str, dict[str, Any]]:
    """West declares other planes than east."""
    hosts = inventory()
    hosts["west"]["mesh_planes"] = planes
    return hosts


def way(hosts: dict[str, dict[str, Any]], to: str = "green", **wish: Any) -> dict[str, Any]:
    done: dict[str, Any] = FILTERS["_plane_way"](list(hosts), hosts, "east", "seen", "egress", {"to": to, "together": False, "gitops": "refuse", **wish})
    return done


def test_the_way_has_the_shape_of_any_other_cutover() -> None:
    planned = way(inventory())
    assert (planned["target"], planned["former"], planned["plane"]) == ("egress-green", "egress-blue", "egress")
    assert (planned["findings"], planned["done"]) == ([], False)
    assert [(step["step"], step["clusters"], step["wave"]) for step in planned["steps"]] == [
        ("try", ["east", "west"], 0),
        *(("move", ["east"], number) for number in (1, 2, 3)),
        *(("move", ["west"], number) for number in (4, 5, 6)),
    ]
    wave = planned["waves"][4]
    assert {key: wave[key] for key in ("number", "kind", "clusters", "spaces", "services", "due", "share", "before")} == {
        "number": 5, "kind": "share", "clusters": ["west"], "spaces": {}, "services": {}, "due": True, "share": 50, "before": 10,
    }  # fmt: skip
    assert json.loads(json.dumps(planned)) == planned


def test_previous_is_the_colour_that_has_nothing_now() -> None:
    hosts = inventory(seen("east", 100), seen("west", 100))
    assert way(hosts, "previous")["target"] == "egress-blue"
    assert way(inventory(), "previous")["target"] == "egress-green"
    half = way(inventory(seen("east", 100)), "previous")
    assert half["findings"] == ["The mesh shop: it is not clear which colour of plane egress served before. Name it as cutover_to."]
    assert half["steps"] == []


def test_a_cluster_that_was_not_seen_stops_all() -> None:
    planned = way(inventory(west={"failed": True, "msg": "west: the API server does not answer."}))
    assert planned["findings"] == ["west cannot be judged: the API server does not answer."]
    assert planned["steps"] == []


def test_a_cluster_without_the_plane_takes_no_part() -> None:
    hosts = inventory(west={"skipped": True})
    hosts["west"]["mesh_planes"] = {}
    planned = way(hosts)
    assert (planned["findings"], planned["phases"], len(planned["waves"])) == ([], {"east": "ready"}, 3)


def test_a_plane_of_other_weights_or_revisions_is_no_one_plane() -> None:
    other = copy.deepcopy(DECLARED)
    other["egress"]["weights"] = [100]
    assert "west declares the plane egress with another role, other weights or other revisions than east" in way(with_west(other))["findings"][0]


@pytest.mark.parametrize("lacking", ["east", "west"])
def test_a_plane_that_only_some_clusters_split_is_refused_before_anything_is_read(lacking: str) -> None:
    """Where nothing is weighed nothing is late, so such a cluster would count as moved, and the former's gateways would lose their pods there."""
    hosts = inventory(**{lacking: {"state": json.dumps(PlaneState(lacking, "egress").facts())}})
    del hosts[lacking]["mesh_planes"]["egress"]["splits"]
    other = "west" if lacking == "east" else "east"
    told = f"The mesh shop: the plane egress has splits in {other}, and {lacking} declares none, so nobody could see there who gets its traffic. "
    assert refusals(hosts, "egress") == [f"{told}Declare its splits in every cluster that has the plane, or in none."]
    assert (refusals(hosts), refusals(hosts, "ingress")) == ([], []), "other planes are split everywhere"
    planned = way(hosts)
    assert (planned["findings"], planned["steps"]) == (refusals(hosts, "egress"), [])


def test_what_another_tool_keeps_is_a_finding() -> None:
    state = PlaneState("east", "egress", (Weighed("ServiceEntry planes/outside", 0, keeper="Argo CD"),))
    hosts = inventory({"state": json.dumps(state.facts())})
    assert "is kept by Argo CD" in way(hosts)["findings"][0]
    assert way(hosts, gitops="hook")["findings"] == []


def test_a_colour_that_no_plane_has_is_a_finding() -> None:
    assert "the plane egress has no red" in way(inventory(), "red")["findings"][0]


def refusals(hosts: dict[str, dict[str, Any]], plane: str = "") -> list[str]:
    said: list[str] = FILTERS["_plane_refusals"](list(hosts), hosts, "east", plane)
    return said


def test_what_is_wrong_with_a_declaration_is_refused_by_its_cluster() -> None:
    assert refusals(inventory()) == refusals(inventory(), "egress") == []
    assert refusals(with_west({"ingress": {}})) == ["west: mesh_planes: ingress: it has no control plane; declare blue. Mend mesh_planes."]
    assert refusals(inventory(), "front") == [
        "The mesh of east: no cluster declares the plane front in mesh_planes; declared are application, egress, ingress. Mend cutover_plane."
    ]
    assert "declared are none" in refusals(inventory(planes=None), "front")[0]


WAVES = {"application": {"blue": {"revision": "app-1"}, "green": {"revision": "app-2"}}, "egress": {"blue": {"revision": "out-1"}}}


@pytest.mark.parametrize(
    ("planes", "plane", "to", "former", "expected"),
    [
        (DECLARED, "", "1-31", "", {"to": "1-31", "former": "", "weights": False}),
        (DECLARED, "egress", "green", "", {"to": "green", "former": "", "weights": True}),
        (WAVES, "application", "green", "", {"to": "app-2", "former": "app-1", "weights": False}),
        (WAVES, "application", "app-1", "", {"to": "app-1", "former": "app-2", "weights": False}),
        (WAVES, "egress", "1-31-2", "", {"to": "1-31-2", "former": "out-1", "weights": False}),
        (WAVES, "application", "previous", "", {"to": "previous", "former": "", "weights": False}),
        ({"ingress": {}}, "ingress", "green", "", {"to": "green", "former": "", "weights": False}),
    ],
)
def test_a_plane_without_weights_is_moved_in_waves_between_its_revisions(planes: Any, plane: str, to: str, former: str, expected: dict[str, Any]) -> None:
    hosts = inventory(planes=planes)
    assert FILTERS["_plane_aim"](list(hosts), hosts, "east", plane, to, former) == expected


def test_each_colour_is_a_control_plane_of_its_own() -> None:
    given = copy.deepcopy(WAVES) | {"ingress": {"blue": {"revision": "in-1", "namespace": "mesh-ingress", "values": {"istiod": {"pilot": {"cpu": 1}}}}}}
    given["application"]["green"] |= {"version": "1.31.2", "values": {"istiod": {"replicaCount": 2}}}
    wished = FILTERS["_plane_wishes"](given, "istio-system")
    assert [(one["plane"], one["colour"], one["revision"]) for one in wished] == [
        ("application", "blue", "app-1"), ("application", "green", "app-2"), ("egress", "blue", "out-1"),
    ]  # fmt: skip
    assert wished[1] | {"plane": ""} == {"plane": "", "colour": "green", "revision": "app-2", "version": "1.31.2", "values": {"istiod": {"replicaCount": 2}}}
    assert [one["revision"] for one in FILTERS["_plane_wishes"](given, "istio-system", "application", ["green"])] == ["app-2"]
    assert "in-1" not in {one["revision"] for one in wished}
    assert FILTERS["_plane_wishes"](None, "istio-system") == []


def test_the_rights_are_those_on_its_own_objects() -> None:
    hosts = inventory()
    asked = {"namespace": "shop", "labels": {"app": "client"}, "port": 8080}
    hosts["east"]["mesh_planes"]["egress"]["green"]["tests"] = [asked]
    rights = FILTERS["_plane_permissions"](list(hosts), hosts, "east", "egress", "istio-system")
    said = [f"{one['verb']} {one['resource']}.{one['group']} {one.get('namespace', '')}/{one.get('name', '')}" for one in rights]
    places = ("planes/outside", "shop/", "istio-system/", "meshops-cutover-target/")
    assert not [right for right in said if right.split()[0] not in ("list", "get") and not right.endswith(places)]
    assert "create gateways.networking.istio.io meshops-cutover-target/" in said
    assert said[-10:] == [
        "get serviceentries.networking.istio.io planes/outside",
        "patch serviceentries.networking.istio.io planes/outside",
        *(f"get {kind} istio-system/istiod-egress-{colour}" for colour in ("blue", "green") for kind in ("deployments.apps", "services.")),
        "get pods/portforward. shop/",
        "create pods/portforward. shop/",
        "list pods. shop/",
        "list pods. planes/",
    ]
    assert FILTERS["_plane_permissions"](list(hosts), hosts, "east", "front", "istio-system") == []


def test_the_rights_to_take_the_pods_of_a_gateway_are_those_on_it_alone() -> None:
    hosts = inventory()
    hosts["east"]["mesh_planes"]["egress"]["green"]["gateways"] = [{"namespace": "out", "name": "door"}]
    rights = FILTERS["_plane_permissions"](list(hosts), hosts, "east", "egress", "istio-system")
    said = [f"{one['verb']} {one['resource']}.{one['group']} {one.get('name', '')}" for one in rights if one.get("namespace") == "out"]
    assert said == ["get deployments.apps door", "patch deployments.apps door", "list horizontalpodautoscalers.autoscaling "]
