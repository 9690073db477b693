# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An echo server with a sidecar in each cluster. It has the cluster's name, and fetches pages of the others on request, each through a port of its sidecar."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from ...._mesh.health.probe import Load, ProbeWish
from ...._mesh.question import Question, Read
from ...._mesh.workloads.service_wish import Caller, ServiceWish, Upstream

SERVICE = "meshops-echo"  # the same in all datacenters: in a federation it is one service
_PORT, _PAGE, _FIRST_UPSTREAM = 8080, "/debug", 9000
_RATE, _CONNECTIONS = 20, 2
_OTHERS = ("grpc", "tcp", "udp", "redirect")
_OWNED = {"app.kubernetes.io/managed-by": "meshops.lifecycle", "app.kubernetes.io/name": "meshops-probe"}


def _name(cluster: str) -> str:
    return f"echo-{cluster}"


def manifests(wish: ProbeWish) -> list[dict[str, Any]]:
    """Return the namespace, and this cluster's echo server. Its sidecar comes as that of any other workload does.

    The account and the Service are for HashiCorp's chart, which takes the name of a service from both.
    """
    name = _name(wish.cluster)
    container = {
        "name": "echo",
        "image": wish.image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["server", "-http-port", f"127.0.0.1:{_PORT}", *(word for other in _OTHERS for word in (f"-{other}-port", "disabled"))],
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}},
    }
    template = {"metadata": {"labels": {**_OWNED, "app": name}}, "spec": {"hostname": name, "serviceAccountName": SERVICE, "containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": wish.namespace, "labels": dict(_OWNED)}},
        _object("v1", "ServiceAccount", SERVICE, wish),
        {**_object("v1", "Service", SERVICE, wish), "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": _PORT}]}},
        {**_object("apps/v1", "Deployment", name, wish), "spec": spec},
    ]


def _object(api_version: str, kind: str, name: str, wish: ProbeWish) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": wish.namespace, "labels": dict(_OWNED)}}


def services(wish: ProbeWish) -> list[ServiceWish]:
    """Return the service of the echo server: it calls those of all targets, and they may call it. It speaks HTTP, so that it sees who calls."""
    return [ServiceWish(
        SERVICE, wish.namespace, _PORT, "Deployment", _name(wish.cluster), protocol="http", health_path=_PAGE,
        upstreams=tuple(Upstream(SERVICE, upstream(wish, target), target) for target in sorted(wish.targets)),
        callers=tuple(Caller(SERVICE, target) for target in sorted(wish.targets)),
    )]  # fmt: skip


def pods(wish: ProbeWish) -> Read:
    return Read("v1", "Pod", wish.namespace, f"app={_name(wish.cluster)}")


def upstream(wish: ProbeWish, target: str) -> int:
    """Return the port of the sidecar that leads to a target."""
    return _FIRST_UPSTREAM + sorted(wish.targets).index(target) if target in wish.targets else _FIRST_UPSTREAM


def question(wish: ProbeWish, pod: str, target: str) -> Question:
    """Return the request that lets the pod fetch the target's page through its own sidecar."""
    return Question(target, wish.namespace, pod, _PORT, f"/fortio/fetch/{_server(wish, target)}")


def _server(wish: ProbeWish, target: str) -> str:
    return f"127.0.0.1:{upstream(wish, target)}{_PAGE}"


def load(wish: ProbeWish, pod: str, target: str, wanted: Load) -> Question:
    """Return the request that lets the pod fetch the target's page so many times through its own sidecar, and measure it."""
    how = {"n": wanted.requests, "qps": _RATE, "c": _CONNECTIONS, "timeout": f"{wanted.timeout:g}s", "p": "99", "save": "off"}
    return Question(target, wish.namespace, pod, _PORT, f"/fortio/rest/run?{urlencode({'url': f'http://{_server(wish, target)}', **how})}")


def fault(wish: ProbeWish, target: str, status: int, body: str) -> str | None:
    """Return None if `target` answered over mTLS to this cluster's echo server; otherwise what came back instead.

    With a peering, the gateway of the target stands between the two, and the header names both. The trust domain is Consul's own, so any will do.
    """
    if status != 200:
        first = body.strip().splitlines()[0][:160] if body.strip() else "no body"
        return f"the answer was HTTP {status} ({first})"
    if f" on {_name(target)} - request from " not in body:
        return f"the answer did not come from {_name(target)}"
    header = next((line for line in body.splitlines() if line.lower().startswith("x-forwarded-client-cert:")), "")
    if not header:
        return "the answer came in plain text: the server saw no client certificate"
    caller = rf"URI=spiffe://[^/;,]+/ns/default/dc/{re.escape(wish.cluster)}/svc/{SERVICE}(?=[;,]|$)"
    return None if re.search(caller, header.rstrip()) else f"the server saw another identity than that of {SERVICE} in {wish.cluster}"
