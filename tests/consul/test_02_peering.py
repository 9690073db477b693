# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two real datacenters on loopback become peers through real gateways, by the work that links every mesh."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.link import Link
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.links import links
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import look
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter, until

Peers = dict[str, Datacenter]


def wish(name: str) -> ControlPlane:
    return ControlPlane(name, "shop", network=name, namespace="consul", provider="consul", version="1.22.3", values={"servers": {"replicas": 1}})


@pytest.fixture(scope="module")
def peers(make: Make) -> Peers:
    east = make(wish("east"))
    west = make(wish("west"), east.cluster)
    for one in (east, west):
        one.complete("servers")
        one.start_agent()
        one.start_gateway()
        until(lambda one=one: bool(one.get("/v1/catalog/service/mesh-gateway")), lambda one=one: one.pods["consul-mesh-gateway"].log("register"))
    return {"east": east, "west": west}


def linked(peers: Peers, consumer: str) -> bool:
    source = "west" if consumer == "east" else "east"
    entry = {"name": source, "kube": {"context": source}, "server": "https://127.0.0.1:6443"}
    params = {"provider": "consul", "namespace": "consul", "links": [entry], "prune": True, "force": False, "token_timeout": 120}
    done = links.reconcile(peers[consumer].cluster, params, connect=lambda *_way, **_how: peers[source].cluster, clock=SystemClock())
    return bool(done["changed"])


def test_the_gateway_registers_the_address_that_others_reach(peers: Peers) -> None:
    for one in peers.values():
        (found,) = one.get("/v1/catalog/service/mesh-gateway")
        wan = found["ServiceTaggedAddresses"]["wan"]
        assert f"{wan['Address']}:{wan['Port']}" == one.entrance


def test_a_link_makes_one_peering_and_again_changes_nothing(peers: Peers) -> None:
    assert linked(peers, "east")
    for name, other in (("east", "west"), ("west", "east")):
        until(lambda name=name, other=other: [(one["Name"], one["State"]) for one in peers[name].get("/v1/peerings")] == [(other, "ACTIVE")],
              lambda name=name: str(peers[name].get("/v1/peerings")))
    assert (linked(peers, "east"), linked(peers, "west")) == (False, False)


def test_each_server_sees_its_peer_and_status_says_so(peers: Peers) -> None:
    for name, other in (("east", "west"), ("west", "east")):
        seen = look(peers[name].cluster, PROVIDERS["consul"].links.sights(Link(other, name, "consul")))
        assert [(one.synced, one.status) for one in seen.sights] == [(True, "synced")]
        facts = look(peers[name].cluster, PROVIDERS["consul"].health.facts(name, "consul"))
        assert {one.status for one in facts.remotes} == {"synced"}
        assert list(facts.faults) == []


def unlinked(peers: Peers, name: str) -> list[str]:
    params = {"provider": "consul", "namespace": "consul", "links": [], "prune": True, "force": False, "token_timeout": 60}
    return list(links.reconcile(peers[name].cluster, params, clock=SystemClock())["ordered"])


def test_a_member_that_leaves_is_a_peer_of_nobody_on_either_side_and_may_come_back(peers: Peers) -> None:
    assert unlinked(peers, "east") == ["the end of the peering with west"]
    assert unlinked(peers, "west") == ["the end of the peering with east"]
    for one in peers.values():
        until(lambda one=one: not one.get("/v1/peerings"), lambda one=one: str(one.get("/v1/peerings")))
    assert [unlinked(peers, name) for name in peers] == [[], []]
    assert linked(peers, "east")
    for one in peers.values():
        until(lambda one=one: [peering["State"] for peering in one.get("/v1/peerings")] == ["ACTIVE"], lambda one=one: str(one.get("/v1/peerings")))
