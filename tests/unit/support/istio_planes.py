# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster with planes for ingress, application and egress, each with a blue and a green control plane, and the objects that split their traffic."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.declared import planes
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.planes import Plane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.shifts import PlaneScene
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look

NAMESPACE, SPACE = "istio-system", "planes"


def host(name: str) -> str:
    return f"{name}.{SPACE}.svc.cluster.local"


def side(role: str, colour: str) -> dict[str, Any]:
    return {"revision": f"{role}-{colour}", "pods": {"namespace": SPACE, "labels": {"app": f"{role}-{colour}"}}}


DECLARED: dict[str, Any] = {
    "ingress": {
        "blue": side("ingress", "blue"),
        "green": side("ingress", "green"),
        "splits": [{"kind": "EndpointSlice", "namespace": SPACE, "blue": {"name": "entry-blue"}, "green": {"name": "entry-green"}}],
    },
    "application": {
        "blue": side("application", "blue"),
        "green": side("application", "green"),
        "weights": [10, 50, 100],
        "splits": [
            {"kind": "VirtualService", "namespace": SPACE, "name": "shop", "rules": ["all"],
             "blue": {"host": host("app-blue")}, "green": {"host": host("app-green"), "subset": "v2"}},
            {"kind": "VirtualService", "namespace": SPACE, "name": "stock", "blue": {"host": host("app-blue")}, "green": {"host": host("app-green")}},
            {"kind": "HTTPRoute", "namespace": SPACE, "name": "shop", "blue": {"name": "app-blue"}, "green": {"name": "app-green"}},
            {"kind": "Route", "namespace": SPACE, "name": "shop", "blue": {"name": "app-blue"}, "green": {"name": "app-green"}},
        ],
    },
    "egress": {
        "blue": side("egress", "blue"),
        "green": side("egress", "green"),
        "splits": [
            {"kind": "ServiceEntry", "namespace": SPACE, "name": "outside", "blue": {"address": "10.0.0.1"}, "green": {"address": "10.0.0.2"}},
        ],
    },
}  # fmt: skip


def _object(version: str, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": SPACE}, "spec": spec}


def virtual_service() -> dict[str, Any]:
    """A rule for all traffic, and one by which green is tested by its own host."""
    green, blue = {"host": host("app-green"), "subset": "v2"}, {"host": host("app-blue"), "port": {"number": 8080}}
    http = [
        {"name": "own host", "match": [{"authority": {"exact": "green.shop.example"}}], "route": [{"destination": green}]},
        {"name": "all", "timeout": "5s", "route": [{"destination": blue, "headers": {"request": {"set": {"a": "b"}}}}]},
    ]
    return _object("networking.istio.io/v1", "VirtualService", "shop", {"hosts": ["shop.example"], "http": http})


def tcp_service() -> dict[str, Any]:
    spec = {"hosts": ["stock.example"], "tcp": [{"route": [{"destination": {"host": host("app-blue")}, "weight": 100}]}]}
    return _object("networking.istio.io/v1", "VirtualService", "stock", spec)


def http_route() -> dict[str, Any]:
    rules = [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": [{"name": "app-blue", "port": 8080, "weight": 1}]}]
    return _object("gateway.networking.k8s.io/v1", "HTTPRoute", "shop", {"hostnames": ["shop.example"], "rules": rules})


def route() -> dict[str, Any]:
    return _object("route.openshift.io/v1", "Route", "shop", {"host": "shop.example", "to": {"kind": "Service", "name": "app-blue"}})


def service_entry() -> dict[str, Any]:
    spec = {"hosts": ["outside.example"], "location": "MESH_EXTERNAL", "resolution": "STATIC", "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}]}
    return _object("networking.istio.io/v1", "ServiceEntry", "outside", {**spec, "endpoints": [{"address": "10.0.0.1", "ports": {"http": 8188}}]})


def slice_of(colour: str, ready: bool) -> dict[str, Any]:
    meta = {"name": f"entry-{colour}", "namespace": SPACE, "labels": {"kubernetes.io/service-name": "entry"}}
    endpoints = [{"addresses": [f"10.1.0.{number}"], "conditions": {"ready": ready, "serving": ready}} for number in (1, 2)]
    ports = [{"name": "http", "port": 8080, "protocol": "TCP"}]
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta, "addressType": "IPv4", "endpoints": endpoints, "ports": ports}


def istiod(revision: str, ready: int = 1) -> dict[str, Any]:
    meta = {"name": f"istiod-{revision}", "namespace": NAMESPACE, "labels": {"app": "istiod", "istio.io/rev": revision}}
    template = {"spec": {"containers": [{"name": "discovery", "image": "docker.io/istio/pilot:1.31.0"}]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"replicas": 1, "template": template}, "status": {"readyReplicas": ready}}


def pod(app: str, ready: str = "True") -> dict[str, Any]:
    status = {"conditions": [{"type": "Ready", "status": ready}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{app}-1", "namespace": SPACE, "labels": {"app": app}}, "status": status}


def live() -> dict[str, list[dict[str, Any]]]:
    """Everything on blue, which is all that its owner wrote; green runs."""
    names = [f"{role}-{colour}" for role in DECLARED for colour in ("blue", "green")]
    return {
        "VirtualService": [virtual_service(), tcp_service()],
        "HTTPRoute": [http_route()],
        "Route": [route()],
        "ServiceEntry": [service_entry()],
        "EndpointSlice": [slice_of("blue", True), slice_of("green", False)],
        "Deployment": [istiod(name) for name in names],
        "Service": [],
        "Pod": [pod(name) for name in names],
    }


def declared(name: str, **more: Any) -> Plane:
    return planes({name: {**copy.deepcopy(DECLARED[name]), **more}})[name]


def scene(looked: Look[PlaneScene], there: dict[str, Any]) -> PlaneScene:
    return looked.judge(there, {})
