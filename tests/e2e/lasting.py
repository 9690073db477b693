# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What two installations have in common: the wishes as stored (specs, data keys, labels), not keys, tokens, addresses, times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate, Run

KINDS = "deployments,services,secrets,configmaps,serviceaccounts,roles,rolebindings,gateways.networking.istio.io,virtualservices.networking.istio.io"
WIDE = "namespaces,clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations,crds"
RESTARTED = "kubectl.kubernetes.io/restartedAt"  # when something was restarted is no wish


@dataclass(frozen=True)
class First:
    """The first run on empty clusters, which nothing disturbed, and what it left in each cluster."""

    run: Run
    state: dict[str, dict[str, Any]]


def lasting(estate: Estate, cluster: str) -> dict[str, Any]:
    inside = estate.get(cluster, KINDS, "-n", "istio-system")["items"]
    wide = [item for item in estate.get(cluster, WIDE)["items"] if _of_mesh(item["metadata"]["name"])]
    return {f"{item['kind']}/{item['metadata']['name']}": _of(item) for item in [*inside, *wide] if not _record(item)}


def _of_mesh(name: str) -> bool:
    return "istio" in name or "meshops" in name


def _record(item: dict[str, Any]) -> bool:
    """Whether the object is one of Helm's records, whose number grows with each killed run."""
    return item.get("type") == "helm.sh/release.v1"


def _of(item: dict[str, Any]) -> dict[str, Any]:
    spec = dict(item.get("spec", {}))
    for given in ("clusterIP", "clusterIPs", "finalizers", "conversion", "versions"):
        spec.pop(given, None)
    for port in spec.get("ports", []) if isinstance(spec.get("ports"), list) else []:
        port.pop("nodePort", None)
    if template := spec.get("template"):
        told = {name: value for name, value in template["metadata"].get("annotations", {}).items() if name != RESTARTED}
        spec["template"] = {**template, "metadata": {**template["metadata"], "annotations": told}}
    annotations = sorted(item["metadata"].get("annotations", {}))
    return {
        "labels": item["metadata"].get("labels", {}),
        "annotations": [name for name in annotations if not name.startswith("deployment.kubernetes.io")],
        "spec": spec,
        "data": sorted(item.get("data") or {}),
        "rules": item.get("rules"),
        "webhooks": [hook["name"] for hook in item.get("webhooks", [])],
    }


def traces(estate: Estate, cluster: str) -> list[str]:
    """The names of cluster-scoped objects and of namespaces that a mesh left."""
    wide = "namespaces,crds,clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations"
    return [name for name in estate.names(cluster, wide) if "istio" in name or "meshops-probe" in name]
