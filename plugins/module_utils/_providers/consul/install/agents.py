# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client agent on every node, with which the sidecars of the node register."""

from __future__ import annotations

from typing import Any

from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.shapes import Manifest
from ..names import AGENT, AGENT_TLS, GRPC, HTTPS, SHARED, TOKENS, manifest, selector
from ..settings import Settings
from . import agent_config, images, openshift, pods, servers

_SECRETS = {"GOSSIP": (SHARED, "gossip"), "AGENT": (TOKENS, "agent")}


def manifests(wish: ControlPlane, settings: Settings) -> list[Manifest]:
    config = agent_config.text(agent_config.agent(wish, settings))
    script = agent_config.script(wish, settings, serves=False)
    spec = {"selector": {"matchLabels": selector("client")}, "minReadySeconds": pods.READY_SECONDS, "template": _template(wish, settings, config, script)}
    return [
        manifest("v1", "ServiceAccount", AGENT, wish.namespace, "client"),
        *openshift.allowed(wish, AGENT, "client", openshift.DIRECTORY),
        manifest("v1", "ConfigMap", AGENT, wish.namespace, "client", data={"agent.json": config}),
        manifest("apps/v1", "DaemonSet", AGENT, wish.namespace, "client", spec=spec),
    ]


def _template(wish: ControlPlane, settings: Settings, config: str, script: str) -> Manifest:
    """Return the pods. Their data stays on the node, so that a registration and the gossip keys outlive a restart."""
    image = images.of(wish, settings.images).consul
    mounts: list[dict[str, Any]] = [*pods.MOUNTED, {"name": "data", "mountPath": "/consul/data"}]
    agent = pods.container("consul", image, pods.environment(("NODE_NAME", "POD_IP")), mounts, settings.agents.resources)
    ports = [{"name": name, "containerPort": port, "hostPort": port, "protocol": "TCP"} for name, port in (("https", HTTPS), ("grpc", GRPC))]
    ready = {"tcpSocket": {"port": HTTPS}, "periodSeconds": 2}
    agent |= {"command": pods.agent_arguments("NODE_NAME"), "ports": ports, "readinessProbe": ready}
    data = {"name": "data", "hostPath": {"path": settings.agents.host_path, "type": "DirectoryOrCreate"}}
    spec = {
        **pods.user(wish.platform, on_node=True),
        "initContainers": [pods.secret_part(image, script, pods.environment(secrets=_SECRETS))],
        "containers": [agent],
        "volumes": [*pods.configuration(AGENT, AGENT_TLS), data],
    }
    return pods.template(selector("client"), AGENT, spec, {"meshops.lifecycle/config": servers.digest(config, script)})
