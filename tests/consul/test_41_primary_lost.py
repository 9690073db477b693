# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real federation whose primary goes away: what the status of the secondary says, and that its servers do not restart."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import joining
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.restarts import Place, due
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import SERVER
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.backup import snapshot
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.health import mesh_info
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.due import complete
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter, until

VALUES = {"servers": {"replicas": 1}}
PRIMARY = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", serves_remotes=True, values=VALUES)
SECONDARY = ControlPlane("west", "shop", network="aws", namespace="consul", provider="consul", version="1.22.3", role="remote", primary="east", values=VALUES)
NONE = joining.Consent("", secondaries_know=False, service="LoadBalancer")
TURN = [sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes(each ^ 90 for each in sys.stdin.buffer.read()))"]


@pytest.fixture(scope="module")
def federation(make: Make) -> tuple[Datacenter, Datacenter]:
    east = make(PRIMARY)
    east.complete("servers")
    east.start_agent()
    east.start_gateway()
    until(lambda: bool(east.get("/v1/catalog/service/mesh-gateway")), lambda: east.pods["consul-mesh-gateway"].log("register"))
    west = make(replace(SECONDARY, primary_address=east.entrance), east.cluster)
    west.complete("servers")
    west.start_agent()
    west.start_gateway()
    until(lambda: faults(west) == [], lambda: str(faults(west)))
    return east, west


def faults(one: Datacenter) -> list[str]:
    options = {"provider": "consul", "namespace": "consul", "expected": None, "config": False, "leftovers_of": None, "wait": False, "wait_timeout": 1}
    return [str(each) for each in mesh_info.reconcile(one.cluster, options)["faults"]]


def outdated(west: Datacenter) -> None:
    """Let the template of the servers be newer than their pods."""
    servers = west.find("StatefulSet", SERVER)
    servers["status"] = {"updateRevision": "newer", "observedGeneration": servers["metadata"].get("generation")}
    west.cluster.backend.seed(servers)


def test_a_secondary_is_never_promoted_and_gets_no_other_primary(federation: tuple[Datacenter, Datacenter]) -> None:
    _east, west = federation
    for wish, says in ((replace(PRIMARY, cluster="west"), "Consul cannot make it a primary"), (replace(west.wish, primary="north"), "Its primary is east")):
        with pytest.raises(Refused, match=says):
            complete(west.cluster, joining.due(wish, NONE), 10, SystemClock())


def test_a_primary_with_a_secondary_becomes_neither_a_peer_nor_a_secondary(federation: tuple[Datacenter, Datacenter]) -> None:
    east, _west = federation
    with pytest.raises(Refused, match="It is the primary of west, which would lose it"):
        complete(east.cluster, joining.due(replace(PRIMARY, serves_remotes=False), NONE), 10, SystemClock())
    body = {"Kind": "service-resolver", "Name": "web"}
    assert east.ask("PUT", "/v1/config", body=body)[0] == 200
    with pytest.raises(Refused, match="It has .*1 resolvers of its own"):
        complete(east.cluster, joining.due(replace(PRIMARY, serves_remotes=False, role="remote", primary="west"), NONE), 10, SystemClock())


def test_a_secondary_can_be_saved_too(federation: tuple[Datacenter, Datacenter], tmp_path: Path) -> None:
    _east, west = federation
    known: dict[str, Any] = {"provider": "consul", "namespace": "consul", "mesh": "shop", "state": "saved", "directory": str(tmp_path), "encrypt": TURN,
                             "keep": 3, "younger_than": 0, "file": None, "decrypt": [], "confirm": "", "other_ca": False, "timeout": 60}  # fmt: skip
    assert snapshot.reconcile(west.cluster, known)["changed"]


def test_without_the_primary_status_says_what_goes_on_and_no_server_restarts(federation: tuple[Datacenter, Datacenter]) -> None:
    east, west = federation
    outdated(west)
    west.cluster.delete = lambda refs, wait=0: pytest.fail(f"{refs} would restart")  # type: ignore[method-assign]
    server = east.pods[f"{SERVER}-0"]
    server.end("kill")
    until(lambda: bool(faults(west)) and faults(west)[0].startswith("the primary east does not answer"), lambda: str(faults(west)))
    said = faults(west)
    assert f"(its gateways are looked for at {east.entrance})" in said[0]
    assert [one for one in said if "can be renewed (if no new leader is elected) until 20" in one]
    with pytest.raises(NotReady, match="cannot reach the primary east, so no server restarts"):
        complete(west.cluster, due(Place("consul", "east", [east.entrance])), 10, SystemClock())
    server.start()
    east.await_ready(server)
    until(lambda: faults(west) == [], lambda: str(faults(west)))
