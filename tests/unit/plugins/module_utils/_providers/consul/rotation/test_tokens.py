# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of Consul's tokens. Consul and its pods are stand-ins that fail if anybody ever uses a token that Consul does not know."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded, encoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import access
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import AGENT, GATEWAY, SERVER, SHARED, TOKENS, selector
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.quorums import BACK, OLD, READY, Servers
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.quorums import pod as server_pod
from ansible_collections.meshops.lifecycle.tests.unit.support.stepping import Fuse, Killed, Steps, Stopped, fused

SPACE = "mesh"
FORMER = {name: f"f0rmer-{name}" for name in ("management", "agent", "gateway", "replication")}
USES = {SERVER: ("agent", "management", "replication"), AGENT: ("agent",), GATEWAY: ("gateway",)}
STRANGE = {"AccessorID": "somebody-else", "SecretID": "theirs", "Description": "of a person", "Policies": []}


def wish(standing: str) -> ControlPlane:
    return ControlPlane("east", "shop", namespace=SPACE, serves_remotes=standing == "primary")


class Datacenter(Servers):
    """A datacenter whose Consul knows tokens by their values, and whose pods use those with which they started."""

    def __init__(self, standing: str = "peer") -> None:
        self.revision, self.rolled = OLD, list[str]()
        self.made: dict[str, str] = {}
        self.standing = standing
        super().__init__(*(server_pod(number) for number in range(3)), revision=OLD, standing=standing)
        self.backend.react = self.react
        own = {name: FORMER[name] for name in ("management", "agent", "gateway")}
        shared = {"replication": FORMER["replication"], "gossip": "k"}
        copy = secret(f"shop-{SHARED}", "meshops-system", shared)
        for one in (secret(TOKENS, SPACE, own), secret(SHARED, SPACE, shared), copy, workload("DaemonSet", AGENT), workload("Deployment", GATEWAY)):
            self.backend.seed(one)
        self.known = {"first": {"AccessorID": "first", "SecretID": FORMER["management"], "Description": "Initial Management Token", "Policies": []},
                      "somebody-else": STRANGE}  # fmt: skip
        for name in access.tokens(wish(standing)):
            public = access.accessor(wish(standing), name)
            self.known[public] = access.body(wish(standing), name, FORMER[name], access.policy_of(name), public)
        self.names_of_all = [*self.names, AGENT, GATEWAY]
        self.used = {name: self.read(name) for name in self.names_of_all}

    def now_held(self, name: str) -> str:
        live = self.get(Ref("v1", "Secret", SHARED if name == "replication" else TOKENS, SPACE)) or {}
        return decoded((live.get("data") or {}).get(name)).decode()

    def read(self, pod: str) -> dict[str, str]:
        kind = next(one for one in USES if pod.startswith(one))
        return {name: self.now_held(name) for name in USES[kind] if name != "replication" or self.standing == "primary"}

    def everybody_is_known(self) -> None:
        values = {one["SecretID"] for one in self.known.values()}
        lost = [(pod, name) for pod, used in self.used.items() for name, value in used.items() if value not in values]
        assert not lost, f"Consul knows no more what these use: {lost}"

    def react(self, live: dict[str, Any]) -> None:
        noted = (((live.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("annotations") or {}
        mark = noted.get("meshops.lifecycle/renewed-tokens")
        if not mark:
            return
        live["status"] = {**live["status"], "observedGeneration": live["metadata"].get("generation")}
        if live["kind"] == "StatefulSet":
            self.revision = f"for-{mark}"
            live["status"]["updateRevision"] = self.revision
        else:
            self.rolled.append(live["kind"])
            self.used[live["metadata"]["name"]] = self.read(live["metadata"]["name"])
            self.everybody_is_known()

    def pass_time(self, passed: float) -> None:
        for name, begun in self.away.items():
            number = self.names.index(name)
            if passed >= begun + BACK and not self.live(name):
                self.made[name] = self.revision
                self.backend.seed(server_pod(number, self.revision, ready=False))
                self.used[name] = self.read(name)
            if passed >= begun + READY:
                self.backend.seed(server_pod(number, self.made.get(name, OLD)))
        self.everybody_is_known()

    def said(self, question: PodRequest) -> Answer | MeshError:
        given = dict(question.headers).get("X-Consul-Token")
        if given not in {one["SecretID"] for one in self.known.values()}:
            return Answer(403, b"ACL not found")
        if question.path == "/v1/acl/tokens":
            return Answer(200, json.dumps([{key: value for key, value in one.items() if key != "SecretID"} for one in self.known.values()]).encode())
        if question.path.startswith("/v1/acl/token"):
            self.order(question)
            return Answer(200, b"true")
        return super().said(question)

    def order(self, question: PodRequest) -> None:
        if question.method == "DELETE":
            del self.known[question.path.rpartition("/")[2]]
        else:
            body = json.loads(question.body or b"")
            assert body["SecretID"] not in {one["SecretID"] for one in self.known.values() if one["AccessorID"] != body["AccessorID"]}
            self.known[body["AccessorID"]] = body
        self.everybody_is_known()

    def settled(self) -> None:
        """All use new tokens, Consul knows no other ones of ours, and that of somebody else is there."""
        self.everybody_is_known()
        names = ["management", *access.tokens(wish(self.standing))]
        values = {name: self.now_held(name) for name in names}
        assert not set(values.values()) & set(FORMER.values())
        assert all(used[name] == values[name] for used in self.used.values() for name in used)
        assert sorted(one["SecretID"] for one in self.known.values()) == sorted([*values.values(), "theirs"])
        assert not [key for name in (TOKENS, SHARED) for key in (self.get(Ref("v1", "Secret", name, SPACE)) or {})["data"] if key.endswith(".next")]


def secret(name: str, space: str, values: dict[str, str]) -> dict[str, Any]:
    data = {key: encoded(value.encode()) for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": space}, "type": "Opaque", "data": data}


def workload(kind: str, name: str) -> dict[str, Any]:
    labels = selector("client" if name == AGENT else "mesh-gateway")
    counts = {"desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    meta = {"name": name, "namespace": SPACE, "labels": labels, "generation": 1}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": {"replicas": 1, "template": {}}, "status": {"observedGeneration": 1, **counts}}


class Turning(Steps):
    """Steps on the clock of the servers, so that their restarts take time."""

    def task(self, name: str, step: str, dry_run: bool = False) -> dict[str, Any]:
        cluster = self.clusters[name]
        begun = cluster.clock.passed

        def pass_time(passed: float) -> None:
            cluster.clock.passed = begun + passed
            cluster.pass_time(begun + passed)

        self.meanwhile = pass_time
        return super().task(name, step, dry_run)


def steps(cluster: Datacenter, timeout: int = 90) -> Steps:
    return Turning({"east": cluster}, "consul", "tokens", SPACE, timeout=timeout)


@pytest.mark.parametrize("standing", ["peer", "primary"])
def test_all_end_with_new_tokens_and_nobody_is_ever_locked_out(standing: str) -> None:
    cluster = Datacenter(standing)
    assert steps(cluster).run()["steps"] == ["prepare", "add", "settle", "restart", "remove"]
    cluster.settled()
    assert (cluster.restarted, cluster.rolled) == ([f"{SERVER}-0", f"{SERVER}-2", f"{SERVER}-1"], ["DaemonSet", "Deployment"])


def test_a_second_run_does_nothing_and_a_later_one_takes_back_what_the_first_one_brought() -> None:
    cluster = Datacenter()
    steps(cluster).run()
    before = dict(cluster.known)
    assert steps(cluster).run(3600)["done"]
    assert cluster.known == before
    steps(cluster).run()
    cluster.settled()
    assert set(before) & set(cluster.known) == {"somebody-else"}


def test_site_finds_nothing_to_do_afterwards() -> None:
    """The install knows a token by the public identifier that its value gives it."""
    cluster = Datacenter()
    steps(cluster).run()
    live = {"Secret": [cluster.get(Ref("v1", "Secret", name, SPACE)) for name in (TOKENS, SHARED)]}
    policies = [{"Name": one.name, "Description": one.description, "ID": one.name} for one in access.policies(wish("peer"))]
    assert access.orders(wish("peer"), live, server_pod(0), "t", (policies, list(cluster.known.values()))) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("standing", ["peer", "primary"])
def test_a_run_that_is_killed_after_any_write_or_order_goes_on(standing: str) -> None:
    def burning(fuse: Fuse) -> Datacenter:
        cluster = Datacenter(standing)
        fused(cluster.transport, lambda: fuse)
        order = cluster.order

        def counted(question: PodRequest) -> None:
            order(question)
            fuse.burn()

        cluster.order = counted  # type: ignore[method-assign]
        return cluster

    whole = Fuse()
    steps(burning(whole)).run()
    for number in range(1, whole.burnt + 1):
        fuse = Fuse(number)
        cluster = burning(fuse)
        with pytest.raises(Killed):
            steps(cluster).run()
        fuse.left = None
        steps(cluster).run(3600)
        cluster.settled()
        assert len(cluster.restarted) == 3, "no server restarts twice"


def test_servers_of_a_chart_are_left_to_it_before_anything_is_written() -> None:
    cluster = Datacenter()
    live = cluster.get(Ref("apps/v1", "StatefulSet", SERVER, SPACE)) or {}
    cluster.backend.seed({**live, "metadata": {**live["metadata"], "labels": {**live["metadata"]["labels"], "heritage": "Helm"}}})
    with pytest.raises(Stopped, match="east: Its servers were installed by a chart, which makes certificates and tokens of its own"):
        steps(cluster).run()
    assert cluster.writes == []


def test_no_token_is_shown() -> None:
    cluster = Datacenter()
    turning = steps(cluster, timeout=5)
    with pytest.raises(Stopped) as stopped:
        turning.run()
    turning.timeout = 90
    turning.run(3600)
    shown = json.dumps(turning.results, default=repr) + str(stopped.value)
    secrets = [*FORMER.values(), *(cluster.now_held(name) for name in FORMER)]
    assert not [one for one in secrets if one in shown or encoded(one.encode()) in shown]
