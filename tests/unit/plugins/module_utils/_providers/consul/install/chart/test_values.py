# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values for whole clusters, as files, and what they must hold. The chart was rendered with them once by hand; no Consul ran."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.helm_release import Release
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.stage import releases
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import names
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import agent_config
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.chart import stages as chart
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.chart import unknown
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.chart.lines import LINES
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Settings
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.trust import trust
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.install.chart.charted import (
    OPENSHIFT,
    PEER,
    PRIMARY,
    SECONDARY,
    WISHES,
    given,
)
from ansible_collections.meshops.lifecycle.tests.unit.support.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden"


def release(wish: ControlPlane) -> Release:
    (only,) = releases(chart.stages(wish))
    return only


def configuration(wish: ControlPlane) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(release(wish).values["server"]["extraConfig"])
    return read


@pytest.mark.parametrize("name", WISHES)
def test_the_values_of(name: str) -> None:
    assert_golden(GOLDEN / f"{name}.values.yml", [release(WISHES[name]).as_dict()])


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.values.yml" for name in WISHES}


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize("line", [one.line for one in LINES])
def test_all_lines_of_the_chart_know_our_keys(wish: ControlPlane, line: tuple[int, int]) -> None:
    assert unknown.faults(release(wish).values, line) == []


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_the_secrets_are_those_that_are_made_beforehand(wish: ControlPlane) -> None:
    made = {str(secret.ref.name): secret for secret in trust.secrets(wish.namespace, wish.cluster)}
    drawn = {(name, each.key) for name, secret in made.items() for each in secret.drawn}
    values = release(wish).values["global"]
    pairs = [values["gossipEncryption"], *(values["acls"].get(name) for name in ("bootstrapToken", "replicationToken"))]
    assert {(pair["secretName"], pair["secretKey"]) for pair in pairs if pair} <= drawn
    assert values["tls"]["caCert"] == {"secretName": "consul-server-tls", "secretKey": "ca.crt"}
    assert made["consul-server-tls"].signed


def test_the_ca_is_read_from_a_file_of_its_own_secret() -> None:
    (secret,) = trust.manifests(Material(b"ca", b"key", None, b"root"), "consul")
    (volume,) = release(PEER).values["server"]["extraVolumes"]
    assert (volume["name"], volume["load"]) == (secret["metadata"]["name"], True)
    assert {item["key"] for item in volume["items"]} == {"connect.json"} <= set(secret["data"])
    assert "extraVolumes" not in release(SECONDARY).values["server"]


def test_the_file_of_the_ca_says_what_servers_from_manifests_write() -> None:
    """Consul merges the keys of `ca_config` from several files (read in agent/config/merge.go of 1.22.3)."""
    (secret,) = trust.manifests(Material(b"ca", b"key", None, b"root"), "consul")
    of_secret = json.loads(trust.decoded(secret["data"]["connect.json"]))["connect"]["ca_config"]
    written = agent_config.script(PEER, Settings.of(PEER), serves=True)
    assert {*of_secret, *configuration(PEER)["connect"]["ca_config"]} == {"private_key", "root_cert", "cluster_id", "leaf_cert_ttl", "intermediate_cert_ttl"}
    assert all(f"{key} = " in written for key in (*of_secret, *configuration(PEER)["connect"]["ca_config"]))


def test_both_ways_make_the_same_datacenter() -> None:
    own = configuration(PEER)["connect"]["ca_config"]
    written = agent_config.script(PEER, Settings.of(PEER), serves=True)
    assert all(f'{key} = "{value}"' in written for key, value in own.items())


def test_plain_http_is_for_the_pod_alone() -> None:
    for wish in WISHES.values():
        assert release(wish).values["global"]["tls"]["httpsOnly"] is False
        assert configuration(wish)["addresses"] == {"http": "127.0.0.1"}


def test_only_a_primary_makes_the_replication_token_and_only_a_secondary_names_its_primary() -> None:
    acls = {name: release(wish).values["global"]["acls"] for name, wish in WISHES.items()}
    assert acls["primary"]["createReplicationToken"] is True
    assert acls["secondary"]["createReplicationToken"] is False
    assert "replicationToken" not in acls["peer"]
    assert "bootstrapToken" not in acls["secondary"]
    federation = {name: release(wish).values["global"]["federation"] for name, wish in WISHES.items()}
    assert federation["primary"] == {"enabled": True}
    assert federation["secondary"]["primaryGateways"] == ["192.0.2.10:8443"]
    assert not federation["peer"]["enabled"]


def test_what_the_inventory_adds_to_the_configuration_stands_beside_ours() -> None:
    assert configuration(OPENSHIFT)["log_level"] == "warn"
    assert configuration(OPENSHIFT)["connect"]["ca_config"]["leaf_cert_ttl"] == "1h"
    labels = release(OPENSHIFT).values["global"]["extraLabels"]
    assert labels == {"team": "shop", "meshops.lifecycle/datacenter": "peer", "meshops.lifecycle/leaf-ttl": "1h", "meshops.lifecycle/intermediate-ttl": "8760h"}


def test_what_is_noted_on_the_servers_is_read_again() -> None:
    """The chart puts the labels on the StatefulSet, where manifests have annotations."""
    live = {"metadata": {"labels": release(SECONDARY).values["global"]["extraLabels"]}}
    assert (names.standing(live), names.primary_of(live), names.noted(live, names.LEAF_TTL)) == ("secondary", "east", "72h")
    assert names.primary_of({"metadata": {"annotations": {names.RULER: "south"}}}) == "south"


def test_a_configuration_that_is_no_json_is_refused_without_showing_it() -> None:
    with pytest.raises(Refused, match=r"^east: mesh_values.consul.server.extraConfig is no JSON object") as refused:
        release(given(PEER, server={"extraConfig": "encrypt = s3cret"}))
    assert "s3cret" not in str(refused.value)


def test_no_text_would_begin_a_template() -> None:
    for wish in WISHES.values():
        assert "{{" not in json.dumps(release(wish).values)


def test_gateways_have_the_port_of_all_gateways() -> None:
    for wish in (PEER, PRIMARY, SECONDARY):
        assert release(wish).values["meshGateway"]["service"]["port"] == 8443
    assert release(SECONDARY).values["meshGateway"]["wanAddress"] == {"source": "NodeIP", "port": 8443}


def test_openshift_has_its_own_directories_of_plugins() -> None:
    values = release(OPENSHIFT).values
    assert values["global"]["openshift"] == {"enabled": True}
    assert values["connectInject"]["cni"]["multus"] is True
    assert not release(PEER).values["connectInject"]["cni"]["enabled"]
