# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gateway beside the echo server of a probe: its own revision makes and configures it, and it passes requests on to the echo servers of all clusters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...._mesh.health.probe import ProbeWish

_KIND = {"app.kubernetes.io/name": "meshops-probe-gateway"}
_CONFIG = "networking.istio.io/v1"
_CONFINED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
}


def name(cluster: str) -> str:
    return f"gateway-{cluster}"


def path(space: str, target: str) -> str:
    """Under which the gateway passes requests on to the echo server of a cluster in this namespace."""
    return f"/{space}/{target}"


def manifests(wish: ProbeWish, owned: dict[str, str], port: int, page: str) -> Iterator[dict[str, Any]]:
    """The control plane of a remote cluster reads its primary's configuration, so that is the same in all clusters."""
    here, labels = name(wish.cluster), {**owned, **_KIND, "app": name(wish.cluster)}
    yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _meta(here, wish, owned), "spec": _pods(labels)}
    ports = [{"name": "http", "port": port, "targetPort": port, "protocol": "TCP"}]
    yield {"apiVersion": "v1", "kind": "Service", "metadata": _meta(here, wish, owned), "spec": {"selector": {"app": here}, "ports": ports}}
    server = {"port": {"number": port, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
    yield {"apiVersion": _CONFIG, "kind": "Gateway", "metadata": _meta("probe", wish, owned), "spec": {"selector": dict(_KIND), "servers": [server]}}
    routes = [_route(space, target, port, page) for space in (wish.namespace, *wish.callers) for target in wish.targets]
    spec = {"hosts": ["*"], "gateways": ["probe"], "http": routes}
    yield {"apiVersion": _CONFIG, "kind": "VirtualService", "metadata": _meta("probe", wish, owned), "spec": spec}


def _meta(called: str, wish: ProbeWish, owned: dict[str, str]) -> dict[str, Any]:
    return {"name": called, "namespace": wish.namespace, "labels": dict(owned)}


def _pods(labels: dict[str, str]) -> dict[str, Any]:
    container = {
        "name": "istio-proxy",
        "image": "auto",
        # Otherwise the API server presumes Always, because "auto" has no tag.
        "imagePullPolicy": "IfNotPresent",
        "securityContext": _CONFINED,
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
    }
    return {
        "replicas": 1,
        "selector": {"matchLabels": {"app": labels["app"]}},
        "template": {
            "metadata": {"labels": {**labels, "sidecar.istio.io/inject": "true"}, "annotations": {"inject.istio.io/templates": "gateway"}},
            "spec": {"serviceAccountName": "probe", "terminationGracePeriodSeconds": 5, "containers": [container]},
        },
    }


def _route(space: str, target: str, port: int, page: str) -> dict[str, Any]:
    """To the page of the echo server and nothing else that the server offers."""
    host = {"host": f"echo-{target}.{space}.svc.cluster.local", "port": {"number": port}}
    asked = {"uri": {"exact": f"{path(space, target)}{page}"}, "method": {"exact": "GET"}}
    return {"match": [asked], "rewrite": {"uri": page}, "route": [{"destination": host}]}
