# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the Secrets that a Gateway names: in `credentialName` (Istio) or `certificateRefs` (Gateway API)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Object

# Istio turns references of the Gateway API into the second form. Users may write both forms.
_SCHEMES = ("kubernetes://", "kubernetes-gateway://")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_SERVED = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")
_GATEWAY_API_NAME = "gateway.networking.k8s.io/gateway-name"


@dataclass(frozen=True)
class ServedSecret:
    """A Secret, the hosts and the port for which it is served, and the namespace of the pods that serve it."""

    secret: Ref
    hosts: tuple[str, ...]
    port: int
    space: str


def secrets(gateway: Object, pods: Sequence[Object]) -> Iterator[ServedSecret]:
    """Yield the Secrets of a Gateway. Istio looks for them where the gateway's pods run; without pods, assume the Gateway's namespace."""
    space, spec = gateway["metadata"]["namespace"], gateway.get("spec") or {}
    spaces = sorted({pod["metadata"]["namespace"] for pod in pods if serves(gateway, pod)}) or [space]
    for server in spec.get("servers") or ():
        yield from _of_istio(server, spaces)
    for listener in spec.get("listeners") or ():
        yield from _of_gateway_api(listener, space)


def serves(gateway: Object, pod: Object) -> bool:
    """Return whether a pod belongs to the gateway."""
    meta, spec = gateway["metadata"], gateway.get("spec") or {}
    if "listeners" in spec:
        return bool(pod["metadata"]["namespace"] == meta["namespace"]) and selected({_GATEWAY_API_NAME: meta["name"]}, pod)
    return selected(spec.get("selector") or {}, pod)


def selected(selector: Mapping[str, str], pod: Object) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _of_istio(server: Object, spaces: Collection[str]) -> Iterator[ServedSecret]:
    """Yield the Secrets in both fields of a server, in the order in which Istio serves them."""
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
    """Return the Secret; None if the text is none, such as the path of a socket, or cannot be a Secret's name."""
    scheme = next((scheme for scheme in _SCHEMES if name.startswith(scheme)), "")
    given, slash, last = name.removeprefix(scheme).rpartition("/")
    own = given if slash else space
    return Ref("v1", "Secret", last, own) if _NAME.fullmatch(own) and _NAME.fullmatch(last) else None
