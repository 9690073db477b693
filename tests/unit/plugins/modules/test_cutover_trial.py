# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trial pods of a cluster in memory, whose webhooks answer what they are told to."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.scene import Scene
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.serving import Serving
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import counters, trial_pods
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import cutover_trial
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import REV, World, deployment, space
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

SYSTEM = "istio-system"
FAILED = 'Internal error occurred: failed calling webhook "rev.namespace.sidecar-injector.istio.io": connection refused'


def istiod(name: str, revision: str) -> dict[str, Any]:
    labels = {"app": "istiod", REV: revision}
    running = {"phase": "Running", "containerStatuses": [{"ready": True}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": SYSTEM, "labels": labels}, "status": running}


class Webhooks:
    """They answer in turn, one of these replicas after the other, and count it."""

    def __init__(self, *replicas: str, injects: str = "blue") -> None:
        self.counts, self.injects, self.asked = dict.fromkeys(replicas, 0), injects, 0
        self.answer: Callable[[dict[str, Any]], Answer] = self.injected

    def injected(self, pod: dict[str, Any]) -> Answer:
        name = list(self.counts)[self.asked % len(self.counts)]
        self.asked += 1
        self.counts[name] += 1
        pod["metadata"].setdefault("annotations", {})[REV] = self.injects
        pod["spec"]["containers"].append({"name": "istio-proxy"})
        return Answer(201, json.dumps(pod).encode())


class Estate:
    """A cluster with a namespace that follows blue, and one that names green."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, webhooks: Webhooks, replicas: tuple[str, ...] = ()) -> None:
        self.world = World.of([space("shop", **{REV: "blue"}), space("try", **{REV: "green"})], [deployment("shop", "s")], {})
        self.webhooks, self.clock = webhooks, Ticking()
        pods = [istiod(name, name.split("-")[0]) for name in replicas or webhooks.counts]
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "try")]
        self.cluster = FakeCluster(*pods, *spaces)
        handle = self.cluster.backend.handle
        self.queries: list[Any] = []
        self.primary = self.cluster
        one_by_one = threading.Lock()

        def asked(method: str, path: str, query: Any, body: Any, kind: str) -> Answer:
            if method == "POST" and path.endswith("/pods"):
                self.queries.append(query)
                with one_by_one:
                    return webhooks.answer(copy.deepcopy(body))
            return handle(method, path, query, body, kind)

        monkeypatch.setattr(self.cluster.backend, "handle", asked)
        monkeypatch.setattr(self.cluster, "ask", lambda _space, pod, *_rest, **_how: Answer(200, self.metrics(pod)))
        story = SimpleNamespace(
            scene=lambda *_where: Look([], lambda _live, _answers: Scene(self.world.state(), self.world.live)),
            serving=lambda *_where: Look([], lambda _live, _answers: Serving("west")),
            trials=trial_pods.trials, judged=trial_pods.judged, injections=counters.injections,
        )  # fmt: skip
        monkeypatch.setattr(cutover_trial, "provider", lambda _name: SimpleNamespace(cutover=story))

    def metrics(self, pod: str) -> bytes:
        return f"sidecar_injection_success_total {self.webhooks.counts.get(pod, 0)}\n".encode()

    def prove(self, **params: Any) -> dict[str, Any]:
        known = {"provider": "istio", "namespace": SYSTEM, "revision": None, "space": None, "requests": 5, "timeout": 60, "primary_kube": None}
        return cutover_trial.reconcile(self.cluster, {**known, **params}, self.clock, lambda *_to, **_how: self.primary)


def test_each_kind_is_tried_so_often_for_each_replica_and_nothing_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    estate = Estate(monkeypatch, Webhooks("blue-a", "blue-b"))
    proved = estate.prove()
    assert (proved["faults"], proved["notices"], proved["replicas"]) == ([], [], ["blue-a", "blue-b"])
    assert proved["trials"] == [{"namespace": "shop", "expected": "blue", "stands_for": 1, "answered": 10}]
    assert {query["dryRun"] for query in estate.queries} == {"All"}
    assert estate.clock.passed == 0


def test_a_pod_of_a_namespace_that_names_the_target_has_the_proxy_of_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    proved = Estate(monkeypatch, Webhooks("green-a", injects="green")).prove(revision="green", space="try")
    assert (proved["faults"], proved["trials"]) == ([], [{"namespace": "try", "expected": "green", "stands_for": 1, "answered": 5}])


def test_a_wrong_proxy_is_a_fault_that_is_looked_for_until_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    estate = Estate(monkeypatch, Webhooks("blue-a", injects="green"))
    told = "east: a trial pod in namespace shop came back with a proxy of green, not of blue"
    assert estate.prove()["faults"] == [f"{told}; another webhook also injects there, so mend its selectors or the labels."]
    assert estate.clock.passed >= 60


def test_a_webhook_that_answers_later_than_its_control_plane_is_ready_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    webhooks = Webhooks("blue-a")
    estate = Estate(monkeypatch, webhooks)
    late = Answer(500, json.dumps({"kind": "Status", "message": FAILED}).encode())
    webhooks.answer = lambda pod: late if estate.clock.passed < 5 else webhooks.injected(pod)
    assert (estate.prove()["faults"], 5 <= estate.clock.passed < 20) == ([], True)
    estate.clock.passed, webhooks.answer = 0, lambda _pod: late
    assert estate.prove()["faults"] == [f"east: a trial pod in namespace shop was refused: {FAILED}; see whether blue runs and answers."]


def test_a_replica_that_no_pod_reaches_is_asked_for_with_more_pods_and_then_named(monkeypatch: pytest.MonkeyPatch) -> None:
    estate = Estate(monkeypatch, Webhooks("blue-a"), replicas=("blue-a", "blue-b"))
    proved = estate.prove(timeout=600)
    assert (proved["faults"], proved["notices"]) == ([], ["east: no trial pod reached blue-b."])
    assert 20 <= estate.clock.passed < 25
    assert proved["trials"][0]["answered"] > 10


def test_what_a_policy_refuses_is_no_fault_of_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    webhooks = Webhooks("blue-a")
    webhooks.answer = lambda _pod: Answer(403, json.dumps({"kind": "Status", "message": "exceeded quota: compute."}).encode())
    proved = Estate(monkeypatch, webhooks).prove(timeout=1)
    assert proved["faults"] == []
    assert proved["notices"][0] == "east: a trial pod in namespace shop proves nothing, because others refuse it: exceeded quota: compute."


def test_a_cluster_without_pods_of_the_mesh_has_nothing_to_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    estate = Estate(monkeypatch, Webhooks("blue-a"))
    estate.world = World.of([], [], {})
    assert estate.prove() == {"changed": False, "faults": [], "notices": [], "replicas": [], "trials": []}


def test_the_replicas_that_inject_a_remote_clusters_pods_are_counted_at_its_primary(monkeypatch: pytest.MonkeyPatch) -> None:
    webhooks = Webhooks("blue-a", "blue-b")
    estate = Estate(monkeypatch, webhooks, replicas=("nobody-a",))
    estate.primary = FakeCluster(*(istiod(name, "blue") for name in webhooks.counts), name="west")
    monkeypatch.setattr(estate.primary, "ask", lambda _space, pod, *_rest, **_how: Answer(200, estate.metrics(pod)))
    proved = estate.prove(primary_kube={"cluster": "west"})
    assert (proved["faults"], proved["notices"], proved["replicas"]) == ([], [], ["blue-a", "blue-b"])
    assert proved["trials"][0]["answered"] == 10
