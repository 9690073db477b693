# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tokens by which others discover a cluster: which there are, and what the newest says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .._kube.cluster import Cluster
from .._mesh.change import Ref
from .._mesh.errors import NotReady
from .._mesh.federation import Credential


def issued(cluster: Cluster, mesh: Any, namespace: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The Secrets with tokens that links are made with, oldest first, and those of the same account that they are not made with; without content."""
    read = mesh.tokens(namespace)
    found = cluster.list(read.api_version, read.kind, read.namespace, fields=read.fields, metadata_only=read.metadata_only)
    return sorted(filter(mesh.generation, found), key=mesh.generation), list(filter(mesh.stray, found))


def newest(cluster: Cluster, mesh: Any, namespace: str, server: str, tls_server_name: str) -> Credential | None:
    """The newest that is filled in, so that a link that a rotation has changed stays as it is. None where there is none."""
    for one in reversed(issued(cluster, mesh, namespace)[0]):
        found: Credential | None = mesh.credential(cluster.name, server, tls_server_name, cluster.get(Ref.of(one)))
        if found:
            return found
    return None


def awaited(cluster: Cluster, ref: Ref, read: Callable[[], Credential | None], timeout: float, meanwhile: Callable[[], None]) -> Credential:
    """The cluster's token controller fills a Secret in within a moment, if it runs."""
    deadline = time.monotonic() + timeout
    while True:
        found = read()
        if found:
            return found
        if time.monotonic() > deadline:
            raise NotReady(
                f"{cluster.name}: the Secret {ref.namespace}/{ref.name} got no token within {timeout} s. "
                f"Look whether its service account is there and the cluster's token controller runs."
            )
        meanwhile()
        time.sleep(0.2)
