# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secondary whose primary is silent: what its status says. Answers follow Consul's pages and what a lab saw, not a real run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import iso
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.health import health
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.health.mesh_info import reconcile
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.health.test_observation import itself, objects, raft
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, SECONDARY
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST as CA
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster

EAST = "192.0.2.10:8443"


def said(gateways: list[str] | None = None, **more: Any) -> dict[str, Any]:
    own = {**itself("west", "east"), "DebugConfig": {"PrimaryGateways": [EAST] if gateways is None else gateways}}
    replication = {"Enabled": True, "Running": True, "LastError": "2", "LastSuccess": "1"}
    return {"self": own, "raft": raft(), "wan": [], "peerings": [], "primary": "192.0.2.1:8300", "replication": replication, **more}


def faults(answers: dict[str, Any], reaching: tuple[int, ...] = (0, 1, 2)) -> list[str]:
    live, wanted = objects(SECONDARY), health.facts("west", "consul")
    names = [f"consul-server-{number}" for number in reaching]
    given = {q: json.dumps(answers[q.about]) if q.about in answers and (q.about != "primary" or q.pod in names) else None for q in wanted.questions(live)}
    return list(wanted.judge(live, Answers(given)).faults)


def test_it_says_what_works_and_what_does_not_and_where_the_runbook_is() -> None:
    found = faults(said(), reaching=())
    assert found[0].startswith(f"the primary east does not answer (its gateways are looked for at {EAST}); the page \"When the primary is lost\"")
    assert "new certificates and restarts of workloads go on" in found[1]
    assert "no change of configuration, intentions or global tokens" in found[2]
    assert "no server here may restart" in found[3]
    assert not [one for one in found if "replication" in one], "that nothing replicates follows from it"


def test_one_server_that_is_cut_off_is_named() -> None:
    found = faults(said(replication={"Enabled": True, "Running": True}), reaching=(0, 2))
    assert found == ["consul-server-1 cannot reach the primary east, which others reach; read the logs there"]


def gateway(address: str, port: int = 8443) -> dict[str, Any]:
    return {"Service": {"TaggedAddresses": {"wan": {"Address": address, "Port": port}}}}


@pytest.mark.parametrize(("known", "present", "stale"), [
    pytest.param([EAST], [gateway("192.0.2.77")], True, id="moved"),
    pytest.param([EAST, "192.0.2.77:8443"], [gateway("192.0.2.77")], False, id="both are known"),
    pytest.param([EAST], [gateway("192.0.2.10")], False, id="the same"),
    pytest.param(["gw.example:8443"], [gateway("192.0.2.77")], False, id="a name may lead there"),
    pytest.param([EAST], [], False, id="nobody knows"),
])
def test_addresses_that_the_primary_no_longer_has_are_found(known: list[str], present: list[Any], stale: bool) -> None:
    found = faults(said(known, passages={"east": present}, replication={"Enabled": True, "Running": True}))
    assert bool(found) == stale
    assert not found or "but its gateways are at 192.0.2.77:8443: a server that restarts would not find it" in found[0]


def test_a_peer_is_asked_nothing_of_it() -> None:
    assert "primary" not in {q.about for q in health.facts("east", "consul").questions(objects(PEER))}


class Silent(FakeCluster):
    """A secondary whose primary is lost."""

    known: dict[str, Any]

    def ask_all(self, questions: Any) -> list[Any]:
        paths = {"/v1/agent/self": "self", "/v1/operator/raft/configuration": "raft", "/v1/agent/members?wan=1": "wan", "/v1/peerings": "peerings",
                 "/v1/acl/replication": "replication", "/v1/connect/ca/roots": "roots"}  # fmt: skip
        return [Answer(200, json.dumps(self.known[paths[one.path]]).encode()) if one.path in paths else Answer(500, b"") for one in questions]


def test_status_says_until_when_certificates_are_renewed() -> None:
    intermediate = CA.pem
    known = said(roots={"Roots": [{"Active": True, "IntermediateCerts": ["x", intermediate.decode()]}]})
    live = [{"apiVersion": "v1" if kind in ("Pod", "Secret", "Service") else "apps/v1", **one, "kind": kind}
            for kind, ones in objects(SECONDARY).items() if kind in ("Pod", "StatefulSet", "Secret") for one in ones]  # fmt: skip
    for one in live:
        one["metadata"]["namespace"] = "consul"
    cluster = Silent(*live, name="west")
    cluster.known = known
    result = reconcile(cluster, {"provider": "consul", "namespace": "consul", "expected": None, "config": False, "leftovers_of": None,
                                 "wait": False, "wait_timeout": 1, "planes": {}})  # fmt: skip
    (end,) = [one for one in result["faults"] if "can be renewed" in one]
    assert end.endswith(f"until {iso(CA.raw.not_valid_after_utc)}")
    assert "live for 72h" in end
    assert "deadlines" not in result
