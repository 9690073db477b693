# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module link_rotation on clusters in memory: what it writes, in which order, and what it waits for."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.connection import Connection
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, NotReady, Refused, Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.standing import Standing
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links import remote_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.links import link_rotation as stepping_links
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.links import links as linking
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.links import mutual_trust
from ansible_collections.meshops.lifecycle.plugins.modules import link_rotation, links
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

SPACE = "istio-system"
NAME = "istio-reader-service-account-istio-remote-secret-token"
OLD = (datetime.now(UTC) - timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
SHARDS = {"echo": {"app": {"Shards": {"Kubernetes/west": [{}, {}], "Kubernetes/east": [{}]}}}}


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def istiod(version: str) -> list[dict[str, Any]]:
    meta = {"name": "istiod", "namespace": SPACE, "labels": {"app": "istiod"}}
    template = {"metadata": {"labels": {"app": "istiod"}}, "spec": {"containers": [{"name": "discovery", "image": f"pilot:{version}"}]}}
    status = {"readyReplicas": 1, "updatedReplicas": 1, "replicas": 1, "availableReplicas": 1, "observedGeneration": 99}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"replicas": 1, "template": template}, "status": status}
    running = {"name": "discovery", "containerID": "c1", "ready": True, "state": {"running": {}}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**meta, "name": "istiod-1"}, "status": {"phase": "Running", "containerStatuses": [running]}}
    return [deployment, pod]


class Mesh:
    """west and the clusters that discover it. Their istiods take a remote secret as soon as it is written, except those that are made deaf."""

    def __init__(self, clock: Ticking, *names: str) -> None:
        self.clock, self.deaf, self.blinded = clock, set[str](), set[str]()
        self.taken = dict.fromkeys(names, 1)
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}
        self.west = FakeCluster(space, name="west", react=self._token_controller)
        self.peers = {name: FakeCluster(*istiod("1.32.0"), name=name) for name in names}
        self.issue(1, OLD)
        for name, peer in self.peers.items():
            link = remote_secret.link(self._credential(1), SPACE)
            peer.apply([link])
            self.answer(name)

    def issue(self, generation: int, created: str = "") -> None:
        secret = remote_secret.account(SPACE, generation)
        self.west.create(secret)
        if created:
            self.stored(secret["metadata"]["name"])["metadata"]["creationTimestamp"] = created

    def stored(self, name: str) -> dict[str, Any]:
        return self.west.backend.objects["v1", "secrets", SPACE, name]  # type: ignore[no-any-return]

    def _token_controller(self, live: dict[str, Any]) -> None:
        if live.get("type") == "kubernetes.io/service-account-token" and not live.get("data"):
            live["metadata"]["creationTimestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            live["data"] = {"token": coded("eyJ." + live["metadata"]["name"]), "ca.crt": coded("CA")}

    def _credential(self, generation: int) -> Any:
        secret = remote_secret.account(SPACE, generation)
        return remote_secret.credential("west", self.west.server, "", self.west.get(Ref.of(secret)))

    def answer(self, name: str) -> None:
        """What the istiod of this cluster says now."""
        shards = {} if name in self.blinded else SHARDS
        gateways = [{"Network": "aws", "Cluster": "west", "Addr": "192.0.2.1", "Port": 15443}]
        metrics = f'remote_cluster_secret_events_total{{event="update"}} {self.taken[name]}\n'
        said = {"clusterz": [{"id": name, "syncStatus": "synced"}, {"id": "west", "syncStatus": "synced"}], "endpointShardz": shards, "networkz": gateways}
        told = {f"/debug/{path}": json.dumps(body) for path, body in said.items()} | {"/metrics": metrics}
        self.peers[name].answers.update({(SPACE, "istiod-1", 15014, path): Answer(200, text.encode()) for path, text in told.items()})

    def pass_time(self, _passed: float) -> None:
        for name in self.peers:
            if name not in self.deaf and self.held(name) != "":
                self.taken[name] += 1
            self.answer(name)

    def held(self, name: str) -> str:
        found = self.peers[name].get(remote_secret.linking("west", SPACE))
        return remote_secret.token(found or {}, "west").decode().removeprefix("eyJ." + NAME)

    def tokens(self) -> list[str]:
        return sorted(one["metadata"]["name"].removeprefix(NAME) for one in self.west.list("v1", "Secret", SPACE))

    def connect(self, connection: Connection, *, dry_run: bool = False) -> FakeCluster:
        found = self.west if connection.cluster == "west" else self.peers[connection.cluster]
        if isinstance(found, MeshError):
            raise found
        return found.checking() if dry_run else found

    def run(self, check: bool = False, **given: Any) -> dict[str, Any]:
        params = {
            "provider": "istio", "mesh": "shop", "namespace": SPACE, "server": None, "tls_server_name": None, "adopt": False, "min_age": 3600, "timeout": 60,
            "may_restart": False, "token_timeout": 5, "lease": None, "consumers": [{"name": name, "kube": {}, "cluster_uid": None} for name in self.peers],
        }  # fmt: skip
        return link_rotation.reconcile(self.west.checking() if check else self.west, {**params, **given})


@pytest.fixture
def mesh(monkeypatch: pytest.MonkeyPatch) -> Mesh:
    clock = Ticking()
    made = Mesh(clock, "east", "north")
    clock.meanwhile = made.pass_time
    monkeypatch.setattr(stepping_links, "SystemClock", lambda: clock)
    monkeypatch.setattr(stepping_links, "connect_to", made.connect)
    monkeypatch.setattr(linking, "connect_to", made.connect)
    return made


def test_all_hold_the_new_one_and_the_old_one_is_gone(mesh: Mesh) -> None:
    result = mesh.run()
    assert (mesh.tokens(), mesh.held("east"), mesh.held("north")) == (["-2"], "-2", "-2")
    assert [(change["object"].removeprefix(f"Secret {SPACE}/"), change["action"]) for change in result["changes"]] == [
        (f"{NAME}-2", "created"), ("istio-remote-secret-west", "updated"), ("istio-remote-secret-west", "updated"), (NAME, "deleted"),
    ]  # fmt: skip
    assert result["seen"][0] == {"cluster": "east", "pod": "istiod-1", "synced": True, "services": 1, "endpoints": 2, "gateways": ["192.0.2.1:15443"]}
    assert mesh.clock.passed < 10  # they count what they took, so nobody is waited for in vain
    assert "eyJ" not in json.dumps(result)


def test_again_there_is_nothing_to_do_and_links_keeps_it(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    mesh.run()
    assert (again := mesh.run())["changed"] is False
    assert again["steps"] == []
    monkeypatch.setattr(mutual_trust, "_roots", lambda *_args: Standing("", "", trusts=frozenset({"one root"})))
    wish = {"name": "west", "kube": {}, "cluster_uid": None, "server": None, "tls_server_name": None, "unread": None, "required": True}
    told = links.reconcile(mesh.peers["east"], {"provider": "istio", "namespace": SPACE, "links": [wish], "prune": True, "token_timeout": 5})
    assert (told["changed"], mesh.held("east")) == (False, "-2")


def test_check_mode_says_what_would_be_done_and_writes_nothing(mesh: Mesh) -> None:
    before = [len(cluster.writes) for cluster in (mesh.west, *mesh.peers.values())]
    result = mesh.run(check=True)
    assert (result["changed"], result["steps"]) == (True, [
        "west: issue token 2",
        "west: give the new token to east, north, and check that they discover the cluster with it",
        f"west: revoke {NAME}, and check that they still discover the cluster",
    ])  # fmt: skip
    assert before == [len(cluster.writes) for cluster in (mesh.west, *mesh.peers.values())]


def test_the_old_one_stays_while_one_control_plane_has_not_taken_the_new_one(mesh: Mesh) -> None:
    mesh.deaf.add("north")
    with pytest.raises(NotReady, match=r"^west: after the token was replaced .*: north: istiod-1 has not taken the new credential\."):
        mesh.run()
    assert mesh.tokens() == ["", "-2"]
    mesh.deaf.clear()
    assert mesh.run()["steps"] == [f"west: revoke {NAME}, and check that they still discover the cluster"]
    assert mesh.tokens() == ["-2"]


def test_the_old_one_stays_while_one_lost_endpoints(mesh: Mesh) -> None:
    mesh.clock.meanwhile = lambda passed: (mesh.blinded.add("east"), mesh.pass_time(passed))[1]
    with pytest.raises(NotReady, match="east: istiod-1 lost the endpoints in west of app/echo"):
        mesh.run()
    assert mesh.tokens() == ["", "-2"]


@pytest.mark.parametrize("killed", range(1, 5))
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_write_and_run_again(mesh: Mesh, monkeypatch: pytest.MonkeyPatch, killed: int, when: str) -> None:
    """The run is killed before a write or right after it."""
    count = 0

    class Killed(BaseException):
        pass

    def counted(cluster: FakeCluster) -> None:
        answer = cluster.transport.request

        def request(method: str, *rest: Any, **how: Any) -> Any:
            nonlocal count
            count += method != "GET"
            if method != "GET" and count == killed and when == "before":
                raise Killed
            found = answer(method, *rest, **how)
            if method != "GET" and count == killed:
                raise Killed
            return found

        monkeypatch.setattr(cluster.transport, "request", request)

    for cluster in (mesh.west, *mesh.peers.values()):
        counted(cluster)
    with pytest.raises(Killed):
        mesh.run()
    assert {mesh.held(name) for name in mesh.peers} <= set(mesh.tokens())
    mesh.run()
    assert (mesh.tokens(), mesh.held("east"), mesh.held("north")) == (["-2"], "-2", "-2")


def test_a_token_that_is_young_is_left(mesh: Mesh) -> None:
    mesh.stored(NAME)["metadata"]["creationTimestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert mesh.run()["steps"] == []
    assert mesh.run(min_age=0)["changed"] is True


def test_another_token_of_the_account_is_named_and_left(mesh: Mesh) -> None:
    secret = remote_secret.account(SPACE)
    mesh.west.create({**secret, "metadata": {**secret["metadata"], "name": "made-by-hand"}})
    assert mesh.run()["warnings"] == [
        f"west: Secret {SPACE}/made-by-hand is another token of the same account. This run leaves it; delete it if nobody uses it."
    ]
    assert "made-by-hand" in mesh.tokens()


class TestRefused:
    def test_an_unreachable_consumer_before_the_first_write(self, mesh: Mesh) -> None:
        mesh.peers["north"] = Unreachable("north: no answer.")  # type: ignore[assignment]
        before = len(mesh.west.writes)
        with pytest.raises(Unreachable, match=r"^north: no answer\.$"):
            mesh.run()
        assert len(mesh.west.writes) == before

    def test_a_link_of_istioctl_which_may_be_adopted(self, mesh: Mesh) -> None:
        """Its kubeconfig is YAML."""
        place = mesh.peers["east"].backend.objects["v1", "secrets", SPACE, "istio-remote-secret-west"]
        place["metadata"]["labels"] = {"istio/multiCluster": "true"}
        place["data"]["west"] = coded(f"users:\n- name: west\n  user:\n    token: eyJ.{NAME}\n")
        with pytest.raises(Refused, match=r"^east: this collection did not make the link to west\."):
            mesh.run()
        mesh.run(adopt=True)
        assert (mesh.tokens(), mesh.held("east")) == (["-2"], "-2")

    def test_what_was_changed_by_somebody_else_meanwhile(self, mesh: Mesh) -> None:
        def meddle(passed: float) -> None:
            mesh.pass_time(passed)
            mesh.peers["east"].apply([remote_secret.link(mesh._credential(1), SPACE)])

        mesh.clock.meanwhile = meddle
        with pytest.raises(Refused, match=r"^west: somebody else changed its tokens or links during this run, so the run revokes no token"):
            mesh.run()
        assert mesh.tokens() == ["", "-2"]


@pytest.mark.parametrize(("version", "allowed", "restarted"), [
    pytest.param("1.30.1", True, ["east"], id="affected"),
    pytest.param("1.30.1", False, [], id="affected, not allowed"),
    pytest.param("1.30.4", True, [], id="fixed"),
])  # fmt: skip
def test_versions_that_lose_sight_are_restarted_where_that_is_allowed(mesh: Mesh, version: str, allowed: bool, restarted: list[str]) -> None:
    mesh.peers["east"].backend.objects["apps/v1", "deployments", SPACE, "istiod"]["spec"]["template"]["spec"]["containers"][0]["image"] = f"pilot:{version}"
    result = mesh.run(may_restart=allowed)
    assert result["restarted"] == restarted
    assert bool(result["warnings"]) is (version == "1.30.1" and not allowed)


def test_what_a_killed_run_may_not_have_restarted_is_restarted(mesh: Mesh) -> None:
    """Another run switched the credential, so this run does not know what was seen before."""
    mesh.peers["east"].backend.objects["apps/v1", "deployments", SPACE, "istiod"]["spec"]["template"]["spec"]["containers"][0]["image"] = "pilot:1.30.1"
    mesh.issue(2)
    for peer in mesh.peers.values():
        peer.apply([remote_secret.link(mesh._credential(2), SPACE)])
    result = mesh.run(may_restart=True)
    assert (result["restarted"], mesh.tokens()) == (["east"], ["-2"])


def test_a_former_token_stays_while_a_budget_forbids_a_restart_that_the_new_one_may_need(mesh: Mesh) -> None:
    """istiod may ignore the new token until it restarts. Its chart's own budget forbids that while it has one replica."""
    objects = mesh.peers["east"].backend.objects
    objects["apps/v1", "deployments", SPACE, "istiod"]["spec"]["template"]["spec"]["containers"][0]["image"] = "pilot:1.30.1"
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "istiod"}}}
    mesh.peers["east"].create({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "istiod", "namespace": SPACE}, "spec": spec})
    told = r"^west: without a restart .*the old token stays valid.*: east: a PodDisruptionBudget allows no disruption of Deployment istio-system/istiod now\."
    for _time in range(2):
        with pytest.raises(NotReady, match=told):
            mesh.run(may_restart=True)
        assert (mesh.tokens(), mesh.held("east"), mesh.held("north")) == (["", "-2"], "-2", "-2")
    objects["policy/v1", "poddisruptionbudgets", SPACE, "istiod"]["status"] = {"disruptionsAllowed": 1}
    result = mesh.run(may_restart=True)
    assert (result["restarted"], mesh.tokens()) == (["east"], ["-2"])
