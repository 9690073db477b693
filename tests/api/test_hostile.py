# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every verb through a network that loses, cuts and delays, on a real API server: it is done exactly once and in time."""

from __future__ import annotations

import itertools
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster, Permission, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.deadline import Limits
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.transport import Transport
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects import server
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access, bearer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused, Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.condition import Condition
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Greeting, Tls
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import config_map, crd, namespace, secret, widget

from .conftest import Way
from .hostile import BUSY, CONFLICT, CUT, EVERY, EXPIRED, FAILED, LOST, LOST_IN_STALL, PAGE, RESET, STALL, UNAVAILABLE, Hostile, hostile
from .kubelet import Kubelet, kubelet

_NUMBERS = itertools.count(1)
QUICK = Limits(connect=2, read=0.6, patience=30, first_pause=0.02, longest_pause=0.2)
WRITES = [*EVERY, CONFLICT]
# Seconds for the worst of them on a machine that has other things to do.
IN_TIME = 40


@pytest.fixture(scope="module")
def between(way: Way) -> Iterator[Hostile]:
    with hostile(way.url, way.ca) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def calm(between: Hostile, request: pytest.FixtureRequest) -> Iterator[None]:
    before = between.total
    yield
    between.calm()
    assert between.total > before or "fault" not in request.fixturenames, "nothing befell it"


@pytest.fixture
def reach(between: Hostile, way: Way) -> Callable[..., Cluster]:
    """Connect without `connect`, which sends no token over http."""

    def connected(limits: Limits = QUICK, **how: Any) -> Cluster:
        access = Access(between.url, headers=(bearer(way.tokens["admin"]),))
        return Cluster(Transport(access, "east", limits=limits), name="east", **how)

    return connected


@pytest.fixture
def cluster(reach: Callable[..., Cluster]) -> Cluster:
    return reach()


@pytest.fixture
def direct(admin: dict[str, Any]) -> Cluster:
    """The cluster without the proxy."""
    return connect(admin, environ={})


@pytest.fixture
def place(direct: Cluster) -> str:
    name = f"hostile-{next(_NUMBERS)}"
    direct.apply([namespace(name)])
    return name


@pytest.fixture(scope="module")
def kubelets(api_server: Any) -> Iterator[Kubelet]:
    with kubelet(api_server.directory / "pki") as one:
        yield one


@pytest.fixture
def node(kubelets: Kubelet, direct: Cluster) -> Kubelet:
    """One that the API server reaches by its address and port."""
    itself = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "hostile"}}
    direct.create(itself)
    status = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelets.port}}}
    transport = direct._server.transport
    answer = transport.request("PATCH", "/api/v1/nodes/hostile/status", body={"status": status}, content_type="application/merge-patch+json")
    assert answer.ok, answer.body
    kubelets.asked.clear()
    kubelets.heard.clear()
    return kubelets


@pytest.fixture
def pod(node: Kubelet, direct: Cluster, place: str) -> tuple[str, str, int]:
    meta = {"name": "istiod-1", "namespace": place}
    spec = {"nodeName": "hostile", "containers": [{"name": "discovery", "image": "istiod"}]}
    direct.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    return place, "istiod-1", 15014


@pytest.fixture
def quick_stalls(between: Hostile) -> Iterator[None]:
    between.stall = 0.8
    yield
    between.stall = 3.0


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < IN_TIME


def names(cluster: Cluster, place: str) -> list[str]:
    return sorted(live["metadata"]["name"] for live in cluster.list("v1", "ConfigMap", place))


def some(place: str, count: int, word: str = "1") -> list[dict[str, Any]]:
    return [config_map(place, f"c{number:04}", a=word) for number in range(count)]


@pytest.mark.parametrize("fault", EVERY, ids=str)
class TestReading:
    def test_get(self, cluster, direct, between, place, fault):
        direct.apply(some(place, 1))
        between.befall(fault, "GET", 2)
        assert cluster.get(Ref.of(some(place, 1)[0]))["data"] == {"a": "1"}
        assert cluster.get(Ref.of(config_map(place, "missing"))) is None
        assert len(between.befallen) == 4

    def test_list(self, cluster, direct, between, place, fault):
        direct.apply(some(place, 7))
        between.befall(fault, "GET", 2)
        assert names(cluster, place) == names(direct, place)

    def test_settle(self, cluster, direct, between, place, fault):
        direct.apply(some(place, 3))
        between.befall(fault, "GET", 2)
        cluster.settle([Condition(Ref.of(wish), "field", path="data.a", value="1") for wish in some(place, 3)], 30)

    def test_the_pages_of_a_list(self, cluster, direct, between, place, fault, monkeypatch):
        direct.apply(some(place, 7))
        monkeypatch.setattr(server, "_PAGE", "3")
        between.befall(fault, "GET", 1)
        assert names(cluster, place) == [wish["metadata"]["name"] for wish in some(place, 7)]
        assert len(between.befallen) == 3

    def test_settle_by_list(self, cluster, direct, between, place, fault):
        direct.apply(some(place, 6))
        between.befall(fault, "GET", 2)
        cluster.settle([Condition(Ref.of(wish), "field", path="data.a", value="1") for wish in some(place, 6)], 30)
        assert {path.rpartition("/")[2] for _name, _method, path in between.befallen} == {"configmaps"}

    def test_a_port_forward(self, cluster, between, fault, pod, quick_stalls):
        between.befall(fault, "GET", 2)
        answer = cluster.ask(*pod, "/told")
        assert (answer.status, answer.body) == (200, b"GET /told HTTP/1.1")
        assert len(between.befallen) == 2

    def test_denied(self, cluster, between, fault):
        asked = [Permission("create", "", "secrets", f"n{number}") for number in range(4)]
        between.befall(fault, "POST", 2)
        assert cluster.denied(asked) == []

    def test_identity(self, cluster, direct, between, fault):
        between.befall(fault, "GET", 2)
        seen, truth = cluster.identity(), direct.identity()
        assert (seen.uid, seen.version, seen.openshift) == (truth.uid, truth.version, False)
        assert abs(seen.skew) < 2

    def test_an_unknown_kind_is_looked_up(self, cluster, between, fault):
        between.befall(fault, "GET", 2)
        assert cluster.serves("node.k8s.io/v1", "RuntimeClass")


@pytest.mark.parametrize("fault", WRITES, ids=str)
class TestWriting:
    def test_apply(self, cluster, direct, between, place, fault):
        wishes = [*some(place, 5), secret(place, token="abc")]
        between.befall(fault, "PATCH", 2)
        assert {change.action for change in cluster.apply(wishes)} == {"created"}
        before = [live["metadata"]["resourceVersion"] for live in direct.get_all(Ref.of(wish) for wish in wishes)]
        assert [change.action for change in cluster.apply(wishes)] == ["unchanged"] * 6
        between.befall(fault, "PATCH", 2)
        changed = some(place, 5, "2")
        assert [change.action for change in cluster.apply(changed)] == ["updated"] * 5
        live = direct.get_all(Ref.of(wish) for wish in wishes)
        assert [one["data"] for one in live[:5]] == [{"a": "2"}] * 5
        assert live[5]["metadata"]["resourceVersion"] == before[5]
        assert all(len(one["metadata"]["managedFields"]) == 1 for one in live)

    def test_apply_a_definition_and_its_objects(self, cluster, direct, between, place, fault):
        group = f"h{next(_NUMBERS)}.example.com"
        between.befall(fault, "PATCH", 1)
        changes = cluster.apply([crd(group), widget(group, place)])
        assert [change.action for change in changes] == ["created", "created"]
        assert direct.get(Ref.of(widget(group, place)))
        between.befall(fault, "DELETE", 1)
        assert {change.action for change in cluster.delete([change.ref for change in changes], wait=20)} == {"deleted"}

    def test_apply_what_was_created(self, cluster, direct, between, place, fault):
        cluster.create(config_map(place, a="1", b="2"))
        between.befall(fault, "PATCH", 2)
        assert [change.action for change in cluster.apply([config_map(place, a="3")])] == ["updated"]
        live = direct.get(Ref.of(config_map(place)))
        assert live["data"] == {"a": "3"}
        assert [entry["manager"] for entry in live["metadata"]["managedFields"]] == ["meshops.lifecycle"]

    def test_create(self, cluster, direct, between, place, fault):
        between.befall(fault, "POST", 2)
        change = cluster.create(config_map(place, a="1"))
        assert change is not None
        live = direct.get(Ref.of(config_map(place)))
        assert (change.action, change.after["metadata"]["uid"]) == ("created", live["metadata"]["uid"])
        between.calm()
        assert cluster.create(config_map(place, a="1")) is None

    def test_create_what_is_there(self, cluster, direct, between, place, fault):
        """Even with the same content: it only counts who made the object."""
        direct.create(config_map(place, a="1"))
        between.befall(fault, "POST", 2)
        assert cluster.create(config_map(place, a="1")) is None

    def test_delete(self, cluster, direct, between, place, fault):
        wishes = some(place, 4)
        direct.apply(wishes)
        between.befall(fault, "DELETE", 2)
        assert [change.action for change in cluster.delete([Ref.of(wish) for wish in wishes], wait=20)] == ["deleted"] * 4
        assert direct.get_all(Ref.of(wish) for wish in wishes) == [None] * 4

    def test_delete_a_namespace(self, cluster, direct, between, place, fault):
        """A namespace exists until it is empty, and refuses a second deletion until then."""
        between.befall(fault, "DELETE", 2)
        assert [change.action for change in cluster.delete([Ref.of(namespace(place))])] == ["deleted"]
        assert direct.get(Ref.of(namespace(place)))["metadata"]["deletionTimestamp"]


@pytest.mark.parametrize("fault", [BUSY, UNAVAILABLE, FAILED, RESET, STALL, PAGE], ids=str)
def test_a_post_to_a_pod_is_begun_again_before_it_has_begun(cluster, between, node, pod, fault, quick_stalls):
    between.befall(fault, "GET", 2)
    assert cluster.ask(*pod, "/told", method="POST", body=b"x").body == b"POST /told HTTP/1.1"
    assert (node.asked, len(between.befallen)) == (["POST /told HTTP/1.1"], 2)


@pytest.mark.parametrize("fault", [LOST, CUT], ids=str)
def test_a_post_to_a_pod_is_not_sent_twice(cluster, between, node, pod, fault):
    between.befall(fault, "GET", 1)
    with pytest.raises(Unreachable, match="could not be asked"):
        cluster.ask(*pod, "/told", method="POST", body=b"x")
    assert len(node.asked) <= 1


@pytest.fixture
def tls_pods(node: Kubelet) -> Iterator[Tls]:
    """Every pod serves a certificate of this CA."""
    name, now = "vault.mesh.svc", datetime.now(UTC)
    root = issue.new_root("root", "o", "P-256", now, 1)
    served = issue.new_leaf(root, [name], "o", "P-256", now, 1)
    node.pods = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(served.certificate + served.key)
        kept.flush()
        node.pods.load_cert_chain(kept.name)
    yield Tls(root.certificate, name)
    node.pods = None


@pytest.mark.parametrize("fault", [BUSY, RESET, STALL], ids=str)
def test_a_put_with_a_token_over_tls_reaches_a_pod_once(cluster, between, node, pod, tls_pods, fault, quick_stalls):
    between.befall(fault, "GET", 2)
    put = PodRequest(*pod, "/v1/ca", "PUT", b'{"ca": 1}', 15, (("X-Token", "s3cret"),), tls_pods)
    (answer,) = cluster.ask_all([put])
    assert answer.body == b"PUT /v1/ca HTTP/1.1"
    assert len(between.befallen) == 2
    (heard,) = node.heard
    assert b"\r\nX-Token: s3cret\r\n" in heard
    assert heard.endswith(b'\r\n\r\n{"ca": 1}')


def test_a_pod_with_a_certificate_of_another_ca_gets_no_token(cluster, node, pod, tls_pods):
    stranger = issue.new_root("root", "o", "P-256", datetime.now(UTC), 1)
    asked = PodRequest(*pod, "/v1/ca", "PUT", None, 15, (("X-Token", "s3cret"),), Tls(stranger.certificate, tls_pods.server_name))
    (failed,) = cluster.ask_all([asked])
    assert f"port 15014, does not complete a TLS handshake for {tls_pods.server_name}: its certificate is not trusted: " in str(failed)
    assert "s3cret" not in str(failed)
    assert node.heard == []


def test_a_certificate_that_somebody_only_looks_at_leaves_no_thread_in_the_stand_in(direct, node, pod, tls_pods):
    """Such a thread would go on reading, and take a core from the tests that come after."""
    before = set(threading.enumerate())
    (shown,) = direct.greet_all([Greeting(*pod)])
    assert isinstance(shown, bytes) and shown.startswith(b"-----BEGIN CERTIFICATE-----")
    ends = time.monotonic() + 10
    while left := [one for one in set(threading.enumerate()) - before if "process_request" in one.name]:
        assert time.monotonic() < ends, left
        time.sleep(0.01)


def test_many_port_forwards_at_once(reach, between, pod):
    """32 port-forwards at once, of which a third is refused or broken."""
    cluster = reach(Limits(read=10, first_pause=0.02, longest_pause=0.3))
    between.befall_by_chance({BUSY: 0.15, RESET: 0.15}, 1)
    answers = cluster.ask_all([PodRequest(*pod, f"/{number}", timeout=30) for number in range(96)])
    assert [getattr(answer, "body", answer) for answer in answers] == [f"GET /{number} HTTP/1.1".encode() for number in range(96)]
    assert between.befallen


def test_a_list_that_went_on_for_too_long_begins_anew(cluster, direct, between, place, monkeypatch):
    direct.apply(some(place, 7))
    monkeypatch.setattr(server, "_PAGE", "3")
    between.befall_where(EXPIRED, "continue=")
    assert names(cluster, place) == [wish["metadata"]["name"] for wish in some(place, 7)]
    assert len(between.befallen) == 1


def test_a_storm_of_conflicts_passes(cluster, direct, between, place):
    """Each write meets five conflicts. The eighth would be an error."""
    wishes = some(place, 6)
    for verb, methods, action in (
        (lambda: cluster.apply(wishes), "PATCH", "created"),
        (lambda: cluster.apply(some(place, 6, "2")), "PATCH", "updated"),
        (lambda: cluster.delete([Ref.of(wish) for wish in wishes]), "DELETE", "deleted"),
    ):
        between.befall(CONFLICT, methods, 5)
        assert {change.action for change in verb()} == {action}
        assert len(between.befallen) == 30


def test_stalls_of_a_minute_are_cut_short_by_an_option(between, reach, place):
    """The limits come from the options of a task."""
    cluster = reach(Limits.of({"request_timeout": 0.5, "patience": 20}))
    between.stall = 60
    try:
        between.befall(STALL, "GET PATCH DELETE", 1)
        assert [change.action for change in cluster.apply(some(place, 1))] == ["created"]
        assert [change.action for change in cluster.delete([Ref.of(some(place, 1)[0])], wait=5)] == ["deleted"]
        assert {method for _name, method, _path in between.befallen} == {"GET", "PATCH", "DELETE"}
    finally:
        between.stall = 3.0


def test_writes_are_no_more_a_second_than_the_option_says(way, admin, place):
    slow, checked = (connect({**admin, "write_rate": 10}, environ={}, dry_run=dry) for dry in (False, True))
    start = time.monotonic()
    checked.apply(some(place, 30))
    slow.denied([Permission("get", "", "secrets", f"n{number}") for number in range(30)])
    slow.get_all(Ref.of(wish) for wish in some(place, 30))
    quick = time.monotonic() - start
    slow.apply(some(place, 16))
    assert time.monotonic() - start - quick >= 1.5
    assert quick < 2.5


@pytest.mark.parametrize("fault", [RESET, LOST, LOST_IN_STALL, UNAVAILABLE], ids=str)
def test_of_many_that_create_one_wins(reach, direct, between, place, fault):
    """All with the same wish and a connection of their own, and each loses its first answer."""
    between.befall(fault, "POST", 3)
    with ThreadPoolExecutor(6) as pool:
        won = [change for change in pool.map(lambda number: reach().create(config_map(place, a="1")), range(6)) if change]
    assert len(won) == 1
    assert won[0].after["metadata"]["uid"] == direct.get(Ref.of(config_map(place)))["metadata"]["uid"]


@pytest.mark.parametrize("fault", [BUSY, RESET, STALL, LOST], ids=str)
def test_trouble_without_end_ends(reach, direct, between, place, fault):
    cluster = reach(Limits(connect=1, read=0.3, patience=1.5, first_pause=0.02, longest_pause=0.2))
    direct.apply(some(place, 1))
    between.befall(fault, "GET POST PATCH DELETE", 10**6)
    ref = Ref.of(some(place, 1)[0])
    for verb in (
        lambda: cluster.get(ref),
        lambda: cluster.list("v1", "ConfigMap", place),
        lambda: cluster.apply(some(place, 1, "2")),
        lambda: cluster.delete([ref]),
        lambda: cluster.create(config_map(place, "new")),
        cluster.identity,
    ):
        with pytest.raises(Unreachable, match="east: "):
            verb()


def test_a_wait_is_no_longer_than_asked(reach, direct, between, place):
    """A stalled answer may outlast the wait by one short read, not by the patience of a request."""
    direct.apply(some(place, 1))
    cluster = reach(Limits(read=30))
    between.stall = 40
    between.befall(STALL, "GET", 10**6)
    start = time.monotonic()
    try:
        with pytest.raises(NotReady, match="does not answer in time"):
            cluster.settle([Condition(Ref.of(wish)) for wish in some(place, 1)], 1)
    finally:
        between.stall = 3.0
    assert time.monotonic() - start < 15


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_day(reach, direct, between, place, seed):
    """The mixture of faults of the benchmark P10, on 150 objects."""
    cluster = reach(Limits(read=1.5, first_pause=0.02, longest_pause=0.3))
    wishes = some(place, 150)
    between.befall_by_chance({BUSY: 0.10, RESET: 0.05, LOST: 0.02, STALL: 0.01}, seed)
    assert {change.action for change in cluster.apply(wishes)} == {"created"}
    assert {change.action for change in cluster.apply(some(place, 150, "2"))} == {"updated"}
    deleted = cluster.delete([Ref.of(wish) for wish in wishes[:50]], wait=30)
    assert {change.action for change in deleted} == {"deleted"}
    assert between.befallen
    left = [live for live in direct.list("v1", "ConfigMap", place) if live["metadata"]["name"].startswith("c")]
    assert len(left) == 100
    assert {live["data"]["a"] for live in left} == {"2"}
    assert {len(live["metadata"]["managedFields"]) for live in left} == {1}


def test_who_may_not_list_may_still_apply(direct: Cluster, way: Way, place):
    meta = {"name": "named", "namespace": place}
    rbac = "rbac.authorization.k8s.io"
    wishes = some(place, 4)
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "patch"], "resourceNames": [wish["metadata"]["name"] for wish in wishes]}
    role = {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": meta, "rules": [rule]}
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": "default"}
    bound = {"roleRef": {"apiGroup": rbac, "kind": "Role", "name": "named"}, "subjects": [subject]}
    direct.apply([role, {"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "metadata": meta, **bound}, *wishes])
    poor = connect({"kubeconfig": way.kubeconfig, "context": "reader"}, environ={})
    assert {change.action for change in poor.apply(some(place, 4, "2"))} == {"updated"}


@pytest.mark.parametrize("name", ["../secrets/key", "../../../nodes", "a/b", "..", ".", "a%2fb", ""])
def test_a_name_leads_nowhere_else(direct, place, name):
    """An odd name never leads to another path, such as the deletion of all objects or of a Secret."""
    kept = [secret(place, token="abc"), *some(place, 2)]
    direct.apply(kept)
    for verb in (
        lambda: direct.delete([Ref("v1", "ConfigMap", name, place)]),
        lambda: direct.create(config_map(place, name)),
        lambda: direct.get(Ref("v1", "ConfigMap", name, place)),
        lambda: direct.apply([*some(place, 2, "2"), config_map(place, name)]),
    ):
        with pytest.raises(Refused, match="east: "):
            verb()
    live = direct.get_all(Ref.of(wish) for wish in kept)
    assert [one["data"] for one in live] == [{"token": "YWJj"}, {"a": "1"}, {"a": "1"}]
