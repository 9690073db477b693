# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module rotation_info does, for it and for its action."""

from __future__ import annotations

from typing import Any

from ..._kube.cluster import Cluster
from ..chosen_mesh import MESH_OPTIONS, complete, mesh_of
from .facts import facts
from .observe import observe
from .primary import OPTION, primary_of
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


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    """Reads only."""
    mesh = mesh_of(params)
    seen = observe(cluster, mesh, params["namespace"], primary_of(cluster.name, params))
    quirks = [f"{plane.name} {plane.version}, {said}" for plane in seen.planes for said in plane.quirks]
    told = facts(seen, params["limit"], params["mesh"] or "")
    told |= connected(cluster, mesh, params["namespace"], seen, params["limit"])
    return {"changed": False, "clock_skew_seconds": cluster.identity().skew, **told, "quirks": quirks, "warnings": [seen.tracked] if seen.tracked else []}
