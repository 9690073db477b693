# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In what two revisions may differ."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.comparison import (
    PlaneSettings,
    differing,
    full,
    identities,
    takes_pods,
    unknown_images,
)

BLUE = {"rootNamespace": "istio-system", "defaultConfig": {"discoveryAddress": "istiod-blue:15012", "tracing": {"token": "a"}}, "defaultProviders": ["p"]}
GREEN = {**BLUE, "defaultConfig": {"discoveryAddress": "istiod-green:15012", "tracing": {"token": "a"}}}
OWN = ("defaultConfig.discoveryAddress",)


@pytest.mark.parametrize(("more", "allowed", "paths"), [
    ({}, None, []),
    ({"accessLogFile": "/dev/stdout"}, None, ["accessLogFile"]),
    ({"accessLogFile": "/dev/stdout"}, {"accessLogFile": "/dev/stdout"}, []),
    ({"defaultProviders": ["p", "q"]}, {"accessLogFile": "x"}, ["defaultProviders"]),
    ({"defaultConfig": {"tracing": {"token": "secret", "sampling": 1}}}, None, ["defaultConfig.tracing.sampling", "defaultConfig.tracing.token"]),
    ({"defaultConfig": {"tracing": {"token": "secret", "sampling": 1}}}, {"defaultConfig": {"tracing": {"sampling": 1}}}, ["defaultConfig.tracing.token"]),
    ({"extra": {"a": {"b": 1}}}, {"extra": {"a": {"b": 1}}}, []),
    ({"extra": {"a": {"b": 1}}}, {"ext": 1}, ["extra"]),
])  # fmt: skip
def test_mesh_configs_differ_where_it_was_declared_only(more: dict[str, Any], allowed: Any, paths: list[str]) -> None:
    assert differing({**GREEN, **more}, BLUE, OWN, allowed) == paths
    assert differing(BLUE, {**GREEN, **more}, OWN, allowed) == paths


def test_no_mesh_config_at_all_differs_from_some() -> None:
    assert differing(None, BLUE, OWN) == [""]
    assert differing(None, None) == []


def test_both_are_of_the_same_mesh_cluster_and_network() -> None:
    blue = PlaneSettings("blue", identity={"network": "n1", "cluster name": "east"})
    assert identities(PlaneSettings("green", identity={"network": "n1", "cluster name": "east", "mesh ID": "x"}), blue) == []
    unset = PlaneSettings("green", identity={"network": "", "cluster name": "east"})
    assert identities(unset, blue) == ["green has the network unset, and blue has n1; give both the same"]


@pytest.mark.parametrize(("image", "name"), [
    ("istio/pilot:1.31.0", "docker.io/istio/pilot:1.31.0"), ("pilot", "docker.io/library/pilot"),
    ("registry.example/istio/pilot:1", "registry.example/istio/pilot:1"),
    ("localhost/pilot:1", "localhost/pilot:1"), ("mirror:5000/pilot:1", "mirror:5000/pilot:1"),
])  # fmt: skip
def test_a_node_lists_images_with_their_registry(image: str, name: str) -> None:
    assert full(image) == name


def test_images_that_not_every_node_is_known_to_have_are_named() -> None:
    nodes = {"n1": frozenset({"docker.io/istio/pilot:1"}), "n2": frozenset({"docker.io/istio/pilot:1", "docker.io/istio/proxyv2:1"})}
    assert unknown_images(["istio/pilot:1"], nodes) == []
    assert unknown_images(["istio/proxyv2:1", "docker.io/istio/proxyv2:1", "istio/proxyv2:2"], nodes) == [
        "the image docker.io/istio/proxyv2:1 is known to be on n2, and not on n1; a pod that starts there has to pull it",
        "the image docker.io/istio/proxyv2:2 is known to be on no node (n1, n2); every pod with it has to pull it",
        "make sure that these nodes reach the registries of these images, and say so with cutover_images: known",
    ]
    many = {f"n{number}": frozenset[str]() for number in range(9)}
    assert unknown_images(["istio/proxyv2:2"], many)[0].endswith("is known to be on no node (n0, n1, n2, n3, n4 and 4 more); every pod with it has to pull it")
    half = {**many, **{f"m{number}": frozenset(["docker.io/istio/proxyv2:2"]) for number in range(6)}}
    assert "on m0, m1, m2, m3, m4 and 1 more, and not on n0, n1, n2, n3, n4 and 4 more;" in unknown_images(["istio/proxyv2:2"], half)[0]


@pytest.mark.parametrize(("node", "takes"), [
    ({}, True),
    ({"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "False"}]}}, True),
    ({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, False),
    ({"spec": {"unschedulable": True}}, False),
    ({"spec": {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]}}, False),
    ({"spec": {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "PreferNoSchedule"}]}}, True),
    ({"spec": {"taints": [{"key": "team", "effect": "NoSchedule"}]}}, True),
])  # fmt: skip
def test_only_nodes_that_take_pods_count(node: dict[str, Any], takes: bool) -> None:
    assert takes_pods(node) == takes
