# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads of a federation call each other through their sidecars and through real gateways. A secondary's tokens are made by its primary."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import until
from ansible_collections.meshops.lifecycle.tests.consul.echo import Echo

CLUSTERS = ("east", "west")
PRIMARY = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", serves_remotes=True,
                       values={"servers": {"replicas": 1}})  # fmt: skip
SECONDARY = replace(PRIMARY, cluster="west", network="aws", serves_remotes=False, role="remote", primary="east")


@pytest.fixture(scope="module")
def echoes(make: Make) -> dict[str, Echo]:
    east = make(PRIMARY)
    east.complete("servers")
    east.start_agent()
    east.start_gateway()
    until(lambda: bool(east.get("/v1/catalog/service/mesh-gateway")), lambda: east.pods["consul-mesh-gateway"].log("register"))
    west = make(replace(SECONDARY, primary_address=east.entrance), east.cluster)
    west.complete("servers")
    west.start_agent()
    west.start_gateway()
    return {one.wish.cluster: Echo(one, CLUSTERS, shift) for one, shift in ((east, 0), (west, 100))}


def test_the_primary_writes_entries_for_all_and_a_secondary_its_token_alone(echoes: dict[str, Echo]) -> None:
    assert len(echoes["east"].complete()) == 3
    assert echoes["west"].complete() == ["the token of the service consul/meshops-echo"]
    assert [one.complete() for one in echoes.values()] == [[], []]
    tokens = echoes["west"].datacenter.get("/v1/acl/tokens", "replication")
    assert [one["Local"] for one in tokens if "workloads probe" in one["Description"]] == [False, False]


def test_each_answers_the_other_over_mtls_under_its_own_identity(echoes: dict[str, Echo]) -> None:
    for one in echoes.values():
        one.start()
    for one in echoes.values():
        for target in CLUSTERS:
            one.await_answer(target)


def test_a_secondary_has_its_primary_delete_its_token_and_no_other(echoes: dict[str, Echo]) -> None:
    assert echoes["west"].complete(leaving=True) == ["the token of the service consul/meshops-echo"]
    left = [one["Description"] for one in echoes["east"].datacenter.get("/v1/acl/tokens") if "workloads probe" in one["Description"]]
    assert left == ["meshops.lifecycle east workloads probe: consul/meshops-echo"]
