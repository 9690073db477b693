# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.declared import faults, planes
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import weights
from meshdrill import plane_scenery, report
from meshdrill.gate import Gate
from meshdrill.ground import Ground, Seen
from meshdrill.ledger import Flow
from meshdrill.plane_scenery import COLOURS, FLOWS, PLANES
from meshdrill.planes import PlanesCourse, answered, counted, share, wish
from meshdrill.play import Run

OBJECTS = list(plane_scenery.objects(40))


def named(kind: str, name: str, space: str) -> dict[str, Any]:
    return next(one for one in OBJECTS if (one["kind"], one["metadata"]["name"], one["metadata"].get("namespace", "")) == (kind, name, space))


def test_the_planes_are_declared_as_the_role_wants_them() -> None:
    assert faults(plane_scenery.declared()) == []
    assert [one.profile for one in planes(plane_scenery.declared()).values()] == ["ha"] * 3


def test_all_traffic_begins_on_blue() -> None:
    for plane in planes(plane_scenery.declared()).values():
        for split in plane.splits:
            if split.kind == "VirtualService":
                weighed = weights.weigh(split, named("VirtualService", split.name, split.namespace))
                assert (weighed.fault, weighed.green) == ("", 0), split
    assert [one["endpoints"][0]["conditions"]["ready"] for one in plane_scenery.slices({"blue": ["10.0.0.1"], "green": ["10.0.0.2"]})] == [True, False]


def test_each_gateway_follows_the_control_plane_of_its_colour() -> None:
    for plane in PLANES:
        for colour in COLOURS:
            space, name = plane_scenery.gateway_of(plane, colour)
            template = named("Deployment", name, space)["spec"]["template"]["metadata"]
            assert template["labels"]["istio.io/rev"] == planes(plane_scenery.declared())[plane].sides[colour].revision
            assert named("Service", name, space)["spec"]["selector"].items() <= template["labels"].items()


def test_nothing_is_asked_twice_and_every_destination_exists() -> None:
    services = {f"{one['metadata']['name']}.{one['metadata']['namespace']}.svc.cluster.local" for one in OBJECTS if one["kind"] == "Service"}
    for one in OBJECTS:
        for rule in one["spec"]["http"] if one["kind"] == "VirtualService" else ():
            assert rule["retries"] == {"attempts": 0}
            assert {each["destination"]["host"] for each in rule["route"]} <= services


def test_each_test_by_its_own_host_has_a_rule() -> None:
    rules = named("VirtualService", "shop", "drill-ingress")["spec"]["http"]
    hosts = {rule["match"][0]["authority"]["exact"]: rule["route"][0]["destination"]["host"] for rule in rules if "match" in rule}
    asked = {test["host"] for plane in ("application", "egress") for colour in COLOURS for test in plane_scenery.declared()[plane][colour]["tests"]}
    assert asked == set(hosts)
    assert hosts["green.shop"] == "gateway.drill-application-green.svc.cluster.local"


def test_what_an_envoy_counts_for_the_mesh_alone() -> None:
    lines = ["http.admin.downstream_rq_2xx: 7", "http.outbound_0.0.0.0_8080;.downstream_rq_2xx: 40", "http.outbound_0.0.0.0_8090;.downstream_rq_2xx: 900", ""]
    assert counted(lines) == 40


class Cluster:
    """Obeys the playbook: the share is what the last run wished, if its gates let it."""

    kubeconfig = "none"

    def __init__(self, stuck: bool = False) -> None:
        self.green, self.drained = dict.fromkeys(PLANES, 0), set[tuple[str, str]]()
        self.stuck, self.requests = stuck, dict.fromkeys((f"{plane}-{colour}" for plane in PLANES for colour in COLOURS), 0)

    def get(self, _cluster: str, kind: str, name: str, *words: str) -> dict[str, Any]:
        if kind == "deployment":
            return {"spec": {"replicas": 0 if (words[-1], name) in self.drained else 1}}
        plane = {"entry": "ingress", "shop": "application", "outside": "egress"}[name]
        split = plane_scenery.declared()[plane]["splits"][0]
        weighed = {"blue": 100 - self.green[plane], "green": self.green[plane]}
        route = [{"destination": {"host": split[colour]["host"]}, "weight": weighed[colour]} for colour in COLOURS]
        return {"spec": {"http": [{"name": "all", "route": route}]}}

    def kubectl(self, _cluster: str, _n: str, space: str, _exec: str, deployment: str, *_words: str) -> str:
        plane = next(plane for plane in PLANES for colour in COLOURS if plane_scenery.gateway_of(plane, colour) == (space, deployment.partition("/")[2]))
        colour = next(colour for colour in COLOURS if plane_scenery.gateway_of(plane, colour) == (space, deployment.partition("/")[2]))
        serves = (colour == "green") == (self.green[plane] == 100) or self.stuck
        self.requests[f"{plane}-{colour}"] += 40 if serves else 0
        return f"http.outbound_0.0.0.0_8080;.downstream_rq_2xx: {self.requests[f'{plane}-{colour}']}\n"


def test_a_gateway_whose_pods_were_taken_answers_nothing_and_is_not_asked() -> None:
    cluster = Cluster()
    assert answered(cluster, "egress", "blue") == 40  # type: ignore[arg-type]
    cluster.drained.add(plane_scenery.gateway_of("egress", "blue"))
    assert answered(cluster, "egress", "blue") == 0  # type: ignore[arg-type]
    assert cluster.requests["egress-blue"] == 40


def test_each_gateway_but_those_behind_slices_loses_its_pods_in_the_end() -> None:
    sides = {(plane, colour): plane_scenery.declared()[plane][colour].get("gateways") for plane in PLANES for colour in COLOURS}
    assert {plane for (plane, _colour), own in sides.items() if not own} == {"ingress"}
    assert sides["application", "green"] == [{"namespace": "drill-application-green", "name": "gateway"}]
    assert faults(plane_scenery.declared()) == []


class Sent:
    def __init__(self) -> None:
        self.asked = 0

    def sent_since(self, _begin: float) -> int:
        self.asked += 1
        return 10 * self.asked


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: Any) -> PlanesCourse:
    monkeypatch.setattr("meshdrill.planes.WATCHED", 0.0)
    cluster = Cluster(stuck=getattr(request, "param", False))
    asked = Gate("http://127.0.0.1:1/")

    def run(name: str, variables: Any) -> Run:
        plane, colour = variables["cutover_plane"], variables["cutover_to"]
        for percent in (10, 50, 100):
            cluster.green[plane] = percent if colour == "green" else 100 - percent
            if variables.get("cutover_gates") and not asked.well():
                asked.refused += 1
                cluster.green[plane] = 0
                return Run(2, tmp_path / name)
        return Run(0, tmp_path / name)

    return PlanesCourse(Ground(cluster, tmp_path, lambda _text: None, 40, 0), run, asked, 100)  # type: ignore[arg-type]


def flows(lost: int = 0) -> dict[str, Flow]:
    return {name: Flow(name, 200, lost, 0, 0.01, 0.02) for name in FLOWS}


def test_there_and_back_until_each_flow_has_its_requests(course: PlanesCourse) -> None:
    phases = course.act(Sent())  # type: ignore[arg-type]
    assert [phase.name for phase in phases][:3] == ["egress, gate fails: in all", "ingress to green: in all", "application to green: in all"]
    assert (course.shifts % 6, course.wrong) == (0, [])
    assert [one.met for one in course.judge(Seen(flows(), [], phases))][:4] == [True, True, True, True]
    assert {share(course.ground.estate, plane) for plane in PLANES} == {0}


@pytest.mark.parametrize("course", [True], indirect=True)
def test_a_colour_that_goes_on_answering_is_seen(course: PlanesCourse) -> None:
    phases = course.act(Sent())  # type: ignore[arg-type]
    assert "after ingress went to green, green answered 40 requests and blue 40" in course.wrong
    assert not all(one.met for one in course.judge(Seen(flows(), [], phases)))


def test_a_lost_request_is_a_promise_missed(course: PlanesCourse) -> None:
    assert [one.met for one in course.judge(Seen(flows(1), [], []))][1] is False
    assert report.promise("x", 1).met is False


def test_only_the_first_cluster_has_planes() -> None:
    assert set(wish()["drill_planes"]) == {"east"}
