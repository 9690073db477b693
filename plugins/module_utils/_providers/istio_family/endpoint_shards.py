# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints that an istiod knows of clusters, from its answer to /debug/endpointShardz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ENDPOINTS = "/debug/endpointShardz"
_REGISTRY = "Kubernetes/"  # and the name of the cluster


def endpoints(shards: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[Mapping[str, Any]]]]:
    """Yield the cluster, the service as namespace/name, and its endpoints there. What comes from elsewhere than a cluster is left out."""
    found = ((f"{space}/{service}", registries) for service, spaces in shards.items() for space, registries in spaces.items())
    for service, registries in found:
        for registry, there in (registries.get("Shards") or {}).items():
            if registry.startswith(_REGISTRY):
                yield registry.removeprefix(_REGISTRY), service, there or ()
