# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the work of the module ca_info, in a process of its own or in that of its action."""

from __future__ import annotations

from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._providers import provider
from ..chosen_mesh import complete
from ..clock import Clock, SystemClock
from .request import AuthorityRequest
from .survey import OPTIONS, facts, survey

TASK: dict[str, Any] = dict(
    argument_spec=OPTIONS,
    prepare=complete,
)


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None, clock: Clock | None = None) -> dict[str, Any]:
    request = AuthorityRequest.of(params)
    seen = survey(cluster, provider(request.provider).trust, request, (clock or SystemClock()).now(), connect or connect_to)
    return {
        "changed": False,
        "action": seen.decision.action,
        "findings": [one.sentence for one in seen.decision.objections],
        "reasons": [one.reason for one in seen.decision.objections],
        **facts(cluster.name, seen),
    }
