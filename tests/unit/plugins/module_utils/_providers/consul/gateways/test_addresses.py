# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where other datacenters reach a gateway, and the ConfigMap that tells the gateway its own address."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.gateways.addresses import addresses
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import gateway
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER

PODS = [{"status": {"hostIP": "192.0.2.2"}}, {"status": {"hostIP": "192.0.2.1"}}, {"status": {"hostIP": "192.0.2.2"}}, {"status": {}}]


def service(kind: str = "LoadBalancer", ingress: list[dict[str, str]] | None = None, **spec: Any) -> dict[str, Any]:
    return {"spec": {"type": kind, "ports": [{"port": 8443}], **spec}, "status": {"loadBalancer": {"ingress": ingress} if ingress else {}}}


@pytest.mark.parametrize(("given", "reached"), [
    pytest.param(None, ["192.0.2.1:8443", "192.0.2.2:8443"], id="the ports of the nodes"),
    pytest.param(service(ingress=[{"ip": "198.51.100.7"}]), ["198.51.100.7:8443"], id="a load balancer"),
    pytest.param(service(ingress=[{"hostname": "gw.example"}]), ["gw.example:8443"], id="a load balancer with a name"),
    pytest.param(service(), [], id="a load balancer that has no address yet"),
    pytest.param(service("NodePort", ports=[{"port": 8443, "nodePort": 30443}]), ["192.0.2.1:30443", "192.0.2.2:30443"], id="node ports"),
    pytest.param(service("NodePort"), [], id="node ports that are not given yet"),
    pytest.param(service("ClusterIP"), [], id="a Service for the cluster only"),
    pytest.param(service("ClusterIP", externalIPs=["203.0.113.5"]), ["203.0.113.5:8443"], id="external IPs"),
])
def test_the_addresses_of(given, reached) -> None:
    assert addresses(given, PODS) == reached


@pytest.mark.parametrize(("given", "data"), [
    pytest.param(service(ingress=[{"ip": "198.51.100.7"}, {"ip": "198.51.100.8"}]), {"wan": "198.51.100.7:8443"}, id="a load balancer"),
    pytest.param(service("NodePort", ports=[{"port": 8443, "nodePort": 30443}]), {"port": "30443"}, id="a node port"),
])
def test_the_gateway_is_told_its_address_once(given, data) -> None:
    wanted = gateway.due(PEER)
    due = wanted.judge({"Service": [given], "ConfigMap": []}, {})
    assert [(one["kind"], one["data"]) for one in due.manifests] == [("ConfigMap", data)]
    assert wanted.judge({"Service": [given], "ConfigMap": list(due.manifests)}, {}).complete
    assert not wanted.judge({"Service": [given], "ConfigMap": [{"data": {"wan": "198.51.100.9:8443"}}]}, {}).complete


def test_a_service_without_an_address_is_waited_for() -> None:
    assert gateway.due(PEER).judge({"Service": [service()]}, {}).fault == "the Service consul/consul-mesh-gateway has no address yet"
    assert gateway.due(PEER).judge({}, {}).fault


def test_a_port_of_the_node_beside_a_service_for_the_cluster_only() -> None:
    """HashiCorp's chart makes a Service in any case."""
    pods = [{**pod, "spec": {"containers": [{"ports": [{"containerPort": 8443, "hostPort": 8443}]}]}} for pod in PODS]
    assert addresses(service("ClusterIP"), pods) == ["192.0.2.1:8443", "192.0.2.2:8443"]
    assert addresses(service(ingress=[{"ip": "198.51.100.7"}]), pods) == ["198.51.100.7:8443"]
