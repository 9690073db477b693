# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Istio in a cluster: objects as its charts make them, and the answers of istiod's debug port."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

NAMESPACE = "istio-system"


def deployment(revision: str = "stable", replicas: int | None = 1, ready: int | None = 1, image: str = "docker.io/istio/pilot:1.29.0") -> dict[str, Any]:
    name = "istiod" if revision == "default" else f"istiod-{revision}"
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": "istiod", "istio": "pilot", "istio.io/rev": revision}},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "discovery", "image": image}]}}},
        "status": {"readyReplicas": ready} if ready is not None else {},
    }


def pod(name: str = "istiod-stable-7d9f", revision: str = "stable", ready: bool = True, phase: str = "Running", **state: Any) -> dict[str, Any]:
    status = {"name": "discovery", "ready": ready, "state": state or {"running": {"startedAt": "2026-08-27T12:00:00Z"}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": "istiod", "istio.io/rev": revision}},
        "status": {"phase": phase, "containerStatuses": [status]},
    }


def istio_csr(namespace: str = NAMESPACE) -> list[dict[str, Any]]:
    """istiod beside cert-manager's istio-csr, with the values that its injector gives to proxies."""
    plane, labels = deployment(), {"app": "istiod", "istio.io/rev": "stable"}
    plane["metadata"]["namespace"] = namespace
    plane["spec"] |= {"replicas": 0, "selector": {"matchLabels": labels}}
    plane["spec"]["template"]["metadata"] = {"labels": labels}
    plane["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "ENABLE_CA_SERVER", "value": "false"}]
    del plane["status"]
    values = json.dumps({"global": {"caAddress": "cert-manager-istio-csr.cert-manager.svc:443"}})
    metadata = {"name": "istio-sidecar-injector-stable", "namespace": namespace, "labels": {"istio.io/rev": "stable"}}
    return [plane, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"values": values}}]


def gateway(
    network: str = "on-prem", name: str = "istio-eastwestgateway", ingress: Any = "192.0.2.10", replicas: int = 1, ready: int = 1
) -> list[dict[str, Any]]:
    """The gateway's Deployment and its Service."""
    labels = {"app": name, "istio": "eastwestgateway"}
    given = {"loadBalancer": {"ingress": [{"ip": ingress}]}} if ingress else {"loadBalancer": {}}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
            "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]}}},
            "status": {"readyReplicas": ready},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": {**labels, "topology.istio.io/network": network}},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 15443, "nodePort": 31443}]},
            "status": given,
        },
    ]


def namespace(annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
    labels = {"kubernetes.io/metadata.name": NAMESPACE, "topology.istio.io/network": "on-prem"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels, "annotations": dict(annotations or {})}}


def link(cluster: str) -> dict[str, Any]:
    labels = {"istio/multiCluster": "true", "app.kubernetes.io/managed-by": "meshops.lifecycle"}
    metadata = {"name": f"istio-remote-secret-{cluster}", "namespace": NAMESPACE, "labels": labels, "annotations": {"networking.istio.io/cluster": cluster}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {cluster: "a3ViZWNvbmZpZw=="}}


def clusterz(**status: str) -> str:
    """An answer of /debug/clusterz. istiod's own cluster has no Secret and comes first."""
    own = {"id": "east", "secretName": "", "syncStatus": "synced"}
    others = [{"id": name, "secretName": f"{NAMESPACE}/istio-remote-secret-{name}", "syncStatus": state} for name, state in status.items()]
    return json.dumps([own, *others])


def networkz(**addresses: str) -> str:
    """An answer of /debug/networkz. Its keys are the names of Go's fields. An unresolved host name has no address."""
    rest = {"Cluster": "west", "Port": 15443, "HBONEPort": 0, "ServiceAccount": {"Namespace": "", "Name": ""}}
    return json.dumps([{"Network": network.replace("_", "-"), "Addr": address, **rest} for network, address in addresses.items()])


def synced(proxy: str, cluster: str = "east", kind: str = "sidecar", **change: str) -> dict[str, Any]:
    """An entry of syncz. A gateway without HTTP routes has no route_*, and nobody has an extension config."""
    kinds = ("cluster", "listener", "endpoint", *(["route"] if kind == "sidecar" else []))
    nonces = {f"{each}_{what}": f"nonce-{each}" for each in kinds for what in ("sent", "acked")}
    return {"cluster_id": cluster, "proxy": proxy, "proxy_type": kind, "istio_version": "1.29.0", **nonces, "resources": {}, **change}
