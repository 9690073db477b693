# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the gossip key over two datacenters. The agents are stand-ins: this was not run against a real Consul."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded, encoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.datacenter import PEER, PRIMARY, SECONDARY
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import SERVER, SHARED, STANDING, TOKENS, selector
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.rotation import gossip
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.agents import Agent, Agents
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.stepping import Fuse, Killed, Steps, Stopped, fused

SPACE, FORMER = "consul", "Zm9ybWVyLWtleS1vZi1hbGwtYWdlbnRzLWluLXRoZS0="
MANAGEMENT = {name: f"m4nagement-of-{name}" for name in ("east", "west")}
REPLICATION = "r3plication-of-the-mesh"
COPY, AIM = Ref("v1", "Secret", f"shop-{SHARED}", "meshops-system"), Ref("v1", "Secret", "shop-rotation-gossip", "meshops-system")


class Datacenter(FakeCluster):
    """A cluster with three servers, which answer for all agents."""

    def __init__(self, name: str, kind: str, agents: Agents, *more: dict[str, Any]) -> None:
        labels = {**selector("server"), STANDING: kind}
        stateful = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": SERVER, "namespace": SPACE, "labels": labels}, "spec": {"replicas": 3}}
        values = {"management": MANAGEMENT[name], "agent": "a", "gateway": "g"}
        held = [secret(SHARED, SPACE, gossip=FORMER, replication=REPLICATION), secret(TOKENS, SPACE, **values)]
        super().__init__(stateful, *map(pod, range(3)), *held, *more, name=name, uid=f"{len(name)}{name[0]}")
        self.agents = agents

    def ask_all(self, questions: Any) -> list[Any]:
        return [self._heard(question) for question in questions]

    def _heard(self, question: PodRequest) -> Answer:
        text = self.agents.answer(self.name, question)
        return Answer(500, b"not every node answered") if text is None else Answer(200, text.encode())

    def checking(self) -> FakeCluster:
        twin = super().checking()
        twin.ask_all = self.ask_all  # type: ignore[method-assign]
        return twin

    def held(self, ref: Ref | None = None) -> dict[str, str]:
        live = self.get(ref or Ref("v1", "Secret", SHARED, SPACE))
        return {key: decoded(value).decode() for key, value in ((live or {}).get("data") or {}).items()}


def pod(number: int) -> dict[str, Any]:
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    meta = {"name": f"{SERVER}-{number}", "namespace": SPACE, "labels": selector("server")}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": status}


def secret(name: str, namespace: str, **values: str) -> dict[str, Any]:
    data = {key: encoded(value.encode()) for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "type": "Opaque", "data": data}


class Estate:
    """Two datacenters. In a federation they share their pools; as peers each has its own."""

    def __init__(self, federated: bool) -> None:
        copy = secret(COPY.name, str(COPY.namespace), gossip=FORMER, replication=REPLICATION)
        both = Agents.of(FORMER, {"east": MANAGEMENT["east"], "west": REPLICATION})
        own = [both, both] if federated else [Agents.of(FORMER, {name: MANAGEMENT[name]}) for name in ("east", "west")]
        kinds = (PRIMARY, SECONDARY) if federated else (PEER, PEER)
        self.agents = [both] if federated else own
        self.east, self.west = Datacenter("east", kinds[0], own[0], copy), Datacenter("west", kinds[1], own[1])
        self.fuse = Fuse()
        for one in (self.east, self.west):
            fused(one.transport, lambda: self.fuse)
        for agents in self.agents:
            self._count(agents)

    def _count(self, agents: Agents) -> None:
        ordered = agents._ordered

        def counted(method: str, key: str) -> str | None:
            answer = ordered(method, key)
            self.fuse.burn()
            return answer

        agents._ordered = counted  # type: ignore[method-assign]

    def steps(self, **how: Any) -> Steps:
        return Steps({"east": self.east, "west": self.west}, "consul", "gossip", SPACE, **how)

    @property
    def everyone(self) -> list[Agent]:
        return [agent for agents in self.agents for agent in agents.everyone]

    def settled(self) -> str:
        """Every agent and every Secret has one key, which is new, and nothing is left of the former one. Return the key."""
        (key,) = {key for agent in self.everyone for key in agent.keys}
        assert key != FORMER
        assert {agent.primary for agent in self.everyone} == {key}
        shared = {"gossip": key, "replication": REPLICATION}
        assert [self.east.held(), self.west.held(), self.east.held(COPY), self.east.held(AIM)] == [shared, shared, shared, {}]
        return key


@pytest.fixture(params=[True, False], ids=["federation", "peers"])
def estate(request: pytest.FixtureRequest) -> Estate:
    return Estate(request.param)


def test_every_keyring_and_every_secret_ends_with_one_new_key(estate: Estate) -> None:
    planned = estate.steps().run()
    assert planned["steps"] == ["prepare", "install", "use", "settle", "remove"]
    estate.settled()
    assert [agents.orders for agents in estate.agents] == [["POST", "PUT", "DELETE"]] * len(estate.agents)


def test_a_second_run_soon_afterwards_changes_nothing_and_a_later_one_rotates_again(estate: Estate) -> None:
    start = datetime(2026, 11, 27, 12, tzinfo=UTC)
    estate.steps(now=start).run()
    key = estate.settled()
    soon = estate.steps(now=start + timedelta(seconds=60))
    assert soon.run(3600)["done"]
    assert (soon.changed, estate.settled()) == (False, key)
    estate.steps(now=start + timedelta(seconds=3700)).run(3600)
    assert estate.settled() != key


def test_at_each_moment_a_node_that_starts_with_the_secret_can_join(estate: Estate) -> None:
    """It joins if those that run know the key that it starts with, and if it knows the key that they use."""
    steps, keys = estate.steps(), list[tuple[str, set[str]]]()

    def join() -> None:
        for agents, cluster in zip(estate.agents, (estate.east, estate.west), strict=False):
            held = cluster.held()["gossip"]
            keys.append((held, {agent.primary for agent in agents.everyone}))
            assert all(held in agent.keys for agent in agents.everyone)

    for step in steps.plan()["steps"]:
        if step == "prepare":
            steps.task("east", "begin")
        steps.step(step)
        join()
    assert len({held for held, _used in keys}) == 2


def test_a_run_that_is_killed_after_any_write_goes_on() -> None:
    """Of peers there are more writes: each has its own pools."""
    for federated in (True, False):
        whole = Estate(federated)
        whole.steps().run()
        writes = whole.fuse.burnt
        assert writes == (10 if federated else 13), writes
        for number in range(1, writes + 1):
            estate = Estate(federated)
            estate.fuse = Fuse(number)
            with pytest.raises(Killed):
                estate.steps().run()
            estate.fuse = Fuse()
            estate.steps().run(min_age=3600)
            estate.settled()
            assert estate.fuse.burnt + number in range(writes, writes + 2), "a run does again at most what it was killed in"


def test_a_node_that_is_down_stops_it_before_the_new_key_is_used(estate: Estate) -> None:
    west = estate.agents[-1].pools["west"]["node-1"]
    west.status = 4
    with pytest.raises(Stopped, match=r"stops after install: .*the node node-1 of the LAN pool is down.*it goes on where it stopped"):
        estate.steps().run()
    assert {agent.primary for agent in estate.everyone} == {FORMER}
    assert estate.west.held()["gossip"] == FORMER
    assert "PUT" not in [order for agents in estate.agents for order in agents.orders]
    west.status = 1
    estate.steps().run(min_age=3600)
    estate.settled()


def test_a_node_that_left_is_not_waited_for(estate: Estate) -> None:
    estate.agents[0].pools["east"]["node-0"].status = 3
    estate.steps().run()
    estate.settled()


def test_a_slow_node_is_waited_for(estate: Estate) -> None:
    slow = estate.agents[0].pools["east"]["consul-server-2"]
    slow.slow = True
    steps = estate.steps(meanwhile=lambda passed: slow.wake() if passed > 5 else None)
    steps.run()
    estate.settled()
    assert max(result.get("seconds", 0) for result in steps.results) > 5


def test_a_datacenter_that_does_not_tell_its_keys_stops_it() -> None:
    estate = Estate(federated=True)
    estate.agents[0].quiet = {"west"}
    with pytest.raises(Stopped, match="the LAN pool of west did not tell its keys"):
        estate.steps().run()
    assert {agent.primary for agent in estate.everyone} == {FORMER}


def test_servers_that_do_not_answer_stop_it(estate: Estate) -> None:
    estate.agents[0].expected = dict.fromkeys(estate.agents[0].expected, "another token")
    with pytest.raises(Stopped, match="no server said which members of its LAN pool there are; no server said which members of its WAN pool"):
        estate.steps().run()


@pytest.mark.parametrize("until", ["prepare", "install", "use", "settle", "remove"])
def test_the_plan_of_a_rotation_half_way_names_what_is_left(estate: Estate, until: str) -> None:
    estate.steps().run(until=until)
    planned = estate.steps().plan(min_age=3600)
    order = ["prepare", "install", "use", "settle", "remove"]
    shown = [line.partition(":")[0] for line in planned["table"][1:]]
    assert planned["table"][0] == "shop, gossip: a rotation goes on."
    assert shown[0] == until
    assert set(order[order.index(until) :]) >= set(shown) >= {until, "settle"} - set(order[: order.index(until)])


def test_check_mode_says_what_would_be_ordered_and_orders_nothing(estate: Estate) -> None:
    steps = estate.steps()
    steps.run(until="install")
    before = estate.fuse.burnt
    result = steps.task("east", "install", dry_run=True)
    assert (result["ordered"], estate.fuse.burnt) == (["the new gossip key in all keyrings"], before)


def test_no_key_and_no_token_is_shown(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in a result, nor in a message, nor in the representation of what a look finds."""
    said: list[str] = []
    for name in ("_installed", "_used", "_removed"):
        judge = getattr(gossip, name)
        monkeypatch.setattr(gossip, name, lambda live, answers, judge=judge: said.append(repr(judge(live, answers))) or judge(live, answers))
    estate.agents[-1].pools["west"]["node-1"].status = 4
    steps = estate.steps()
    with pytest.raises(Stopped) as stopped:
        steps.run()
    estate.agents[-1].pools["west"]["node-1"].status = 1
    steps.run(min_age=3600)
    shown = json.dumps(steps.results, default=repr) + str(stopped.value) + "".join(said)
    secrets = [FORMER, estate.settled(), REPLICATION, *MANAGEMENT.values()]
    assert not [one for one in secrets if one in shown or encoded(one.encode()) in shown]
    assert len(said) > 5
