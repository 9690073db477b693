# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two real datacenters on loopback as one federation: the secondary finds its primary through gateways, and takes policies, tokens and the CA from it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import HealthFacts
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.servers import Quorum
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.versions import minor
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.link import Link
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import datacenter as kinds
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import envoy
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import access
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.trust import trust
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import look
from ansible_collections.meshops.lifecycle.tests.consul.authority import below_another_root, give, given, verified
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter, until
from cryptography import x509

PRIMARY = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", serves_remotes=True,
                       values={"servers": {"replicas": 1}})  # fmt: skip
SECONDARY = ControlPlane("west", "shop", network="aws", namespace="consul", provider="consul", version="1.22.3", role="remote", primary="east",
                         values={"servers": {"replicas": 1}})  # fmt: skip
ALIVE = 1
LEAF = "/v1/agent/connect/ca/leaf/web"


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
    return {"east": east, "west": west}


def pool(one: Datacenter) -> dict[str, int]:
    return {each["Name"]: each["Status"] for each in one.get("/v1/agent/members?wan=1", "replication")}


def test_all_servers_are_alive_in_the_pool_of_both(federation: dict[str, Datacenter]) -> None:
    wanted = {"consul-server-0.east": ALIVE, "consul-server-0.west": ALIVE}
    for one in federation.values():
        until(lambda one=one: pool(one) == wanted, lambda one=one: one.pods["consul-server-0"].log("consul")[-3000:])


def test_the_secondary_gets_the_policies_and_makes_local_tokens(federation: dict[str, Datacenter]) -> None:
    west = federation["west"]
    assert west.complete("servers") == []
    tokens = {one["AccessorID"]: one for one in west.get("/v1/acl/tokens", "replication")}
    wish = west.wish
    assert [tokens[access.accessor(wish, name)]["Local"] for name in ("agent", "gateway")] == [True, True]
    said = west.get("/v1/acl/replication", "replication")
    assert (said["Enabled"], said["Running"], said["SourceDatacenter"]) == (True, True, "east")


def test_the_secondary_signs_below_the_ca_of_its_primary(federation: dict[str, Datacenter]) -> None:
    east, west = (one.get("/v1/connect/ca/roots", "replication") for one in federation.values())
    assert east["TrustDomain"] == west["TrustDomain"] == f"{kinds.cluster_id(PRIMARY)}.consul"
    assert [one["RootCert"] for one in east["Roots"]] == [one["RootCert"] for one in west["Roots"]]


@pytest.mark.parametrize(("name", "other", "by"), [("east", "west", ""), ("west", "east", "east")])
def test_status_and_links_see_a_federation(federation: dict[str, Datacenter], name: str, other: str, by: str) -> None:
    """On a busy machine a server is suspected to have failed now and then, and refutes it."""
    def facts() -> HealthFacts:
        return look(federation[name].cluster, PROVIDERS["consul"].health.facts(name, "consul"))

    def synced() -> list[bool]:
        return [one.synced for one in look(federation[name].cluster, PROVIDERS["consul"].links.sights(Link(other, name, "consul"))).sights]

    until(lambda: synced() == [True], lambda: str(pool(federation[name])))
    until(lambda: {(one.cluster, one.status) for one in facts().remotes} == {(other, "synced")}, lambda: str(facts().remotes))
    assert (list(facts().faults), facts().served_by) == ([], by)


@pytest.mark.parametrize(("name", "role"), [("east", "primary"), ("west", "secondary")])
def test_status_shows_who_leads_and_with_which_ca_each_signs(federation: dict[str, Datacenter], name: str, role: str) -> None:
    """That of the secondary is signed by that of the primary, and is none of the roots that both list."""
    def facts() -> HealthFacts:
        return look(federation[name].cluster, PROVIDERS["consul"].health.facts(name, "consul"))

    own = 1 if role == "secondary" else 0
    chain = trust.pem_of(trust.line(given(federation["east"])))
    until(lambda: len(trust.pem_of(facts().line)) == own + len(chain), lambda: str(facts().line))
    seen = facts()
    assert seen.quorum == Quorum("consul-server-0", 1, role)
    signing = trust.pem_of(seen.line)
    assert signing[own:] == chain
    for below in signing[:own]:
        x509.load_pem_x509_certificate(below).verify_directly_issued_by(x509.load_pem_x509_certificate(chain[0]))


def test_the_lines_of_envoy_that_we_know_are_those_that_the_servers_list(federation: dict[str, Datacenter]) -> None:
    itself = federation["east"].get("/v1/agent/self")
    supported = {minor(text) for text in itself["xDS"]["SupportedProxies"]["envoy"]}
    named = {line for line in ((1, number) for number in range(20, 60)) if not envoy.unnamed("1.22.3", f"envoy:v{line[0]}.{line[1]}.0")}
    assert supported == named
    assert not envoy.unlisted(itself, f"envoy:{envoy.NEWEST[1, 22]}")


@pytest.mark.parametrize("name", ["east", "west"])
def test_a_look_asks_nothing_that_servers_of_a_federation_take_long_to_refuse(federation: dict[str, Datacenter], name: str) -> None:
    """They answer /v1/peerings after twelve seconds."""
    cluster = federation[name].cluster
    for wanted in (PROVIDERS["consul"].health.facts(name, "consul"), PROVIDERS["consul"].links.sights(Link("west", name, "consul"))):
        begun = time.monotonic()
        look(cluster, wanted)
        assert time.monotonic() - begun < 6


class TestAnswersOfASecondary:
    """What a secondary answers to writes that are its primary's."""

    def test_a_global_token_is_made_in_the_primary(self, federation: dict[str, Datacenter]) -> None:
        west = federation["west"]
        accessor = "6b7a1c4e-0000-4000-8000-00000000000a"
        body = {"AccessorID": accessor, "SecretID": accessor[:-1] + "b", "Description": "test", "ServiceIdentities": [{"ServiceName": "web"}]}
        status, text = west.ask("PUT", "/v1/acl/token", "replication", body=body)
        assert status == 200, text
        assert accessor in {one["AccessorID"] for one in federation["east"].get("/v1/acl/tokens")}
        again, words = west.ask("PUT", "/v1/acl/token", "replication", body=body)
        assert (again, "AccessorID is already in use" in words) == (500, True)
        assert west.ask("PUT", f"/v1/acl/token/{accessor}", "replication", body=body)[0] == 200


def test_the_secondary_follows_a_rotation_in_its_primary(federation: dict[str, Datacenter], tmp_path: Path) -> None:
    """A workload of the secondary gets a certificate of the new CA, which who knows only the former one trusts too."""
    east, west = federation.values()
    first, second = given(east), below_another_root()
    token = made_for_web(east)

    def leaf() -> dict[str, Any]:
        return json.loads(west.ask("GET", LEAF, "replication", token=token)[1])

    until(lambda: west.ask("GET", LEAF, "replication", token=token)[0] == 200, lambda: west.pods["consul-server-0"].log("consul")[-2000:])
    assert verified(leaf(), trust.line(first), tmp_path) == "OK"
    give(east, second)
    until(lambda: active(west) == active(east) == trust.line(second).decode(), lambda: west.pods["consul-server-0"].log("consul")[-3000:])
    until(lambda: verified(leaf(), trust.line(second), tmp_path) == "OK", lambda: west.pods["consul-server-0"].log("consul")[-3000:])
    assert verified(leaf(), trust.line(first), tmp_path) == "OK"


def active(one: Datacenter) -> str:
    return str(next(root["RootCert"] for root in one.get("/v1/connect/ca/roots", "replication")["Roots"] if root["Active"]))


def made_for_web(east: Datacenter) -> str:
    """The token of a workload, which holds in all datacenters."""
    secret = "6b7a1c4e-0000-4000-8000-00000000000c"
    body = {"SecretID": secret, "Description": "test", "ServiceIdentities": [{"ServiceName": "web"}]}
    assert east.ask("PUT", "/v1/acl/token", body=body)[0] == 200
    return secret
