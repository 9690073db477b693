# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pod with a sidecar, about as large as the injector makes it, for lists of thousands of pods. Pure."""

from __future__ import annotations

import json
from typing import Any

VOLUMES = ("workload-socket", "credential-socket", "workload-certs", "istio-envoy", "istio-data", "istio-podinfo", "istio-token", "istiod-ca-cert")
FROM_POD = {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace", "INSTANCE_IP": "status.podIP", "SERVICE_ACCOUNT": "spec.serviceAccountName",
            "HOST_IP": "status.hostIP"}
PLAIN = {"PILOT_CERT_PROVIDER": "istiod", "CA_ADDR": "istiod.istio-system.svc:15012", "ISTIO_META_CLUSTER_ID": "bench", "ISTIO_META_MESH_ID": "bench",
         "PROXY_CONFIG": json.dumps({"proxyMetadata": {"PROXY_CONFIG_XDS_AGENT": "true"}}), "ISTIO_META_POD_PORTS": "[{\"containerPort\":8080}]",
         "ISTIO_META_APP_CONTAINERS": "app", "ISTIO_META_NODE_NAME": "bench", "ISTIO_META_INTERCEPTION_MODE": "REDIRECT", "TRUST_DOMAIN": "cluster.local"}


def pod(name: str, namespace: str, node: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The pod, and the status that its kubelet would report."""
    env = [{"name": key, "valueFrom": {"fieldRef": {"fieldPath": path}}} for key, path in FROM_POD.items()]
    env += [{"name": key, "value": value} for key, value in PLAIN.items()]
    mounts = [{"name": volume, "mountPath": f"/var/run/secrets/{volume}"} for volume in VOLUMES]
    limits = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}}
    ready = {"httpGet": {"path": "/healthz/ready", "port": 15021}, "periodSeconds": 15, "failureThreshold": 4}
    proxy = {"name": "istio-proxy", "image": "registry.example/istio/proxyv2:1.29.0", "args": ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc"],
             "env": env, "volumeMounts": mounts, "resources": limits, "readinessProbe": ready, "ports": [{"containerPort": 15090, "name": "http-envoy-prom"}]}
    app = {"name": "app", "image": "registry.example/app:1.0", "ports": [{"containerPort": 8080}], "resources": limits}
    start = {**app, "name": "istio-init", "image": proxy["image"], "args": ["istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337"], "ports": []}
    status = {"initContainers": ["istio-init"], "containers": ["app", "istio-proxy"], "volumes": list(VOLUMES), "revision": "default"}
    meta = {"name": name, "namespace": namespace, "labels": {"app": "server", "service.istio.io/canonical-name": "server", "istio.io/rev": "default"},
            "annotations": {"sidecar.istio.io/status": json.dumps(status), "prometheus.io/scrape": "true", "kubectl.kubernetes.io/default-container": "app"}}
    spec = {"nodeName": node, "automountServiceAccountToken": False, "initContainers": [start], "containers": [app, proxy],
            "volumes": [{"name": volume, "emptyDir": {}} for volume in VOLUMES]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}, {"phase": "Running", "containerStatuses": _running(name)}


def _running(name: str) -> list[dict[str, Any]]:
    common = {"image": "x", "imageID": "x", "ready": True, "started": True, "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}
    return [{**common, "name": container, "containerID": f"containerd://{name}-{container}"} for container in ("app", "istio-proxy")]
