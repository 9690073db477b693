# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a datacenter may become. The answers are those of Consul's API as its pages describe them; nothing here was run against a real Consul."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.edition import is_paid
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import access, install, joining
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.agent_config import gateways
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import GATEWAY, RULER
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Settings
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.due import complete
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import look
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.quorums import Servers, pod, workload
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, PRIMARY, SECONDARY
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

WEST = replace(SECONDARY, namespace="mesh")
_OF_GATEWAY = {"app": "consul", "component": "mesh-gateway"}
NONE = joining.Consent("", False, "LoadBalancer")
OWN = [{"AccessorID": access.accessor(WEST, "agent")}, {"AccessorID": "00000000-0000-0000-0000-000000000002"},
       {"AccessorID": "1", "Description": "Initial Management Token"}]  # fmt: skip
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": GATEWAY, "namespace": "mesh"}, "spec": {"type": "LoadBalancer"},
           "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}}  # fmt: skip


def deployed(host_port: int = 0) -> dict[str, Any]:
    ports = [{"containerPort": 8443, **({"hostPort": host_port} if host_port else {})}]
    template = {"metadata": {"labels": _OF_GATEWAY}, "spec": {"containers": [{"name": "envoy", "ports": ports}]}}
    metadata = {"name": GATEWAY, "namespace": "mesh", "labels": _OF_GATEWAY}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}


def gateway_pod(host_port: int = 0) -> dict[str, Any]:
    metadata = {"name": f"{GATEWAY}-1", "namespace": "mesh", "labels": _OF_GATEWAY}
    status = {"phase": "Running", "hostIP": "192.0.2.9", "conditions": [{"type": "Ready", "status": "True"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": deployed(host_port)["spec"]["template"]["spec"], "status": status}


class Datacenter(Servers):
    """One that answers with what it holds, by path."""

    holds: dict[str, Any]

    def said(self, question: Any) -> Answer:
        return Answer(200, json.dumps(self.holds[question.path]).encode()) if question.path in self.holds else Answer(500, b"")


def running(standing: str, *objects: dict[str, Any], ruler: str = "", **holds: Any) -> Datacenter:
    cluster = Datacenter(pod(0), standing=standing, leader=0)
    for one in objects:
        cluster.backend.seed(one)
    if ruler:
        made = workload(1, standing)
        made["metadata"]["annotations"] = {RULER: ruler}
        cluster.backend.seed(made)
    cluster.holds = {f"/v1/{path.replace('__', '/').replace('_', '-')}": value for path, value in holds.items()}
    return cluster


def judged(cluster: Datacenter, wish: ControlPlane, given: joining.Consent = NONE) -> bool:
    """Complete the stage: True if it is complete at once."""
    return not complete(cluster, joining.due(replace(wish, namespace="mesh"), given), 5, Ticking()).changed


def holding(tokens: Any = None, intentions: Any = None, resolvers: Any = None) -> dict[str, Any]:
    return {"acl__tokens": tokens or OWN, "connect__intentions": intentions, "config__service_resolver": resolvers or []}


class TestJoining:
    def test_a_datacenter_with_nothing_of_its_own_joins(self) -> None:
        assert judged(running("peer", **holding()), WEST)

    @pytest.mark.parametrize(("own", "says"), [
        pytest.param({"tokens": [*OWN, {"AccessorID": "7", "Description": "of a user"}]}, "1 tokens", id="a token"),
        pytest.param({"intentions": [{}, {}]}, "2 intentions", id="intentions"),
        pytest.param({"resolvers": [{"Name": "shop"}]}, "1 resolvers", id="an entry"),
    ])
    def test_one_that_holds_something_is_refused_at_once(self, own: dict[str, Any], says: str) -> None:
        with pytest.raises(Refused, match=f"^east: It has {says} of its own, and those of the primary east would replace them. Save a snapshot"):
            judged(running("peer", **holding(**own)), WEST)

    def test_its_own_name_confirms_the_loss_which_still_needs_a_snapshot(self) -> None:
        cluster = running("peer", **holding(intentions=[{}]))
        confirmed = joining.due(WEST, replace(NONE, gives_up="west"))
        due = look(cluster, confirmed)
        assert (due.complete, due.loses) == (True, "it gives up 1 intentions of its own as a secondary of east")
        with pytest.raises(Refused):
            judged(cluster, WEST, replace(NONE, gives_up="east"))
        assert look(running("peer", **holding()), confirmed).loses == ""
        assert look(running("peer"), confirmed).fault.startswith("no server said whether this datacenter holds"), "nobody confirms what nobody knows"

    def test_who_does_not_answer_is_waited_for_and_nothing_is_assumed(self) -> None:
        with pytest.raises(NotReady, match="no server said whether this datacenter holds what it would give up .entries and intentions and tokens."):
            judged(running("peer"), WEST)

    def test_a_new_cluster_is_asked_nothing(self) -> None:
        assert joining.due(WEST, NONE).questions({}) == []


class TestSecondary:
    @pytest.mark.parametrize("wish", [PEER, PRIMARY], ids=["peer", "primary"])
    def test_it_is_never_promoted(self, wish: ControlPlane) -> None:
        with pytest.raises(Refused, match="It is a secondary datacenter, and Consul cannot make it a (peer|primary): the page"):
            judged(running("secondary", ruler="north"), wish)

    def test_it_gets_no_other_primary(self) -> None:
        with pytest.raises(Refused, match="Its primary is north, and Consul gives no datacenter another one .east."):
            judged(running("secondary", ruler="north"), WEST)

    def test_it_stays_what_it_is(self) -> None:
        assert judged(running("secondary", ruler="east"), WEST)


class TestPeeringsAndFederation:
    def test_a_peer_with_peerings_becomes_no_primary(self) -> None:
        with pytest.raises(Refused, match=r"It has peerings \(west\), and requests over a peering fail in a federation"):
            judged(running("peer", peerings=[{"Name": "west"}]), PRIMARY)
        assert judged(running("peer", peerings=[]), PRIMARY)

    def test_a_primary_with_secondaries_becomes_no_peer(self) -> None:
        path = "agent__members?wan=1"
        with pytest.raises(Refused, match="It is the primary of west, which would lose it"):
            judged(running("primary", **{path: [{"Name": "a.west", "Status": 1}, {"Name": "a.east", "Status": 1}]}), PEER)
        assert judged(running("primary", **{path: [{"Name": "a.east", "Status": 1}, {"Name": "a.west", "Status": 3}]}), PEER)


class TestTheWayOfTheInstall:
    @pytest.mark.parametrize(("labels", "chart", "says"), [
        ({}, True, "from manifests, and mesh_charts.source asks for HashiCorp's chart"),
        ({"heritage": "Helm"}, False, "from HashiCorp's chart, and mesh_charts.source asks for manifests"),
    ])
    def test_it_does_not_change_under_servers_that_run(self, labels: dict[str, str], chart: bool, says: str) -> None:
        made = workload(1)
        made["metadata"]["labels"] |= labels
        with pytest.raises(Refused, match=f"^east: Its servers were installed {says}, which would not find their data. Save a snapshot"):
            judged(running("peer", made), PEER, replace(NONE, chart=chart))
        assert judged(running("peer", made), PEER, replace(NONE, chart=not chart))

    def test_the_chart_says_that_it_is_one(self) -> None:
        first = install.stages(replace(PEER, charts={"source": "repository"}))[0]
        assert first.then is not None
        assert first.then.judge({"StatefulSet": [workload(1)]}, Answers()).refusal.startswith("Its servers were installed from manifests")


class TestMovingGateway:
    def test_its_old_addresses_stay_until_secondaries_know_the_new_one(self) -> None:
        with pytest.raises(Refused, match=r"is a LoadBalancer and is to become a NodePort, so that its addresses \(198.51.100.7:8443\) go"):
            judged(running("primary", SERVICE), PRIMARY, replace(NONE, service="NodePort"))
        assert judged(running("primary", SERVICE), PRIMARY, replace(NONE, service="NodePort", secondaries_know=True))
        assert judged(running("primary", SERVICE), PRIMARY)
        assert judged(running("peer", SERVICE), PEER, replace(NONE, service="NodePort"))

    def test_another_port_of_the_nodes_is_another_address(self) -> None:
        service = {**SERVICE, "spec": {"type": "NodePort", "ports": [{"port": 8443, "nodePort": 30443}]}, "status": {}}
        there = (service, deployed(), gateway_pod())
        with pytest.raises(Refused, match=r"that leads to its mesh gateway is 30443 and is to become 30500, so that its addresses \(192.0.2.9:30443\) go"):
            judged(running("primary", *there), PRIMARY, replace(NONE, service="NodePort", node_port=30500))
        for port in (0, 30443):
            assert judged(running("primary", *there), PRIMARY, replace(NONE, service="NodePort", node_port=port))
        assert judged(running("primary", *there), PRIMARY, replace(NONE, service="NodePort", node_port=30500, secondaries_know=True))

    def test_a_port_of_the_node_is_an_address_without_a_service_too(self) -> None:
        with pytest.raises(Refused, match=r"is a HostPort and is to become a LoadBalancer, so that its addresses \(192.0.2.9:8443\) go"):
            judged(running("primary", deployed(host_port=8443), gateway_pod(8443)), PRIMARY)
        assert judged(running("primary", deployed(host_port=8443), gateway_pod(8443)), PRIMARY, replace(NONE, service="HostPort"))

    def test_the_service_that_the_chart_makes_beside_a_port_of_the_node_is_no_move(self) -> None:
        service = {**SERVICE, "spec": {"type": "ClusterIP"}, "status": {}}
        made = {**workload(1), "metadata": {**workload(1)["metadata"], "labels": {**workload(1, "primary")["metadata"]["labels"], "heritage": "Helm"}}}
        assert judged(running("primary", made, service, deployed(host_port=8443)), PRIMARY, replace(NONE, service="HostPort", chart=True))

    def test_a_first_install_that_was_killed_before_its_gateway_goes_on(self) -> None:
        assert judged(running("primary"), PRIMARY)

    def test_a_secondary_knows_both_addresses_meanwhile(self) -> None:
        values = {"connect": {"primary_addresses": ["192.0.2.50", "192.0.2.10:8443"]}}
        wish = replace(SECONDARY, values=values)
        assert gateways(wish, Settings.of(wish)) == ["192.0.2.10:8443", "192.0.2.50:8443"]

    def test_addresses_are_texts(self) -> None:
        with pytest.raises(Refused, match="primary_addresses is not a list of texts"):
            Settings.of(replace(SECONDARY, values={"connect": {"primary_addresses": [1]}}))


def test_it_is_judged_before_anything_but_the_namespace_is_written() -> None:
    first = install.stages(SECONDARY)[0]
    assert [one["kind"] for one in first.manifests] == ["Namespace"]
    assert first.then is not None


class TestEdition:
    @pytest.mark.parametrize(("itself", "paid"), [
        ({"Config": {"Version": "1.22.3"}, "DebugConfig": {"VersionMetadata": ""}}, False),
        ({"Config": {"Version": "1.22.3+ent"}}, True),
        ({"DebugConfig": {"VersionMetadata": "ent"}}, True),
        ({}, False),
    ])
    def test_a_server_says_its_edition(self, itself: dict[str, Any], paid: bool) -> None:
        assert is_paid(itself) is paid
