# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only shows when the entries of all datacenters of a mesh are seen together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import provider
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, SECONDARY

EAST = PEER
WEST = replace(PEER, cluster="west")
HTTP = {"kind": "service-defaults", "name": "web", "protocol": "http"}


def declaring(wish: ControlPlane, *declared: dict[str, Any], **more: Any) -> ControlPlane:
    return replace(wish, values={**wish.values, "entries": {"declared": list(declared), **more}})


def found(*wishes: ControlPlane) -> dict[str, Sequence[str]]:
    judge = provider("consul").install.requirements().between
    assert judge
    return {name: texts for name, texts in judge(wishes).items() if texts}


def test_a_protocol_is_the_same_in_all_datacenters() -> None:
    says = "the protocol of the service web is not the same in all datacenters: east has http | west has tcp; requests between them would fail"
    assert found(declaring(EAST, HTTP), declaring(WEST, {**HTTP, "protocol": "tcp"})) == {"east": [says], "west": [says]}
    assert found(declaring(EAST, HTTP), declaring(WEST, HTTP)) == {}
    assert found(declaring(EAST, HTTP), declaring(WEST)) == {}


def test_a_protocol_may_come_from_what_holds_for_all_services() -> None:
    shared = {"kind": "proxy-defaults", "config": {"protocol": "grpc"}}
    assert "east has http | west has grpc" in found(declaring(EAST, HTTP), declaring(WEST, shared, {"kind": "service-resolver", "name": "web"}))["west"][0]


def failover(**where: Any) -> dict[str, Any]:
    return {"kind": "service-resolver", "name": "web", "failover": {"*": where}}


EXPORT = {"kind": "exported-services", "services": [{"name": "web", "consumers": [{"peer": "south"}]}]}
ALLOW = {"kind": "service-intentions", "name": "web", "sources": [{"name": "shop", "peer": "south", "action": "allow"}]}


@pytest.mark.parametrize(("entry", "says"), [
    pytest.param(failover(targets=[{"peer": "wset"}]), r"service-resolver/web: failover[*].targets[0].peer is wset, but the peers of east are west", id="peer"),
    pytest.param(failover(datacenters=["west"]), "failover[*].datacenters is west, but the datacenters of east are east", id="datacenter of a peer"),
    pytest.param(EXPORT, "exported-services/default: services[web].consumers.peer is south, but the peers of east are west", id="consumer"),
    pytest.param(ALLOW, "service-intentions/web: sources[shop].peer is south, but the peers of east are west", id="source"),
])
def test_a_place_that_the_mesh_does_not_have_is_named(entry: dict[str, Any], says: str) -> None:
    (text,) = found(declaring(EAST, entry), WEST)["east"]
    assert says in text
    assert text.endswith("list it in mesh_values.entries.elsewhere if the inventory does not know it")


def test_a_place_may_be_outside_of_the_inventory() -> None:
    assert found(declaring(EAST, EXPORT, ALLOW, elsewhere=["south"]), WEST) == {}


def test_in_a_federation_a_secondary_is_a_datacenter_and_no_peer() -> None:
    primary = replace(PEER, serves_remotes=True)
    assert found(declaring(primary, failover(datacenters=["west"])), SECONDARY) == {}
    (text,) = found(declaring(primary, failover(targets=[{"peer": "west"}])), SECONDARY)["east"]
    assert "but the peers of east are none" in text


def test_a_secondary_with_entries_of_its_own_is_told_that_nobody_writes_them() -> None:
    assert found(declaring(PEER, HTTP), declaring(SECONDARY, HTTP)) == {}
    (text,) = found(declaring(PEER), declaring(SECONDARY, HTTP))["west"]
    assert text.startswith("mesh_values.entries.declared differs from that of east, whose entries rule this datacenter")


def test_what_cannot_be_read_is_judged_elsewhere() -> None:
    assert found(declaring(EAST, {"kind": "nonsense"}), declaring(WEST, HTTP)) == {}
