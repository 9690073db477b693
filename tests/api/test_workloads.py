# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module workloads on a real API server. Its pods are played, and so is Consul: nothing of this was run against a real one."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import encoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.workloads.workloads import reconcile
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.services import Services
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import server, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import APPLY, namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

SPACE, OTHER = "api-shop", "api-mesh"
WISH = {"cluster": "east", "mesh": "shop", "provider": "consul", "namespace": OTHER, "version": "1.22.3"}
NAMES = {"Deployment": "web", "StatefulSet": "stock", "DaemonSet": "logs"}
WEB = {"service": "web", "namespace": SPACE, "port": 8080, "labels": {"app": "web"}, "protocol": "http", "health_path": "/healthz",
       "upstreams": [{"service": "stock", "port": 9000, "cluster": None}], "callers": [{"service": "edge", "cluster": "west"}]}  # fmt: skip
STOCK = {"service": "stock", "namespace": SPACE, "port": 8081, "kind": "StatefulSet", "name": "stock"}
LOGS = {"service": "logs", "namespace": SPACE, "port": 8082, "kind": "DaemonSet", "name": "logs"}
ALL = [WEB, STOCK, LOGS]


class Killed(BaseException):
    """The end of a run, at once."""


class Beside(Cluster):
    """A cluster whose pods are played. `left` is how many writes a run has left before it is killed."""

    store: Services
    left: int | None = None
    awaited: list[str]

    @classmethod
    def of(cls, known: Cluster, store: Services) -> Beside:
        made = cls.__new__(cls)
        made.__dict__ = {**known.__dict__, "store": store, "awaited": []}
        send = made._server.transport.request

        def request(method: str, path: str, query: Any = None, *args: Any, **how: Any) -> Answer:
            if method != "GET" and "dryRun" not in (query or {}):
                made.counted()
            return send(method, path, query, *args, **how)

        made._server = copy.copy(made._server)
        made._server.transport = copy.copy(made._server.transport)
        made._server.transport.request = request  # type: ignore[method-assign]
        return made

    def counted(self) -> None:
        if self.left is not None:
            if not self.left:
                raise Killed
            self.left -= 1

    def list(self, api_version: str, kind: str, *args: Any, **how: Any) -> Any:
        return [{**server(0), "kind": "Pod"}] if kind == "Pod" else super().list(api_version, kind, *args, **how)

    def ask_all(self, questions: Sequence[Any]) -> Any:
        answers = []
        for one in questions:
            if one.method != "GET":
                self.counted()
            text = self.store.answer(one)
            answers.append(Answer(403) if text is None else Answer(200, text.encode()))
        return answers

    def settle(self, conditions: Iterable[Any], timeout: float) -> None:
        self.awaited += [str(one.ref) for one in conditions]


def workload(kind: str) -> dict[str, Any]:
    """A workload with everything that a sidecar has too, in an order of its own."""
    name = NAMES[kind]
    pod = {
        "initContainers": [{"name": "migrate", "image": "shop:1", "command": ["true"]}],
        "containers": [
            {"name": "app", "image": "shop:1", "ports": [{"containerPort": 8080}], "volumeMounts": [{"name": "data", "mountPath": "/data"}]},
            {"name": "agent", "image": "agent:1", "env": [{"name": "A", "value": "1"}], "lifecycle": {"preStop": {"exec": {"command": ["sleep", "9"]}}}},
        ],
        "volumes": [{"name": "data", "emptyDir": {}}],
    }
    spec = {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}, "annotations": {"note": "x"}}, "spec": pod}}
    more = {"Deployment": {"replicas": 2}, "StatefulSet": {"serviceName": name}, "DaemonSet": {}}[kind]
    meta = {"name": name, "namespace": SPACE, "labels": {"app": name}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": {**spec, **more}}


@pytest.fixture
def real(admin: dict[str, Any]) -> Iterator[Cluster]:
    cluster = connect(admin, environ={})
    cluster.apply([namespace(SPACE), namespace(OTHER)])
    held = [tokens(workloads="a2V5IG9mIHRoZSB3b3JrbG9hZHM="), {"metadata": {"name": "consul-agent-tls"}, "data": {"ca.crt": encoded(b"ca")}}]
    secrets = [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": one["metadata"]["name"], "namespace": OTHER}, "data": one["data"]} for one in held]
    cluster.apply(secrets)
    for kind in NAMES:
        by_somebody(cluster, workload(kind))
    yield cluster
    there = [Ref.of(workload(kind)) for kind in NAMES] + [Ref("v1", "Secret", f"{one['service']}-consul", SPACE) for one in ALL]
    cluster.delete([*there, Ref("policy/v1", "PodDisruptionBudget", "stock", SPACE), *(Ref.of(one) for one in secrets)])


def by_somebody(cluster: Cluster, manifest: dict[str, Any]) -> None:
    """What a user's tool does who knows nothing of a mesh."""
    ref = Ref.of(manifest)
    kind = cluster._server.discovery.find(ref.api_version, ref.kind)
    assert kind
    query = {"fieldManager": "helm", "force": "true"}
    answer = cluster._server.transport.request("PATCH", kind.path(ref.namespace, ref.name), query, manifest, content_type=APPLY)
    assert answer.ok, answer.body


def stored(cluster: Cluster) -> dict[str, Any]:
    return {kind: live for kind in NAMES if (live := cluster.get(Ref.of(workload(kind))))}


def bare(live: dict[str, Any]) -> dict[str, Any]:
    """An object without what counts its writes."""
    meta = {key: value for key, value in live["metadata"].items() if key not in ("resourceVersion", "generation", "managedFields")}
    notes = {key: value for key, value in (meta.pop("annotations", None) or {}).items() if key != "deprecated.daemonset.template.generation"}
    return {**live, "metadata": {**meta, **({"annotations": notes} if notes else {})}}


def without(live: dict[str, Any]) -> dict[str, Any]:
    """An object without what is the mesh's, whose names all begin alike."""
    own = copy.deepcopy(bare(live))
    pod, template = own["spec"]["template"]["spec"], own["spec"]["template"]
    for part in ("initContainers", "containers", "volumes"):
        pod[part] = [one for one in pod[part] if not one["name"].startswith("consul-")]
    del template["metadata"]["labels"]["meshops.lifecycle/consul-proxy"]
    del own["metadata"]["labels"]["meshops.lifecycle/workloads"]
    return own


def ran(cluster: Beside, services: Sequence[dict[str, Any]] = (WEB, STOCK, LOGS), name: str = "inventory") -> dict[str, Any]:
    return reconcile(cluster, {"wish": WISH, "services": list(services), "set": name, "wait_timeout": 5}, Ticking())


def test_a_sidecar_is_added_once_and_leaves_no_trace(real: Cluster) -> None:
    cluster, before = Beside.of(real, Services()), stored(real)
    first = ran(cluster)
    joined = stored(real)
    assert first["changed"]
    assert {kind: without(one) for kind, one in joined.items()} == {kind: bare(one) for kind, one in before.items()}
    assert [one["name"] for one in joined["Deployment"]["spec"]["template"]["spec"]["containers"]] == ["app", "agent", "consul-envoy", "consul-life"]
    assert cluster.awaited == [str(Ref.of(workload(kind))) for kind in NAMES]
    assert [notice for notice in first["notices"] if "app has no preStop hook" in notice]
    again = ran(cluster)
    assert (again["changed"], {one["action"] for one in again["changes"]}, stored(real)) == (False, {"unchanged"}, joined)
    gone = ran(cluster, [])
    assert gone["changed"]
    assert {kind: bare(one) for kind, one in stored(real).items()} == {kind: bare(one) for kind, one in before.items()}
    assert not [one for one in stored(real).values() for entry in one["metadata"]["managedFields"] if entry["manager"].endswith("/workloads")]
    assert (cluster.store.tokens, real.list("v1", "Secret", SPACE)) == ({}, [])
    assert not ran(cluster, [])["changed"]


def test_check_mode_says_what_a_run_does_and_stores_nothing(real: Cluster, admin: dict[str, Any]) -> None:
    checking = Beside.of(connect(admin, environ={}, dry_run=True), Services())
    before = stored(real)
    planned = ran(checking)
    assert stored(real) == before
    assert (checking.store.tokens, real.list("v1", "Secret", SPACE)) == ({}, [])
    cluster = Beside.of(real, Services())
    told = [(one["object"], one["action"]) for one in planned["changes"]]
    done = ran(cluster)
    assert told == [(one["object"], one["action"]) for one in done["changes"]]
    assert planned["ordered"] == done["ordered"]
    assert "token" not in [key for one in planned["diff"] for key, value in (one["after"].get("data") or {}).items() if value != "(hidden)"]
    ran(cluster, [])


def test_users_go_on_to_write_their_workloads(real: Cluster) -> None:
    cluster = Beside.of(real, Services())
    ran(cluster)
    newer = workload("Deployment")
    newer["spec"]["template"]["spec"]["containers"][0]["image"] = "shop:2"
    by_somebody(real, newer)
    pod = stored(real)["Deployment"]["spec"]["template"]["spec"]
    assert (pod["containers"][0]["name"], pod["containers"][0]["image"]) == ("app", "shop:2")
    assert "consul-envoy" in [one["name"] for one in pod["containers"]]
    assert not ran(cluster)["changed"]
    changed = ran(cluster, [{**WEB, "upstreams": []}, STOCK, LOGS])
    assert [one["object"] for one in changed["changes"] if one["action"] != "unchanged"] == [f"Deployment {SPACE}/web"]
    ran(cluster, [])
    assert stored(real)["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:2"


def test_one_workload_leaves_and_the_others_stay(real: Cluster) -> None:
    cluster = Beside.of(real, Services())
    ran(cluster)
    joined = stored(real)
    left = ran(cluster, [WEB, LOGS])
    assert [one["object"] for one in left["changes"] if one["action"] != "unchanged"] == [f"StatefulSet {SPACE}/stock", f"Secret {SPACE}/stock-consul"]
    now = stored(real)
    assert (now["Deployment"], now["DaemonSet"]) == (joined["Deployment"], joined["DaemonSet"])
    assert not ran(cluster, [], "probe")["changed"], "another set leaves them alone"
    ran(cluster, [])


def test_a_run_that_was_killed_anywhere_is_finished_by_the_next(real: Cluster) -> None:
    cluster, before = Beside.of(real, Services()), stored(real)
    ran(cluster)
    joined, known = stored(real), copy.deepcopy(cluster.store.tokens)
    ran(cluster, [])
    kills = 0
    for services, wanted, held in ((ALL, joined, known), ([], before, {})):
        writes = 0
        while True:
            cluster.left = writes
            try:
                ran(cluster, services)
                break
            except Killed:
                kills, writes = kills + 1, writes + 1
            cluster.left = None
            ran(cluster, services)
            assert {kind: bare(one) for kind, one in stored(real).items()} == {kind: bare(one) for kind, one in wanted.items()}
            assert cluster.store.tokens == held
            ran(cluster, [] if services else ALL)
        cluster.left = None
    assert kills > 12


def test_what_a_budget_forbids_waits_for_another_run(real: Cluster) -> None:
    cluster, before = Beside.of(real, Services()), stored(real)
    budget = {"selector": {"matchLabels": {"app": "stock"}}, "maxUnavailable": 1}
    real.apply([{"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "stock", "namespace": SPACE}, "spec": budget}])
    with pytest.raises(NotReady, match=rf"^east: a PodDisruptionBudget allows no disruption of StatefulSet {SPACE}/stock now"):
        ran(cluster)
    assert stored(real)["StatefulSet"] == before["StatefulSet"]
    assert "consul-envoy" in str(stored(real)["Deployment"])
    real.delete([Ref("policy/v1", "PodDisruptionBudget", "stock", SPACE)])
    assert [one["object"] for one in ran(cluster)["changes"] if one["action"] != "unchanged"] == [f"StatefulSet {SPACE}/stock"]
    ran(cluster, [])


@pytest.mark.parametrize(("services", "says"), [
    pytest.param([{**STOCK, "name": "none"}], f"there is no StatefulSet {SPACE}/none for the service stock", id="no such name"),
    pytest.param([{**WEB, "labels": {"app": "none"}}], f"there is no workload in the namespace {SPACE} with the labels app=none", id="no such labels"),
    pytest.param([STOCK, {**STOCK, "service": "other"}], f"StatefulSet {SPACE}/stock would serve other and stock", id="two services"),
])
def test_what_cannot_be_is_refused_before_the_first_write(real: Cluster, services: Any, says: str) -> None:
    cluster, before = Beside.of(real, Services()), stored(real)
    with pytest.raises(Refused, match=says):
        ran(cluster, [LOGS, *services])
    assert (stored(real), cluster.store.tokens, real.list("v1", "Secret", SPACE)) == (before, {}, [])
