# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of namespaces on an API server that runs alone: it has no controller that would empty them, so a deleted one is there for ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref


def removed(cluster: Cluster, objects: Iterable[Mapping[str, Any]]) -> None:
    """Delete objects, and their namespaces to the end, as a fixture has to that pytest sets up again.

    It does so when a worker that is through with its share takes over tests of a file from which it has already run some.
    """
    send = cluster._server.transport.request
    refs = [Ref.of(one) for one in objects]
    for pod in (one for one in refs if one.kind == "Pod"):
        send("DELETE", f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}", body={"gracePeriodSeconds": 0})  # no kubelet ends it
    cluster.delete([one for one in refs if one.kind not in ("Pod", "Namespace")])
    for space in (one for one in refs if one.kind == "Namespace"):
        cluster.delete([space])
        if live := cluster.get(space):
            ended(cluster, live)


def ended(cluster: Cluster, space: Mapping[str, Any]) -> None:
    """Let a namespace go that is being deleted, as its controller does when nothing is left in it."""
    path = f"/api/v1/namespaces/{space['metadata']['name']}/finalize"
    answer = cluster._server.transport.request("PUT", path, body={**space, "spec": {"finalizers": []}})
    if not answer.ok:
        raise MeshError(f"{path}: {answer.body!r}")
