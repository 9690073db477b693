# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates that gateways serve: `credentialName` of Istio's Gateway, `certificateRefs` of the Gateway API's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...._mesh.gateways.certificates import Pod, Use
from ...._mesh.objects.change import Ref
from ...._mesh.question import Read
from ...._mesh.trust.certificate import Material, Names
from ...._mesh.trust.root_secret import decoded, encoded
from . import credential_name

_ISTIO, _GATEWAY_API = "networking.istio.io/v1", "gateway.networking.k8s.io/v1"
_NAME = "gateway.networking.k8s.io/gateway-name"
_SERVED = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")
_TLS, _GENERIC = ("tls.crt", "tls.key"), ("cert", "key")

Object = Mapping[str, Any]
Live = Mapping[str, Sequence[Object]]


def reads() -> list[Read]:
    """Gateways, what serves them, and the Services that tell at which port."""
    return [Read(_ISTIO, "Gateway"), Read(_GATEWAY_API, "Gateway"), Read("v1", "Service"), Read("v1", "Pod", fields="status.phase=Running")]


def uses(live: Live) -> list[Use]:
    """Who serves which Secret. A Gateway of Istio means the Secret in the namespace of each pod that it selects."""
    ready = [pod for pod in live.get("Pod", ()) if _ready(pod)]
    found: list[Use] = []
    for gateway in live.get("Gateway", ()):
        of_istio = gateway.get("apiVersion") == _ISTIO
        found += _of_istio(gateway, ready, live) if of_istio else _of_gateway_api(gateway, ready, live)
    return found


def _of_istio(gateway: Object, pods: Sequence[Object], live: Live) -> Iterator[Use]:
    spec = gateway.get("spec") or {}
    serving = [pod for pod in pods if _selected(spec.get("selector") or {}, pod)]
    for server in spec.get("servers") or ():
        tls = server.get("tls") or {}
        if tls.get("mode", "SIMPLE") not in _SERVED:
            continue
        hosts = tuple(str(host).rpartition("/")[2] for host in server.get("hosts") or ("*",))
        for name in credential_name.names(tls):
            for space in sorted({pod["metadata"]["namespace"] for pod in serving}):
                there = [pod for pod in serving if pod["metadata"]["namespace"] == space]
                secret = credential_name.secret(name, space)
                if secret:
                    yield _use(gateway, secret, hosts, there, server["port"]["number"], live)


def _of_gateway_api(gateway: Object, pods: Sequence[Object], live: Live) -> Iterator[Use]:
    meta = gateway["metadata"]
    serving = [pod for pod in pods if pod["metadata"]["namespace"] == meta["namespace"] and _selected({_NAME: meta["name"]}, pod)]
    for listener in (gateway.get("spec") or {}).get("listeners") or ():
        tls = listener.get("tls") or {}
        if tls.get("mode", "Terminate") != "Terminate":
            continue
        for ref in tls.get("certificateRefs") or ():
            secret = credential_name.referred(ref, meta["namespace"])
            if secret is None:
                continue
            yield _use(gateway, secret, (listener.get("hostname") or "*",), serving, listener["port"], live)


def _use(gateway: Object, secret: Ref, hosts: tuple[str, ...], pods: Iterable[Object], port: int, live: Live) -> Use:
    meta = gateway["metadata"]
    serving = (Pod(pod["metadata"]["namespace"], pod["metadata"]["name"], _port(pod, port, live.get("Service", ()))) for pod in pods)
    return Use(f"Gateway {meta['namespace']}/{meta['name']}", secret, hosts, tuple(serving))


def _ready(pod: Object) -> bool:
    conditions = {one.get("type"): one.get("status") for one in (pod.get("status") or {}).get("conditions") or ()}
    return conditions.get("Ready") == "True" and not pod["metadata"].get("deletionTimestamp")


def _selected(selector: Mapping[str, str], pod: Object) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _port(pod: Object, number: int, services: Iterable[Object]) -> int:
    """A gateway's port is that of its Service, and istiod has the proxy listen at the target port."""
    for service in services:
        spec = service.get("spec") or {}
        if service["metadata"]["namespace"] != pod["metadata"]["namespace"] or not _selected(spec.get("selector") or {}, pod):
            continue
        for one in spec.get("ports") or ():
            if one.get("port") == number:
                return _number(one.get("targetPort") or number, pod)
    return number


def _number(target: int | str, pod: Object) -> int:
    if isinstance(target, int):
        return target
    ports = (port for container in pod["spec"]["containers"] for port in container.get("ports") or ())
    return next((int(port["containerPort"]) for port in ports if port.get("name") == target), 0)


def _keys(secret: Object) -> tuple[str, str]:
    return _GENERIC if _GENERIC[0] in (secret.get("data") or {}) and _TLS[0] not in (secret.get("data") or {}) else _TLS


def served(secret: Object) -> Material:
    """The certificate with its chain, and the key."""
    certificate, key = _keys(secret)
    data = secret.get("data") or {}
    return Material(decoded(data.get(certificate, "")), decoded(data.get(key, "")), names=Names(certificate, key, certificate, certificate))


def patch(secret: Object, certificate: bytes, key: bytes) -> dict[str, Any]:
    """Both parts in one write. What else is there, such as a CA for clients, stays."""
    parts = _keys(secret)
    return {"data": {parts[0]: encoded(certificate), parts[1]: encoded(key)}}


def permissions() -> list[dict[str, str]]:
    """Gateways may be in any namespace."""
    wanted = [
        *((group, "gateways", "list") for group in ("networking.istio.io", "gateway.networking.k8s.io")),
        *(("", resource, "list") for resource in ("services", "pods")),
        *(("", "secrets", verb) for verb in ("get", "patch")),
        *(("", "pods/portforward", verb) for verb in ("get", "create")),
    ]
    return [{"verb": verb, "group": group, "resource": resource} for group, resource, verb in wanted]
