# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install import control_plane, gateways
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install import passage

EAST = ControlPlane("east", "shop", network="on-prem", version="1.29.0", revision="stable", namespace="istio-system")
IP_1, IP_2 = "192.0.2.10", "192.0.2.11"


def service(kind: str = "LoadBalancer", ingress: Any = None, ports: Any = None, **spec: Any) -> dict[str, Any]:
    known = ports if ports is not None else [{"port": 15021, "nodePort": 31021}, {"port": 15443, "nodePort": 31443}]
    return {"spec": {"type": kind, "ports": known, **spec}, "status": {"loadBalancer": {"ingress": ingress}}}


def node(**addresses: str) -> dict[str, Any]:
    return {"status": {"addresses": [{"type": kind, "address": address} for kind, address in addresses.items()]}}


NODES = [node(InternalIP="10.0.0.1", ExternalIP=IP_1), node(InternalIP="10.0.0.2"), node(Hostname="n3", ExternalIP=IP_2), {}]


@pytest.mark.parametrize(("found", "nodes", "told"), [
    pytest.param(service(ingress=[{"ip": IP_1}]), [], [IP_1], id="an IP"),
    pytest.param(service(ingress=[{"hostname": "a.elb.example"}]), [], ["a.elb.example"], id="a host name"),
    pytest.param(service(ingress=[{"ip": IP_1, "hostname": "a.example"}, {"ip": IP_2}]), [], [IP_1, IP_2], id="an IP goes before its host name"),
    pytest.param(service(ingress=[{"ipMode": "VIP"}]), [], [], id="a load balancer that says neither"),
    pytest.param(service(), NODES, [], id="not yet: no node port is tried"),
    pytest.param(service(externalIPs=[IP_2]), [], [IP_2], id="external IPs"),
    pytest.param(service(ingress=[{"ip": IP_1}], externalIPs=[IP_2]), [], [IP_1], id="the platform's goes before them"),
    pytest.param(service("NodePort"), NODES, [f"{IP_1}:31443", f"{IP_2}:31443"], id="node ports: nodes that istiod takes too"),
    pytest.param(service("NodePort", externalIPs=[IP_2]), NODES, [IP_2], id="external IPs before node ports"),
    pytest.param(service("NodePort", ports=[{"port": 443, "nodePort": 30443}]), NODES, [], id="no port for passing through"),
    pytest.param(service("ClusterIP"), NODES, [], id="reached from inside only"),
    pytest.param({}, NODES, [], id="an empty Service"),
])
def test_where_other_networks_reach_a_gateway(found: dict[str, Any], nodes: list[dict[str, Any]], told: list[str]) -> None:
    assert passage.addresses(found, nodes) == told


def ports(wish: ControlPlane) -> dict[str, list[tuple[int, str]]]:
    made = [each for each in passage.manifests(wish) if each["kind"] == "Gateway"]
    return {each["metadata"]["name"]: [(server["port"]["number"], server["tls"]["mode"]) for server in each["spec"]["servers"]] for each in made}


def test_every_service_of_the_mesh_passes_through_by_sni() -> None:
    assert ports(EAST) == {"cross-network-gateway": [(15443, "AUTO_PASSTHROUGH")]}


def test_a_primary_lets_its_remotes_reach_istiod() -> None:
    assert ports(replace(EAST, serves_remotes=True))["istiod-gateway"] == [(15012, "PASSTHROUGH"), (15017, "PASSTHROUGH")]


def test_a_remote_has_no_istiod_to_be_reached() -> None:
    assert list(ports(replace(EAST, serves_remotes=True, role="remote"))) == ["cross-network-gateway"]


@pytest.mark.parametrize(("revision", "host"), [("stable", "istiod-stable.mesh.svc.cluster.local"), ("default", "istiod.mesh.svc.cluster.local")])
def test_remotes_reach_the_istiod_of_the_revision(revision: str, host: str) -> None:
    wish = replace(EAST, revision=revision, namespace="mesh", serves_remotes=True)
    route = next(each for each in passage.manifests(wish) if each["kind"] == "VirtualService")["spec"]["tls"]
    assert [(to["match"][0]["port"], to["route"][0]["destination"]) for to in route] == [
        (15012, {"host": host, "port": {"number": 15012}}), (15017, {"host": host, "port": {"number": 443}}),
    ]


def test_a_gateway_is_a_release_of_its_own_that_says_its_network() -> None:
    made, = gateways.releases(EAST)
    assert (made.name, made.chart) == (passage.NAME, "gateway")
    assert made.values == {"name": passage.NAME, "networkGateway": "on-prem", "revision": "stable"}


def test_a_gateway_with_node_ports_tells_istiod_which_nodes() -> None:
    made, = gateways.releases(replace(EAST, values={"gateway": {"service": {"type": "NodePort"}}}))
    assert made.values["service"] == {"type": "NodePort", "annotations": {"traffic.istio.io/nodeSelector": '{"kubernetes.io/os": "linux"}'}}


def test_all_that_passed_through_is_left_over_even_when_the_remotes_went_before() -> None:
    serving = replace(EAST, serves_remotes=True)
    for wish in (EAST, replace(EAST, role="remote")):
        assert passage.leftovers(wish) == passage.manifests(replace(serving, role=wish.role))
        assert [one for one in control_plane.leftovers(wish) if one["kind"] == "VirtualService"] == passage.passage(serving)


def test_each_revision_has_its_own_way_for_remote_clusters() -> None:
    """By the name that proxies and API servers ask for: two revisions serve at one address."""
    blue, green = (passage.passage(replace(EAST, serves_remotes=True, revision=name))[0] for name in ("blue", "green"))
    assert (blue["metadata"]["name"], green["metadata"]["name"]) == ("istiod-vs-blue", "istiod-vs-green")
    hosts = ["istiod-green.istio-system.svc", "istiod-green.istio-system.svc.cluster.local"]
    assert green["spec"]["hosts"] == hosts
    assert [(match["port"], match["sniHosts"]) for route in green["spec"]["tls"] for match in route["match"]] == [(15012, hosts), (15017, hosts)]
    assert passage.passage(EAST) == passage.passage(replace(EAST, serves_remotes=True, role="remote")) == []
