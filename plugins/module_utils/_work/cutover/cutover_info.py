# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the work of the module cutover_info, in a process of its own or in that of its action."""

from __future__ import annotations

from typing import Any

from ..._kube.cluster import Cluster
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from ..look import look
from .facts import facts
from .request import PRIMARY_OPTION, LookRequest

TASK: dict[str, Any] = {"argument_spec": {**MESH_OPTIONS, **PRIMARY_OPTION}, "prepare": complete}


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    """Read, and change nothing."""
    request = LookRequest.of(params)
    scene = look(cluster, provider(request.provider).cutover.scene(cluster.name, request.namespace, request.primary))
    return {"changed": False, **facts(scene)}
