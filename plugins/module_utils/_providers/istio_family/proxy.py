# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what a pod says about its proxy: whether it runs, and how it was configured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..._mesh.health.stuck import containers
from ..._mesh.objects.shapes import Object

_ADMIN_PORT = 15000
_XDS_AGENT = "PROXY_CONFIG_XDS_AGENT"


def instance(pod: Object, container: str) -> str:
    """Return a name for the running process of a container, which may be a sidecar among the init containers; empty if it does not run."""
    for status in containers(pod):
        if status.get("name") == container and "running" in (status.get("state") or {}):
            return f"{pod['metadata'].get('uid', '')}/{status.get('containerID', '')}"
    return ""


def environment(pod: Object, container: str) -> tuple[dict[str, str], str]:
    """Return the plain environment of a container of a pod or of its template, and its image."""
    spec = pod.get("spec") or {}
    for described in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        if described.get("name") == container:
            return {entry["name"]: str(entry.get("value") or "") for entry in described.get("env") or []}, str(described.get("image") or "")
    return {}, ""


def release(workload: Object, image: str) -> str:
    """Return the tag of an image of a workload. If it has only a digest, return the version of which the workload's label says that it is."""
    last = image.rsplit("/", 1)[-1].partition("@")[0]
    labels = workload["metadata"].get("labels") or {}
    return last.partition(":")[2] or str(labels.get("app.kubernetes.io/version") or last)


def online(pod: Object) -> bool:
    """Tell whether the agent asks istiod for bundles. The agent decides that at its start."""
    given, _image = environment(pod, "istio-proxy")
    value = given.get(_XDS_AGENT) or (_config(given).get("proxyMetadata") or {}).get(_XDS_AGENT)
    return str(value or "").lower() in ("1", "t", "true")


def discovery_address(given: Mapping[str, str]) -> str:
    """Return where the agent finds the control plane, from its environment; empty for the default."""
    return str(_config(given).get("discoveryAddress") or "")


def admin_port(pod: Object) -> int:
    given, _image = environment(pod, "istio-proxy")
    return int(_config(given).get("proxyAdminPort") or _ADMIN_PORT)


def _config(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the mesh's proxy configuration with the pod's annotation, as the injector merged them."""
    try:
        config = json.loads(given.get("PROXY_CONFIG") or "{}")
    except ValueError:
        return {}
    return config if isinstance(config, dict) else {}
