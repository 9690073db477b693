# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two datacenters become peers through the work that links every mesh, against a stand-in for the part of Consul that peers."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, NotReady
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.link import Link
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.links import links as of_consul
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import SERVER, STANDING, selector
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.links import links
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import look
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT, server, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking


@dataclass
class Peers:
    """What the two Consuls know of each other. A token that is not used yet is invalid as soon as another one is made."""

    known: dict[str, dict[str, str]] = field(default_factory=lambda: {"east": {}, "west": {}})
    token: str = ""
    numbers: Any = field(default_factory=itertools.count)

    def answer(self, own: str, question: PodRequest) -> Answer:
        if dict(question.headers).get("X-Consul-Token") != MANAGEMENT:
            return Answer(403, b"")
        if question.path == "/v1/peerings":
            return Answer(200, json.dumps([{"Name": name, "State": state} for name, state in self.known[own].items()] or None).encode())
        if question.path.startswith("/v1/agent/members"):
            return Answer(200, b"[]")
        if question.method == "DELETE":
            other = question.path.rpartition("/")[2]
            self.known[own].pop(other)
            if own in self.known[other]:
                self.known[other][own] = "TERMINATED"
            return Answer(200, b"")
        body = json.loads(question.body or b"")
        if question.path == "/v1/peering/token":
            self.token = f"t0ken-number-{next(self.numbers)}"
            self.known[own].setdefault(body["PeerName"], "PENDING")
            return Answer(200, json.dumps({"PeeringToken": self.token}).encode())
        assert question.path == "/v1/peering/establish"
        if body["PeeringToken"] != self.token:
            return Answer(500, b"the token is not valid")
        self.known[own][body["PeerName"]] = self.known[body["PeerName"]][own] = "ACTIVE"
        return Answer(200, b"{}")


class Datacenter(FakeCluster):
    """A cluster with one server. The run is killed before its write number `dies`."""

    peers: Peers
    dies = 0
    writes_of_consul = 0

    def ask_all(self, questions: Sequence[PodRequest]) -> list[Answer | MeshError]:
        return [self.one_answer(question) for question in questions]

    def one_answer(self, question: PodRequest) -> Answer:
        if question.method != "GET":
            self.writes_of_consul += 1
            if self.writes_of_consul == self.dies:
                raise KeyboardInterrupt
        return self.peers.answer(self.name, question)


def datacenter(name: str, peers: Peers, standing: str = "peer") -> Datacenter:
    objects: list[dict[str, Any]] = [{"apiVersion": "v1", "kind": kind, **copy.deepcopy(one)} for kind, one in (("Pod", server()), ("Secret", tokens()))]
    for one in objects:
        one["metadata"]["namespace"] = "consul"
    meta = {"name": SERVER, "namespace": "consul", "labels": {**selector("server"), STANDING: standing}}
    made = Datacenter(namespace("consul"), *objects, {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta, "spec": {}}, name=name)
    made.peers = peers
    return made


class Estate:
    def __init__(self, standing: str = "peer") -> None:
        self.peers = Peers()
        self.clusters = {name: datacenter(name, self.peers, standing) for name in ("east", "west")}

    def linked(self, consumer: str, checking: bool = False, timeout: int = 5) -> dict[str, Any]:
        # No server of Consul ever calls an API server, so its address may lead nowhere for others.
        source = "west" if consumer == "east" else "east"
        entry = {"name": source, "kube": {"context": source}, "server": "https://127.0.0.1:6443"}
        params = {"provider": "consul", "namespace": "consul", "links": [entry], "prune": True, "force": False, "token_timeout": timeout}
        one, other = (checked(self.clusters[name]) if checking else self.clusters[name] for name in (consumer, source))
        return links.reconcile(one, params, connect=lambda *_way, **_how: other, clock=Ticking())

    def unlinked(self, name: str, checking: bool = False, prune: bool = True, **more: Any) -> dict[str, Any]:
        """Run the task without the other cluster, as when that leaves the mesh, or as a teardown does."""
        params = {"provider": "consul", "namespace": "consul", "links": [], "prune": prune, "force": False, "token_timeout": 5, **more}
        return links.reconcile(checked(self.clusters[name]) if checking else self.clusters[name], params, clock=Ticking())

    def secrets(self) -> list[str]:
        refs = [Ref("v1", "Secret", name, "consul") for name in ("consul-peer-west", "consul-peering-for-east")]
        return [f"{name} {ref.name}" for name, cluster in self.clusters.items() for ref in refs if cluster.get(ref)]

    def states(self) -> dict[str, dict[str, str]]:
        return self.peers.known


def checked(cluster: Datacenter) -> Datacenter:
    """The same cluster, seen in check mode."""
    twin = Datacenter(name=cluster.name, dry_run=True)
    twin.backend = twin.transport.backend = cluster.backend
    twin.peers = cluster.peers
    return twin


PEERED = {"east": {"west": "ACTIVE"}, "west": {"east": "ACTIVE"}}
OBJECTS = ["Secret consul/consul-peering-for-east", "Secret consul/consul-peering-for-east", "Secret consul/consul-peer-west"]


def test_one_link_peers_both_and_a_second_run_changes_nothing() -> None:
    estate = Estate()
    first = estate.linked("east")
    assert (first["changed"], [one["object"] for one in first["changes"]], estate.states()) == (True, OBJECTS, PEERED)
    assert (estate.linked("east")["changed"], estate.linked("west")["changed"]) == (False, False)


@pytest.mark.parametrize("order", list(itertools.permutations(["east", "west"])))
def test_either_order_of_the_clusters_makes_one_peering(order: tuple[str, str]) -> None:
    estate = Estate()
    for name in order:
        estate.linked(name)
    assert estate.states() == PEERED
    assert estate.peers.token == "t0ken-number-0"


def test_check_mode_says_so_and_makes_neither_tokens_nor_objects() -> None:
    estate = Estate()
    assert estate.linked("east", checking=True)["changed"] is True
    assert (estate.states(), estate.peers.token) == ({"east": {}, "west": {}}, "")
    assert estate.clusters["east"].get(Ref("v1", "Secret", "consul-peer-west", "consul")) is None


@pytest.mark.parametrize(("cluster", "dies"), [("west", 1), ("east", 1)])
def test_a_run_that_is_killed_before_a_write_to_consul_is_finished_by_the_next(cluster: str, dies: int) -> None:
    estate = Estate()
    estate.clusters[cluster].dies = dies
    with pytest.raises(KeyboardInterrupt):
        estate.linked("east")
    estate.linked("east")
    assert (estate.states(), estate.linked("east")["changed"]) == (PEERED, False)


def test_a_token_that_was_made_and_not_kept_is_made_again() -> None:
    """The run died after Consul had made a token and before a Secret had it."""
    estate = Estate()
    estate.peers.known["west"]["east"] = "PENDING"
    estate.peers.token = "lost"
    estate.linked("east")
    assert estate.states() == PEERED


def test_a_peering_that_somebody_deleted_is_made_again() -> None:
    estate = Estate()
    estate.linked("east")
    for known in estate.states().values():
        known.clear()
    assert estate.linked("east")["changed"] is True
    assert estate.states() == PEERED


def test_a_peering_whose_other_side_is_away_is_left_alone() -> None:
    estate = Estate()
    estate.linked("east")
    estate.states()["east"]["west"] = "FAILING"
    assert estate.linked("east")["changed"] is False


def test_a_peering_that_does_not_come_up_says_what_to_look_at() -> None:
    estate = Estate()
    estate.states()["east"]["west"] = "ESTABLISHING"
    with pytest.raises(NotReady, match="the peering with west is establishing; check whether the gateways of both datacenters reach each other"):
        estate.linked("east")


def test_no_token_is_in_a_result() -> None:
    estate = Estate()
    shown = json.dumps(estate.linked("east"))
    secret = estate.clusters["east"].get(Ref("v1", "Secret", "consul-peer-west", "consul"))
    assert secret
    assert not [form for form in ("t0ken-number-0", secret["data"]["token"], MANAGEMENT) if form in shown]


@pytest.mark.parametrize("standing", ["primary", "secondary"])
def test_a_federation_needs_no_links(standing: str) -> None:
    estate = Estate(standing)
    result = estate.linked("east")
    assert (result["changed"], result["changes"], estate.states()) == (False, [], {"east": {}, "west": {}})


def test_each_server_says_whether_it_sees_the_peer() -> None:
    estate = Estate()
    wanted = of_consul.sights(Link("west", "east", "consul"))
    assert [(sight.pod, sight.synced, sight.status) for sight in look(estate.clusters["east"], wanted).sights] == [("consul-server-0", False, "")]
    estate.linked("east")
    assert [(sight.synced, sight.status) for sight in look(estate.clusters["east"], wanted).sights] == [(True, "synced")]
    estate.states()["east"]["west"] = "FAILING"
    assert [(sight.synced, sight.status) for sight in look(estate.clusters["east"], wanted).sights] == [(False, "failing")]


HELD = ["east consul-peer-west", "west consul-peering-for-east"]


@pytest.mark.parametrize("order", list(itertools.permutations(["east", "west"])))
def test_a_member_that_leaves_is_a_peer_of_nobody_on_either_side(order: tuple[str, str]) -> None:
    estate = Estate()
    estate.linked("east")
    assert estate.secrets() == HELD
    ended = [estate.unlinked(name) for name in order]
    assert [one["ordered"] for one in ended] == [[f"the end of the peering with {name}"] for name in reversed(order)]
    assert (estate.states(), estate.secrets()) == ({"east": {}, "west": {}}, [])
    assert [estate.unlinked(name)["changed"] for name in order] == [False, False]
    estate.linked("east")
    assert estate.states() == PEERED, "and it may come back"


@pytest.mark.parametrize("name", ["east", "west"])
def test_check_mode_ends_no_peering_and_without_prune_all_stays(name: str) -> None:
    estate = Estate()
    estate.linked("east")
    planned = estate.unlinked(name, checking=True)
    assert (planned["changed"], len(planned["ordered"])) == (True, 1)
    assert estate.unlinked(name, prune=False)["changed"] is False
    assert (estate.states(), estate.secrets()) == (PEERED, HELD)


@pytest.mark.parametrize("name", ["east", "west"])
def test_a_run_that_is_killed_before_it_ends_a_peering_is_finished_by_the_next(name: str) -> None:
    estate = Estate()
    estate.linked("east")
    cluster = estate.clusters[name]
    cluster.dies = cluster.writes_of_consul + 1
    with pytest.raises(KeyboardInterrupt):
        estate.unlinked(name)
    assert (estate.states(), estate.secrets()) == (PEERED, HELD)
    estate.unlinked(name)
    assert (estate.states()[name], [one for one in estate.secrets() if one.startswith(name)]) == ({}, [])


def test_a_peering_is_not_forgotten_while_no_server_says_whether_it_ended() -> None:
    estate = Estate()
    estate.linked("east")
    estate.peers.known["east"]["west"] = "FAILING"
    pod = estate.clusters["east"].get(Ref("v1", "Pod", "consul-server-0", "consul"))
    assert pod
    estate.clusters["east"].amend(pod, {"status": {"conditions": [{"type": "Ready", "status": "False"}]}})
    with pytest.raises(NotReady, match="no server of Consul said whether it is peered with west"):
        estate.unlinked("east")
    assert estate.secrets() == HELD
    estate.clusters["east"].delete([Ref("v1", "Pod", "consul-server-0", "consul")])
    estate.unlinked("east")
    assert estate.secrets() == HELD[1:], "without any server nothing keeps a peering"


def test_a_cluster_that_discovers_nobody_keeps_what_it_gave_a_member() -> None:
    estate = Estate()
    estate.linked("east")
    assert estate.unlinked("west", consumers=["east", "west"])["changed"] is False
    assert (estate.states(), estate.secrets()) == (PEERED, HELD)
    assert estate.unlinked("west", consumers=["west"])["ordered"] == ["the end of the peering with east"]
