# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract of Cluster on the API server in memory, and tests that count requests."""

from __future__ import annotations

import json

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer, Permission
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects import settle
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, NotReady, Refused, Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.condition import Condition
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import Contract, config_map, crd, namespace, widget
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking


class TestInMemory(Contract):
    @pytest.fixture
    def cluster(self):
        return FakeCluster()

    @pytest.fixture
    def checking(self, cluster):
        return cluster.checking()


def deployment(**status):
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "istiod"}}}
    meta = {"name": "istiod", "namespace": "mesh", "generation": 1}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec, "status": status}


def test_a_set_that_is_as_wished_costs_one_request_per_kind_and_no_write():
    wishes = [config_map("mesh", f"c{number}", a="1") for number in range(20)]
    cluster = FakeCluster(namespace("mesh"))
    cluster.apply(wishes)
    cluster.transport.requests.clear()
    cluster.apply(wishes)
    assert cluster.transport.requests == ["GET /api/v1/namespaces/mesh/configmaps"]


def test_one_that_drifted_costs_one_write():
    wishes = [config_map("mesh", f"c{number}", a="1") for number in range(20)]
    cluster = FakeCluster(namespace("mesh"))
    cluster.apply(wishes)
    cluster.transport.requests.clear()
    wishes[7]["data"]["a"] = "2"
    cluster.apply(wishes)
    assert cluster.writes == ["PATCH /api/v1/namespaces/mesh/configmaps/c7"]


def test_an_error_says_what_was_done_before():
    cluster = FakeCluster(namespace("mesh"))
    with pytest.raises(MeshError) as failed:
        cluster.apply([config_map("mesh", "good", a="1"), {**config_map("mesh", "bad"), "dta": {}}])
    assert failed.value.facts["changes"] == [{"object": "ConfigMap mesh/good", "action": "created"}]
    assert failed.value.facts["changed"] is True


def test_several_failures_are_told_in_one_error():
    cluster = FakeCluster(namespace("mesh"))
    with pytest.raises(MeshError, match=r"mesh/bad1.*mesh/bad3: .* And 2 more of this kind\."):
        cluster.apply([{**config_map("mesh", f"bad{number}"), "dta": {}} for number in range(1, 6)])


def test_a_late_rollout_tells_what_its_pods_wait_for():
    waiting = {"name": "discovery", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "istiod-x", "namespace": "mesh", "labels": {"app": "istiod"}},
        "status": {"phase": "Pending", "containerStatuses": [waiting]},
    }
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e", "namespace": "mesh"},
        "involvedObject": {"kind": "Pod", "name": "istiod-x"},
        "type": "Warning",
        "message": "no such image",
    }
    live = deployment(observedGeneration=1, replicas=1, updatedReplicas=1)
    cluster = FakeCluster(live, pod, event)
    told = (
        r"east: not ready after 0 s: Deployment mesh/istiod: 0 of 1 replicas are ready \(pod istiod-x waits with "
        r"ImagePullBackOff in container discovery; last warning: no such image\)\."
    )
    with pytest.raises(NotReady, match=told):
        cluster.settle([Condition(Ref.of(live), "rollout")], 0)


def test_a_rollout_that_somebody_has_to_mend_is_given_up_early(monkeypatch):
    clock = Ticking()
    monkeypatch.setattr(settle, "time", clock)
    waiting = {"name": "discovery", "state": {"waiting": {"reason": "CreateContainerConfigError", "message": "secret cacerts not found"}}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "istiod-x", "namespace": "mesh", "labels": {"app": "istiod"}},
        "status": {"phase": "Pending", "containerStatuses": [waiting]},
    }
    live = deployment(observedGeneration=1, replicas=1, updatedReplicas=1)
    with pytest.raises(NotReady, match=r"^east: not ready after 3\d s, and waiting longer will not help; somebody has to repair it: Deployment mesh/istiod"):
        FakeCluster(live, pod).settle([Condition(Ref.of(live), "rollout")], 300)
    assert 30 <= clock.passed < 45


def config_maps(count):
    return [config_map("mesh", f"c{number}", a="1") for number in range(count)]


def test_many_of_a_kind_are_waited_for_with_one_list():
    """The 40 objects are in one namespace, and each is asked for twice. An object elsewhere and Secrets are read by name."""
    others = [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"s{number}", "namespace": "mesh"}} for number in range(5)]
    cluster = FakeCluster(namespace("mesh"), namespace("away"), *config_maps(40), *others, config_map("away", a="1"))
    refs = [Ref.of(wish) for wish in (*config_maps(40), config_map("away"), *others)]
    cluster.settle([Condition(ref) for ref in refs] + [Condition(ref, "field", path="metadata.name") for ref in refs], 5)
    assert sorted(cluster.transport.requests) == [
        "GET /api/v1/namespaces/away/configmaps/settings",
        "GET /api/v1/namespaces/mesh/configmaps",
        *(f"GET /api/v1/namespaces/mesh/secrets/s{number}" for number in range(5)),
    ]


def test_who_may_not_list_waits_all_the_same():
    cluster = FakeCluster(namespace("mesh"), *config_maps(4))
    _through(cluster, lambda method, path, forward: Answer(403) if (method, path[-10:]) == ("GET", "configmaps") else forward())
    cluster.settle([Condition(Ref.of(wish)) for wish in config_maps(4)], 5)


def test_a_namespace_given_to_what_lives_in_none_does_no_harm():
    names = ["one", "two", "three", "four"]
    cluster = FakeCluster(*(namespace(name) for name in names))
    cluster.settle([Condition(Ref("v1", "Namespace", name, "mesh")) for name in names], 0)
    with pytest.raises(Refused, match="names no namespace"):
        cluster.settle([Condition(Ref("v1", "ConfigMap", name)) for name in names], 0)


def test_a_late_object_of_any_kind_tells_its_last_condition_and_its_warnings():
    meta = {"name": "shop", "namespace": "mesh", "generation": 2}
    status = {"conditions": [{"type": "Accepted", "status": "False", "reason": "Invalid", "message": "no such class", "observedGeneration": 2}]}
    events = [
        {"apiVersion": "v1", "kind": "Event", "metadata": {"name": f"e{number}", "namespace": "mesh"}, "type": "Warning",
         "involvedObject": {"kind": "Service", "name": "shop"}, "reason": "Sync", "message": f"try {number}",
         "lastTimestamp": f"2026-01-01T00:00:0{number}Z"} for number in range(4)
    ]  # fmt: skip
    cluster = FakeCluster({"apiVersion": "v1", "kind": "Service", "metadata": meta, "status": status}, *events)
    with pytest.raises(NotReady) as late:
        cluster.settle([Condition(Ref("v1", "Service", "shop", "mesh"), "condition", "Programmed")], 0)
    assert str(late.value) == (
        "east: not ready after 0 s: Service mesh/shop: it has no condition Programmed yet (Accepted is False (Invalid: no such class); "
        "last warning: Sync: try 3; before it: Sync: try 2)."
    )


def test_what_is_told_of_many_laggards_is_bounded():
    cluster = FakeCluster(namespace("mesh"), *config_maps(60))
    asked = [Condition(Ref.of(wish), "field", path="data.a", value="x" * 9999) for wish in config_maps(60)]
    with pytest.raises(NotReady, match=r"ConfigMap mesh/c0: data\.a is 1, not x+….*; and 52 more\.$") as late:
        cluster.settle(asked, 0)
    assert len(str(late.value)) < 4000
    assert len(late.value.facts["waiting_for"]) == 60


def test_permissions_that_are_missing_come_back():
    missing = Permission("create", "", "pods/portforward", "mesh")
    cluster = FakeCluster(refuses=[missing])
    assert cluster.denied([Permission("get", "", "pods", "mesh"), missing]) == [missing]
    assert str(missing) == "create pods/portforward in namespace mesh"


def _through(cluster: FakeCluster, befalls) -> None:
    """Let every request pass through `befalls(method, path, forward)`."""
    forward = cluster.transport.request

    def request(method, path, *args, **how):
        return befalls(method, path, lambda: forward(method, path, *args, **how))

    cluster.transport.request = request


def _lost(times):
    left = [times]

    def befalls(method, _path, forward):
        answer = forward()
        if method == "POST" and left[0]:
            left[0] -= 1
            raise Unreachable("east: lost")
        return answer

    return befalls


def test_a_creation_whose_answer_is_lost_is_known_by_its_manager():
    cluster = FakeCluster(namespace("mesh"))
    _through(cluster, _lost(1))
    assert cluster.create(config_map("mesh", a="1")).action == "created"
    assert cluster.writes == ["POST /api/v1/namespaces/mesh/configmaps"]
    _through(cluster, _lost(1))
    assert cluster.create(config_map("mesh", a="1")) is None


def test_a_creation_that_arrives_late_is_known_too(monkeypatch):
    """The object is missing when the client looks for it, and exists when the client sends the POST again."""
    cluster = FakeCluster(namespace("mesh"))
    _through(cluster, _lost(1))
    answers = iter([None])
    look = cluster._server.get
    monkeypatch.setattr(cluster._server, "get", lambda ref, within=None: next(answers, look(ref)))
    assert cluster.create(config_map("mesh", a="1")).action == "created"
    assert len(cluster.writes) == 2


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_creation_that_failed_is_looked_for_before_it_is_sent_again(status):
    cluster = FakeCluster(namespace("mesh"))
    refused = [Answer(status)] * 2
    _through(cluster, lambda method, _path, forward: refused.pop() if method == "POST" and refused else forward())
    assert cluster.create(config_map("mesh", a="1")).action == "created"
    assert cluster.transport.requests[:2] == ["GET /api/v1/namespaces/mesh/configmaps/settings"] * 2


def test_who_may_not_list_reads_one_by_one():
    wishes = [config_map("mesh", f"c{number}", a="1") for number in range(4)]
    cluster = FakeCluster(namespace("mesh"))
    cluster.apply(wishes)
    _through(cluster, lambda method, path, forward: Answer(403) if (method, path[-10:]) == ("GET", "configmaps") else forward())
    assert {change.action for change in cluster.apply(wishes)} == {"unchanged"}


def test_a_busy_server_is_not_taken_for_one_without_openshift():
    cluster = FakeCluster()
    _through(cluster, lambda _method, path, forward: Answer(503) if "openshift" in path else forward())
    with pytest.raises(Unreachable, match="east: the API server is too busy"):
        cluster.identity()


def _paged(pages, remaining=None):
    """Answer a list of ConfigMaps in pages. The first page says how many are left."""
    told = iter(range(len(pages)))

    def befalls(method, path, forward):
        if not path.endswith("configmaps"):
            return forward()
        number = next(told)
        more = {"continue": "more", **({"remainingItemCount": remaining} if remaining else {})} if number + 1 < len(pages) else {}
        return Answer(200, json.dumps({"kind": "ConfigMapList", "metadata": more, "items": pages[number]}).encode())

    return befalls


def _live(place, *names):
    return [{"metadata": {"name": name, "namespace": place}} for name in names]


def _some(cluster, most):
    kind = cluster._server.discovery.find("v1", "ConfigMap")
    items, whole = cluster._server.some(kind, None, "", most)
    return [item["metadata"]["name"] for item in items], whole


@pytest.mark.parametrize(("most", "remaining", "expected"), [
    pytest.param(9, None, (["a", "b", "c"], True), id="all of it"),
    pytest.param(3, 1, (["a", "b", "c"], True), id="just all of it"),
    pytest.param(3, 2, (["a", "b"], False), id="the server says it is too much"),
    pytest.param(2, None, (["a", "b"], False), id="there is more"),
])  # fmt: skip
def test_a_list_ends_where_it_becomes_too_long(most, remaining, expected):
    cluster = FakeCluster(namespace("mesh"))
    _through(cluster, _paged([_live("mesh", "a", "b"), _live("mesh", "c")], remaining))
    assert _some(cluster, most) == expected


def test_a_list_that_expires_is_given_up():
    cluster = FakeCluster(namespace("mesh"))
    answers = iter([Answer(200, json.dumps({"metadata": {"continue": "more"}, "items": _live("mesh", "a")}).encode()), Answer(410)])
    _through(cluster, lambda method, path, forward: next(answers))
    assert _some(cluster, 9) == (["a"], False)


def test_a_definition_that_a_killed_run_left_is_waited_for(monkeypatch):
    """The CRD is as wished, but the server does not serve its kind yet."""
    cluster = FakeCluster(namespace("mesh"))
    cluster.apply([crd("late.example.com")])
    late = FakeCluster()
    late.backend = late.transport.backend = cluster.backend
    kept = {key: cluster.backend.kinds.pop(key) for key in list(cluster.backend.kinds) if key[1] == "widgets"}
    asked = []

    def befalls(method, path, forward):
        if path == "/apis/late.example.com/v1":
            asked.append(path)
            cluster.backend.kinds.update(kept if len(asked) > 2 else {})
        return forward()

    _through(late, befalls)
    assert [change.action for change in late.apply([crd("late.example.com"), widget("late.example.com", "mesh")])] == ["unchanged", "created"]
    assert len(asked) == 3
