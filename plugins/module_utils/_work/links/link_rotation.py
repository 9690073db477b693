# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a task's options to the rotation of one cluster's credential, and to its result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import connect_peer
from ..._mesh.errors import MeshError
from ..._mesh.links.sight import Sight
from ..._mesh.objects.change import Ref, as_result
from ..._providers import PROVIDERS
from ..lease.hold import held
from .replace import Relinking, relink

_CONSUMER: dict[str, Any] = {"name": {"required": True}, "kube": {"type": "dict", "required": True}, "cluster_uid": {}}
TASK: dict[str, Any] = dict(
    argument_spec={
        "provider": {"choices": sorted(PROVIDERS), "default": "istio"},
        "mesh": {"required": True},
        "namespace": {"default": "istio-system"},
        "server": {},
        "tls_server_name": {},
        "ca": {},
        "consumers": {"type": "list", "elements": "dict", "required": True, "options": _CONSUMER},
        "adopt": {"type": "bool", "default": False},
        "min_age": {"type": "int", "default": 3600},
        "may_restart": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 600},
        "token_timeout": {"type": "int", "default": 30, "no_log": False},
        "lease": {"type": "dict"},
    },
)

_AT_ONCE = 16


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        consumers = list(pool.map(lambda wish: _reach(wish, cluster.dry_run), params["consumers"]))
    work = Relinking(cluster, consumers, PROVIDERS[params["provider"]], params, held(cluster, params))
    start = time.monotonic()
    try:
        steps = relink(work)
    except MeshError as failed:
        failed.facts.update(as_result(work.changes))
        raise
    return {
        **as_result(work.changes),
        **({"changed": bool(steps)} if cluster.dry_run else {}),
        "steps": [f"{cluster.name}: {step}" for step in steps],
        "seen": [_facts(sight) for sight in work.now],
        "restarted": work.restarted,
        "seconds": round(time.monotonic() - start, 2),
        "warnings": work.warnings,
    }


def _reach(wish: Mapping[str, Any], dry_run: bool) -> Cluster:
    """A consumer that is out of reach ends it before the first write: it would be left with a token that is revoked."""
    consumer = connect_peer({**wish["kube"], "cluster": wish["name"], "cluster_uid": wish["cluster_uid"]}, dry_run=dry_run)
    consumer.get(Ref("v1", "Namespace", "kube-system"))
    return consumer


def _facts(sight: Sight) -> dict[str, Any]:
    counts = {"services": len(sight.endpoints), "endpoints": sum(sight.endpoints.values())}
    return {"cluster": sight.viewer, "pod": sight.pod, "synced": sight.synced, **counts, "gateways": sorted(sight.gateways)}
