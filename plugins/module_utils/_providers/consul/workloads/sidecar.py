# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sidecar of a workload: it registers with the agent of its node, serves through Envoy, and deregisters while both still serve.

When a pod ends, all of its containers hear it at once. The one that keeps the registration takes it back first. Envoy waits, so that others stop sending
before it goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.shapes import Manifest, Object
from ...._mesh.workloads.service_wish import ServiceWish, Upstream
from .. import datacenter
from ..install import images, pods
from ..names import ADMIN, DOMAIN, GRPC, HTTPS, PROXY, READY
from ..settings import Settings
from .identity import CA, TOKEN, secret_name

PUBLIC, CHECKED = 20000, 20300  # of Envoy: where others call, and where the agent asks whether the workload is healthy
DRAIN = 5  # seconds in which others learn that a pod goes
USER, GROUP = 100, 1000  # of Consul's image. Several containers share files, so they run as the same user
_SHARED, _IDENTITY = "/consul/sidecar", "/consul/identity"
_SERVICE, _BOOTSTRAP = f"{_SHARED}/service.json", f"{_SHARED}/bootstrap.json"
_VOLUMES = ("consul-sidecar", "consul-identity")


def part(wish: ControlPlane, settings: Settings, service: ServiceWish, workload: Object) -> Manifest:
    """Return what the workload gets: nothing of it names a container, volume or field of its own."""
    known, meta = images.of(wish, settings.images), workload["metadata"]
    mounted: list[dict[str, Any]] = [{"name": _VOLUMES[0], "mountPath": _SHARED}, {"name": _VOLUMES[1], "mountPath": _IDENTITY, "readOnly": True}]
    env, user = _environment(wish, service), _user(wish)
    register = _container("consul-register", known.consul, env, mounted, user) | {"command": ["/bin/sh", "-c", _REGISTER]}
    keep = _container("consul-life", known.consul, env, mounted, user) | {"command": ["/bin/sh", "-c", _LIFE]}
    envoy = _container("consul-envoy", known.envoy, [], mounted[:1], user) | {
        "command": ["envoy", "-c", _BOOTSTRAP, "--concurrency", "1", "--disable-hot-restart"],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": READY, "scheme": "HTTP"}, "periodSeconds": 1},
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "-c", f"sleep {DRAIN}"]}}},
    }
    spec = {"initContainers": [register], "containers": [envoy, keep], "volumes": _volumes(service)}
    return {
        "apiVersion": workload["apiVersion"],
        "kind": workload["kind"],
        "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
        "spec": {"template": {"metadata": {"labels": {PROXY: service.service}}, "spec": spec}},
    }


def ports(service: ServiceWish) -> list[int]:
    """Return the ports of the pod that the sidecar takes."""
    return [PUBLIC, ADMIN, READY, *([CHECKED] if service.health_path else []), *(one.port for one in service.upstreams)]


def _container(name: str, image: str, env: list[dict[str, Any]], mounts: list[dict[str, Any]], user: Mapping[str, Any]) -> dict[str, Any]:
    made = pods.container(name, image, env, mounts)
    return {**made, "securityContext": {**made["securityContext"], **user}}


def _user(wish: ControlPlane) -> dict[str, Any]:
    """Return who the containers run as, whatever the pod says. OpenShift gives all of a pod the same user, another one in each namespace."""
    return {} if wish.platform == "openshift" else {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": GROUP}


def _volumes(service: ServiceWish) -> list[dict[str, Any]]:
    """Return the volumes. Envoy's bootstrap holds the token, so it lies in memory. Only the sidecar's containers mount them, so any user may read."""
    keys = [{"key": key, "path": key} for key in (CA, TOKEN)]
    return [pods.memory(_VOLUMES[0]), {"name": _VOLUMES[1], "secret": {"secretName": secret_name(service), "defaultMode": 0o444, "items": keys}}]


def _environment(wish: ControlPlane, service: ServiceWish) -> list[dict[str, Any]]:
    """Return how the sidecar reaches the agent of its node, and its registration, into which Kubernetes puts the pod's name and address."""
    return pods.environment(("POD_NAME", "POD_IP", "HOST_IP")) + pods.plain({
        "CONSUL_HTTP_ADDR": f"https://$(HOST_IP):{HTTPS}",
        "CONSUL_GRPC_ADDR": f"https://$(HOST_IP):{GRPC}",
        "CONSUL_CACERT": f"{_IDENTITY}/{CA}",
        "CONSUL_GRPC_CACERT": f"{_IDENTITY}/{CA}",
        "CONSUL_TLS_SERVER_NAME": f"client.{wish.cluster}.{DOMAIN}",
        "CONSUL_HTTP_TOKEN_FILE": f"{_IDENTITY}/{TOKEN}",
        "SERVICE": json.dumps(registration(wish, service), sort_keys=True),
    })  # fmt: skip


def registration(wish: ControlPlane, service: ServiceWish) -> dict[str, Any]:
    """Return the registration of a pod's service and its proxy. Of a pod that ended without a word, Consul forgets it after a minute."""
    proxy: dict[str, Any] = {"local_service_address": "127.0.0.1", "local_service_port": service.port}
    if service.upstreams:
        proxy["upstreams"] = [_upstream(wish, one) for one in service.upstreams]
    made: dict[str, Any] = {"name": service.service, "id": "$(POD_NAME)", "address": "$(POD_IP)", "port": service.port}
    if service.health_path:
        path = {"path": service.health_path, "local_path_port": service.port, "listener_port": CHECKED, "protocol": "http"}
        proxy["expose"] = {"paths": [path]}
        made["check"] = _check(2) | {"http": f"http://$(POD_IP):{CHECKED}{service.health_path}", "timeout": "1s"}
    sidecar = {"port": PUBLIC, "check": _check(5) | {"tcp": f"$(POD_IP):{PUBLIC}"}, "proxy": proxy}
    return {"service": {**made, "connect": {"sidecar_service": sidecar}}}


def _check(seconds: int) -> dict[str, Any]:
    return {"interval": f"{seconds}s", "deregister_critical_service_after": "1m"}


def _upstream(wish: ControlPlane, upstream: Upstream) -> dict[str, Any]:
    """Return an upstream. In another cluster it is a service of a member of the federation, or of a peer."""
    return {"destination_name": upstream.service, "local_bind_port": upstream.port, **dict(_of_another(wish, upstream))}


def _of_another(wish: ControlPlane, upstream: Upstream) -> Iterator[tuple[str, str]]:
    if upstream.cluster and upstream.cluster != wish.cluster:
        yield ("datacenter" if datacenter.federated(wish) else "destination_peer"), upstream.cluster


# Both go on until the agent accepts the token, which it may not know for a moment. The bootstrap appears as a whole.
_BOOT = (
    f'consul connect envoy -sidecar-for "$POD_NAME" -admin-bind 127.0.0.1:{ADMIN} '
    f"-envoy-ready-bind-address 0.0.0.0 -envoy-ready-bind-port {READY} -bootstrap > {_BOOTSTRAP}.new"
)
_REGISTER = f"""umask 077
printf '%s' "$SERVICE" > {_SERVICE}
until consul services register {_SERVICE} && {_BOOT}; do sleep 1; done
mv {_BOOTSTRAP}.new {_BOOTSTRAP}
"""
# An agent that lost its data gets the registration again.
_LIFE = f"""trap 'consul services deregister {_SERVICE}; exit 0' TERM
while :; do
  sleep 15 &
  wait $!
  consul services register {_SERVICE}
done
"""
