# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module ca does, for the module and for the action that does without it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.objects.change import as_result
from ..._mesh.trust.issuing import ISSUE, LEAVE
from ..chosen_mesh import complete, mesh_of
from .survey import OPTIONS, establish, facts

TASK: dict[str, Any] = {"argument_spec": OPTIONS, "prepare": complete}


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    mesh = mesh_of(params).trust
    seen, changes = establish(cluster, mesh, params, datetime.now(UTC))
    action = {ISSUE: "issued", LEAVE: "left"}.get(seen.decision.action, "kept")
    return {"action": action, **facts(cluster.name, seen), **as_result(changes)}
