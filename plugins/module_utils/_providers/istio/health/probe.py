# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An echo server with a sidecar in each cluster. It has the cluster's name, and fetches pages of the others on request."""

from __future__ import annotations

import re
from typing import Any

from ...._mesh.health.probe import ProbeWish
from ...._mesh.question import Question, Read

_PORT, _PAGE = 8080, "/debug"
_OWNED = {"app.kubernetes.io/managed-by": "meshops.lifecycle", "app.kubernetes.io/name": "meshops-probe"}


def manifests(wish: ProbeWish) -> list[dict[str, Any]]:
    """Return the namespace (with injection, without plain text), this cluster's echo server, and a Service for each cluster's server.

    The server fetches any page on request, with its own identity. So requests from the mesh may only ask for the probe's page. A run asks
    through the API server, which needs the right to forward ports of the pod.
    """
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": wish.namespace, "labels": {**_OWNED, "istio.io/rev": wish.revision}}},
        _object("v1", "ServiceAccount", "probe", wish),
        {**_object("security.istio.io/v1", "PeerAuthentication", "probe", wish), "spec": {"mtls": {"mode": "STRICT"}}},
        {**_object("security.istio.io/v1", "AuthorizationPolicy", "probe", wish), "spec": _only_the_question(wish)},
        _deployment(wish),
        *(_service(wish, target) for target in wish.targets),
    ]


def _only_the_question(wish: ProbeWish) -> dict[str, Any]:
    asked = {"methods": ["GET"], "paths": [_PAGE]}
    return {"action": "ALLOW", "rules": [{"from": [{"source": {"principals": [_identity(wish)]}}], "to": [{"operation": asked}]}]}


def _identity(wish: ProbeWish) -> str:
    return f"{wish.trust_domain}/ns/{wish.namespace}/sa/probe"


def _object(api_version: str, kind: str, name: str, wish: ProbeWish) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": wish.namespace, "labels": dict(_OWNED)}}


def _name(cluster: str) -> str:
    return f"echo-{cluster}"


def _deployment(wish: ProbeWish) -> dict[str, Any]:
    name = _name(wish.cluster)
    container = {
        "name": "echo",
        "image": wish.image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["server", "-http-port", str(_PORT), "-grpc-port", "disabled", "-tcp-port", "disabled", "-udp-port", "disabled", "-redirect-port", "disabled"],
        "ports": [{"name": "http", "containerPort": _PORT, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}},
        "readinessProbe": {"httpGet": {"path": _PAGE, "port": _PORT, "scheme": "HTTP"}, "periodSeconds": 1},
    }
    template = {
        "metadata": {"labels": {**_OWNED, "app": name}, "annotations": {"proxy.istio.io/config": '{"holdApplicationUntilProxyStarts": true}'}},
        "spec": {"hostname": name, "serviceAccountName": "probe", "terminationGracePeriodSeconds": 5, "containers": [container]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {**_object("apps/v1", "Deployment", name, wish), "spec": spec}


def _service(wish: ProbeWish, target: str) -> dict[str, Any]:
    """Return the Service of a cluster's server. It must exist in every cluster, or its name does not resolve in DNS."""
    name = _name(target)
    spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": _PORT, "targetPort": _PORT, "protocol": "TCP"}]}
    return {**_object("v1", "Service", name, wish), "spec": spec}


def pods(wish: ProbeWish) -> Read:
    """Read this cluster's echo pods, which ask the others."""
    return Read("v1", "Pod", wish.namespace, f"app={_name(wish.cluster)}")


def question(wish: ProbeWish, pod: str, target: str) -> Question:
    """Return the request that lets the pod fetch the target's echo page through its own sidecar."""
    return Question(target, wish.namespace, pod, _PORT, f"/fortio/fetch/{_name(target)}.{wish.namespace}:{_PORT}{_PAGE}")


def fault(wish: ProbeWish, target: str, status: int, body: str) -> str | None:
    """Return None if `target` answered over mTLS as a workload of this mesh; otherwise what came back instead."""
    if status != 200:
        first = body.strip().splitlines()[0][:160] if body.strip() else "no body"
        return f"the answer was HTTP {status} ({first})"
    if f" on {_name(target)} - request from " not in body:
        return f"the answer did not come from {_name(target)}"
    header = next((line for line in body.splitlines() if line.lower().startswith("x-forwarded-client-cert:")), "")
    caller = f"URI=spiffe://{_identity(wish)}"
    if not header:
        return "the answer came in plain text: the server saw no client certificate"
    if caller not in re.split("[;,]", header.rstrip()):
        return f"the server saw another identity than spiffe://{_identity(wish)}"
    return None
