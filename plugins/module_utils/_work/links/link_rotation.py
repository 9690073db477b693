# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotate the credential with which others discover one cluster."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._mesh.errors import MeshError
from ..._mesh.links.sight import Sight
from ..._mesh.objects.change import as_result
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from ..clock import Clock, SystemClock
from ..lease.hold import hold_of
from .replace import Replacement, replace
from .request import RotationRequest, reached

_CONSUMER: dict[str, Any] = {"name": {"required": True}, "kube": {"type": "dict", "required": True}, "cluster_uid": {}}
TASK: dict[str, Any] = dict(
    argument_spec={
        **MESH_OPTIONS,
        "mesh": {"required": True},
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
    prepare=complete,
)

_AT_ONCE = 16


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None, clock: Clock | None = None) -> dict[str, Any]:
    request, ticking, connector = RotationRequest.of(params), clock or SystemClock(), connect or connect_to
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        # An unreachable consumer ends the run before the first write. Otherwise it would keep a token that the run revokes.
        consumers = list(pool.map(lambda other: reached(other, connector, cluster.dry_run), request.consumers))
    work = Replacement(cluster, consumers, provider(request.provider), request, ticking, hold_of(cluster, request.lease, connector))
    start = ticking.monotonic()
    try:
        steps = replace(work)
    except MeshError as failed:
        failed.facts.update(as_result(work.changes))
        raise
    return {
        **as_result(work.changes),
        **({"changed": bool(steps)} if cluster.dry_run else {}),
        "steps": [f"{cluster.name}: {step}" for step in steps],
        "seen": [_facts(sight) for sight in work.now],
        "restarted": work.restarted,
        "seconds": round(ticking.monotonic() - start, 2),
        "warnings": work.warnings,
    }


def _facts(sight: Sight) -> dict[str, Any]:
    counts = {"services": len(sight.endpoints), "endpoints": sum(sight.endpoints.values())}
    return {"cluster": sight.viewer, "pod": sight.pod, "synced": sight.synced, **counts, "gateways": sorted(sight.gateways)}
