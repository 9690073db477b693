# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotations beside that of the CA in a federation of two real datacenters: what a run may do in a secondary, which knows no token for management."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import AGENT_TLS, SERVER_TLS
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.controllers import Controllers
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter, until
from ansible_collections.meshops.lifecycle.tests.consul.test_20_rotations import Kubelet, held
from ansible_collections.meshops.lifecycle.tests.unit.support.stepping import Steps

PRIMARY = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", serves_remotes=True,
                       values={"servers": {"replicas": 1}})  # fmt: skip
SECONDARY = replace(PRIMARY, cluster="west", network="aws", serves_remotes=False, role="remote", primary="east")


@pytest.fixture(scope="module")
def federation(make: Make) -> dict[str, Datacenter]:
    east = make(PRIMARY)
    east.complete("servers")
    east.start_agent()
    east.start_gateway()
    until(lambda: bool(east.get("/v1/catalog/service/mesh-gateway")), lambda: east.pods["consul-mesh-gateway"].log("register"))
    west = make(replace(SECONDARY, primary_address=east.entrance), east.cluster)
    west.complete("servers")
    west.start_agent()
    west.start_gateway()
    until(lambda: [one["Status"] for one in west.get("/v1/agent/members?wan=1", "replication")] == [1, 1], lambda: "the datacenters do not see each other")
    return {"east": east, "west": west}


class Kubelets(Kubelet):
    """The clock of both datacenters."""

    def __init__(self, *others: Datacenter) -> None:
        super().__init__(others[0])
        self.others = others

    def sleep(self, seconds: float) -> None:
        for one in self.others:
            self.datacenter = one
            super().sleep(seconds / len(self.others))


def rotation(federation: dict[str, Datacenter], kind: str) -> Steps:
    clusters = {name: one.cluster for name, one in federation.items()}
    return Steps(clusters, "consul", kind, PRIMARY.namespace, timeout=90, clock=Kubelets(*federation.values()))


def test_the_primary_renews_the_key_of_all_three_pools(federation: dict[str, Datacenter]) -> None:
    former = held(federation["east"], "consul-federation", "gossip")
    rotation(federation, "gossip").run()
    (new,) = {held(one, "consul-federation", "gossip") for one in federation.values()}
    pools: list[dict[str, Any]] = federation["east"].get("/v1/operator/keyring")
    assert len(pools) == 3
    assert {(*pool["Keys"], *pool["PrimaryKeys"]) for pool in pools} == {(new, new)}
    assert new != former


def test_agents_of_a_secondary_load_their_new_certificates(federation: dict[str, Datacenter]) -> None:
    former = {held(one, name, "tls.crt") for one in federation.values() for name in (SERVER_TLS, AGENT_TLS)}
    steps = rotation(federation, "agents")
    steps.run()
    assert not {held(one, name, "tls.crt") for one in federation.values() for name in (SERVER_TLS, AGENT_TLS)} & former
    ordered = [one for result in steps.results for one in result.get("ordered", [])]
    assert len([one for one in ordered if one.startswith("a reload of")]) == 4


def test_a_secondary_goes_on_replicating_with_its_new_token(federation: dict[str, Datacenter], monkeypatch: pytest.MonkeyPatch) -> None:
    former = held(federation["east"], "consul-federation", "replication")
    played = {name: Controllers(one, "tokens", monkeypatch) for name, one in federation.items()}
    steps = rotation(federation, "tokens")
    steps.timeout = 240
    steps.run()
    assert {name: sorted(one.started) for name, one in played.items()} == {name: sorted(one.pods) for name, one in federation.items()}
    (new,) = {held(one, "consul-federation", "replication") for one in federation.values()}
    assert new != former
    for one in federation.values():
        assert one.ask("GET", "/v1/acl/token/self", token=new)[0] == 200
        until(lambda one=one: one.ask("GET", "/v1/acl/token/self", token=former)[0] == 403, lambda: "the former token still works")
    told = federation["west"].get("/v1/acl/replication", "replication")
    assert (told["Enabled"], told["Running"]) == (True, True), told
    until(lambda: [one["Status"] for one in federation["west"].get("/v1/agent/members?wan=1", "replication")] == [1, 1], lambda: "they lost each other")
    assert [one.complete("servers") for one in federation.values()] == [[], []]
