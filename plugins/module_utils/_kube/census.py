# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what a cluster has before anything is written: its nodes, namespaces, and the CRDs of a mesh with their owners."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._mesh.errors import Denied
from .._mesh.install.gateway_api import GROUP
from .._mesh.objects.change import Ref
from .._mesh.objects.managed_by import managed_by
from .cluster import Cluster

_API, _KIND = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
_OLM = "operators.coreos.com/"


def nodes(cluster: Cluster, minor: int) -> dict[str, Any] | None:
    """Return facts about the nodes; None if the credential may not list them, because a mesh works without that right."""
    try:
        live = cluster.list("v1", "Node")
    except Denied:
        return None
    versions = sorted({str(node["status"]["nodeInfo"]["kubeletVersion"]) for node in live})
    ranges = sorted({cidr for node in live for cidr in (node.get("spec") or {}).get("podCIDRs") or []})
    minors = [int(match.group(1)) for version in versions if (match := re.match(r"v?1\.(\d+)", version))]
    return {"count": len(live), "kubelet_versions": versions, "skew": minor - min(minors, default=minor), "pod_cidrs": ranges}


def spaces(cluster: Cluster, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the namespaces that exist, with their labels and whether they are being deleted."""
    try:
        live = cluster.get_all(Ref("v1", "Namespace", name) for name in dict.fromkeys(names))
    except Denied:  # the check of rights reports it
        return []
    metadata = (namespace["metadata"] for namespace in live if namespace)
    return [{"name": meta["name"], "labels": meta.get("labels") or {}, "ends": bool(meta.get("deletionTimestamp"))} for meta in metadata]


def crds(cluster: Cluster, groups: Sequence[str]) -> list[dict[str, Any]]:
    """Return facts about the CRDs of these API groups. CRDs are large and a cluster may have hundreds, so only metadata is listed and few are read.

    Empty if the credential may not read them: the check of rights reports that together with all other missing rights.
    """
    if not groups:
        return []
    try:
        listed = {entry["metadata"]["name"]: entry for entry in cluster.list(_API, _KIND, metadata_only=True)}
        wanted = sorted(name for name in listed if any(_of_group(name, group) for group in groups))
        borrowed = [name for name in wanted if name.partition(".")[2] == GROUP]
        read = cluster.get_all(Ref(_API, _KIND, name) for name in wanted if name not in borrowed)
        return [_crd_facts(live) for live in [*read, *(listed[name] for name in borrowed)] if live]
    except Denied:
        return []


def _of_group(name: str, group: str) -> bool:
    own = name.partition(".")[2]
    return own == group or own.endswith(f".{group}")


def _crd_facts(live: Mapping[str, Any]) -> dict[str, Any]:
    meta = live["metadata"]
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    release = annotations.get("meta.helm.sh/release-name")
    managers = {entry["manager"] for entry in meta.get("managedFields") or [] if not entry.get("subresource")}
    return {
        "name": meta["name"],
        "release": f"{annotations.get('meta.helm.sh/release-namespace')}/{release}" if release else None,
        "managed_by": labels.get("app.kubernetes.io/managed-by"),
        "operators": sorted(label.removeprefix(_OLM) for label in labels if label.startswith(_OLM)),
        "managers": sorted(managers),
        "keeper": managed_by(live).writer,
        "bundle": annotations.get(f"{GROUP}/bundle-version"),
        "channel": annotations.get(f"{GROUP}/channel"),
        "stored_versions": (live.get("status") or {}).get("storedVersions") or [],
    }
