# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What uses istiod's certificates in a cluster: proxies with what Envoy says, ConfigMaps, and the Secret of the CA."""

from __future__ import annotations

import base64
import json
from typing import Any

from .authorities import EAST, ROOT, Made, make
from .istio_live import NAMESPACE

DUMP = "/config_dump?resource=dynamic_active_secrets"


def leaf(name: str = "server", by: Made = EAST, **how: Any) -> Made:
    return make(name, by, **{"ca": False, "sign": False, "days": (-0.1, 0.9), **how})


def chain(of: Made | None = None, *above: Made) -> bytes:
    return b"".join(made.pem for made in (of or leaf(), *(above or (EAST, ROOT))))


def bundle(*roots: Made) -> bytes:
    return b"".join(root.pem for root in roots)


def _secret(name: str, content: dict[str, Any]) -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.admin.v3.SecretsConfigDump.DynamicSecret"
    return {"@type": kind, "name": name, "version_info": "1", "secret": {"name": name, **content}}


def _inline(pem: bytes) -> dict[str, str]:
    return {"inline_bytes": base64.b64encode(pem).decode()}


def dump(certificates: bytes | None, roots: bytes | None) -> bytes:
    """A dump of Envoy's secrets, with the text that Envoy puts in the place of the key."""
    configs = []
    if certificates is not None:
        key = {"inline_bytes": "W3JlZGFjdGVkXQ=="}
        configs.append(_secret("default", {"tls_certificate": {"certificate_chain": _inline(certificates), "private_key": key}}))
    if roots is not None:
        configs.append(_secret("ROOTCA", {"validation_context": {"trusted_ca": _inline(roots)}}))
    return json.dumps({"configs": configs}).encode()


def proxied(
    name: str = "server-5c9-abc",
    namespace: str = "shop",
    owner: tuple[str, str] | None = ("ReplicaSet", "server-5c9"),
    online: bool = True,
    native: bool = False,
    state: str = "running",
    started: int = 1,
    **metadata: Any,
) -> dict[str, Any]:
    """A pod with a sidecar, among the containers or (native) among the init containers."""
    owners = [{"apiVersion": "v1", "kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    meta = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": {"pod-template-hash": "5c9"}, "ownerReferences": owners, **metadata}
    environment = [{"name": "POD_NAME", "valueFrom": {}}, {"name": "CA_ADDR", "value": f"istiod-stable.{NAMESPACE}.svc:15012"}]
    environment = [*environment, *([{"name": "PROXY_CONFIG_XDS_AGENT", "value": "true"}] if online else [])]
    container, status = {"name": "istio-proxy", "image": "proxyv2:1.29.0", "env": environment}, {"name": "istio-proxy", "state": {state: {}}}
    status["containerID"] = f"containerd://{started}"
    app, app_status = {"name": "app", "image": "app"}, {"name": "app", "state": {"running": {}}}
    spec = {"initContainers": [container], "containers": [app]} if native else {"containers": [app, container]}
    running = {"initContainerStatuses": [status], "containerStatuses": [app_status]} if native else {"containerStatuses": [app_status, status]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": {"phase": "Running", **running}}


def istiod(name: str = "istiod-stable-7d9f", online: bool = True) -> dict[str, Any]:
    environment = [{"name": "ISTIO_MULTIROOT_MESH", "value": "true"}] if online else []
    owners = [{"kind": "ReplicaSet", "name": "istiod-stable-7d9", "controller": True}]
    labels = {"app": "istiod", "istio.io/rev": "stable", "pod-template-hash": "7d9"}
    status = {"name": "discovery", "ready": True, "state": {"running": {}}, "containerID": "containerd://i"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "labels": labels, "ownerReferences": owners},
        "spec": {"containers": [{"name": "discovery", "image": "pilot:1.29.0", "env": environment}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


def config_map(namespace: str, roots: bytes | None) -> dict[str, Any]:
    data = {} if roots is None else {"root-cert.pem": roots.decode(errors="replace")}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio-ca-root-cert", "namespace": namespace}, "data": data}


def mesh_config(text: str) -> dict[str, Any]:
    metadata = {"name": "istio-stable", "namespace": NAMESPACE, "labels": {"istio.io/rev": "stable"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mesh": text}}


def space(name: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}}
