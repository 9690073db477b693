# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module ca_info does, for it and for its action."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..chosen_mesh import complete, mesh_of
from .survey import OPTIONS, facts, survey

TASK: dict[str, Any] = dict(
    argument_spec=OPTIONS,
    prepare=complete,
)


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    mesh = mesh_of(params).trust
    seen = survey(cluster, mesh, params, datetime.now(UTC))
    return {
        "changed": False,
        "action": seen.decision.action,
        "findings": [one.sentence for one in seen.decision.objections],
        "reasons": [one.reason for one in seen.decision.objections],
        **facts(cluster.name, seen),
    }
