# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions stand beside each other."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover import skew
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.skew import SkewRules
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.versions import VERSIONS

RULES = SkewRules("Istio", handover=((1, 29, 5), (1, 30, 2)))


@pytest.mark.parametrize(
    ("target", "former", "said"),
    [
        ("1.31.1", "1.29.4", []),
        ("1.29.4", "1.31.1", []),
        ("1.31.0", "1.28.9", ["Istio 1.28 and 1.31 are more than 2 minor versions apart; cut over to 1.30 first"]),
        ("1.28.0", "1.31.9", ["Istio 1.31 and 1.28 are more than 2 minor versions apart; cut over to 1.29 first"]),
        ("latest", "1.20.0", []),
    ],
)
def test_control_planes(target: str, former: str, said: list[str]) -> None:
    assert skew.between(RULES, target, former) == said


@pytest.mark.parametrize(
    ("cni", "said"),
    [
        ("1.30.1", []),
        ("1.29.1", ["the CNI plugin is 1.29, and may be 1 minor version from 1.29 and 1.31; bring it to 1.30 first"]),
        ("1.31.0", ["the CNI plugin is 1.31, and may be 1 minor version from 1.29 and 1.31; bring it to 1.30 first"]),
    ],
)
def test_the_plugin_of_the_nodes_serves_both(cni: str, said: list[str]) -> None:
    assert skew.node_agent(RULES, cni, "1.31.0", "1.29.0") == said


@pytest.mark.parametrize(("platform", "target", "former", "refused"), [
    ("openshift", "1.31.0", "1.29.0", True), ("openshift", "1.31.0", "1.30.0", False), ("openshift", "1.29.0", "1.31.0", False),
    ("openshift", "x", "1.29.0", False), ("", "1.31.0", "1.29.0", False),
])  # fmt: skip
def test_a_plugin_that_comes_with_the_target_serves_both(platform: str, target: str, former: str, refused: bool) -> None:
    told = "on openshift the CNI plugin comes to 1.31 with the target, and may be 1 minor version from 1.29; cut over to 1.30 first"
    assert skew.carried(SkewRules("Istio", carrying=("openshift",)), platform, target, former) == ([told] if refused else [])


def test_no_plugin_serves_both() -> None:
    rules = SkewRules("Istio", node_agent=0)
    assert skew.node_agent(rules, "1.30.0", "1.31.0", "1.29.0")[0].endswith("which no version is; cut over to a version between them first")


def test_the_gateway_api_is_new_enough() -> None:
    assert skew.gateway_api(VERSIONS, "v1.4.1", "1.30.2") == ["the Gateway API CRDs are v1.4, and Istio 1.30 needs v1.5; upgrade the CRDs first"]
    assert skew.gateway_api(VERSIONS, "v1.5.0", "1.30.2") == skew.gateway_api(VERSIONS, "v1.2.0", "1.29.1") == []


@pytest.mark.parametrize(
    ("version", "safe"), [("1.29.4", False), ("1.29.5", True), ("v1.30.2-distroless", True), ("1.30", False), ("1.28.9", False), ("1.31.0", True), ("x", False)]
)
def test_a_gateway_keeps_its_configuration(version: str, safe: bool) -> None:
    assert skew.hands_over(RULES, version) is safe
    assert not skew.hands_over(SkewRules("other"), version)
