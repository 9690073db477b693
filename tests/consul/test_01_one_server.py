# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server of Consul that runs with our configuration: what it says of itself, what it accepts, and what the stand-in for it in other tests says instead."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import datacenter as kinds
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import access, product
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.trust import trust
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import look
from ansible_collections.meshops.lifecycle.tests.consul.authority import below_another_root, give, given, order, verified
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter, until
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.store import Store

WISH = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", values={"servers": {"replicas": 1}})
LEAF = "/v1/agent/connect/ca/leaf/web"
ORDERED = ["the policy meshops-agent", "the policy meshops-gateway", "the token of the agent", "the token of the gateway", "the entry proxy-defaults",
           "the entry mesh"]  # fmt: skip


@pytest.fixture(scope="module")
def east(make: Make) -> Datacenter:
    return make(WISH)


def test_the_server_runs_the_version_that_we_install(east: Datacenter) -> None:
    told = east.get("/v1/agent/self")
    assert told["Config"]["Version"] == "1.22.3"
    assert told["Config"]["Datacenter"] == told["Config"]["PrimaryDatacenter"] == "east"


def test_what_is_due_is_ordered_once_by_a_real_consul_and_by_the_stand_in(east: Datacenter) -> None:
    """The stand-in judges as Consul does: the same orders, and then nothing."""
    stand_in, wanted = Store(expected=_token(east)), product.due(WISH)
    live = {"Pod": east.cluster.list("v1", "Pod", "consul"), "Secret": east.cluster.list("v1", "Secret", "consul")}
    while orders := wanted.judge(live, {question: stand_in.answer(question) for question in wanted.questions(live)}).orders:
        assert all(stand_in.answer(order.question) is not None for order in orders)
    told = east.complete("servers")
    assert told == ORDERED
    assert east.complete("servers") == []
    real = {name: east.get(path) for name, path in product._ASKED.items()}
    assert {one["Name"] for one in stand_in.policies.values()} <= {one["Name"] for one in real["policies"]}
    assert set(stand_in.tokens) <= {one["AccessorID"] for one in real["tokens"]}
    assert {kind: one["Kind"] for kind, one in stand_in.entries.items()} == {kind: real[kind][0]["Kind"] for kind in ("proxy-defaults", "mesh")}


def _token(east: Datacenter) -> str:
    return base64.b64decode(east.find("Secret", "consul-tokens")["data"]["management"]).decode()


def test_a_policy_with_other_rules_and_a_token_with_other_policies_are_set_right(east: Datacenter) -> None:
    east.complete("servers")
    policy = next(one for one in east.get("/v1/acl/policies") if one["Name"] == "meshops-agent")
    assert east.ask("PUT", f"/v1/acl/policy/{policy['ID']}", body={**policy, "Description": "changed", "Rules": 'node_prefix "" { policy = "read" }'})[0] == 200
    name = access.accessor(WISH, "gateway")
    assert east.ask("PUT", f"/v1/acl/token/{name}", body={"AccessorID": name, "Policies": [], "Description": "changed"})[0] == 200
    assert east.complete("servers") == ["the policy meshops-agent", "the token of the gateway"]
    assert east.complete("servers") == []


def test_servers_with_the_data_of_a_former_install_learn_the_tokens_of_this_one(east: Datacenter) -> None:
    east.complete("servers")
    secret, own = Ref("v1", "Secret", "consul-tokens", "consul"), "11111111-2222-4333-8444-555555555555"
    former = east.find("Secret", secret.name)["data"]["agent"]
    for value, told in ((base64.b64encode(own.encode()).decode(), ["the token of the agent"]), (former, [])):
        east.cluster.amend(east.cluster.get(secret) or {}, {"data": {"agent": value}})
        assert east.complete("servers") == told
        assert east.ask("GET", "/v1/acl/token/self", token=base64.b64decode(value).decode())[0] == 200


def test_servers_with_the_gossip_key_of_a_former_install_are_refused_at_once(east: Datacenter) -> None:
    secret = Ref("v1", "Secret", "consul-federation", "consul")
    present = east.find("Secret", secret.name)["data"]["gossip"]
    other = base64.b64encode(base64.b64encode(b"k" * 32)).decode()
    east.cluster.amend(east.cluster.get(secret) or {}, {"data": {"gossip": other}})
    with pytest.raises(Refused, match="the data of a former installation: they do not know the gossip key of the Secret consul/consul-federation"):
        east.complete("servers")
    east.cluster.amend(east.cluster.get(secret) or {}, {"data": {"gossip": present}})
    assert east.complete("servers") == []


def test_a_secret_that_was_made_anew_while_servers_ran_is_named(east: Datacenter) -> None:
    secret = Ref("v1", "Secret", "consul-tokens", "consul")
    present = east.find("Secret", secret.name)["data"]["management"]
    other = base64.b64encode(b"11111111-2222-4333-8444-666666666666").decode()
    east.cluster.amend(east.cluster.get(secret) or {}, {"data": {"management": other}})
    fault = look(east.cluster, product.due(WISH)).fault
    east.cluster.amend(east.cluster.get(secret) or {}, {"data": {"management": present}})
    assert "because it denies the token 'management' of the Secret consul/consul-tokens (HTTP 403)" in fault


def test_what_users_set_in_an_entry_stays(east: Datacenter) -> None:
    east.complete("servers")
    assert east.ask("PUT", "/v1/config", body={"Kind": "proxy-defaults", "Name": "global", "Config": {"protocol": "http"}})[0] == 200
    assert east.complete("servers") == ["the entry proxy-defaults"]
    entry = east.get("/v1/config/proxy-defaults/global")
    assert (entry["Config"], entry["MeshGateway"]) == ({"protocol": "http"}, {"Mode": "local"})


class TestTrust:
    def test_the_trust_domain_is_the_one_that_was_chosen(self, east: Datacenter) -> None:
        assert east.get("/v1/connect/ca/roots")["TrustDomain"] == f"{kinds.cluster_id(WISH)}.consul"

    def test_the_active_root_is_the_line_of_certificates_that_was_given(self, east: Datacenter) -> None:
        (root,) = east.get("/v1/connect/ca/roots")["Roots"]
        assert root["RootCert"].encode() == trust.line(given(east))

    def test_a_leaf_is_trusted_by_whoever_trusts_the_root_of_the_mesh_and_the_line(self, east: Datacenter, tmp_path: Path) -> None:
        leaf, material = east.get(LEAF), given(east)
        assert verified(leaf, trust.line(material), tmp_path) == "OK"
        assert x509.bundle(leaf["CertPEM"].encode())[0].issuer == x509.bundle(material.certificate)[0].subject


def test_status_finds_nothing_wrong_with_a_server_that_is_well(east: Datacenter) -> None:
    east.complete("servers")
    facts = look(east.cluster, PROVIDERS["consul"].health.facts("east", "consul"))
    assert (list(facts.faults), list(facts.unanswered), list(facts.remotes)) == ([], [], [])
    assert [(plane.version, plane.desired) for plane in facts.planes] == [("1.22.3", 1)]
    assert list(facts.answered) == ["consul-server-0"]


@pytest.fixture(scope="module")
def second() -> Material:
    return below_another_root()


class TestRotation:
    """Another CA under another root, given by a PUT."""

    def test_a_proxy_that_knows_only_the_former_root_trusts_a_leaf_of_the_new_ca(self, east: Datacenter, second: Material, tmp_path: Path) -> None:
        """The new CA is signed by the former one, and comes along with the leaf."""
        east.complete("servers")
        first = given(east)
        give(east, second)
        said = east.get("/v1/connect/ca/roots")
        assert {bool(one["Active"]): one["RootCert"].encode() for one in said["Roots"]} == {True: trust.line(second), False: trust.line(first)}
        assert said["TrustDomain"] == f"{kinds.cluster_id(WISH)}.consul"
        until(lambda: verified(east.get(LEAF), trust.line(second), tmp_path) == "OK", lambda: "the leaf is not one of the new CA")
        assert verified(east.get(LEAF), trust.line(first), tmp_path) == "OK"

    def test_progress_names_the_new_line_and_the_former_root_that_goes(self, east: Datacenter, second: Material) -> None:
        rotation = PROVIDERS["consul"].driven_rotation
        assert rotation
        seen = look(east.cluster, rotation.progress("consul"))
        assert (seen.fault, seen.certificate) == ("", trust.blocks(second.certificate)[0])
        named = [[one.fingerprint for one in x509.bundle(pem)] for pem in (seen.roots, seen.outgoing)]
        assert named == [[x509.bundle(one.roots)[0].fingerprint] for one in (second, given(east))]

    def test_the_same_order_again_changes_nothing(self, east: Datacenter, second: Material) -> None:
        before = east.get("/v1/connect/ca/roots")
        give(east, second)
        assert [one["ID"] for one in east.get("/v1/connect/ca/roots")["Roots"]] == [one["ID"] for one in before["Roots"]]

    def test_a_server_that_starts_again_with_the_former_ca_in_its_secret_keeps_the_new_one(self, east: Datacenter, second: Material) -> None:
        server = east.pods["consul-server-0"]
        server.end()
        server.start()
        east.await_ready(server)
        active = next(one for one in east.get("/v1/connect/ca/roots")["Roots"] if one["Active"])
        assert active["RootCert"].encode() == trust.line(second)

    def test_a_ca_whose_issuer_has_another_kind_of_key_cannot_sign_the_next_one(self, east: Datacenter, second: Material) -> None:
        """Consul signs the next CA with the algorithm by which its own certificate was signed, so an RSA root above an EC key ends every rotation."""
        give(east, below_another_root("RSA-2048"))
        answer = order(east, second)
        assert (answer.status, b"SignatureAlgorithm" in answer.body) == (500, True), answer.body
