# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of a datacenter: three pods with a Raft quorum, their data, and what keeps two of them running."""

from __future__ import annotations

import hashlib
from typing import Any

from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.shapes import Manifest
from .. import datacenter
from ..names import (
    CONNECT_CA,
    GRPC,
    HTTP,
    HTTPS,
    INTERMEDIATE_TTL,
    LEAF_TTL,
    RPC,
    RULER,
    SERF,
    SERVER,
    SERVER_TLS,
    SHARED,
    STANDING,
    TOKENS,
    manifest,
    selector,
)
from ..settings import Settings
from . import agent_config, images, openshift, pods

_SECRETS = {
    "GOSSIP": (SHARED, "gossip"),
    "REPLICATION": (SHARED, "replication"),
    "AGENT": (TOKENS, "agent"),
    "MANAGEMENT": (TOKENS, "management"),
}
_PORTS = (("http", HTTP, "TCP"), ("https", HTTPS, "TCP"), ("grpc", GRPC, "TCP"), ("server", RPC, "TCP"), ("serflan-tcp", SERF, "TCP"),
          ("serflan-udp", SERF, "UDP"), ("serfwan-tcp", SERF + 1, "TCP"), ("serfwan-udp", SERF + 1, "UDP"))  # fmt: skip
_READY = f"wget -qO- http://127.0.0.1:{HTTP}/v1/status/leader | grep -q ':{RPC}'"
_DATA = "/consul/data"


def manifests(wish: ControlPlane, settings: Settings) -> list[Manifest]:
    """Return the account, the configuration, the headless Service, the budget and the servers, in the order in which they need each other."""
    config = agent_config.text(agent_config.server(wish, settings))
    script = agent_config.script(wish, settings, serves=True)
    standing, spec = {STANDING: datacenter.kind(wish)}, _spec(wish, settings, config, script)
    noted = {LEAF_TTL: settings.connect.leaf_ttl, INTERMEDIATE_TTL: settings.connect.intermediate_ttl}
    noted |= {RULER: wish.primary} if datacenter.kind(wish) == datacenter.SECONDARY else {}
    return [
        manifest("v1", "ServiceAccount", SERVER, wish.namespace, "server"),
        *(openshift.allowed(wish, SERVER, "server", openshift.DIRECTORY) if settings.servers.host_path else ()),
        manifest("v1", "ConfigMap", SERVER, wish.namespace, "server", data={"server.json": config}),
        manifest("v1", "Service", SERVER, wish.namespace, "server", spec=_service()),
        manifest("policy/v1", "PodDisruptionBudget", SERVER, wish.namespace, "server", spec=_budget()),
        manifest("apps/v1", "StatefulSet", SERVER, wish.namespace, "server", labels=standing, annotations=noted, spec=spec),
    ]


def _service() -> dict[str, Any]:
    """Return a Service that also names servers that are not ready: they have to find each other first."""
    ports = [{"name": name, "port": port, "targetPort": port, "protocol": protocol} for name, port, protocol in _PORTS if name != "http"]
    return {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": selector("server"), "ports": ports}


def _budget() -> dict[str, Any]:
    return {"maxUnavailable": 1, "selector": {"matchLabels": selector("server")}}


def _spec(wish: ControlPlane, settings: Settings, config: str, script: str) -> dict[str, Any]:
    spec = {
        "replicas": settings.servers.replicas,
        "serviceName": SERVER,
        "podManagementPolicy": "Parallel",
        "minReadySeconds": pods.READY_SECONDS,
        "updateStrategy": {"type": "OnDelete"},  # restarts.py replaces the pods, the leader last
        "selector": {"matchLabels": selector("server")},
        "template": _template(wish, settings, config, script),
    }
    if not settings.servers.host_path:
        spec["volumeClaimTemplates"] = [_claim(settings)]
    return spec


def _claim(settings: Settings) -> dict[str, Any]:
    wanted: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": settings.servers.storage}}, "volumeMode": "Filesystem"}
    if settings.servers.storage_class:
        wanted["storageClassName"] = settings.servers.storage_class
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": wanted}


def _template(wish: ControlPlane, settings: Settings, config: str, script: str) -> Manifest:
    image, on_nodes = images.of(wish, settings.images).consul, settings.servers.host_path
    data = {"name": "data", "mountPath": _DATA, **({"subPathExpr": "$(POD_NAME)"} if on_nodes else {})}
    server = pods.container("consul", image, pods.environment(("POD_NAME", "POD_IP")), [*pods.MOUNTED, data], settings.servers.resources)
    server |= {"command": pods.agent_arguments("POD_NAME"), "ports": _container_ports(), "readinessProbe": _probe()}
    spec = {
        **pods.user(wish.platform, bool(on_nodes)),
        "terminationGracePeriodSeconds": 30,
        "initContainers": [pods.secret_part(image, script, pods.environment(secrets=_known(wish)), _mounts(wish))],
        "containers": [server],
        "volumes": [*pods.configuration(SERVER, SERVER_TLS), *_volumes(wish), *([_on_the_node(on_nodes)] if on_nodes else [])],
        "affinity": _apart(),
    }
    asked = {"meshops.lifecycle/restart": settings.servers.restart} if settings.servers.restart else {}
    return pods.template(selector("server"), SERVER, spec, {"meshops.lifecycle/config": digest(config, script), **asked})


def digest(*texts: str) -> str:
    """Return a digest of texts that are not secret."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _known(wish: ControlPlane) -> dict[str, tuple[str, str]]:
    wanted = {"GOSSIP", *agent_config.tokens(wish, serves=True).values()}
    return {name: where for name, where in _SECRETS.items() if name in wanted}


def _holds_ca(wish: ControlPlane) -> bool:
    """Return whether the CA is given to these servers. A secondary gets its CA from the primary."""
    return datacenter.kind(wish) != datacenter.SECONDARY


def _mounts(wish: ControlPlane) -> list[dict[str, Any]]:
    return [{"name": "ca", "mountPath": "/consul/ca", "readOnly": True}] if _holds_ca(wish) else []


def _volumes(wish: ControlPlane) -> list[dict[str, Any]]:
    return [{"name": "ca", "secret": {"secretName": CONNECT_CA, "defaultMode": 0o440}}] if _holds_ca(wish) else []


def _on_the_node(path: str) -> dict[str, Any]:
    return {"name": "data", "hostPath": {"path": path, "type": "DirectoryOrCreate"}}


def _container_ports() -> list[dict[str, Any]]:
    return [{"name": name, "containerPort": port, "protocol": protocol} for name, port, protocol in _PORTS]


def _probe() -> dict[str, Any]:
    """Return a probe that succeeds while the server knows a leader. It needs no token."""
    return {"exec": {"command": ["/bin/sh", "-c", _READY]}, "periodSeconds": 2, "timeoutSeconds": 5, "failureThreshold": 2}


def _apart() -> dict[str, Any]:
    """Prefer a node for each server. A cluster with fewer nodes still gets its servers."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": selector("server")}}
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}}
