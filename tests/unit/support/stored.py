# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that an API server stores, for comparisons of before and after."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster

# What servers, controllers and kubelets write by themselves at any time.
RESTLESS = frozenset(["APIService", "ComponentStatus", "Endpoints", "EndpointSlice", "Event", "FlowSchema", "Lease", "Node", "PriorityLevelConfiguration"])

_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


def stored(cluster: Cluster, without: Collection[str] = RESTLESS) -> dict[str, str]:
    """The version of every object of every kind, by `Kind namespace/name`."""
    found = {}
    for kind, path in _kinds(cluster):
        if kind not in without:
            for item in _read(cluster, path, _METADATA).get("items") or []:
                meta = item["metadata"]
                space = f"{meta['namespace']}/" if meta.get("namespace") else ""
                found[f"{kind} {space}{meta['name']}"] = f"{meta['uid']} {meta['resourceVersion']}"
    return found


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """What happened to each object, in the words of a module's result."""
    made = dict.fromkeys(after.keys() - before.keys(), "created")
    gone = dict.fromkeys(before.keys() - after.keys(), "deleted")
    return made | gone | {name: "updated" for name in before.keys() & after.keys() if before[name] != after[name]}


def _kinds(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Each kind once, with the path of its list."""
    groups = _read(cluster, "/apis")["groups"]
    for root in ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)]:
        for resource in _read(cluster, root).get("resources") or []:
            if "/" not in resource["name"] and "list" in resource["verbs"]:
                yield resource["kind"], f"{root}/{resource['name']}"


def _read(cluster: Cluster, path: str, accept: str = "application/json") -> dict[str, Any]:
    answer = cluster._server.transport.request("GET", path, accept=accept)
    return dict(json.loads(answer.body)) if answer.ok else {}
