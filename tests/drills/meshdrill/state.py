# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a cluster has to be the same however a run came to its end: objects and their shape, not keys, certificates or times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

KINDS = "deployments,services,secrets,configmaps,serviceaccounts,roles,rolebindings"
NAMESPACES = ("istio-system", "meshops-system")
# Kubernetes and istiod rewrite these by the clock.
RESTLESS = ("deployment.kubernetes.io/", "kubectl.kubernetes.io/restartedAt", "control-plane.alpha.kubernetes.io/leader")


def read(estate: Estate, cluster: str, namespaces: Sequence[str] = NAMESPACES, kinds: str = KINDS, wide: str = "") -> dict[str, Any]:
    """`wide` are kinds without a namespace."""
    items = [item for namespace in namespaces for item in estate.get(cluster, kinds, "-n", namespace)["items"]]
    items += estate.get(cluster, wide)["items"] if wide else []
    # Helm keeps a history: a run that was killed adds to it.
    return {f"{item['metadata'].get('namespace', '')}/{item['kind']}/{item['metadata']['name']}": shape(item) for item in items if not _of_helm(item)}


def _of_helm(item: Mapping[str, Any]) -> bool:
    return item.get("type") == "helm.sh/release.v1"


def shape(item: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of an object that are the same after each rotation. Annotations count by name only, because epochs and times differ."""
    metadata = item["metadata"]
    return {
        "labels": metadata.get("labels", {}),
        "annotations": sorted(name for name in metadata.get("annotations", {}) if not name.startswith(RESTLESS)),
        "data": sorted(item.get("data") or {}),
        "type": item.get("type"),
        "spec": _lasting(item.get("spec")),
        "rules": item.get("rules"),
        "webhooks": [(hook["name"], hook["clientConfig"].get("service"), hook.get("namespaceSelector"), hook.get("objectSelector"), hook.get("failurePolicy"))
                     for hook in item.get("webhooks", [])],
    }


def _lasting(spec: Any) -> Any:
    """Without the time at which its pods were restarted."""
    annotations = spec["template"]["metadata"].get("annotations") if isinstance(spec, Mapping) and "template" in spec else None
    if not annotations:
        return spec
    lasting = {name: value for name, value in annotations.items() if not name.startswith(RESTLESS)}
    return {**spec, "template": {**spec["template"], "metadata": {**spec["template"]["metadata"], "annotations": lasting}}}


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Named by cluster and object, e.g. "east: istio-system/Secret/cacerts-previous is there"."""
    return [f"{cluster}: {words}" for cluster in wanted for words in _of_one(wanted[cluster], found.get(cluster, {}))]


def _of_one(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            yield f"{name} is missing"
        elif name not in wanted:
            yield f"{name} is there"
        elif wanted[name] != found[name]:
            yield f"{name} differs"
