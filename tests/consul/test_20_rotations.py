# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotations beside that of the CA, on three real servers and an agent: the gossip key, certificates, and tokens."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import AGENT, AGENT_TLS, SERVER_TLS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.controllers import Controllers
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter, until
from ansible_collections.meshops.lifecycle.tests.unit.support.stepping import Steps

WISH = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", values={"servers": {"replicas": 3}})


class Kubelet(SystemClock):
    """A clock in whose pauses the Secrets reach the pods."""

    def __init__(self, datacenter: Datacenter) -> None:
        super().__init__()
        self.datacenter = datacenter

    def sleep(self, seconds: float) -> None:
        for pod in self.datacenter.pods.values():
            for volume in pod.spec["volumes"]:
                if volume["name"] == "tls":
                    for name, content in pod._content(volume).items():
                        (pod.folder / "consul" / "tls" / name).write_bytes(content)
        super().sleep(seconds)


@pytest.fixture(scope="module")
def east(make: Make) -> Datacenter:
    made = make(WISH)
    made.complete("servers")
    made.start_agent()
    until(lambda: len(alive(made)) == 4, lambda: f"four members are not alive: {made.pods[AGENT].log('consul')[-2000:]}")
    return made


def alive(east: Datacenter) -> list[str]:
    return [str(one["Name"]) for one in east.get("/v1/agent/members") if one["Status"] == 1]


def rotation(east: Datacenter, kind: str) -> Steps:
    return Steps({"east": east.cluster}, "consul", kind, WISH.namespace, timeout=60, clock=Kubelet(east))


def held(east: Datacenter, name: str, key: str) -> str:
    return base64.b64decode(east.find("Secret", name)["data"][key]).decode()


def keys(east: Datacenter) -> set[tuple[str, ...]]:
    """The keys that the nodes of each pool know, and those that they use."""
    pools: list[dict[str, Any]] = east.get("/v1/operator/keyring")
    return {(*pool["Keys"], *pool["PrimaryKeys"]) for pool in pools}


def test_every_keyring_ends_with_the_new_key_and_nobody_is_lost(east: Datacenter) -> None:
    former = held(east, "consul-federation", "gossip")
    assert keys(east) == {(former, former)}
    rotation(east, "gossip").run()
    new = held(east, "consul-federation", "gossip")
    assert new != former
    assert keys(east) == {(new, new)}
    assert len(alive(east)) == 4
    assert rotation(east, "gossip").run(3600)["done"]


def test_an_agent_that_starts_anew_joins_with_the_key_of_the_secret(east: Datacenter) -> None:
    """Its data is gone, as on a new node."""
    pod = east.pods[AGENT]
    pod.end()
    until(lambda: len(alive(east)) == 3, lambda: "the agent did not leave")
    for file in pod.node.folder.rglob("*.keyring"):
        if AGENT in str(file):
            file.unlink()
    pod.start()
    until(lambda: len(alive(east)) == 4, lambda: f"the agent did not join: {pod.log('consul')[-2000:]}")


def test_a_node_that_is_down_stops_it_before_the_new_key_is_used(east: Datacenter) -> None:
    """A node that is killed does not leave, and what it knew of keys stays as it was."""
    former = held(east, "consul-federation", "gossip")
    pod = east.pods[AGENT]
    pod.end("kill")
    until(lambda: len(alive(east)) == 3, lambda: "nobody saw that the agent failed")
    steps = rotation(east, "gossip")
    steps.timeout = 5
    with pytest.raises(Exception, match="the node node-east of the LAN pool is down"):
        steps.run()
    assert {used for *_known, used in keys(east)} == {former}
    assert held(east, "consul-federation", "gossip") == former
    pod.start()
    until(lambda: len(alive(east)) == 4, lambda: f"the agent did not come back: {pod.log('consul')[-2000:]}")
    rotation(east, "gossip").run(3600)
    new = held(east, "consul-federation", "gossip")
    assert (new != former, keys(east)) == (True, {(new, new)})


def test_servers_and_agents_show_their_new_certificates_after_a_reload(east: Datacenter) -> None:
    former = held(east, SERVER_TLS, "tls.crt"), held(east, AGENT_TLS, "tls.crt")
    steps = rotation(east, "agents")
    steps.run()
    assert not {held(east, SERVER_TLS, "tls.crt"), held(east, AGENT_TLS, "tls.crt")} & set(former)
    ordered = [one for result in steps.results for one in result.get("ordered", [])]
    assert len([one for one in ordered if one.startswith("a reload of")]) == 4
    assert [change for result in steps.results for change in result.get("changes", []) if change["object"].startswith("Pod ")] == []
    assert len(alive(east)) == 4


def test_all_restart_with_new_tokens_and_consul_forgets_the_former_ones(east: Datacenter, monkeypatch: pytest.MonkeyPatch) -> None:
    controllers = Controllers(east, "tokens", monkeypatch)
    former = {name: held(east, "consul-tokens", name) for name in ("management", "agent", "gateway")}
    leader = str(east.get("/v1/status/leader"))
    led = next(name for name, pod in east.pods.items() if leader.startswith(f"{pod.address}:"))
    steps = rotation(east, "tokens")
    steps.timeout = 180
    steps.run()
    assert controllers.started[-2:] == [led, AGENT], controllers.started
    assert sorted(controllers.started) == sorted(east.pods)
    new = {name: held(east, "consul-tokens", name) for name in former}
    assert not set(new.values()) & set(former.values())
    assert {east.ask("GET", "/v1/acl/token/self", token=value)[0] for value in former.values()} == {403}
    assert {east.ask("GET", "/v1/acl/token/self", token=value)[0] for value in new.values()} == {200}
    described = sorted(str(one["Description"]) for one in east.get("/v1/acl/tokens"))
    assert described == ["Anonymous Token", *(f"meshops.lifecycle east {name}" for name in ("agent", "gateway", "management"))]
    until(lambda: len(alive(east)) == 4, lambda: f"four members are not alive: {alive(east)}")
    assert east.complete("servers") == [], "an install finds its tokens by what their values make known"
    assert rotation(east, "tokens").run(3600)["done"]
