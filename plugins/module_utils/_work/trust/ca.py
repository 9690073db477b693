# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the work of the module ca, in a process of its own or in that of its action."""

from __future__ import annotations

from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._mesh.objects.change import as_result
from ..._mesh.trust.issuing import ISSUE, LEAVE
from ..._providers import provider
from ..chosen_mesh import complete
from ..clock import Clock, SystemClock
from .prepare import missing, prepare
from .request import AuthorityRequest
from .survey import OPTIONS, establish, facts

TASK: dict[str, Any] = {"argument_spec": OPTIONS, "prepare": complete}


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None, clock: Clock | None = None) -> dict[str, Any]:
    request, ticking = AuthorityRequest.of(params), clock or SystemClock()
    mesh, connector = provider(request.provider).trust, connect or connect_to
    lacks = missing(cluster, mesh, request)
    seen, changes = establish(cluster, mesh, request, connector, ticking)
    changes = [*changes, *prepare(cluster, lacks, request, connector, ticking.now())]
    action = {ISSUE: "issued", LEAVE: "left"}.get(seen.decision.action, "kept")
    return {"action": action, **facts(cluster.name, seen), **as_result(changes)}
