# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the work of the module rotation_target, in a process of its own or in that of its action."""

from __future__ import annotations

from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._mesh.objects.change import as_result
from ..._mesh.rotation.age import stale
from ..._mesh.rotation.leaving import leaving
from ..._mesh.trust.name_constraints import signed_for
from ..._providers import provider
from ..chosen_mesh import complete
from ..clock import Clock, SystemClock
from ..lease.hold import hold_of
from ..trust.survey import OPTIONS
from .request import TargetRequest
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


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None, clock: Clock | None = None) -> dict[str, Any]:
    request, connector = TargetRequest.of(params), connect or connect_to
    authority = request.authority
    authority.require_key_type(cluster.name)
    hold = hold_of(cluster, request.lease, connector)
    if hold:
        hold.guard()
    now = (clock or SystemClock()).now()
    if request.state == "settled":
        return as_result(settle(cluster, request, now, connector, hold.guard if hold else lambda: None))
    bears = signed_for(authority.trust_domain, provider(authority.provider).trust.needs(authority.namespace, authority.trust_domain).sans)
    choice, certificate, changes = aim(cluster, request, now, connector, bears)
    return {
        "fingerprint": choice.fingerprint,
        "certificate": certificate,
        "says": choice.says,
        "unsettled": choice.unsettled,
        "leaving": leaving(choice.fingerprint, request.clusters, choice.between, request.retire_roots, now),
        "stale": stale(request.clusters, now, request.min_age) if request.renew_intermediates else [],
        "moment": now.isoformat(),
        **as_result(changes),
    }
