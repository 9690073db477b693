# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pods of servers, agents and gateways have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...._mesh.objects.shapes import Manifest
from .agent_config import CERTIFICATES, CONFIG, SECRETS
from .openshift import PLATFORM

READY_SECONDS = 5
_USER, _GROUP = 100, 1000  # of Consul's image
_DOWNWARD = {"POD_NAME": "metadata.name", "POD_IP": "status.podIP", "HOST_IP": "status.hostIP", "NODE_NAME": "spec.nodeName"}


def environment(fields: Iterable[str] = (), secrets: Mapping[str, tuple[str, str]] | None = None) -> list[dict[str, Any]]:
    """Return variables: of the pod, and of keys in Secrets (variable: (Secret, key))."""
    of_pod = [{"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": _DOWNWARD[name]}}} for name in fields]
    of_secrets = [{"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}} for name, (secret, key) in (secrets or {}).items()]
    return [*of_pod, *of_secrets]


def plain(values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def memory(name: str) -> dict[str, Any]:
    """Return a volume that never reaches a disk."""
    return {"name": name, "emptyDir": {"medium": "Memory"}}


def configuration(config_map: str, certificates: str) -> list[dict[str, Any]]:
    """Return the volumes of an agent: its configuration, its certificate, and the secret part of the configuration."""
    return [
        {"name": "config", "configMap": {"name": config_map}},
        {"name": "tls", "secret": {"secretName": certificates, "defaultMode": 0o440}},
        memory("secrets"),
    ]


MOUNTED: tuple[dict[str, Any], ...] = (
    {"name": "config", "mountPath": CONFIG, "readOnly": True},
    {"name": "tls", "mountPath": CERTIFICATES, "readOnly": True},
    {"name": "secrets", "mountPath": SECRETS},
)


def secret_part(image: str, script: str, env: list[dict[str, Any]], mounts: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return the init container that writes the secret part of an agent's configuration."""
    mounted = [{"name": "secrets", "mountPath": SECRETS}, *map(dict, mounts)]
    return {**container("secrets", image, env, mounted), "command": ["/bin/sh", "-c", script]}


def container(
    name: str, image: str, env: list[dict[str, Any]], mounts: Iterable[Mapping[str, Any]], resources: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a container without privileges. What is empty is left out, because the API server does not store it."""
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    more = {key: part for key, part in (("env", env), ("resources", dict(resources or {}))) if part}
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "volumeMounts": [*map(dict, mounts)], "securityContext": security, **more}


def user(platform: str, on_node: bool = False) -> dict[str, Any]:
    """Return who a pod runs as: the image's user, whom the platform replaces on OpenShift.

    Only root may write into a directory of the node, and on OpenShift only with a label of SELinux that is not confined.
    """
    if platform == PLATFORM:
        return {"securityContext": {"runAsUser": 0, "seLinuxOptions": {"type": "spc_t"}}} if on_node else {}
    if on_node:
        return {}
    return {"securityContext": {"runAsNonRoot": True, "runAsUser": _USER, "runAsGroup": _GROUP, "fsGroup": _GROUP}}


def agent_arguments(node: str) -> list[str]:
    """Return the command of an agent. No argument is secret, because everybody on the node sees arguments."""
    return ["consul", "agent", f"-node=$({node})", "-advertise=$(POD_IP)", "-bind=0.0.0.0", f"-config-dir={CONFIG}", f"-config-file={SECRETS}/secret.hcl"]


def template(labels: Mapping[str, str], account: str, spec: Mapping[str, Any], annotations: Mapping[str, str]) -> Manifest:
    """Return a pod template. A digest of the configuration is an annotation, so that a change of it reaches the pods."""
    return {
        "metadata": {"labels": dict(labels), **({"annotations": dict(annotations)} if annotations else {})},
        "spec": {"serviceAccountName": account, "automountServiceAccountToken": False, **spec},
    }
