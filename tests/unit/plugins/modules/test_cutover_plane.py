# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plane in a cluster in memory: looked at, tested by its own host, shifted, and turned back."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import cutover_plane
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_planes import DECLARED, NAMESPACE, SPACE, live, pod
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

TEST = {"namespace": SPACE, "labels": {"app": "egress-green"}, "port": 8080, "host": "green.outside.example", "path": "/healthy", "times": 3}
ASKED = (SPACE, "egress-green-1", 8080, "/healthy")
ARGO = [{"manager": "argocd-controller", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticking = Ticking()
    monkeypatch.setattr(cutover_plane, "SystemClock", lambda: ticking)
    return ticking


def declared(**green: Any) -> dict[str, Any]:
    given = copy.deepcopy(DECLARED)
    given["egress"]["green"].update(green)
    return given


def cluster(there: dict[str, Any] | None = None, **how: Any) -> FakeCluster:
    return FakeCluster(*(one for objects in (there or live()).values() for one in objects), **how)


def shift(there: FakeCluster, plane: str = "application", given: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    usual = {"provider": "istio", "namespace": NAMESPACE, "mesh": "shop", "to": None, "share": None, "test": False, "back": False, "kept": "write"}
    more = {"wave": 0, "timeout": 60, "lease": None, "plane": plane, "planes": given or DECLARED}
    return cutover_plane.reconcile(there, {**usual, **more, **params})


def greens(result: dict[str, Any]) -> list[int]:
    return [one["green"] for one in json.loads(result["state"])["weighed"]]


def test_without_a_share_it_looks_and_writes_nothing() -> None:
    there = cluster()
    result = shift(there)
    assert (greens(result), result["changed"], there.writes) == ([0, 0, 0, 0], False, [])


def test_each_object_gets_one_patch_and_a_second_run_none() -> None:
    there = cluster()
    result = shift(there, to="green", share=10, wave=1)
    assert (greens(result), result["changed"]) == ([10, 10, 10, 10], True)
    assert [write.split()[0] for write in there.writes] == ["PATCH"] * 4
    assert {key: result[key] for key in ("step", "wave", "target", "late", "share")} == {"step": "move", "wave": 1, "target": "green", "late": [], "share": 10}
    again = shift(there, to="green", share=10)
    assert (again["changed"], len(there.writes)) == (False, 4)


def test_the_way_back_is_the_same_call_with_the_other_colour() -> None:
    there = cluster()
    shift(there, to="green", share=50)
    assert greens(shift(there, to="application-blue", share=90, back=True)) == [10, 10, 10, 10]
    assert greens(shift(there, to="blue", share=100, back=True)) == [0, 0, 0, 0]


def test_check_mode_says_what_would_be_written() -> None:
    there = cluster()
    result = shift(there.checking(), to="green", share=100)
    assert result["changed"]
    assert greens(shift(there)) == [0, 0, 0, 0]


def test_a_colour_whose_control_plane_is_away_gets_nothing(clock: Ticking) -> None:
    there = live()
    there["Deployment"] = [one for one in there["Deployment"] if one["metadata"]["name"] != "istiod-application-green"]
    east = cluster(there)
    with pytest.raises(NotReady, match="green of plane application cannot take traffic after 6. s, because its control plane application-green"):
        shift(east, to="green", share=10)
    assert east.writes == []
    assert greens(shift(east, to="green", share=10, back=True)) == [10, 10, 10, 10]


def test_it_waits_until_a_pod_is_ready(clock: Ticking) -> None:
    there = live()
    there["Pod"] = [one for one in there["Pod"] if one["metadata"]["name"] != "application-green-1"]
    east = cluster(there)
    clock.meanwhile = lambda passed: east.backend.seed(pod("application-green")) if passed > 5 else None
    assert greens(shift(east, to="green", share=10)) == [10, 10, 10, 10]
    assert clock.passed > 5


def test_a_colour_is_asked_by_its_own_host_before_it_gets_anything() -> None:
    east = cluster(answers={ASKED: b"well"})
    assert greens(shift(east, "egress", declared(tests=[TEST]), to="green", share=100, test=True)) == [100]
    assert east.asked == ["planes/egress-green-1:8080/healthy"] * 3
    assert {question.headers for question in east.questions} == {(("Host", "green.outside.example"),)}


def test_a_colour_that_answers_otherwise_gets_nothing() -> None:
    east = cluster(answers={ASKED: Answer(503, b"no healthy upstream")})
    with pytest.raises(NotReady, match="the test green.outside.example/healthy got 3 of 3 other answers than 200: 503. No traffic was given to it"):
        shift(east, "egress", declared(tests=[TEST]), to="green", share=100, test=True)
    assert east.writes == []


def test_a_test_without_anybody_to_ask_has_failed() -> None:
    with pytest.raises(NotReady, match="has nobody to ask"):
        shift(cluster(), "egress", declared(tests=[{**TEST, "labels": {"app": "nobody"}}]), to="green", test=True)


def test_an_object_that_leaves_the_share_in_doubt_is_refused_before_the_first_write() -> None:
    there = live()
    del there["HTTPRoute"]
    east = cluster(there)
    with pytest.raises(Refused, match="the traffic of plane application is not shifted: HTTPRoute planes/shop does not exist"):
        shift(east, to="green", share=10)
    assert east.writes == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"plane": "front"}, "mesh_planes declares no plane front; it declares ingress, application, egress"),
        ({"to": "green", "share": 101}, "a share of 101 percent cannot be given"),
        ({"to": "red"}, "the plane application has no red; it has blue"),
        ({"given": {"ingress": {}}}, "ingress: it has no control plane; declare blue"),
    ],
)
def test_a_wrong_wish_is_refused(params: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        shift(cluster(), **params)


def kept() -> FakeCluster:
    there = live()
    there["ServiceEntry"][0]["metadata"]["managedFields"] = ARGO
    return cluster(there)


def test_what_another_tool_keeps_is_named_in_check_mode_and_waited_for(clock: Ticking) -> None:
    east = kept()
    asked = shift(east.checking(), "egress", to="green", share=100, kept="wait")
    assert [(one["kind"], one["namespace"], one["name"], one["keeper"]) for one in asked["kept"]] == [("ServiceEntry", SPACE, "outside", "Argo CD")]
    with pytest.raises(NotReady, match="does not give green its share after 6. s.*Write the weights where the tool reads them"):
        shift(east, "egress", to="green", share=100, kept="wait")
    assert east.writes == []
    patch = asked["kept"][0]["patch"]

    def somebody_writes(_passed: float) -> None:
        there = east.get(Ref("networking.istio.io/v1", "ServiceEntry", "outside", SPACE)) or {}
        east.amend(there, patch)

    clock.meanwhile = somebody_writes
    assert greens(shift(east, "egress", to="green", share=100, kept="wait")) == [100]


def test_no_colour_leaves_before_another_tool_has_let_the_other_one_in(clock: Ticking) -> None:
    there = live()
    entry = next(one for one in there["EndpointSlice"] if one["metadata"]["name"] == "entry-green")
    entry["metadata"]["managedFields"] = ARGO
    east, served = cluster(there), list[list[str]]()

    def somebody_writes(passed: float) -> None:
        slices = {colour: east.get(Ref("discovery.k8s.io/v1", "EndpointSlice", f"entry-{colour}", SPACE)) or {} for colour in ("blue", "green")}
        served.append([colour for colour, one in slices.items() if one["endpoints"][0]["conditions"]["ready"]])
        if passed > 3:
            east.amend(slices["green"], {"endpoints": [{**one, "conditions": {"ready": True}} for one in slices["green"]["endpoints"]]})

    clock.meanwhile = somebody_writes
    assert greens(shift(east, "ingress", to="green", share=100, kept="wait")) == [100]
    assert all(served), "somebody always serves"
    assert ["blue"] in served
