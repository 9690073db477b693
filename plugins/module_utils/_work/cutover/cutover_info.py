# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the work of the module cutover_info, in a process of its own or in that of its action."""

from __future__ import annotations

from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._providers import provider
from ..chosen_mesh import MESH_OPTIONS, complete
from .facts import facts
from .fresh import PRIMARY_CONNECTION, FreshLook
from .request import LookRequest

TASK: dict[str, Any] = {"argument_spec": {**MESH_OPTIONS, **PRIMARY_CONNECTION}, "prepare": complete}


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None) -> dict[str, Any]:
    """Read, and change nothing."""
    request = LookRequest.of(params)
    scene = FreshLook(cluster, provider(request.provider).cutover, request.namespace, request.primary, connect).scene()
    return {"changed": False, **facts(scene)}
