# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What passes through the east-west gateway of a cluster's network, and where other networks reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from .names import istiod

NAME = "istio-eastwestgateway"
_SELECTOR = {"istio": "eastwestgateway"}
AUTO_PASSTHROUGH_PORT = 15443
_OWNED = {"app.kubernetes.io/managed-by": "meshops.lifecycle"}


def manifests(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return what passes through the gateway: every service of the mesh, by SNI, and istiod for remote clusters."""
    services = [_server("tls", AUTO_PASSTHROUGH_PORT, "TLS", "AUTO_PASSTHROUGH", "*.local")]
    objects = [_gateway(wish, "cross-network-gateway", services)]
    if wish.serves_remotes and wish.role == "primary":
        xds = [_server("tls-istiod", 15012, "TLS", "PASSTHROUGH", "*"), _server("tls-istiodwebhook", 15017, "TLS", "PASSTHROUGH", "*")]
        objects += [_gateway(wish, "istiod-gateway", xds), _to_istiod(wish)]
    return objects


def _gateway(wish: ControlPlane, name: str, servers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": wish.namespace, "labels": dict(_OWNED)},
        "spec": {"selector": dict(_SELECTOR), "servers": servers},
    }


def _server(name: str, port: int, protocol: str, mode: str, host: str) -> dict[str, Any]:
    return {"port": {"name": name, "number": port, "protocol": protocol}, "tls": {"mode": mode}, "hosts": [host]}


def _to_istiod(wish: ControlPlane) -> dict[str, Any]:
    host = f"{istiod(wish)}.{wish.namespace}.svc.cluster.local"
    routes = [
        {"match": [{"port": port, "sniHosts": ["*"]}], "route": [{"destination": {"host": host, "port": {"number": target}}}]}
        for port, target in ((15012, 15012), (15017, 443))
    ]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "istiod-vs", "namespace": wish.namespace, "labels": dict(_OWNED)},
        "spec": {"hosts": ["*"], "gateways": ["istiod-gateway"], "tls": routes},
    }


def passage(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return what leads remote clusters to this revision and no other, by the name that they ask for: several revisions serve at one address."""
    if wish.role != "primary" or not wish.serves_remotes:
        return []
    host = f"{istiod(wish)}.{wish.namespace}.svc"
    names = [host, f"{host}.cluster.local"]
    routes = [
        {"match": [{"port": port, "sniHosts": names}], "route": [{"destination": {"host": names[1], "port": {"number": target}}}]}
        for port, target in ((15012, 15012), (15017, 443))
    ]
    ref = passage_of(wish.revision, wish.namespace)
    meta = {"name": ref.name, "namespace": ref.namespace, "labels": dict(_OWNED)}
    return [{"apiVersion": ref.api_version, "kind": ref.kind, "metadata": meta, "spec": {"hosts": names, "gateways": ["istiod-gateway"], "tls": routes}}]


def passage_of(revision: str, namespace: str) -> Ref:
    return Ref("networking.istio.io/v1", "VirtualService", f"istiod-vs-{revision}", namespace)


def addresses(service: Mapping[str, Any], nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return where other networks reach this gateway: at a load balancer's IP or host name, external IPs, or the nodes with the node port.

    istiod uses only nodes with an external address, so other nodes are left out.
    """
    spec = service.get("spec", {})
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    reachable = [entry.get("ip") or entry.get("hostname") for entry in ingress]
    reachable = [address for address in reachable if address] or list(spec.get("externalIPs") or [])
    if reachable or spec.get("type") != "NodePort":
        return reachable
    port = next((p.get("nodePort") for p in spec.get("ports", []) if p.get("port") == AUTO_PASSTHROUGH_PORT), None)
    return [f"{address}:{port}" for address in (_node_address(node) for node in nodes) if address and port]


def _node_address(node: Mapping[str, Any]) -> str | None:
    known = {entry.get("type"): entry.get("address") for entry in node.get("status", {}).get("addresses", [])}
    return known.get("ExternalIP")


def leftovers(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return everything that may pass through the gateway, also what only remote clusters need."""
    return manifests(replace(wish, serves_remotes=True))
