# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an install by HashiCorp's chart makes, by name, and the entries that this collection adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ....._mesh.install.versions import Minor
from ....._mesh.install.wish import ControlPlane
from ....._mesh.objects.change import Ref
from ....._mesh.objects.shapes import Manifest
from ... import datacenter
from ...names import GATEWAY, SERVER, manifest

INJECTOR = "consul-connect-injector"
_GROUP = "consul.hashicorp.com"
# The chart brings them whatever the values say.
_KINDS = ("exportedservices", "meshes", "proxydefaults", "servicedefaults", "serviceintentions", "serviceresolvers",
          "servicerouters", "servicesplitters")  # fmt: skip
ENTRY_CRDS = tuple(f"{kind}.{_GROUP}" for kind in _KINDS)
# The kinds that the controller watches, whether or not somebody uses an API gateway.
_GATEWAY_API = "gateway.networking.k8s.io"
GATEWAY_CRDS = tuple(f"{kind}.{_GATEWAY_API}" for kind in ("gatewayclasses", "gateways", "httproutes", "referencegrants"))
_BESIDE: Mapping[Minor, tuple[str, ...]] = {(1, 9): ("grpcroutes", "tlsroutes", "udproutes")}
_RBAC, _HOOKS = "rbac.authorization.k8s.io/v1", "admissionregistration.k8s.io/v1"


def gateway_crds(line: Minor) -> tuple[str, ...]:
    """Return the CRDs of the Gateway API that a line of the chart brings. Helm refuses a release if one of them is somebody else's."""
    return (*GATEWAY_CRDS, *(f"{kind}.{_GATEWAY_API}" for kind in ("tcproutes", *_BESIDE.get(line, ()))))


def entries(wish: ControlPlane) -> list[Manifest]:
    """Return the entries without which nothing crosses. A secondary has those of its primary."""
    if datacenter.kind(wish) == datacenter.SECONDARY:
        return []
    made = [_entry(wish, "ProxyDefaults", "global", {"meshGateway": {"mode": "local"}})]
    if datacenter.kind(wish) == datacenter.PEER:
        made.append(_entry(wish, "Mesh", "mesh", {"peering": {"peerThroughMeshGateways": True}}))
    return made


def _entry(wish: ControlPlane, kind: str, name: str, spec: dict[str, Any]) -> Manifest:
    return manifest(f"{_GROUP}/v1alpha1", kind, name, wish.namespace, "entry", spec=spec)


def of_release(wish: ControlPlane) -> Iterator[Ref]:
    """Yield the objects that others may have made under the same names."""
    for name in (SERVER, INJECTOR, GATEWAY):
        yield Ref("v1", "ServiceAccount", name, wish.namespace)
    yield Ref("v1", "Service", SERVER, wish.namespace)
    yield Ref("v1", "Service", GATEWAY, wish.namespace)
    yield Ref("apps/v1", "StatefulSet", SERVER, wish.namespace)
    yield Ref("apps/v1", "Deployment", INJECTOR, wish.namespace)
    yield Ref("apps/v1", "Deployment", GATEWAY, wish.namespace)
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        yield Ref(_RBAC, kind, INJECTOR)
    yield Ref(_HOOKS, "MutatingWebhookConfiguration", INJECTOR)
