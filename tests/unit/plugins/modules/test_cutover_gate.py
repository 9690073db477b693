# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of a cluster in memory after a wave: its probes answer what they are told to."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.gate import UserGate
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.probes import FORMER, SPACES, TARGET, measured_by
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.scene import Scene
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.serving import Serving
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused, Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import provider
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import counters, destinations
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import cutover_gate
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import REV, World, deployment, space
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

SYSTEM = "istio-system"
CLUSTERS = ("east", "west")
NOBODY = "meshops-cutover.invalid"


def pod(name: str, namespace: str, **labels: str) -> dict[str, Any]:
    running = {"phase": "Running", "containerStatuses": [{"ready": True}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels}, "status": running}


def sidecar(echo: dict[str, Any]) -> dict[str, Any]:
    status = {"name": "istio-proxy", "ready": True, "state": {"running": {}}}
    return {**echo, "spec": {"containers": [{"name": "istio-proxy"}, {"name": "echo"}]}, "status": {**echo["status"], "containerStatuses": [status]}}


def dump(known: dict[str, str]) -> bytes:
    """What Envoy says of its endpoints: those of services at port 80, by their addresses."""
    return json.dumps({"configs": [
        {"endpoint_config": {"cluster_name": f"outbound|80||{host}", "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": {"socket_address": {"address": one.partition(":")[0], "port_value": int(one.partition(":")[2])}}}} for one in text.split()
        ]}]}} for host, text in known.items()
    ]}).encode()  # fmt: skip


def page(caller: str, target: str) -> bytes:
    """`caller` is the namespace whose identity the server sees."""
    uri = f"URI=spiffe://cluster.local/ns/{caller}/sa/probe"
    return f"echo debug server up for 1s on echo-{target} - request from 127.0.0.6:1\n\nX-Forwarded-Client-Cert: By=x;{uri}\n".encode()


def measure(answered: int = 50, sent: int = 50, slowest: float = 0.01) -> bytes:
    return measured({"200": answered, "503": sent - answered}, slowest)


def measured(codes: dict[str, int], slowest: float) -> bytes:
    histogram = {"Count": sum(codes.values()), "Percentiles": [{"Percentile": 99, "Value": slowest}]}
    return json.dumps({"RetCodes": codes, "DurationHistogram": histogram}).encode()


class Estate:
    """A cluster whose probes reach everybody, and whose istiod of green counts what it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, served_by: str = "") -> None:
        self.world = World.of([space("shop", **{REV: "green"}), space("stock", **{REV: "blue"})], [deployment("shop", "s"), deployment("stock", "s")], {})
        self.clock, self.served_by = Ticking(), served_by
        self.rejected: dict[str, int] | None = {"cds": 2}
        self.answer: Callable[[str, str], Answer | None] = lambda _path, _target: None
        self.asked: list[str] = []
        self.door, self.knocks = {"404": 50}, list[str]()
        self.known: dict[str, list[dict[str, str]]] = {name: [{"orders.shop": "198.18.2.1:15443"}] for name in SPACES}
        probes = [sidecar(pod(f"echo-{number}", name, app="echo-east")) for number, name in enumerate(SPACES)]
        self.cluster = FakeCluster(pod("istiod-green-1", SYSTEM, **{"app": "istiod", REV: "green"}), *probes)
        monkeypatch.setattr(self.cluster, "ask", self.ask)
        monkeypatch.setattr(cutover_gate, "provider", lambda name: SimpleNamespace(health=provider(name).health, cutover=self.story()))

    def story(self) -> Any:
        def judge(*_seen: Any) -> Scene:
            state = self.world.state()
            return Scene(state if not self.served_by else SimpleNamespace(**{**vars(state), "served_by": self.served_by}), {})  # type: ignore[arg-type]

        return SimpleNamespace(scene=lambda *_where: Look([], judge), rejected=counters.rejected, destinations=destinations.destinations)

    def ask(self, namespace: str, _pod: str, port: int, path: str, *_rest: Any, **_how: Any) -> Answer:
        if port == 15000 and path.endswith("dynamic_active_clusters"):
            return Answer(200, b'{"configs": []}')
        if port == 15000:
            known = self.known[namespace]
            return Answer(200, dump(known.pop(0) if len(known) > 1 else known[0]))
        if port == 15014:
            if self.rejected is None:
                raise Unreachable("no port-forward.")
            return Answer(200, "".join(f'pilot_total_xds_rejects{{type="{kind}"}} {count}\n' for kind, count in self.rejected.items()).encode())
        if NOBODY in path:
            self.knocks.append(unquote(path))
            return Answer(200, measured(self.door, 0.01))
        through = f"gateway-east.{TARGET}" in path
        target = next(name for name in CLUSTERS if (f"{name}/debug" if through else f"echo-{name}.") in unquote(path))
        self.asked.append(f"{namespace} {path.partition('?')[0].split('/')[2]}")
        return self.answer(path, target) or Answer(200, measure() if "/rest/run" in path else page(TARGET if through else namespace, target))

    def read(self, **params: Any) -> dict[str, Any]:
        reading: dict[str, Any] = self.result(**params)["reading"]
        return reading

    def result(self, **params: Any) -> dict[str, Any]:
        known = {
            "provider": "istio", "namespace": SYSTEM, "target": "green", "former": "blue", "wave": 1, "spaces": ["shop"], "services": [], "gates": [],
            "primary_kube": None, "finished": False, "probes": {"targets": list(CLUSTERS), "requests": 50, "trust_domain": "cluster.local"},
            "since": {"counted": {}, "probes": []}, "timeout": 60,
        }  # fmt: skip
        return cutover_gate.reconcile(self.cluster, {**known, **params}, self.clock)


@pytest.fixture
def estate(monkeypatch: pytest.MonkeyPatch) -> Estate:
    return Estate(monkeypatch)


def test_both_revisions_ask_each_other_in_all_clusters_and_measure(estate: Estate) -> None:
    reading = estate.read()
    assert [one["path"] for one in reading["probes"]] == [
        "between proxies of the target, east to east", "between proxies of the target, east to west",
        "from the former revision to the target, east to east", "from the former revision to the target, east to west",
        "from the target to the former revision, east to east", "from the target to the former revision, east to west",
        "through a gateway of the target, east to east", "through a gateway of the target, east to west",
    ]  # fmt: skip
    assert {(one["sent"], one["answered"], one["slowest"], one["fault"]) for one in reading["probes"]} == {(50, 50, 0.01, "")}
    assert (reading["late"], reading["plain"], reading["faults"], reading["gates"], reading["wave"]) == ([], [], [], [], 1)
    assert (estate.cluster.writes, estate.clock.passed) == ([], 0)
    assert json.loads(json.dumps(reading)) == reading


def test_in_a_mesh_of_very_many_clusters_most_paths_only_have_to_work(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the gate of a mesh of 200 clusters takes ten minutes in each of them. Every cluster is measured by as many others."""
    names = sorted([*CLUSTERS, *(f"c{number:02}" for number in range(18))])
    monkeypatch.setattr(sys.modules[__name__], "CLUSTERS", names)
    probes = {"targets": names, "requests": 50, "trust_domain": "cluster.local"}
    read = {one["path"].rpartition(" to ")[2]: one["sent"] for one in estate.read(probes=probes)["probes"]}
    assert (len(read), sum(sent == 50 for sent in read.values()), set(read.values())) == (20, 9, {1, 50})
    assert [name for name in names if read[name] == 50] == [*names[:7], "east", "west"], "itself, and those after it by name"
    counted = Counter(target for name in names for target in measured_by(name, names))
    assert set(counted.values()) == {9}
    estate.answer = lambda _path, target: Answer(503, b"no healthy upstream") if target == "c17" else None
    failed = [one for one in estate.read(probes=probes)["probes"] if one["fault"]]
    assert {one["path"].rpartition(" to ")[2] for one in failed} == {"c17"}, "a path that does not work is a fault, however far it leads"


def test_a_loss_is_counted(estate: Estate) -> None:
    estate.answer = lambda path, target: Answer(200, measure(49)) if target == "west" and f"echo-west.{TARGET}" in path and "run" in path else None
    lossy = {one["path"]: one["answered"] for one in estate.read()["probes"] if one["answered"] < 50}
    assert lossy == {"between proxies of the target, east to west": 49, "from the former revision to the target, east to west": 49}


def test_a_path_without_mtls_has_failed_and_is_not_measured(estate: Estate) -> None:
    plain = b"echo debug server up for 1s on echo-west - request from 1.2.3.4:1\n"
    estate.answer = lambda path, target: Answer(200, plain) if target == "west" and f"echo-west.{FORMER}" in path and "fetch" in path else None
    failed = [one for one in estate.read()["probes"] if one["fault"]]
    assert [(one["path"], one["answered"]) for one in failed] == [("from the target to the former revision, east to west", 0)]
    assert failed[0]["fault"] == "the answer came in plain text: the server saw no client certificate"
    assert sum(asked.endswith("rest") for asked in estate.asked) == 7


def test_what_fails_after_a_wave_is_not_asked_until_it_works(estate: Estate) -> None:
    estate.answer = lambda path, _target: Answer(503, b"reset") if estate.clock.passed < 5 and "fetch" in path else None
    assert {one["fault"] for one in estate.read()["probes"]} == {"the answer was HTTP 503 (reset)"}
    assert estate.clock.passed == 0


def test_the_first_reading_waits_for_new_probes_and_compares_nothing(estate: Estate) -> None:
    estate.answer = lambda path, _target: Answer(503, b"no endpoints") if estate.clock.passed < 5 and "fetch" in path else None
    reading = estate.read(wave=0, spaces=[], since={})
    assert {one["fault"] for one in reading["probes"]} == {""}
    assert 5 <= estate.clock.passed < 10
    assert (reading["counted"], reading["rejected"]) == ({"cds": 2}, {})


@pytest.mark.parametrize("answer", [Answer(500, b"no"), Answer(200, b"<html>")])
def test_a_measure_that_says_nothing_has_failed(estate: Estate, answer: Answer) -> None:
    estate.answer = lambda path, _target: answer if "run" in path else None
    assert {bool(one["fault"]) for one in estate.read()["probes"]} == {True}


def test_a_probe_that_does_not_run_has_failed(estate: Estate) -> None:
    estate.cluster.backend.objects = {key: one for key, one in estate.cluster.backend.objects.items() if key[2] != FORMER}
    failed = [one for one in estate.read()["probes"] if one["fault"]]
    assert {one["fault"] for one in failed} == {f"no probe pod runs in namespace {FORMER}"}
    assert len(failed) == 4


def test_the_gateway_of_the_target_passes_requests_on_to_workloads_of_the_former_revision(estate: Estate) -> None:
    paths: list[str] = []
    estate.answer = lambda path, target: paths.append(unquote(path)) if "gateway" in path else None
    estate.read()
    assert paths[:2] == [f"/fortio/fetch/gateway-east.{TARGET}:8080/{FORMER}/{name}/debug" for name in CLUSTERS]
    estate.answer = lambda path, target: Answer(200, page(FORMER, target)) if "gateway" in path and "fetch" in path else None
    failed = [one for one in estate.read()["probes"] if one["fault"]]
    assert {one["fault"] for one in failed} == {f"the server saw another identity than spiffe://cluster.local/ns/{TARGET}/sa/probe"}
    assert [one["path"] for one in failed] == [f"through a gateway of the target, east to {name}" for name in CLUSTERS]


def with_door(estate: Estate, *ports: dict[str, Any], address: str = "10.0.0.7", name: str = "door") -> Estate:
    door = deployment("doors", name, {REV: "blue"}, annotations={"inject.istio.io/templates": "gateway"})
    estate.world.live["Namespace"].append(space("doors"))
    estate.world.live["Deployment"].append(door)
    service = {"metadata": {"name": name, "namespace": "doors", "labels": {}}, "spec": {"selector": {"app": name}, "clusterIP": address, "ports": ports}}
    estate.world.live["Service"].append(service)
    return estate


TLS, PLAIN = {"name": "https", "port": 443}, {"name": "http2", "port": 8081}
DOOR = "through Service doors/door"


def test_a_gateways_service_answers_after_its_wave_as_it_did_before_the_first(estate: Estate) -> None:
    first = with_door(estate, TLS, PLAIN).read(wave=0, spaces=[], since={})
    assert [(one["path"], one["answered"], one["answer"]) for one in first["probes"]][-1] == (DOOR, 50, "404")
    assert "url=http://door.doors:8081/&H=Host:+meshops-cutover.invalid&n=50" in estate.knocks[0]
    then = [one for one in estate.read(wave=3, spaces=[], services=["doors/door"], since=first)["probes"] if one["path"] == DOOR]
    assert [(one["sent"], one["answered"]) for one in then] == [(50, 50)]
    estate.door = {"404": 47, "503": 2, "-1": 1}
    lost = [one for one in estate.read(wave=3, spaces=[], services=["doors/door"], since=first)["probes"] if one["path"] == DOOR]
    assert [(one["sent"], one["answered"], one["answer"]) for one in lost] == [(50, 47, "404")]


def test_of_many_gateways_three_are_measured_at_once(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        with_door(estate, PLAIN, name=f"door-{number}")
    asked, ask_all = list[int](), estate.cluster.ask_all
    monkeypatch.setattr(estate.cluster, "ask_all", lambda some: asked.append(sum(NOBODY in one.path for one in some)) or ask_all(some))
    read = [one["path"] for one in estate.read(wave=0, spaces=[], since={})["probes"]]
    assert [path for path in read if "Service" in path] == [f"through Service doors/door-{number}" for number in range(4)]
    assert [many for many in asked if many] == [3, 1]


@pytest.mark.parametrize(("answers", "said"), [
    ({"503": 50}, "it answers with 503 (50)"), ({"200": 49, "302": 1}, "it answers with 200 (49), 302 (1)"), ({"-1": 50}, "it does not answer"),
])  # fmt: skip
def test_a_service_whose_answers_tell_nothing_is_named_once_and_asked_no_more(estate: Estate, answers: dict[str, int], said: str) -> None:
    estate.door = answers
    with_door(estate, PLAIN)
    result = estate.result(wave=0, spaces=[], since={})
    assert result["notices"] == [f"east: {DOOR} nothing can be seen, because {said}; give it a gate of your own."]
    assert DOOR not in [one["path"] for one in result["reading"]["probes"]]
    estate.knocks.clear()
    assert (DOOR in [one["path"] for one in estate.read(since=result["reading"])["probes"]], estate.knocks) == (False, [])


@pytest.mark.parametrize("more", [{"ports": (TLS,)}, {"ports": (PLAIN,), "address": "None"}, {"ports": ()}])
def test_a_service_without_plain_http_or_an_address_is_not_asked(estate: Estate, more: dict[str, Any]) -> None:
    ports = more.pop("ports")
    with_door(estate, *ports, **more).read(wave=0, spaces=[], since={})
    assert estate.knocks == []


def test_gateways_are_not_asked_where_that_is_not_wanted(estate: Estate) -> None:
    probes = {"targets": list(CLUSTERS), "requests": 50, "trust_domain": "cluster.local", "gateway": False}
    reading = with_door(estate, PLAIN).read(wave=0, spaces=[], since={}, probes=probes)
    assert [one["path"] for one in reading["probes"] if "through" in one["path"]] == estate.knocks == []


def test_rejected_configuration_counts_from_the_first_reading_on(estate: Estate) -> None:
    estate.rejected = {"cds": 5, "lds": 1}
    reading = estate.read(since={"counted": {"cds": 2}, "probes": []})
    assert (reading["rejected"], reading["counted"]) == ({"cds": 3, "lds": 1}, {"cds": 5, "lds": 1})


def test_what_could_not_be_read_is_said(estate: Estate) -> None:
    estate.rejected = None
    assert estate.read()["faults"] == ["what proxies rejected could not be read: istiod-green-1 did not say what proxies rejected"]


def test_a_remote_cluster_has_no_control_plane_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    estate = Estate(monkeypatch, served_by="west")
    estate.rejected = None
    assert estate.read(wave=0, spaces=[])["faults"] == []


def test_what_fell_back_is_late_and_what_runs_without_a_proxy_is_named(estate: Estate) -> None:
    reading = estate.read(spaces=["stock"])
    assert reading["late"][0] == "namespace stock follows blue"
    assert estate.clock.passed >= 30
    bare = pod("bare", "shop")
    bare["metadata"]["annotations"] = {}
    estate.world.live["Pod"].append({**bare, "metadata": {**bare["metadata"], "owner": ("Pod", "shop", "bare")}})
    assert (estate.read()["plain"], estate.read(spaces=["stock"])["plain"], estate.read(wave=0, spaces=[])["plain"]) == (["shop/bare"], [], ["shop/bare"])


def test_after_the_finish_everything_is_asked_not_the_last_wave_alone(estate: Estate) -> None:
    assert estate.read(wave=0, spaces=[])["late"] == []
    late = estate.read(wave=0, spaces=[], finished=True)["late"]
    assert late[0] == "namespace stock follows blue"
    assert late[1].startswith("Deployment stock/s has 1 of 1 pods")
    estate.world.one("Namespace", "", "stock")["metadata"]["labels"][REV] = "green"
    estate.world.roll(estate.world.one("Deployment", "stock", "s"))
    assert estate.read(wave=0, spaces=[], finished=True, since={})["late"] == []


def test_without_probes_nothing_is_asked_of_them(estate: Estate) -> None:
    assert estate.read(probes=None)["probes"] == []
    assert estate.read(probes={"targets": list(CLUSTERS), "requests": 0, "trust_domain": "x"})["probes"] == []
    assert estate.asked == []


def test_gates_are_asked_and_one_that_cannot_be_has_failed(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    gates = [{"name": "errors", "prometheus": {"url": "http://127.0.0.1:9", "query": "x", "most": 1}}, {"name": "shop", "http": {"url": "http://127.0.0.1:9"}}]
    seen = estate.read(gates=gates)["gates"]
    assert [(one["name"], one["passed"]) for one in seen] == [("errors", False), ("shop", False)]
    assert seen[0]["fault"].startswith("http://127.0.0.1:9 refuses connections")
    monkeypatch.setattr(cutover_gate, "answers", lambda asked: [UserGate(one.name, True, "HTTP 200") for one in asked])
    assert [one["passed"] for one in estate.read(gates=gates)["gates"]] == [True, True]


def test_a_gate_that_makes_no_sense_is_refused(estate: Estate) -> None:
    with pytest.raises(Refused, match="The gate errors of cutover_gates needs a query"):
        estate.read(gates=[{"name": "errors", "prometheus": {"url": "http://127.0.0.1:9", "query": "x"}}])


def test_who_serves_a_remote_clusters_proxies_is_asked_of_its_primary_each_time(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.cluster.name = "west"
    primary, seen = FakeCluster(name="east"), []

    def serving(cluster: str, _namespace: str, other: str) -> Look[Serving]:
        seen.append((cluster, other))
        return Look([], lambda _live, _answers: Serving("east", (), {("shop", "s-1"): ("green", True)}))

    def scene(cluster: str, _namespace: str, primary: Serving | None = None) -> Look[Scene]:
        seen.append((cluster, primary and dict(primary.connections)))
        return Look([], lambda _live, _answers: Scene(estate.world.state(), {}))

    story = SimpleNamespace(scene=scene, serving=serving, rejected=counters.rejected)
    monkeypatch.setattr(cutover_gate, "provider", lambda _name: SimpleNamespace(cutover=story))
    known = {"provider": "istio", "namespace": SYSTEM, "target": "green", "former": "blue", "wave": 1, "spaces": ["shop"], "services": [], "gates": []}
    params = {**known, "finished": False, "probes": None, "since": {"counted": {}}, "timeout": 60, "primary_kube": {"cluster": "east"}}
    reading = cutover_gate.reconcile(estate.cluster, params, estate.clock, lambda *_to, **_how: primary)["reading"]
    assert seen == [("east", "west"), ("west", {("shop", "s-1"): ("green", True)})]
    assert reading["faults"] == []


@pytest.mark.parametrize(("target", "said"), [
    ({"orders.shop": "198.18.32.41:8080 198.18.32.42:8080"}, "the target sends requests for orders.shop:80 to 198.18.32.41:8080, 198.18.32.42:8080"),
    ({}, "the target sends requests for orders.shop:80 to nobody"),
])  # fmt: skip
def test_a_target_that_knows_other_endpoints_is_named_after_a_while(estate: Estate, target: dict[str, str], said: str) -> None:
    """Every probe is answered, because the control plane knows the probes' own services, which are new."""
    estate.known[TARGET] = [target]
    reading = estate.read()
    assert reading["astray"] == [f"{said}, and the former revision to 198.18.2.1:15443"]
    assert {one["fault"] for one in reading["probes"]} == {""} and 30 <= estate.clock.passed < 35


def test_a_proxy_that_hears_of_an_endpoint_later_is_waited_for(estate: Estate) -> None:
    estate.known[FORMER] = [{"orders.shop": "198.18.2.9:15443 198.18.16.4:8080"}, {"orders.shop": "198.18.2.1:15443"}]
    assert (estate.read()["astray"], 0 < estate.clock.passed < 2) == ([], True)


def test_destinations_are_not_compared_if_nobody_wants_it_or_no_probe_runs(estate: Estate) -> None:
    estate.known[TARGET] = [{}]
    probes = {"targets": list(CLUSTERS), "requests": 50, "trust_domain": "cluster.local", "destinations": False}
    assert estate.read(probes=probes)["astray"] == [] == estate.read(probes=None)["astray"]
