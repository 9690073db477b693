# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Envoy goes with which Consul. The lines of 1.22 are those that a real server lists (tests/consul/test_03_federation.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import envoy
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.requirements import REQUIREMENTS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install import inventory_supply
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER


@pytest.mark.parametrize(("version", "image", "unnamed"), [
    ("1.22.3", "registry.example:5000/envoy:v1.35.3", False),
    ("1.22.3", "envoyproxy/envoy:v1.33.0@sha256:00", False),
    ("1.22.3", "envoyproxy/envoy:v1.32.9", True),
    ("1.22.3", "envoyproxy/envoy:v1.40.0", True),
    ("1.21.0", "envoyproxy/envoy:v1.35.3", True),
    ("1.21.0", "envoyproxy/envoy:v1.20.0", False),  # which line is the oldest of this version is not known here
    ("2.7.0", "envoyproxy/envoy:v1.20.0", False),  # nobody here knows the lines of this version
    ("1.22.3", "registry.example:5000/envoy", False),
    ("1.22.3", "registry.example/envoy:ours", False),
])  # fmt: skip
def test_a_line_that_the_pages_do_not_name(version: str, image: str, unnamed: bool) -> None:
    assert bool(envoy.unnamed(version, image)) == unnamed


def test_the_sentence_says_what_is_supported_and_what_to_do() -> None:
    said = envoy.unnamed("1.22.3", "envoyproxy/envoy:v1.40.0")
    assert said.startswith("Envoy is 1.40, and Consul 1.22.3 supports 1.33 to 1.35; ")
    assert "Consul 1.21.0 supports none newer than 1.34; " in envoy.unnamed("1.21.0", "envoyproxy/envoy:v1.35.3")
    assert said.endswith("try it first, or name another one in mesh_values.images.envoy")


def test_what_servers_list_counts_and_no_list_says_nothing() -> None:
    itself = {"xDS": {"SupportedProxies": {"envoy": ["1.38.3", "1.37.1"]}}}
    assert envoy.unlisted(itself, "envoyproxy/envoy:v1.38.0") == ""
    assert "the servers support 1.37 to 1.38" in envoy.unlisted(itself, "envoyproxy/envoy:v1.35.3")
    assert envoy.unlisted({}, "envoyproxy/envoy:v1.35.3") == envoy.unlisted(itself, "envoy:ours") == ""


def test_preflight_knows_it_before_the_install() -> None:
    """It stops nothing: the lab itself runs a newer Envoy than those that HashiCorp names."""
    asked = REQUIREMENTS.noticed
    assert asked
    newer = replace(PEER, values={**PEER.values, "images": {"envoy": "envoyproxy/envoy:v1.40.0"}})
    assert (asked(PEER), [said[:13] for said in asked(newer)]) == ([], ["Envoy is 1.40"])
    assert asked(replace(newer, charts={"source": "repository"})) == [], "the chart has an Envoy of its own"
    inventory = {"mesh_name": "shop", "mesh_provider": "consul", "mesh_version": "1.22.3", "mesh_values": newer.values}
    (sentence,) = [one for one in inventory_supply.warnings("east", inventory, {}, date(2026, 11, 27)) if "Envoy" in one]
    assert sentence.startswith("east: Envoy is 1.40, and")
