# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Secrets a Gateway names: `credentialName` of Istio's, `certificateRefs` of the Gateway API's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Object

# The latter is what the Gateway API's references become; Istio takes both from users, too.
_SCHEMES = ("kubernetes://", "kubernetes-gateway://")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_SERVED = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")
_GATEWAY_API_NAME = "gateway.networking.k8s.io/gateway-name"


@dataclass(frozen=True)
class ServedSecret:
    """A Secret, the hosts and the port that it is served for, and where the pods run that serve it."""

    secret: Ref
    hosts: tuple[str, ...]
    port: int
    space: str


def secrets(gateway: Object, pods: Sequence[Object]) -> Iterator[ServedSecret]:
    """Istio looks for the Secret where the pods of the gateway run; without one, the namespace of the Gateway is as good a guess as any."""
    space, spec = gateway["metadata"]["namespace"], gateway.get("spec") or {}
    spaces = sorted({pod["metadata"]["namespace"] for pod in pods if serves(gateway, pod)}) or [space]
    for server in spec.get("servers") or ():
        yield from _of_istio(server, spaces)
    for listener in spec.get("listeners") or ():
        yield from _of_gateway_api(listener, space)


def serves(gateway: Object, pod: Object) -> bool:
    """Whether a pod is one of the gateway's."""
    meta, spec = gateway["metadata"], gateway.get("spec") or {}
    if "listeners" in spec:
        return bool(pod["metadata"]["namespace"] == meta["namespace"]) and selected({_GATEWAY_API_NAME: meta["name"]}, pod)
    return selected(spec.get("selector") or {}, pod)


def selected(selector: Mapping[str, str], pod: Object) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _of_istio(server: Object, spaces: Collection[str]) -> Iterator[ServedSecret]:
    """Both fields of a server, in the order in which Istio serves them."""
    tls = server.get("tls") or {}
    if tls.get("mode", "SIMPLE") not in _SERVED:
        return
    hosts = tuple(str(host).rpartition("/")[2] for host in server.get("hosts") or ("*",))
    for name in (*(tls.get("credentialNames") or ()), tls.get("credentialName")):
        for space in spaces if name else ():
            secret = _secret(str(name), space)
            if secret:
                yield ServedSecret(secret, hosts, int((server.get("port") or {}).get("number") or 0), space)


def _of_gateway_api(listener: Object, space: str) -> Iterator[ServedSecret]:
    tls = listener.get("tls") or {}
    if tls.get("mode", "Terminate") != "Terminate":
        return
    for ref in tls.get("certificateRefs") or ():
        if (ref.get("group") or "", ref.get("kind") or "Secret") != ("", "Secret"):
            continue
        secret = _secret(str(ref.get("name") or ""), str(ref.get("namespace") or space))
        if secret:
            yield ServedSecret(secret, (listener.get("hostname") or "*",), int(listener.get("port") or 0), space)


def _secret(name: str, space: str) -> Ref | None:
    """None for what is no Secret, such as the socket of another server, or cannot be the name of one."""
    scheme = next((one for one in _SCHEMES if name.startswith(one)), "")
    given, slash, last = name.removeprefix(scheme).rpartition("/")
    own = given if slash else space
    return Ref("v1", "Secret", last, own) if _NAME.fullmatch(own) and _NAME.fullmatch(last) else None
