# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the work of the module rotation_info, in a process of its own or in that of its action."""

from __future__ import annotations

from typing import Any

from ..._kube.cluster import Cluster
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from ..clock import Clock, SystemClock
from .facts import facts
from .observe import observe
from .primary import OPTION, primary_of
from .request import InfoRequest
from .served import connected

TASK: dict[str, Any] = {
    "argument_spec": {
        **MESH_OPTIONS,
        "mesh": {},
        "limit": {"type": "int", "default": 50},
        **OPTION,
    },
    "prepare": complete,
}


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None) -> dict[str, Any]:
    """Read, and change nothing."""
    request, ticking = InfoRequest.of(params), clock or SystemClock()
    mesh = provider(request.provider)
    seen = observe(cluster, mesh, request.namespace, ticking, primary_of(cluster.name, request.primary))
    quirks = [f"{plane.name} {plane.version}, {said}" for plane in seen.planes for said in plane.quirks]
    result = facts(seen, request.limit, ticking.now(), request.mesh)
    result |= connected(cluster, mesh, request.namespace, seen, request.limit)
    return {"changed": False, "clock_skew_seconds": cluster.identity().skew, **result, "quirks": quirks, "warnings": [seen.tracked] if seen.tracked else []}
