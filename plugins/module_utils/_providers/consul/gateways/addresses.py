# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where other datacenters reach a mesh gateway."""

from __future__ import annotations

from collections.abc import Sequence

from ...._mesh.objects.shapes import Object
from ..names import PASSAGE


def addresses(service: Object | None, pods: Sequence[Object]) -> list[str]:
    """Return the addresses with their port: those of a load balancer, external IPs, the nodes of the pods with the node port or the host port."""
    if service is None or _on_nodes(service, pods):
        return [f"{node}:{PASSAGE}" for node in _nodes(pods)]
    spec = service.get("spec") or {}
    given = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    reached = [str(entry.get("ip") or entry.get("hostname") or "") for entry in given]
    reached = [address for address in reached if address] or [str(address) for address in spec.get("externalIPs") or []]
    if reached or spec.get("type") != "NodePort":
        return [f"{address}:{PASSAGE}" for address in reached]
    port = node_port(service)
    return [f"{node}:{port}" for node in _nodes(pods)] if port else []


def _on_nodes(service: Object, pods: Sequence[Object]) -> bool:
    """Return whether the gateway takes a port of its node beside a Service for the cluster only. HashiCorp's chart always makes a Service."""
    containers = [one for pod in pods for one in (pod.get("spec") or {}).get("containers") or []]
    inner = (service.get("spec") or {}).get("type", "ClusterIP") == "ClusterIP" and not (service.get("spec") or {}).get("externalIPs")
    return inner and any(port.get("hostPort") == PASSAGE for one in containers for port in one.get("ports") or [])


def node_port(service: Object) -> int | None:
    """Return the port of the nodes that leads to the gateway; None for a Service that has none, or needs none."""
    spec = service.get("spec") or {}
    known = (each.get("nodePort") for each in spec.get("ports") or [] if each.get("port") == PASSAGE)
    return next(known, None) if spec.get("type") == "NodePort" else None


def with_port(address: str) -> str:
    """Return the address of a gateway with its port, which is that of all gateways if none is given. Brackets tell an IPv6 address from its port."""
    host = f"[{address}]" if address.count(":") > 1 and not address.startswith("[") else address
    return host if host.rpartition("]")[2].rpartition(":")[1] else f"{host}:{PASSAGE}"


def _nodes(pods: Sequence[Object]) -> list[str]:
    """Return the addresses of the nodes on which the gateway runs, each once. They are known as soon as a pod runs, without a right on nodes."""
    return sorted({str((pod.get("status") or {}).get("hostIP") or "") for pod in pods} - {""})
