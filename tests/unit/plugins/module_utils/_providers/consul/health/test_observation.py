# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs of Consul, from objects and from what each server says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import Expected, HealthFacts, findings, lasting
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.servers import NodeAgents, OtherCatalogue, Quorum
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers, Question
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.health import health
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.members import datacenters
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import INJECTED, PROXY
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.keeper import Keeper
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.test_store import WHOLE, completed, with_entries
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, PRIMARY, SECONDARY
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT, server, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, ROOT

EXPECTED = Expected(gateway=True, remotes={"west": "aws"})


def objects(wish=PEER) -> dict[str, list[dict[str, Any]]]:
    live: dict[str, list[dict[str, Any]]] = {"Pod": [server(0), server(1), server(2)], "Secret": [tokens()]}
    for one in (one for stage in install.stages(wish) for one in stage.manifests):
        replicas = one.get("spec", {}).get("replicas", 0)
        live.setdefault(one["kind"], []).append({**one, "status": {"readyReplicas": replicas}})
    balanced = {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}
    live["Service"] = [{**one, "status": balanced} for one in live["Service"] if "gateway" in one["metadata"]["name"]]
    return live


def raft(leader: str = "consul-server-0", voters: int = 3) -> dict[str, Any]:
    return {"Servers": [{"Node": f"consul-server-{n}", "Leader": f"consul-server-{n}" == leader, "Voter": n < voters} for n in range(3)]}


def member(datacenter: str, number: int = 0, status: int = 1) -> dict[str, Any]:
    return {"Name": f"consul-server-{number}.{datacenter}", "Status": status, "Tags": {"dc": datacenter}}


def itself(own: str = "east", primary: str = "east") -> dict[str, Any]:
    return {"Config": {"Datacenter": own, "PrimaryDatacenter": primary}}


CHAIN = (EAST.pem + ROOT.pem).decode()
PRIMARYS_LEADER = "192.0.2.1:8300"
SAID: dict[str, Any] = {"primary": PRIMARYS_LEADER, "self": itself(), "raft": raft(), "wan": [member("east")],
                        "peerings": [{"Name": "west", "State": "ACTIVE"}], "catalogue": {"consul": [], "web": []},
                        "roots": {"Roots": [{"Active": True, "RootCert": CHAIN}]}}  # fmt: skip


def facts(live: dict[str, Any], cluster: str = "east", of: dict[str, dict[str, Any]] | None = None, **said: Any) -> HealthFacts:
    """Let each server give the same answers, or with `of` others by its name."""
    wanted = health.facts(cluster, "consul")
    known = {**SAID, **said}

    def answered(questions: Sequence[Question]) -> Answers:
        return Answers({q: json.dumps(mine) if (mine := (of or {}).get(q.pod, {}).get(q.about, known.get(q.about))) is not None else None
                        for q in questions})  # fmt: skip

    answers = answered(wanted.questions(live))
    answers.add(answered(wanted.further(live, answers)))
    return wanted.judge(live, answers)


def test_a_peer_that_is_well_has_no_finding() -> None:
    seen = facts(objects())
    assert findings(seen, EXPECTED) == []
    assert [(plane.version, plane.desired, plane.ready) for plane in seen.planes] == [("1.22.3", 3, 3)]
    assert [gateway.addresses for gateway in seen.gateways] == [["198.51.100.7:8443"]]
    assert seen.answered == ["consul-server-0", "consul-server-1", "consul-server-2"]


def test_a_primary_that_is_well_sees_its_secondary_in_its_pool() -> None:
    pool = [member("east"), *(member("west", number) for number in range(3)), member("west", 7, status=3)]
    assert findings(facts(objects(PRIMARY), wan=pool, peerings=[]), EXPECTED) == []


def test_a_secondary_names_its_primary_and_is_asked_with_what_replicates() -> None:
    live = objects(SECONDARY)
    seen = facts(live, "west", self=itself("west", "east"), peerings=[], replication={"Enabled": True, "Running": True, "LastSuccess": "2026-11-27T08:00:00Z"})
    assert (seen.served_by, seen.faults) == ("east", [])
    assert findings(seen, Expected(role="remote", gateway=False)) == []
    assert {q.about for q in health.facts("west", "consul").questions(live)} >= {"replication"}
    assert not [q for q in health.facts("west", "consul").questions(live) if MANAGEMENT in str(q.headers)]


@pytest.mark.parametrize(("wish", "asked"), [(PEER, True), (PRIMARY, False), (SECONDARY, False)])
def test_only_servers_that_may_have_peers_are_asked_for_them(wish, asked) -> None:
    """A real Consul 1.22.3 whose peering is switched off answers after twelve seconds, with HTTP 500 (tests/consul/test_03_federation.py)."""
    paths = [question.path for question in health.facts("east", "consul").questions(objects(wish))]
    assert ("/v1/peerings" in paths) is asked


@pytest.mark.parametrize(("said", "says"), [
    pytest.param({"raft": raft(leader="")}, "consul-server-0 and consul-server-1 and consul-server-2 know no leader, so nothing", id="no leader"),
    pytest.param({"raft": raft(voters=2)}, "2 of 3 servers vote, so the loss of one more may stop all writes", id="a voter is missing"),
    pytest.param({"wan": [member("east"), member("west")]}, "west is a peer and a member of the same federation", id="a peering over a federation"),
])
def test_a_fault_of_the_quorum_is_a_finding(said, says) -> None:
    (finding,) = findings(facts(objects(), **said), EXPECTED)
    assert finding.startswith(f"east: {says}")


def test_servers_that_follow_different_leaders_are_named() -> None:
    (fault,) = facts(objects(), of={"consul-server-2": {"raft": raft(leader="consul-server-2")}}).faults
    assert "consul-server-0 follows consul-server-0" in fault
    assert "consul-server-2 follows consul-server-2" in fault


@pytest.mark.parametrize(("replication", "says"), [
    pytest.param({"Enabled": False}, "are not replicated, so new ones are unknown here", id="switched off"),
    pytest.param({"Enabled": True, "Running": False}, "are not replicated", id="not running"),
    pytest.param(
        {"Enabled": True, "Running": True, "LastSuccess": "2026-11-27T08:00:00Z", "LastError": "2026-11-27T08:01:00Z", "LastErrorMessage": "connection reset"},
        "the last replication of tokens and policies from the primary failed (connection reset)", id="its last try failed",
    ),
])  # fmt: skip
def test_a_secondary_says_when_nothing_arrives(replication, says) -> None:
    seen = facts(objects(SECONDARY), "west", self=itself("west", "east"), replication=replication)
    assert says in seen.faults[0]


@pytest.mark.parametrize(("said", "status"), [
    pytest.param({"peerings": [{"Name": "west", "State": "FAILING"}]}, "failing", id="a peer that does not answer"),
    pytest.param({"wan": [member("west"), member("west", 1, status=4)], "peerings": []}, "1 of 2 servers alive", id="a dead server of the federation"),
])
def test_a_datacenter_that_is_not_reached_is_told_with_its_state(said, status) -> None:
    found = findings(facts(objects(), **said), EXPECTED)
    assert [f"its status is {status}" in one for one in found] == [True, True, True]


def test_a_server_that_does_not_answer_is_named() -> None:
    seen = facts(objects(), self=None, wan=None)
    assert seen.unanswered[:1] == ["consul-server-0/v1/agent/members?wan=1"]


def test_members_that_left_do_not_count() -> None:
    assert datacenters([member("west"), member("west", 1, status=3), member("north", status=4)]) == {"north": "0 of 1 servers alive", "west": "synced"}
    assert datacenters([{"Name": "a.north", "Status": 1}]) == {"north": "synced"}


def test_pods_with_a_sidecar_are_the_proxies() -> None:
    live = objects()
    live["Pod"] += [{"metadata": {"name": "shop-1", "namespace": "shop", "labels": {PROXY: "shop"}}}]
    live["Pod"] += [{"metadata": {"name": "shop-2", "namespace": "shop", "labels": {INJECTED: "injected"}}}]
    assert [(proxy.namespace, proxy.name) for proxy in facts(live).proxies] == [("shop", "shop-1"), ("shop", "shop-2")]


def test_entries_that_somebody_edited_after_a_run_are_faults() -> None:
    completed(with_entries(*WHOLE), keeper := Keeper())
    lists = {f"entries of {kind}": [one] for (kind, _name), one in keeper.entries.items()}
    assert facts(objects(), **lists).faults == []
    lists["entries of service-resolver"] = [{**lists["entries of service-resolver"][0], "ConnectTimeout": "9s"}]
    (fault,) = facts(objects(), **lists).faults
    assert fault == "somebody edited the entry service-resolver/web after a run wrote it; run site to set it right, or declare what is wanted"
    lists["entries of service-defaults"] = [{"Kind": "service-defaults", "Name": "theirs", "Protocol": "tcp"}]
    assert facts(objects(), **lists).faults == [fault]


def test_who_leads_and_votes_and_what_the_datacenter_is_are_facts() -> None:
    seen = facts(objects(PRIMARY), raft=raft("consul-server-2"), peerings=[])
    assert seen.quorum == Quorum("consul-server-2", 3, "primary")
    assert facts(objects(), of={"consul-server-2": {"raft": raft("consul-server-2")}}).quorum == Quorum("", 3, "peer"), "they do not agree"
    assert facts({"Pod": [], "Secret": []}).quorum is None


def daemons(desired: int, ready: int) -> dict[str, Any]:
    live = objects()
    live["DaemonSet"] = [{**one, "status": {"desiredNumberScheduled": desired, "numberReady": ready}} for one in live["DaemonSet"]]
    waiting = {"name": "consul", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    labels = {"app": "consul", "component": "client"}
    live["Pod"] += [{"metadata": {"name": "consul-client-1", "namespace": "consul", "labels": labels}, "status": {"containerStatuses": [waiting]}}]
    return live


def test_an_agent_that_is_not_ready_on_a_node_is_a_finding_with_its_reason() -> None:
    seen = facts(daemons(5, 4))
    assert findings(seen, EXPECTED) == ["east: the agent of the mesh is ready on 4 of 5 nodes: ImagePullBackOff no such image."]
    assert lasting(seen, EXPECTED), "nobody repairs an image by waiting"
    well = facts(daemons(5, 5))
    assert (well.agents, findings(well, EXPECTED), lasting(well, EXPECTED)) == (NodeAgents(5, 5), [], False)


def test_a_datacenter_without_agents_has_none() -> None:
    live = objects()
    del live["DaemonSet"]
    assert (facts(live).agents, findings(facts(live), EXPECTED)) == (None, [])


def test_the_ca_is_the_one_with_which_the_servers_sign() -> None:
    """The Secret of a secondary has a CA that nobody uses: the primary signs another one for it."""
    assert facts(objects()).line == EAST.pem + ROOT.pem
    assert facts(objects(), roots=None).line == b""
    of_primary = {"Active": True, "RootCert": ROOT.pem.decode(), "IntermediateCerts": ["", EAST.pem.decode()]}
    former = {"Active": False, "RootCert": CHAIN}
    seen = facts(objects(SECONDARY), "west", self=itself("west", "east"), peerings=[], roots={"Roots": [former, of_primary]})
    assert seen.line == EAST.pem + ROOT.pem


@pytest.mark.parametrize(("supported", "said"), [
    (["1.35.3", "1.34.1", "1.33.2", "1.32.4"], []),
    (["1.34.1", "1.33.2"], ["Envoy is 1.35, and the servers support 1.33 to 1.34; "]),
    ([], []),
])
def test_an_envoy_that_the_servers_do_not_list_is_to_be_known(supported, said) -> None:
    """Consul says which versions it supports; nothing of it stops a run, because the bootstrap of a proxy checks no version."""
    seen = facts(objects(), self={**itself(), "xDS": {"SupportedProxies": {"envoy": supported}}})
    assert [text.startswith(one) for text, one in zip(seen.noticed, said, strict=True)] == [True] * len(said)


WEB = {"Kind": "service-resolver", "Name": "web", "Failover": {"*": {"Datacenters": ["west", "east"]}, "v2": {"Targets": [{"Service": "old", "Peer": "west"}]}}}
MOVED = {"Kind": "service-resolver", "Name": "shop", "Redirect": {"Service": "store", "Datacenter": "west"}}
ENTRIES = {"entries of service-resolver": [WEB, MOVED]}


class TestCatalogueOfTheOtherSide:
    def test_a_member_of_the_federation_is_asked_through_one_server_for_its_services(self) -> None:
        pool = [member("east"), member("west"), member("north", status=4)]
        seen = facts(objects(PRIMARY), wan=pool, peerings=[], catalogue={"consul": [], "web": [], "store": ["v1"]}, **ENTRIES)
        assert seen.catalogues == [OtherCatalogue("west", 3)], "nobody answers for a datacenter without a server that is alive"
        assert [text for text in seen.noticed if "west" in text] == []

    def test_services_that_resolvers_lead_to_and_that_are_not_there_are_a_notice(self) -> None:
        seen = facts(objects(PRIMARY), wan=[member("east"), member("west")], peerings=[], catalogue={"consul": []}, **ENTRIES)
        assert seen.catalogues == [OtherCatalogue("west", 1, ("store", "web"))]
        (text,) = [text for text in seen.noticed if "west" in text]
        assert text.startswith("resolvers send requests to the services store and web of west, whose catalogue does not show them here; deploy them there")
        assert findings(seen, EXPECTED) == [], "a service may be on its way"

    def test_a_catalogue_that_nobody_can_read_is_a_finding(self) -> None:
        seen = facts(objects(PRIMARY), wan=[member("east"), member("west")], peerings=[], catalogue=None, **ENTRIES)
        assert seen.catalogues == [OtherCatalogue("west", None)]
        (finding,) = findings(seen, EXPECTED)
        assert finding.startswith("east: the servers cannot read the catalogue of west, so changes there are not seen here; check the mesh gateways")

    def test_a_secondary_asks_its_primary_with_the_token_that_replicates(self) -> None:
        pool, well = [member("east"), member("west")], {"Enabled": True, "Running": True}
        seen = facts(objects(SECONDARY), "west", self=itself("west", "east"), wan=pool, peerings=[], replication=well)
        assert (seen.catalogues, seen.faults) == ([OtherCatalogue("east", 2)], [])
        wanted = health.facts("west", "consul")
        answers = Answers({q: json.dumps(pool) for q in wanted.questions(objects(SECONDARY)) if q.about == "wan"})
        (question,) = wanted.further(objects(SECONDARY), answers)
        assert (question.path, MANAGEMENT in str(question.headers)) == ("/v1/catalog/services?dc=east", False)

    def test_a_primary_that_is_lost_is_told_once(self) -> None:
        pool, well = [member("east"), member("west")], {"Enabled": True, "Running": True}
        seen = facts(objects(SECONDARY), "west", self=itself("west", "east"), wan=pool, peerings=[], replication=well, catalogue=None, primary=None)
        assert not [text for text in seen.faults if "catalogue" in text]
        assert seen.faults[0].startswith("the primary east does not answer")

    def test_a_peer_shows_what_it_exports(self) -> None:
        exported = [{"Name": "west", "State": "ACTIVE", "StreamStatus": {"ImportedServices": ["old"]}}]
        assert facts(objects(), peerings=exported, **ENTRIES).catalogues == [OtherCatalogue("west", 1)]
        seen = facts(objects(), peerings=[{"Name": "west", "State": "ACTIVE", "StreamStatus": {"ImportedServices": None}}], **ENTRIES)
        assert seen.catalogues == [OtherCatalogue("west", 0, ("old",))]
        assert "resolvers send requests to the service old of west, whose catalogue does not show it here; deploy it there, or export it" in seen.noticed[-1]
        assert facts(objects(), peerings=[{"Name": "west", "State": "FAILING"}], **ENTRIES).catalogues == []
