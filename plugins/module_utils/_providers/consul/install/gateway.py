# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mesh gateway of a datacenter. Only its port crosses between datacenters: requests, gossip, replication and peering."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ...._mesh.install.due import Due
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Manifest
from ...._mesh.question import Answers
from .. import datacenter
from ..gateways.addresses import addresses, node_port
from ..names import ADMIN, AGENT_TLS, DOMAIN, GATEWAY, GRPC, HTTPS, PASSAGE, READY, SERVER, SERVER_TLS, TOKENS, manifest, selector
from ..settings import Settings
from . import images, openshift, pods

ADDRESS = f"{GATEWAY}-address"
_BOOTSTRAP = "/consul/bootstrap/bootstrap.json"
_TOKEN = "/consul/token/gateway"  # noqa: S105


def entrance(wish: ControlPlane, settings: Settings) -> list[Manifest]:
    """Return the account, and the Service unless the port is the node's."""
    wanted = settings.gateway
    objects = [manifest("v1", "ServiceAccount", GATEWAY, wish.namespace, "mesh-gateway")]
    if wanted.type == "HostPort":
        objects += openshift.allowed(wish, GATEWAY, "mesh-gateway", openshift.PORT)
    else:
        annotations = wanted.service.get("annotations")
        objects.append(manifest("v1", "Service", GATEWAY, wish.namespace, "mesh-gateway", annotations=annotations, spec=_service(settings)))
    return objects


def deployment(wish: ControlPlane, settings: Settings) -> Manifest:
    return manifest("apps/v1", "Deployment", GATEWAY, wish.namespace, "mesh-gateway", spec=_spec(wish, settings))


def _service(settings: Settings) -> dict[str, Any]:
    given = settings.gateway.service
    port: dict[str, Any] = {"name": "gateway", "port": PASSAGE, "targetPort": PASSAGE, "protocol": "TCP"}
    if settings.gateway.type == "NodePort" and given.get("node_port"):
        port["nodePort"] = given["node_port"]
    return {"type": settings.gateway.type, "selector": selector("mesh-gateway"), "ports": [port]}


def _spec(wish: ControlPlane, settings: Settings) -> dict[str, Any]:
    """Return the Deployment. Two pods with one port of a node cannot be there at once, so with a host port the old one goes first."""
    on_node = settings.gateway.type == "HostPort"
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    return {
        "replicas": settings.gateway.replicas,
        "strategy": {"type": "Recreate"} if on_node else surge,
        "selector": {"matchLabels": selector("mesh-gateway")},
        "template": pods.template(selector("mesh-gateway"), GATEWAY, _pod(wish, settings, on_node), {}),
    }


def _pod(wish: ControlPlane, settings: Settings, on_node: bool) -> dict[str, Any]:
    known = images.of(wish, settings.images)
    bootstrap = {"name": "bootstrap", "mountPath": "/consul/bootstrap"}
    mounts: list[dict[str, Any]] = [bootstrap, *({"name": name, "mountPath": f"/consul/{name}", "readOnly": True} for name in ("tls", "token"))]
    if settings.gateway.type != "HostPort":
        mounts.append({"name": "address", "mountPath": "/consul/address", "readOnly": True})
    register = pods.container("register", known.consul, _environment(wish, settings), mounts) | {"command": ["/bin/sh", "-c", _script(wish, settings)]}
    port = {"name": "gateway", "containerPort": PASSAGE, "protocol": "TCP", **({"hostPort": PASSAGE} if on_node else {})}
    envoy = pods.container("envoy", known.envoy, [], [bootstrap], settings.gateway.resources) | {
        "command": ["envoy", "-c", _BOOTSTRAP, "--concurrency", "1", "--disable-hot-restart"],
        "ports": [port],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": READY, "scheme": "HTTP"}, "periodSeconds": 1},
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", "sleep 10"]}}},
    }
    known_address = [{"name": "address", "configMap": {"name": ADDRESS}}] if settings.gateway.type != "HostPort" else []
    certificates = AGENT_TLS if settings.agents.enabled else SERVER_TLS
    # Of the certificates only the CA is mounted: the gateway shows none of the agents'.
    volumes = [
        pods.memory("bootstrap"),
        {"name": "tls", "secret": {"secretName": certificates, "defaultMode": 0o440, "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"name": "token", "secret": {"secretName": TOKENS, "defaultMode": 0o440, "items": [{"key": "gateway", "path": "gateway"}]}},
        *known_address,
    ]
    return {**pods.user(wish.platform), "terminationGracePeriodSeconds": 30, "initContainers": [register], "containers": [envoy], "volumes": volumes}


def _environment(wish: ControlPlane, settings: Settings) -> list[dict[str, Any]]:
    """Return how the gateway reaches an agent: the one of its node, or without agents a server."""
    on_node = settings.agents.enabled
    host, name = ("$(HOST_IP)", "client") if on_node else (f"{SERVER}.{wish.namespace}.svc", "server")
    return pods.environment(("POD_NAME", "POD_IP", "HOST_IP")) + pods.plain({
        "CONSUL_HTTP_ADDR": f"https://{host}:{HTTPS}",
        "CONSUL_GRPC_ADDR": f"https://{host}:{GRPC}",
        "CONSUL_CACERT": "/consul/tls/ca.crt",
        "CONSUL_GRPC_CACERT": "/consul/tls/ca.crt",
        "CONSUL_TLS_SERVER_NAME": f"{name}.{wish.cluster}.{DOMAIN}",
        "CONSUL_HTTP_TOKEN_FILE": _TOKEN,
    })  # fmt: skip


def _script(wish: ControlPlane, settings: Settings) -> str:
    """Return the script that registers the gateway and writes Envoy's bootstrap, again and again until both succeed.

    The bootstrap holds the token, so it lies in memory and appears as a whole.
    """
    exposes = "-expose-servers " if datacenter.federated(wish) else ""
    command = (
        f"consul connect envoy -gateway=mesh -register {exposes}-service mesh-gateway -proxy-id $POD_NAME -address $POD_IP:{PASSAGE} "
        f"-wan-address {_outside(settings)} -deregister-after-critical 1m -admin-bind 127.0.0.1:{ADMIN} "
        f"-envoy-ready-bind-address 0.0.0.0 -envoy-ready-bind-port {READY} -bootstrap"
    )
    return f"umask 077\nuntil {command} > {_BOOTSTRAP}.new; do sleep 1; done\nmv {_BOOTSTRAP}.new {_BOOTSTRAP}\n"


def _outside(settings: Settings) -> str:
    """Return the address that other datacenters get to know, as the script finds it: of the node, or what the run read of the Service."""
    known = {"HostPort": f"$HOST_IP:{PASSAGE}", "NodePort": "$HOST_IP:$(cat /consul/address/port)"}
    return known.get(settings.gateway.type, "$(cat /consul/address/wan)")


def due(wish: ControlPlane) -> Look[Due]:
    """Return what is due when the Service is there: a ConfigMap with its address, which the gateway registers. A pod cannot see its Service's address."""
    wanted = [Ref("v1", kind, name, wish.namespace) for kind, name in (("Service", GATEWAY), ("ConfigMap", ADDRESS))]
    return Look(wanted, partial(_address, wish))


def _address(wish: ControlPlane, live: Live, _answers: Answers) -> Due:
    service = next(iter(live.get("Service", ())), {})
    known = {"wan": next(iter(addresses(service, ())), ""), "port": str(node_port(service) or "")}
    data = {key: text for key, text in known.items() if text}
    if not data:
        return Due(fault=f"the Service {wish.namespace}/{GATEWAY} has no address yet")
    written = next((one.get("data") for one in live.get("ConfigMap", ())), None)
    return Due(manifests=[] if written == data else [address(wish, data)])


def address(wish: ControlPlane, data: Mapping[str, str]) -> Manifest:
    return manifest("v1", "ConfigMap", ADDRESS, wish.namespace, "mesh-gateway", data=dict(data))
