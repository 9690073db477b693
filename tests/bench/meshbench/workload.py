# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the workloads: 150 of 12 kinds in three namespaces, and Istio's CRDs if the cluster is empty. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

Manifest = dict[str, Any]
NAMESPACES = 3
LABEL = "bench"
DRIFTED = "configmap-00"
COUNTS: Mapping[str, int] = {
    "Namespace": NAMESPACES, "ServiceAccount": 12, "ConfigMap": 24, "Secret": 12, "ClusterRole": 6, "ClusterRoleBinding": 6, "Service": 18, "Deployment": 12,
    "VirtualService": 18, "DestinationRule": 18, "AuthorizationPolicy": 12, "ServiceEntry": 9,
}
ROUTING: Mapping[str, int] = {"VirtualService": 30, "DestinationRule": 30, "AuthorizationPolicy": 25, "ServiceEntry": 15}
RBAC = "rbac.authorization.k8s.io"
APIS = {
    "ClusterRole": f"{RBAC}/v1", "ClusterRoleBinding": f"{RBAC}/v1", "Deployment": "apps/v1", "VirtualService": "networking.istio.io/v1",
    "DestinationRule": "networking.istio.io/v1", "ServiceEntry": "networking.istio.io/v1", "AuthorizationPolicy": "security.istio.io/v1",
}
CLUSTER_WIDE = ("Namespace", "ClusterRole", "ClusterRoleBinding")


def api_of(kind: str) -> str:
    return APIS.get(kind, "v1")


def collection(api_version: str, kind: str) -> str:
    """The path of all objects of a kind."""
    plural = f"{kind.lower()[:-1]}ies" if kind.endswith("y") else f"{kind.lower()}s"
    return f"/{'apis' if '/' in api_version else 'api'}/{api_version}/{plural}"


def namespace(owner: str, number: int) -> str:
    return f"{owner}-{number % NAMESPACES}"


def objects(owner: str) -> list[Manifest]:
    """The objects, namespaces first, so that tools succeed which read a file from top to bottom. `owner` keeps the sets of contestants apart."""
    return [_object(owner, kind, number) for kind, count in COUNTS.items() for number in range(count)]


def first_of_each(manifests: list[Manifest], count: int = 1) -> list[Manifest]:
    """The first objects of each kind; the very first all lie in the first namespace."""
    seen: Counter[str] = Counter()
    chosen = []
    for manifest in manifests:
        seen[manifest["kind"]] += 1
        if seen[manifest["kind"]] <= count:
            chosen.append(manifest)
    return chosen


def routing(owner: str, variant: int) -> list[Manifest]:
    """100 objects of Istio's configuration. Each of them differs between two variants."""
    made = [_object(owner, kind, number) for kind, count in ROUTING.items() for number in range(count)]
    for manifest in made:
        _VARIED[manifest["kind"]](manifest["spec"], variant)
    return made


def namespaces(owner: str) -> list[Manifest]:
    return [_object(owner, "Namespace", number) for number in range(NAMESPACES)]


def needed(manifests: list[Manifest], crds: list[Manifest]) -> list[Manifest]:
    """The CRDs that the manifests need."""
    kinds = {manifest["kind"] for manifest in manifests}
    return [crd for crd in crds if crd["spec"]["names"]["kind"] in kinds]


def _object(owner: str, kind: str, number: int) -> Manifest:
    name = f"{kind.lower()}-{number:02}"
    meta: Manifest = {"name": name, "labels": {LABEL: owner, "app.kubernetes.io/part-of": "mesh", "app.kubernetes.io/name": name}}
    if kind == "Namespace":
        meta["name"] = namespace(owner, number)
    elif kind in CLUSTER_WIDE:
        meta["name"] = f"{owner}-{name}"
    else:
        meta["namespace"] = namespace(owner, number)
    return {"apiVersion": api_of(kind), "kind": kind, "metadata": meta, **_BODIES.get(kind, _nothing)(owner, number)}


def _nothing(owner: str, number: int) -> Manifest:
    return {}


def _config_map(owner: str, number: int) -> Manifest:
    lines = [f"defaultConfig.setting{line:02}: value-{number}-{line}" for line in range(20)]
    return {"data": {"mesh": "\n".join(lines) + "\n", "number": str(number)}}


def _secret(owner: str, number: int) -> Manifest:
    filler = "".join(hashlib.sha256(f"{number}-{block}".encode()).hexdigest() for block in range(16))
    return {"type": "Opaque", "data": {"root-cert.pem": base64.b64encode(filler.encode()).decode()}}


def _cluster_role(owner: str, number: int) -> Manifest:
    groups = (("", ["pods", "services", "endpoints"]), ("networking.istio.io", ["virtualservices"]), ("apps", ["deployments"]))
    return {"rules": [{"apiGroups": [group], "resources": resources, "verbs": ["get", "list", "watch"]} for group, resources in groups]}


def _cluster_role_binding(owner: str, number: int) -> Manifest:
    account = {"kind": "ServiceAccount", "name": f"serviceaccount-{number:02}", "namespace": namespace(owner, number)}
    return {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": f"{owner}-clusterrole-{number:02}"}, "subjects": [account]}


def _service(owner: str, number: int) -> Manifest:
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}, {"name": "grpc-xds", "port": 15010, "protocol": "TCP"}]
    return {"spec": {"selector": {"app": f"app-{number:02}"}, "ports": ports}}


def _deployment(owner: str, number: int) -> Manifest:
    labels = {"app": f"app-{number:02}", LABEL: owner}
    container = {
        "name": "app", "image": "registry.example/app:1.0", "args": ["serve", "--port=8080"], "ports": [{"containerPort": 8080, "name": "http"}],
        "env": [{"name": f"SETTING_{one}", "value": f"value-{one}"} for one in range(8)],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 3},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}],
    }
    volumes = [{"name": "config", "configMap": {"name": f"configmap-{number:02}"}}]
    pod = {"serviceAccountName": f"serviceaccount-{number:02}", "containers": [container], "volumes": volumes}
    return {"spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}}


def _host(owner: str, number: int) -> str:
    return f"service-{number:02}.{namespace(owner, number)}.svc.cluster.local"


def _virtual_service(owner: str, number: int) -> Manifest:
    host = _host(owner, number)
    routes = [{"destination": {"host": host, "subset": subset}, "weight": weight} for subset, weight in (("v1", 90), ("v2", 10))]
    return {"spec": {"hosts": [host], "http": [{"name": "main", "timeout": "5s", "retries": {"attempts": 2, "perTryTimeout": "2s"}, "route": routes}]}}


def _destination_rule(owner: str, number: int) -> Manifest:
    policy = {"outlierDetection": {"consecutive5xxErrors": 5, "interval": "10s", "baseEjectionTime": "30s"}, "tls": {"mode": "ISTIO_MUTUAL"}}
    subsets = [{"name": version, "labels": {"version": version}} for version in ("v1", "v2")]
    return {"spec": {"host": _host(owner, number), "trafficPolicy": policy, "subsets": subsets}}


def _authorization_policy(owner: str, number: int) -> Manifest:
    source = {"principals": [f"cluster.local/ns/{namespace(owner, number)}/sa/serviceaccount-{number:02}"]}
    rule = {"from": [{"source": source}], "to": [{"operation": {"methods": ["GET", "POST"], "paths": ["/api/*"]}}]}
    return {"spec": {"action": "ALLOW", "selector": {"matchLabels": {"app": f"app-{number:02}"}}, "rules": [rule]}}


def _service_entry(owner: str, number: int) -> Manifest:
    ports = [{"number": 443, "name": "tls", "protocol": "TLS"}]
    return {"spec": {"hosts": [f"{owner}-{number:02}.example.com"], "location": "MESH_EXTERNAL", "resolution": "DNS", "ports": ports}}


_BODIES: Mapping[str, Callable[[str, int], Manifest]] = {
    "ConfigMap": _config_map, "Secret": _secret, "ClusterRole": _cluster_role, "ClusterRoleBinding": _cluster_role_binding, "Service": _service,
    "Deployment": _deployment, "VirtualService": _virtual_service, "DestinationRule": _destination_rule, "AuthorizationPolicy": _authorization_policy,
    "ServiceEntry": _service_entry,
}
_VARIED: Mapping[str, Callable[[Manifest, int], None]] = {
    "VirtualService": lambda spec, variant: spec["http"][0].update(timeout=f"{5 + variant}s"),
    "DestinationRule": lambda spec, variant: spec["trafficPolicy"]["outlierDetection"].update(consecutive5xxErrors=5 + variant),
    "AuthorizationPolicy": lambda spec, variant: spec["rules"][0]["to"][0]["operation"].update(paths=[f"/api/v{variant}/*"]),
    "ServiceEntry": lambda spec, variant: spec["ports"][0].update(number=8000 + variant),
}
