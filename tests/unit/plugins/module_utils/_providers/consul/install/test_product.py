# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is due in Consul is ordered once, in an order that Consul accepts, and leaves alone what users set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers, PodReply
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import encoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import access, product
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import SHARED
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.store import Store
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, PRIMARY, SECONDARY
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT, server, tokens

REPLICATION = "t0ken-of-replication"
LIVE = {
    "Pod": [server(0), server(1)],
    "Secret": [tokens(), {"metadata": {"name": SHARED, "namespace": "mesh"}, "data": {"replication": encoded(REPLICATION.encode())}}],
}


def judged(wish: ControlPlane, store: Store, live: dict[str, Any] | None = None) -> Due:
    wanted, live = product.due(wish), live or LIVE
    return wanted.judge(live, Answers({question: store.answer(question) for question in wanted.questions(live)}))


def completed(wish: ControlPlane, store: Store) -> list[str]:
    """Order until nothing is due, and return what was ordered."""
    ordered: list[str] = []
    while (due := judged(wish, store)).orders:
        assert not due.fault
        for order in due.orders:
            assert store.answer(order.question) is not None
            ordered.append(order.what)
        assert len(ordered) < 20
    assert due.complete
    return ordered


def test_a_primary_gets_policies_then_tokens_then_its_entries() -> None:
    store = Store()
    assert completed(PRIMARY, store) == [
        "the policy meshops-agent", "the policy meshops-gateway", "the policy meshops-replication",
        "the token of the agent", "the token of the gateway", "the token of the replication", "the entry proxy-defaults",
    ]  # fmt: skip
    assert {one["SecretID"] for one in store.tokens.values()} == {"t0ken-of-agents", "t0ken-of-gateways", REPLICATION}
    assert not [one for one in store.tokens.values() if one["Local"]]
    assert judged(PRIMARY, store).complete


def test_a_peer_lets_peerings_pass_its_gateways_and_replicates_nothing() -> None:
    store = Store()
    assert completed(PEER, store)[-2:] == ["the entry proxy-defaults", "the entry mesh"]
    assert store.entries["mesh"]["Peering"] == {"PeerThroughMeshGateways": True}
    assert "meshops-replication" not in store.policies


def test_a_secondary_makes_local_tokens_with_what_its_primary_gave_it() -> None:
    store = Store(expected=REPLICATION)
    with pytest.raises(AssertionError):
        completed(SECONDARY, store)  # its primary's policies have not arrived
    completed(PRIMARY, primary := Store())
    store = Store(policies=primary.policies, expected=REPLICATION)
    assert completed(SECONDARY, store) == ["the token of the agent", "the token of the gateway"]
    assert [one["Local"] for one in store.tokens.values()] == [True, True]


def test_tokens_of_two_datacenters_have_different_names() -> None:
    assert access.accessor(PRIMARY, "agent") != access.accessor(SECONDARY, "agent")


def test_changed_rules_are_written_over_the_policy() -> None:
    store = Store()
    completed(PEER, store)
    store.policies["meshops-agent"]["Description"] = "meshops.lifecycle 000000000000"
    (order,) = judged(PEER, store).orders
    assert (order.what, order.question.path) == ("the policy meshops-agent", "/v1/acl/policy/id-of-meshops-agent")


def test_a_token_with_other_policies_is_set_right() -> None:
    store = Store()
    completed(PEER, store)
    store.tokens[access.accessor(PEER, "agent")]["Policies"] = [{"Name": "global-management"}]
    assert [order.what for order in judged(PEER, store).orders] == ["the token of the agent"]


def test_servers_with_the_data_of_a_former_install_learn_the_tokens_of_this_one() -> None:
    """Otherwise agents and gateways would show tokens that nobody knows, and Consul never changes the value of a token."""
    store = Store()
    completed(PEER, store)
    first = access.accessor(PEER, "agent")
    store.tokens[first]["SecretID"] = "t0ken-of-the-former-install"
    assert completed(PEER, store) == ["the token of the agent"]
    assert {one["SecretID"] for one in store.tokens.values()} >= {"t0ken-of-agents", "t0ken-of-the-former-install"}
    assert judged(PEER, store).complete
    store.tokens[first]["SecretID"] = "<hidden>"
    assert judged(PEER, store).complete, "who may not see values takes the token for the right one"


GOSSIP = "a2V5LW9mLXRoaXMtaW5zdGFsbA=="
WITH_KEY = {**LIVE, "Secret": [tokens(), {"metadata": {"name": SHARED, "namespace": "mesh"}, "data": {"gossip": encoded(GOSSIP.encode())}}]}


@pytest.mark.parametrize(("values", "where"), [
    pytest.param({}, "remove the PersistentVolumeClaims of consul-server in consul and the agents' /var/lib/consul-client on its nodes,", id="claims"),
    pytest.param({"servers": {"host_path": "/srv/consul"}, "agents": {"enabled": False}}, "remove /srv/consul on its nodes,", id="nodes"),
])
def test_servers_with_another_gossip_key_are_refused_before_the_first_order(values, where) -> None:
    due = judged(replace(PEER, values=values), Store(keys=("Zm9ybWVyLWtleQ==",)), WITH_KEY)
    assert due.refusal.startswith("Its servers have the data of a former installation: they do not know the gossip key of the Secret consul/consul-federation")
    assert where in due.refusal
    assert not due.orders
    assert not [key for key in (GOSSIP, "Zm9ybWVyLWtleQ==") if key in due.refusal]


@pytest.mark.parametrize("keys", [(), (GOSSIP,), ("bmV4dC1rZXk=", GOSSIP)], ids=["a server that does not say", "the key of the Secret", "in a rotation"])
def test_servers_that_know_the_gossip_key_of_the_secret_are_not_refused(keys) -> None:
    assert judged(PEER, Store(keys=keys), WITH_KEY).refusal == ""


def test_a_secondary_is_not_asked_for_keys() -> None:
    assert not [one for one in product.due(SECONDARY).questions(LIVE) if "keyring" in one.path]


@pytest.mark.parametrize(("status", "says"), [
    (403, ", because it denies the token 'management' of the Secret consul/consul-tokens (HTTP 403); if this Secret was made anew since the servers"),
    (500, ""),
])
def test_a_token_that_no_server_knows_is_named(status, says) -> None:
    wanted, silent = product.due(PEER), "the server consul-server-0 did not list its mesh and policies and proxy-defaults and tokens"
    answers = Answers.of({question: PodReply(status, b"ACL not found") for question in wanted.questions(LIVE)})
    fault = wanted.judge(LIVE, answers).fault
    assert fault.startswith(silent + says)
    assert says or fault == silent


def test_what_users_set_stays() -> None:
    store = Store(entries={"proxy-defaults": {"Kind": "proxy-defaults", "Name": "global", "Config": {"protocol": "http"}, "ModifyIndex": 5}})
    completed(PEER, store)
    assert store.entries["proxy-defaults"]["Config"] == {"protocol": "http"}
    assert store.entries["proxy-defaults"]["MeshGateway"] == {"Mode": "local"}
    own = {"Kind": "proxy-defaults", "Name": "global", "MeshGateway": {"Mode": "remote"}, "ModifyIndex": 5}
    store = Store(entries={"proxy-defaults": own})
    assert "the entry proxy-defaults" not in completed(PEER, store)


def test_an_entry_that_somebody_else_changed_meanwhile_is_not_overwritten() -> None:
    store = Store(entries={"proxy-defaults": {"Kind": "proxy-defaults", "Name": "global", "ModifyIndex": 5}})
    paths = []
    while orders := judged(PEER, store).orders:
        paths += [order.question.path for order in orders]
        for order in orders:
            store.answer(order.question)
    assert "/v1/config?cas=5" in paths


@pytest.mark.parametrize(("live", "says"), [
    pytest.param({"Pod": []}, "no server of Consul is ready", id="no server"),
    pytest.param({"Pod": [server(0, ready=False)]}, "no server of Consul is ready", id="none that is ready"),
    pytest.param({"Pod": [server(0)]}, "the server consul-server-0 did not list its mesh and policies and proxy-defaults and tokens", id="no token"),
])
def test_whoever_does_not_answer_is_waited_for(live, says) -> None:
    due = judged(PEER, Store(), live)
    assert (due.fault, due.orders, due.complete) == (says, [] if due.orders == [] else (), False)


def test_no_token_is_shown() -> None:
    due = judged(PEER, Store(policies={one.name: {"Name": one.name, "Description": one.description, "ID": "1"} for one in access.policies(PEER)}))
    assert due.orders
    assert not [secret for secret in (MANAGEMENT, "t0ken-of-agents") if secret in repr(due)]
