# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find objects in a cluster that name a registry or chart repository that shuts down."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.contract.provider import Provider
from ..._mesh.errors import Denied
from ..._mesh.objects.change import Ref
from ..._mesh.question import Answers, Read
from ..look import listed

_AT_ONCE = 8


def named(cluster: Cluster, mesh: Provider, namespace: str) -> dict[str, Any]:
    """Return these objects, and the kinds that the credential may not list. Only reads."""
    retired = mesh.install.retired(namespace)
    live, unread = _live(cluster, retired.reads)
    return {"named": [reference.as_dict() for reference in retired.judge(live, Answers())], "unread": unread}


def _live(cluster: Cluster, reads: Sequence[Read | Ref]) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        lists = dict(zip((read.kind for read in reads), pool.map(lambda read: _list(cluster, read), reads), strict=True))
    return {kind: objects for kind, objects in lists.items() if objects is not None}, [kind for kind, objects in lists.items() if objects is None]


def _list(cluster: Cluster, read: Read | Ref) -> list[dict[str, Any]] | None:
    try:
        return listed(cluster, [read])[read.kind]
    except Denied:
        return None
