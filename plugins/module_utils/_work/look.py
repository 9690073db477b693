# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists what a provider wants to read in a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .._kube.cluster import Cluster
from .._mesh.question import Read

Live = dict[str, list[dict[str, Any]]]


def listed(cluster: Cluster, reads: Sequence[Read]) -> Live:
    """All that is read, by kind. A second connection takes longer than to wait for the answer on the first."""
    with ThreadPoolExecutor(max_workers=8 if len(reads) > 2 else 1) as pool:
        found = pool.map(lambda r: cluster.list(r.api_version, r.kind, r.namespace, labels=r.labels, fields=r.fields, metadata_only=r.metadata_only), reads)
        live: Live = {}
        for read, objects in zip(reads, found, strict=True):
            live.setdefault(read.kind, []).extend(objects)
    return live
