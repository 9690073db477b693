# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module rotation_target does, for it and for its action."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.objects.change import as_result
from ..._mesh.rotation.age import stale
from ..._mesh.rotation.leaving import leaving
from ..._mesh.trust.name_constraints import signed_for
from ..chosen_mesh import complete, mesh_of
from ..lease.hold import held
from ..trust.survey import OPTIONS
from .target import aim, settle

TASK: dict[str, Any] = dict(
    argument_spec={
        "state": {"choices": ["chosen", "settled"], "default": "chosen"},
        "clusters": {"type": "list", "elements": "dict", "default": []},
        "min_age": {"type": "int", "default": 3600},
        "rollback": {"type": "bool", "default": False},
        "renew_intermediates": {"type": "bool", "default": False},
        "retire_roots": {"type": "list", "elements": "str", "default": []},
        "target": {"type": "str"},
        "leaving": {"type": "list", "elements": "str", "default": []},
        "lease": {"type": "dict"},
        **OPTIONS,
    },
    required_if=[("state", "settled", ("target",))],
    prepare=complete,
)


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    hold = held(cluster, params)
    if hold:
        hold.guard()
    now = datetime.now(UTC)
    if params["state"] == "settled":
        return as_result(settle(cluster, params, now, hold.guard if hold else lambda: None))
    bears = signed_for(params["trust_domain"], mesh_of(params).trust.sans(params["namespace"], params["trust_domain"]))
    choice, certificate, changes = aim(cluster, params, now, bears)
    return {
        "fingerprint": choice.fingerprint,
        "certificate": certificate,
        "says": choice.says,
        "unsettled": choice.unsettled,
        "leaving": leaving(choice.fingerprint, params["clusters"], choice.between, params["retire_roots"], now),
        "stale": stale(params["clusters"], now, timedelta(seconds=params["min_age"])) if params["renew_intermediates"] else [],
        "moment": now.isoformat(),
        **as_result(changes),
    }
