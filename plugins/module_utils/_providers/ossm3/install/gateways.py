# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The east-west gateway as objects of our own: the operator has no chart for it. Its revision's webhook gives it the proxy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ...._mesh.errors import Refused
from ...._mesh.install.due import Due
from ...._mesh.install.wish import ControlPlane, merged
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from ...istio_family.install.passage import AUTO_PASSTHROUGH_PORT, NAME
from ...istio_family.links.remote_secret import ours
from . import platform, written

_LABELS = {"app": NAME, "istio": "eastwestgateway"}
_OWNED = {"app.kubernetes.io/managed-by": "meshops.lifecycle"}
_PORTS = (("status-port", 15021), ("tls", AUTO_PASSTHROUGH_PORT), ("tls-istiod", 15012), ("tls-webhook", 15017))
_RBAC = "rbac.authorization.k8s.io"
# What of the chart's values means the same here, by where it goes.
_OF_POD = ("affinity", "imagePullSecrets", "nodeSelector", "priorityClassName", "terminationGracePeriodSeconds", "tolerations", "topologySpreadConstraints")
_OF_CONTAINER = ("imagePullPolicy", "resources")
_OF_SERVICE = (
    "allocateLoadBalancerNodePorts", "externalIPs", "externalTrafficPolicy", "ipFamilies", "ipFamilyPolicy", "loadBalancerClass", "loadBalancerIP",
    "loadBalancerSourceRanges",
)  # fmt: skip
_KNOWN = {*_OF_POD, *_OF_CONTAINER, "autoscaling", "env", "labels", "podAnnotations", "podDisruptionBudget", "replicaCount", "service", "strategy"}
_EVERYTHING = {"autoscaling": {"enabled": True}, "podDisruptionBudget": {"minAvailable": 1}}
_RESOURCES = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "1024Mi"}}


def manifests(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return all but the Service, whose annotations depend on the platform."""
    values = _values(wish)
    return [
        _object("v1", "ServiceAccount", wish),
        {**_object(f"{_RBAC}/v1", "Role", wish), "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]}]},
        {**_object(f"{_RBAC}/v1", "RoleBinding", wish), **_bound(wish)},
        {**_object("apps/v1", "Deployment", wish), "spec": _deployment(wish, values)},
        *_around(wish, values),
    ]


def leftovers(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return everything that may have been made, whatever the values say now."""
    plain = replace(wish, values={})
    return [service(plain, platform.OTHER), *manifests(plain), *_around(plain, _EVERYTHING)]


def asked_size(wish: ControlPlane) -> int | None:
    """Return how many pods the values ask for; None if they do not say it, or an autoscaler decides."""
    values = _values(wish)
    return None if values.get("replicaCount") is None or _scaled(values) else int(values["replicaCount"])


def _values(wish: ControlPlane) -> Mapping[str, Any]:
    values = wish.values.get("gateway") or {}
    unknown = sorted(set(values) - _KNOWN)
    if unknown:
        told = f"{wish.cluster}: mesh_values has gateway.{', gateway.'.join(unknown)}, but the operator has no chart for gateways"
        raise Refused(f"{told}, and this collection's own gateway takes {', '.join(sorted(_KNOWN))}. Take out what it does not take.")
    strange = sorted(set(values.get("service") or {}) - {*_OF_SERVICE, "type", "annotations", "ports"})
    if strange:
        raise Refused(f"{wish.cluster}: mesh_values has gateway.service.{strange[0]}, which this collection's own gateway does not take. Take it out.")
    return values


def _object(api_version: str, kind: str, wish: ControlPlane) -> dict[str, Any]:
    extra = {str(key): str(value) for key, value in (_given(wish, "labels") or {}).items()}
    metadata = {"name": NAME, "namespace": wish.namespace, "labels": {**extra, **_OWNED, **_LABELS, "topology.istio.io/network": wish.network}}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _given(wish: ControlPlane, key: str) -> Any:
    return (wish.values.get("gateway") or {}).get(key)


def _bound(wish: ControlPlane) -> dict[str, Any]:
    return {
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": NAME},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": wish.namespace}],
    }


def _deployment(wish: ControlPlane, values: Mapping[str, Any]) -> dict[str, Any]:
    """Name no replicas: a cutover takes the pods of a gateway that another one replaces, and they must not come back. `gateway_size` sets them."""
    labels = {**_LABELS, **_OWNED, "sidecar.istio.io/inject": "true", "istio.io/rev": wish.revision, "topology.istio.io/network": wish.network}
    annotations = {**(values.get("podAnnotations") or {}), "inject.istio.io/templates": "gateway"}
    spec: dict[str, Any] = {
        "selector": {"matchLabels": dict(_LABELS)},
        "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": _pod(wish, values)},
    }
    if values.get("strategy"):
        spec["strategy"] = values["strategy"]
    return spec


def _scaled(values: Mapping[str, Any]) -> bool:
    """Return whether an autoscaler is asked for. As with the chart, its bounds alone ask for one."""
    scaling = values.get("autoscaling") or {}
    return bool(scaling) and bool(scaling.get("enabled", True))


def _pod(wish: ControlPlane, values: Mapping[str, Any]) -> dict[str, Any]:
    named = {"ISTIO_META_REQUESTED_NETWORK_VIEW": wish.network, **{str(key): str(value) for key, value in (values.get("env") or {}).items()}}
    container: dict[str, Any] = {
        "name": "istio-proxy",
        "image": "auto",
        # Otherwise the API server presumes Always, because "auto" has no tag.
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": key, "value": value} for key, value in named.items()],
        "ports": [{"name": "http-envoy-prom", "containerPort": 15090, "protocol": "TCP"}],
        "resources": _RESOURCES,
        "securityContext": platform.confined(wish.platform == "openshift"),
        **{key: values[key] for key in _OF_CONTAINER if values.get(key)},
    }
    return merged({"serviceAccountName": NAME, "terminationGracePeriodSeconds": 30, **{key: values[key] for key in _OF_POD if values.get(key)}},
                  {"containers": [merged(container)]})  # fmt: skip


def _around(wish: ControlPlane, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    made, scaling, budget = [], values.get("autoscaling") or {}, values.get("podDisruptionBudget") or {}
    if _scaled(values):
        target = {"type": "Utilization", "averageUtilization": int(scaling.get("targetCPUUtilizationPercentage") or 80)}
        spec = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
            "minReplicas": int(scaling.get("minReplicas") or 1),
            "maxReplicas": int(scaling.get("maxReplicas") or 5),
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        }
        made.append({**_object("autoscaling/v2", "HorizontalPodAutoscaler", wish), "spec": spec})
    limits = {key: budget[key] for key in ("minAvailable", "maxUnavailable") if budget.get(key) is not None}
    if limits:
        made.append({**_object("policy/v1", "PodDisruptionBudget", wish), "spec": {**limits, "selector": {"matchLabels": dict(_LABELS)}}})
    return made


def surplus(wish: ControlPlane) -> Look[Due]:
    """Remove the autoscaler and the disruption budget that values asked for once: a scaler that stays would go on to decide how many pods there are."""
    made = _around(replace(wish, values={}), _EVERYTHING)
    kept = {Ref.of(one) for one in _around(wish, _values(wish))}
    return Look([ref for one in made if (ref := Ref.of(one)) not in kept], _surplus)


def _surplus(live: Live, _answers: Answers) -> Due:
    return Due(removes=[Ref.of(one) for there in live.values() for one in there if ours(one)])


def service(wish: ControlPlane, cloud: str) -> dict[str, Any]:
    """Return the Service. All revisions of the gateway serve behind it, so its selector names none."""
    given = _values(wish).get("service") or {}
    kind = str(given.get("type") or "LoadBalancer")
    made = _object("v1", "Service", wish)
    annotations = {**platform.service_annotations(kind, cloud), **{str(key): str(value) for key, value in (given.get("annotations") or {}).items()}}
    if annotations:
        made["metadata"]["annotations"] = annotations
    ports = given.get("ports") or [{"name": name, "port": port, "targetPort": port, "protocol": "TCP"} for name, port in _PORTS]
    rest = {key: given[key] for key in _OF_SERVICE if given.get(key) is not None}
    return {**made, "spec": {"type": kind, "selector": dict(_LABELS), "ports": [dict(port) for port in ports], **rest}}


def door(wish: ControlPlane) -> Look[Due]:
    """Look at the nodes, which say what platform this is, and at the Service: it gets the annotations of the platform before it gets an address."""
    return Look([Read("v1", "Node"), Ref("v1", "Service", NAME, wish.namespace)], partial(_door, wish))


def _door(wish: ControlPlane, live: Live, _answers: Answers) -> Due:
    cloud, there = platform.cloud(live.get("Node", ())), next(iter(live.get("Service", ())), None)
    wanted = service(wish, cloud)
    wrong = platform.wrong_balancer(there, cloud) if platform.NLB in (wanted["metadata"].get("annotations") or {}) else ""
    if wrong:
        return Due(refusal=f"{wrong}.")
    return Due() if there and _as_wished(there, wanted) and not written.surplus(wanted, there) else Due(manifests=[wanted])


def _as_wished(there: Object, wanted: Object) -> bool:
    meta, spec = there["metadata"], there.get("spec") or {}
    marked = all(wanted["metadata"].get(part, {}).items() <= (meta.get(part) or {}).items() for part in ("labels", "annotations"))
    ports = [{key: port.get(key) for key in wished} for port, wished in zip(spec.get("ports") or [], wanted["spec"]["ports"], strict=False)]
    same = all(spec.get(key) == value for key, value in wanted["spec"].items() if key != "ports")
    return marked and same and len(spec.get("ports") or []) == len(wanted["spec"]["ports"]) and ports == wanted["spec"]["ports"]
