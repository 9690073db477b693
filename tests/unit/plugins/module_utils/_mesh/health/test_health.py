# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import (
    ControlPlaneRevision,
    Expected,
    Gateway,
    HealthFacts,
    Proxy,
    Remote,
    findings,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.revision_tag import Tag

PLANE = ControlPlaneRevision("stable", "1.29.0", desired=2, ready=2)
GATEWAY = Gateway("istio-eastwestgateway", "istio-system", "on-prem", 1, 1, ["192.0.2.10"])
SYNCED = (Remote("istiod-a", "west", "synced"), Remote("istiod-b", "west", "synced"))
HEALTHY = HealthFacts("east", [PLANE], SYNCED, [GATEWAY], ["west"], ["aws", "on-prem"], [Proxy("client", "app", "1.29.0")], ["istiod-a", "istiod-b"])
EXPECTED = Expected("stable", "on-prem", remotes={"west": "aws"})
TAGGED = replace(HEALTHY, tags=[Tag("default", "stable", "stable")], default_revision="stable")
REMOTE = HealthFacts("edge", gateways=[replace(GATEWAY, network="aws")], served_by="west")


@pytest.mark.parametrize(("health", "expected"), [
    pytest.param(HEALTHY, EXPECTED, id="a primary"),
    pytest.param(HEALTHY, replace(EXPECTED, revision=""), id="any revision"),
    pytest.param(replace(HEALTHY, planes=[PLANE, ControlPlaneRevision("canary", "1.30.0", 1, 0)]), EXPECTED, id="another revision may be on its way"),
    pytest.param(replace(HEALTHY, gateways=[]), replace(EXPECTED, gateway=False), id="no gateway wanted"),
    pytest.param(replace(HEALTHY, reachable_networks=[]), replace(EXPECTED, remotes={"west": "on-prem"}), id="one network needs no gateway known"),
    pytest.param(replace(HEALTHY, reachable_networks=None), EXPECTED, id="a mesh that knows nothing of networks"),
    pytest.param(replace(REMOTE, planes=[PLANE]), Expected("stable", "aws", "remote"), id="a remote whose own servers are ready"),
    pytest.param(replace(HEALTHY, remotes=[]), replace(EXPECTED, remotes={}), id="alone"),
    pytest.param(REMOTE, Expected("stable", "aws", "remote"), id="a remote"),
    pytest.param(TAGGED, replace(EXPECTED, tags=["default"]), id="tags"),
    pytest.param(replace(TAGGED, default_revision="old", tags=[]), EXPECTED, id="no tag is judged while a control plane is being installed"),
    pytest.param(
        replace(REMOTE, default_revision="stable"), Expected("stable", "aws", "remote", tags=[]), id="a remote is validated by its primary",
    ),
])
def test_nothing_is_told_of_what_is_as_expected(health: HealthFacts, expected: Expected) -> None:
    assert findings(health, expected) == []


@pytest.mark.parametrize(("health", "expected", "told"), [
    pytest.param(
        replace(TAGGED, tags=[]), replace(EXPECTED, tags=["default"]), "the revision tag default does not exist; run meshops.lifecycle.control_plane",
        id="no tag",
    ),
    pytest.param(
        replace(TAGGED, default_revision="old"), replace(EXPECTED, tags=[]),
        "the revision old validates users' objects but does not run, so every such write is refused; "
        "set mesh_default_revision and run meshops.lifecycle.control_plane", id="a validator that is not there",
    ),
    pytest.param(
        replace(HEALTHY, planes=[]), EXPECTED, "the control plane stable is not installed; run meshops.lifecycle.control_plane", id="no control plane"
    ),
    pytest.param(
        replace(HEALTHY, planes=[]), replace(EXPECTED, revision=""), "the control plane of the mesh is not installed; run meshops.lifecycle.control_plane",
        id="none of any revision",
    ),
    pytest.param(
        replace(HEALTHY, planes=[replace(PLANE, revision="old"), replace(PLANE, revision="older")]), EXPECTED,
        "the control plane stable is not installed (installed revisions: old, older); run meshops.lifecycle.control_plane", id="other revisions only",
    ),
    pytest.param(
        replace(HEALTHY, planes=[replace(PLANE, ready=1, reason="ImagePullBackOff")]), EXPECTED,
        "the control plane stable has 1 of 2 replicas ready: ImagePullBackOff", id="a replica waits",
    ),
    pytest.param(
        replace(HEALTHY, planes=[replace(PLANE, desired=0, ready=0)]), EXPECTED, "the control plane stable has 0 of 0 replicas ready", id="scaled to none"
    ),
    pytest.param(replace(HEALTHY, unanswered=["istiod-a/debug/syncz"]), EXPECTED, "istiod-a/debug/syncz did not answer", id="no answer"),
    pytest.param(
        replace(HEALTHY, remotes=[SYNCED[0], Remote("istiod-b", "north", "synced")]), EXPECTED,
        "istiod-b does not know the cluster west; run meshops.lifecycle.federate", id="one replica does not know a cluster",
    ),
    pytest.param(
        replace(HEALTHY, remotes=[SYNCED[0], replace(SYNCED[1], status="timeout")]), EXPECTED,
        "istiod-b has not synced the cluster west (its status is timeout); check whether this cluster reaches west's API server, "
        "and whether mesh_api_ca must name its CA", id="one replica has not synced",
    ),
    pytest.param(
        replace(HEALTHY, remotes=SYNCED[:1]), EXPECTED,
        "istiod-b does not know the cluster west; run meshops.lifecycle.federate", id="one replica knows no cluster at all",
    ),
    pytest.param(
        replace(HEALTHY, remotes=[], answered=[]), EXPECTED,
        "no control plane pod answered which clusters it has synced; look at the control plane's pods and logs",
        id="nobody told"
    ),
    pytest.param(
        replace(HEALTHY, faults=["two of three servers vote"], remotes=[]), EXPECTED, "two of three servers vote", id="a fault that only the mesh knows",
    ),
    pytest.param(
        replace(REMOTE, planes=[replace(PLANE, ready=1, reason="Pending")]), Expected("stable", "aws", "remote"),
        "the control plane stable has 1 of 2 replicas ready: Pending", id="a remote with servers of its own",
    ),
    pytest.param(
        replace(HEALTHY, reachable_networks=["on-prem"]), EXPECTED,
        "the control plane knows no gateway of the network aws (cluster west), so requests cannot reach that network; run meshops.lifecycle.gateways for west",
        id="network without gateway",
    ),
    pytest.param(
        replace(HEALTHY, gateways=[replace(GATEWAY, network="aws")]), EXPECTED,
        "the cluster has no east-west gateway for the network on-prem; run meshops.lifecycle.gateways", id="no gateway",
    ),
    pytest.param(
        replace(HEALTHY, gateways=[replace(GATEWAY, ready=0, reason="Pending")]), EXPECTED,
        "the gateway istio-system/istio-eastwestgateway has 0 of 1 replicas ready: Pending", id="gateway not ready",
    ),
    pytest.param(
        replace(HEALTHY, gateways=[replace(GATEWAY, desired=0, ready=0)]), EXPECTED,
        "the gateway istio-system/istio-eastwestgateway has 0 of 0 replicas ready", id="gateway scaled to none",
    ),
    pytest.param(
        replace(HEALTHY, gateways=[replace(GATEWAY, addresses=[])]), EXPECTED,
        "the gateway istio-system/istio-eastwestgateway has no address yet; check its Service and the platform's load balancer "
        "(with node ports, nodes need an external address)", id="no address",
    ),
    pytest.param(
        replace(HEALTHY, planes=[replace(PLANE, revision="", ready=1, reason="Pending")]), replace(EXPECTED, revision=""),
        "the control plane has 1 of 2 replicas ready: Pending", id="a mesh without revisions",
    ),
    pytest.param(
        replace(HEALTHY, gateways=[], reachable_networks=None), EXPECTED,
        "the cluster has no east-west gateway; run meshops.lifecycle.gateways", id="no gateway in a mesh that knows nothing of networks",
    ),
    pytest.param(
        replace(HEALTHY, gateways=[replace(GATEWAY, network="", addresses=["192.0.2.1"], ready=0, reason="Pending")], reachable_networks=None), EXPECTED,
        "the gateway istio-system/istio-eastwestgateway has 0 of 1 replicas ready: Pending", id="the gateway of a mesh that knows nothing of networks",
    ),
    pytest.param(
        replace(REMOTE, served_by=""), Expected("stable", "aws", "remote"),
        "the cluster does not know the address of its primary's control plane; run meshops.lifecycle.control_plane", id="a remote that nobody serves",
    ),
])
def test_a_sentence_with_the_clusters_name_for(health: HealthFacts, expected: Expected, told: str) -> None:
    assert findings(health, expected) == [f"{health.cluster}: {told}."]


def test_what_follows_from_a_missing_control_plane_is_not_told_as_well() -> None:
    told = findings(HealthFacts("east"), EXPECTED)
    assert [sentence.partition("; ")[0] for sentence in told] == [
        "east: the control plane stable is not installed",
        "east: the cluster has no east-west gateway for the network on-prem",
    ]


def test_a_remote_is_not_asked_what_only_a_control_plane_knows() -> None:
    assert findings(REMOTE, Expected("stable", "aws", "remote", remotes={"west": "on-prem"})) == []


def test_the_facts_are_plain_data() -> None:
    facts = json.loads(json.dumps(HEALTHY.as_dict()))
    assert facts["planes"] == [{"revision": "stable", "version": "1.29.0", "desired": 2, "ready": 2, "reason": "", "lasting": False}]
    assert facts["gateways"][0]["addresses"] == ["192.0.2.10"]
