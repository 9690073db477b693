# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the platform under a cluster is, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.passage import addresses
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install import gateways, platform

WISH = ControlPlane("east", "shop", network="lan", revision="stable", namespace="istio-system", platform="openshift")
CLOUDS = {"aws:///eu-west-1a/i-0": platform.AWS, "azure:///subscriptions/x": platform.AZURE, "gce://project/zone/vm": platform.GCP, "metal3://x": "", "": ""}


def node(provider: str, **addresses: str) -> dict[str, Any]:
    status = {"addresses": [{"type": kind, "address": address} for kind, address in addresses.items()]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": provider}, "spec": {"providerID": provider} if provider else {}, "status": status}


@pytest.mark.parametrize(("provider", "cloud"), CLOUDS.items())
def test_nodes_say_which_cloud_it_is(provider: str, cloud: str) -> None:
    assert platform.cloud([node(provider), node(provider)]) == cloud


def test_nodes_that_disagree_say_nothing() -> None:
    assert platform.cloud([node("aws:///a/i-0"), node("azure:///x")]) == platform.cloud([]) == ""


def made(provider: str, values: dict[str, Any] | None = None, there: dict[str, Any] | None = None) -> Any:
    wish = ControlPlane(**{**vars(WISH), "values": {"gateway": values or {}}})
    return gateways.door(wish).judge({"Node": [node(provider)], "Service": [there] if there else []}, Answers())


def test_on_aws_alone_the_gateway_gets_a_network_load_balancer() -> None:
    annotated = {cloud: made(provider).manifests[0]["metadata"].get("annotations") for provider, cloud in CLOUDS.items()}
    assert annotated == {platform.AWS: {platform.NLB: "nlb"}, platform.AZURE: None, platform.GCP: None, "": None}


def test_who_wants_another_balancer_says_so() -> None:
    other = {"service": {"annotations": {platform.NLB: "external"}}}
    assert made("aws:///a/i-0", other).manifests[0]["metadata"]["annotations"] == {platform.NLB: "external"}


def test_node_ports_lead_to_nodes() -> None:
    (service,) = made("metal3://x", {"service": {"type": "NodePort"}}).manifests
    assert service["metadata"]["annotations"] == {"traffic.istio.io/nodeSelector": '{"kubernetes.io/os": "linux"}'}


def live(service: dict[str, Any], **ingress: str) -> dict[str, Any]:
    """As the API server and a cloud's controller complete it."""
    ports = [{**port, "nodePort": 30000 + number} for number, port in enumerate(service["spec"]["ports"])]
    spec = {**service["spec"], "ports": ports, "clusterIP": "10.0.0.1", "sessionAffinity": "None"}
    return {**service, "spec": spec, "status": {"loadBalancer": {"ingress": [ingress]} if ingress else {}}}


@pytest.mark.parametrize(("provider", "ingress", "address"), [
    ("aws:///a/i-0", {"hostname": "x.elb.amazonaws.com"}, "x.elb.amazonaws.com"),
    ("azure:///x", {"ip": "192.0.2.1"}, "192.0.2.1"),
    ("gce://x", {"ip": "192.0.2.2"}, "192.0.2.2"),
])  # fmt: skip
def test_a_service_with_an_address_is_left_alone_and_each_cloud_gives_its_own_kind_of_address(provider: str, ingress: dict[str, str], address: str) -> None:
    service = live(made(provider).manifests[0], **ingress)
    assert made(provider, there=service).complete
    assert addresses(service, []) == [address]


def test_on_bare_metal_the_addresses_are_those_of_nodes() -> None:
    values = {"service": {"type": "NodePort"}}
    service = live(made("", values).manifests[0])
    assert made("", values, service).complete
    assert addresses(service, [node("", ExternalIP="192.0.2.7"), node("", InternalIP="10.0.0.7")]) == ["192.0.2.7:30001"]


def test_a_service_that_somebody_changed_is_written_again() -> None:
    service = live(made("azure:///x").manifests[0], ip="192.0.2.1")
    service["spec"]["ports"][1]["port"] = 443
    assert made("azure:///x", there=service).manifests


def test_a_classic_balancer_is_not_turned_into_another_one() -> None:
    classic = live(made("azure:///x").manifests[0], hostname="x.elb.amazonaws.com")
    told = made("aws:///a/i-0", there=classic).refusal
    assert told.startswith("Service istio-system/istio-eastwestgateway has a classic load balancer of AWS")
    own = {"service": {"annotations": {platform.NLB: "external"}}}
    assert "classic" in made("aws:///a/i-0", own, classic).refusal


def test_on_openshift_no_user_is_fixed() -> None:
    """The constraint restricted-v2 refuses one that is not in the namespace's range."""
    plain, confined = platform.confined(False), platform.confined(True)
    assert {*plain} - {*confined} == {"runAsUser", "runAsGroup"}
    assert confined["runAsNonRoot"] and confined["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize(("version", "minor"), [
    (None, None), ({}, None), ({"status": {"history": [{"state": "Partial", "version": "4.19.0"}]}}, None),
    ({"status": {"history": [{"state": "Completed", "version": "4.18.3"}, {"state": "Completed", "version": "4.17.1"}]}}, (4, 18)),
])  # fmt: skip
def test_openshift_says_its_version(version: Any, minor: Any) -> None:
    assert platform.of_openshift(version) == minor
