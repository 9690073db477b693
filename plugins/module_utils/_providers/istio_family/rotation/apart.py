# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell apart what looks like a proxy of this mesh and is none, and ztunnels, which use istiod's CA and cannot be seen."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ...._mesh.objects.selector import matches
from ...._mesh.objects.shapes import Object
from ..proxy import discovery_address, environment

_OF_ISTIO = ("CA_ADDR", "PROXY_CONFIG", "ISTIO_META_", "PILOT_CERT_PROVIDER")
_SERVICE = re.compile(r"[a-z0-9-]+\.(?P<namespace>[a-z0-9-]+)\.svc(\..*)?(:\d+)?")


def ztunnel(pod: Object) -> bool:
    """Tell whether the pod is the proxy of an ambient node. Its container has the name of Envoy's container, but it answers no question for Envoy."""
    _given, image = environment(pod, "istio-proxy")
    return (pod["metadata"].get("labels") or {}).get("app") == "ztunnel" or image.rsplit("/", 1)[-1].startswith("ztunnel")


def foreign(pod: Object, namespace: str) -> bool:
    """Tell whether the container istio-proxy is not of the mesh whose control plane is in the namespace: it names another mesh, or nothing of Istio.

    An address that belongs to no Service may lead to any control plane, so it counts as one of this mesh.
    """
    given, _image = environment(pod, "istio-proxy")
    if not any(name.startswith(_OF_ISTIO) for name in given):
        return True
    service = _SERVICE.fullmatch(given.get("CA_ADDR") or discovery_address(given))
    return service is not None and service["namespace"] != namespace


def selected(spaces: Sequence[Object], meshes: Sequence[Any]) -> Collection[str] | None:
    """Return the namespaces that the discoverySelectors of these mesh configurations select; None if one of them selects all."""
    chosen = [mesh.get("discoverySelectors") if isinstance(mesh, Mapping) else None for mesh in meshes]
    lists = [one for one in chosen if isinstance(one, list) and one]
    if not lists or len(lists) < len(chosen):
        return None
    selectors = [selector for one in lists for selector in one if isinstance(selector, Mapping)]
    labelled = {space["metadata"]["name"]: space["metadata"].get("labels") or {} for space in spaces}
    return {name for name, labels in labelled.items() if any(matches(selector, labels) for selector in selectors)}
