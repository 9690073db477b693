# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An echo server with a sidecar in each cluster. It has the cluster's name, and fetches pages of the others on request."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from ...._mesh.health.probe import Load, ProbeWish
from ...._mesh.question import Question, Read
from . import probe_gateway

_PORT, _PAGE = 8080, "/debug"
# So many requests a second, over so many connections: enough for a measure, and nothing that a small cluster feels.
_RATE, _CONNECTIONS = 20, 2
_NOBODY = "meshops-cutover.invalid"
_SERVER = {"app.kubernetes.io/name": "meshops-probe"}
_OWNED = {"app.kubernetes.io/managed-by": "meshops.lifecycle", **_SERVER}


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
        *(probe_gateway.manifests(wish, _OWNED, _PORT, _PAGE) if wish.gateway else ()),
    ]


def _only_the_question(wish: ProbeWish) -> dict[str, Any]:
    asked = {"methods": ["GET"], "paths": [_PAGE]}
    principals = [_identity(wish, space) for space in (wish.namespace, *wish.callers)]
    rules = [{"from": [{"source": {"principals": principals}}], "to": [{"operation": asked}]}]
    only = {"selector": {"matchLabels": dict(_SERVER)}} if wish.gateway else {}
    return {**only, "action": "ALLOW", "rules": rules}


def _identity(wish: ProbeWish, space: str) -> str:
    return f"{wish.trust_domain}/ns/{space}/sa/probe"


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
    return Question(target, wish.namespace, pod, _PORT, f"/fortio/fetch/{_server(wish, target)}")


def _server(wish: ProbeWish, target: str) -> str:
    if wish.through:
        return f"{probe_gateway.name(wish.cluster)}.{wish.through}:{_PORT}{probe_gateway.path(wish.asks or wish.namespace, target)}{_PAGE}"
    return f"{_name(target)}.{wish.asks or wish.namespace}:{_PORT}{_PAGE}"


def load(wish: ProbeWish, pod: str, target: str, wanted: Load) -> Question:
    """Return the request that lets the pod fetch the target's page so many times through its own sidecar, and measure it."""
    asked = {"url": f"http://{_server(wish, target)}", **_how(wanted)}
    return Question(target, wish.namespace, pod, _PORT, f"/fortio/rest/run?{urlencode(asked)}")


def knock(wish: ProbeWish, pod: str, service: tuple[str, str, int], wanted: Load) -> Question:
    """Return the request that lets the pod ask a Service. No proxy knows the host, so the sidecar passes it on as it is, to this cluster's own Service."""
    namespace, name, port = service
    asked = {"url": f"http://{name}.{namespace}:{port}/", "H": f"Host: {_NOBODY}", **_how(wanted)}
    return Question(f"{namespace}/{name}", wish.namespace, pod, _PORT, f"/fortio/rest/run?{urlencode(asked)}")


def _how(wanted: Load) -> dict[str, Any]:
    return {"n": wanted.requests, "qps": _RATE, "c": _CONNECTIONS, "timeout": f"{wanted.timeout:g}s", "p": "99", "save": "off"}


def fault(wish: ProbeWish, target: str, status: int, body: str) -> str | None:
    """Return None if `target` answered over mTLS as a workload of this mesh; otherwise what came back instead."""
    if status != 200:
        first = body.strip().splitlines()[0][:160] if body.strip() else "no body"
        return f"the answer was HTTP {status} ({first})"
    if f" on {_name(target)} - request from " not in body:
        return f"the answer did not come from {_name(target)}"
    header = next((line for line in body.splitlines() if line.lower().startswith("x-forwarded-client-cert:")), "")
    identity = f"spiffe://{_identity(wish, wish.through or wish.namespace)}"
    if not header:
        return "the answer came in plain text: the server saw no client certificate"
    if f"URI={identity}" not in re.split("[;,]", header.rstrip()):
        return f"the server saw another identity than {identity}"
    return None
