# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What servers and agents are configured with, and how the secret part comes together in the pod."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.gateways.addresses import with_port
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import agent_config
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Settings
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, PRIMARY, SECONDARY, SMALL, WISHES

SECRETS = {"GOSSIP": "Z29zc2lw", "AGENT": "agent-token", "MANAGEMENT": "management-token", "REPLICATION": "replication-token"}


def server(wish: ControlPlane) -> dict:
    return agent_config.server(wish, Settings.of(wish))


def written(wish: ControlPlane, serves: bool, place: Path) -> str:
    """Run the script of the init container with its paths below `place`."""
    (place / "secrets").mkdir()
    (place / "ca").mkdir()
    (place / "ca/ca.key").write_text("-----BEGIN PRIVATE KEY-----\nk3y\n-----END PRIVATE KEY-----\n")
    (place / "ca/chain.pem").write_text("-----BEGIN CERTIFICATE-----\nown\n-----END CERTIFICATE-----\n")
    script = agent_config.script(wish, Settings.of(wish), serves).replace("/consul/", f"{place}/")
    wanted = {"GOSSIP", *agent_config.tokens(wish, serves).values()}
    done = subprocess.run(["sh", "-c", script], env={name: SECRETS[name] for name in wanted}, capture_output=True, check=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")
    return (place / "secrets/secret.hcl").read_text()


def test_a_peer_decides_for_itself_and_a_secondary_follows_its_primary() -> None:
    assert [server(wish)["primary_datacenter"] for wish in (PEER, PRIMARY, SECONDARY)] == ["east", "east", "east"]
    assert [server(wish)["datacenter"] for wish in (PEER, PRIMARY, SECONDARY)] == ["east", "east", "west"]
    assert [server(wish)["peering"]["enabled"] for wish in (PEER, PRIMARY, SECONDARY)] == [True, False, False]
    assert [server(wish)["connect"].get("enable_mesh_gateway_wan_federation", False) for wish in (PEER, PRIMARY, SECONDARY)] == [False, True, True]


def test_only_a_secondary_is_told_a_gateway_of_its_primary() -> None:
    assert server(SECONDARY)["primary_gateways"] == ["192.0.2.10:8443"]
    assert not [wish for wish in (PEER, PRIMARY) if "primary_gateways" in server(wish)]


@pytest.mark.parametrize(("given", "reached"), [
    ("gateway.east.example", "gateway.east.example:8443"), ("gateway.east.example:443", "gateway.east.example:443"), ("192.0.2.1", "192.0.2.1:8443"),
    ("2001:db8::7", "[2001:db8::7]:8443"), ("[2001:db8::7]", "[2001:db8::7]:8443"), ("[2001:db8::7]:443", "[2001:db8::7]:443"),
])  # fmt: skip
def test_an_address_without_a_port_gets_that_of_all_gateways(given: str, reached: str) -> None:
    assert with_port(given) == reached


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_access_is_denied_by_default_and_plain_http_stays_in_the_pod(wish: ControlPlane) -> None:
    config = server(wish)
    assert (config["acl"]["default_policy"], config["acl"]["down_policy"], config["addresses"]["http"]) == ("deny", "extend-cache", "127.0.0.1")
    assert config["tls"]["internal_rpc"] == {"verify_incoming": True, "verify_server_hostname": True}
    assert agent_config.agent(wish, Settings.of(wish))["ports"]["http"] == -1


def test_a_quorum_stays_unless_there_is_none() -> None:
    assert (server(PEER)["bootstrap_expect"], server(PEER)["autopilot"]["min_quorum"]) == (3, 3)
    assert (server(SMALL)["bootstrap_expect"], server(SMALL)["autopilot"]["min_quorum"]) == (1, 0)


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_no_configuration_that_is_stored_holds_a_secret(wish: ControlPlane) -> None:
    assert server(wish)["acl"]["tokens"] == {}
    assert "encrypt" not in server(wish)


def test_the_secret_part_has_the_ca_and_the_tokens(tmp_path: Path) -> None:
    text = written(PRIMARY, True, tmp_path)
    assert text.startswith('encrypt = "Z29zc2lw"\nacl { tokens {\nagent = "agent-token"\ninitial_management = "management-token"\n} }\n')
    assert "private_key = <<PEM\n-----BEGIN PRIVATE KEY-----\nk3y\n-----END PRIVATE KEY-----\nPEM\n" in text
    assert "root_cert = <<PEM\n-----BEGIN CERTIFICATE-----" in text
    assert 'leaf_cert_ttl = "72h"' in text
    assert "replication" not in text
    assert text.count("{") == text.count("}")
    assert (tmp_path / "secrets/secret.hcl").stat().st_mode & 0o077 == 0


def test_a_secondary_gets_a_replication_token_and_no_ca(tmp_path: Path) -> None:
    assert written(SECONDARY, True, tmp_path) == 'encrypt = "Z29zc2lw"\nacl { tokens {\nagent = "agent-token"\nreplication = "replication-token"\n} }\n'


def test_an_agent_gets_its_own_token_only(tmp_path: Path) -> None:
    assert written(PEER, False, tmp_path) == 'encrypt = "Z29zc2lw"\nacl { tokens {\nagent = "agent-token"\n} }\n'
