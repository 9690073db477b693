# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the work of the module lease, in a process of its own or in that of its action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._kube.lease import LeaseWish, release, take
from ..._mesh.connection import Connection
from ..._mesh.errors import Refused
from ..._mesh.lease.lease import Lease, holder_sentence, ref
from ..._mesh.objects.change import Change, Ref, as_result
from .hold import run_name

TASK: dict[str, Any] = dict(
    argument_spec=dict(
        state=dict(choices=["held", "released", "absent", "shown"], default="held"),
        mesh=dict(required=True),
        holder=dict(),
        kube=dict(type="dict"),
        duration=dict(type="int", default=60),
        break_holder=dict(),
        at_least=dict(type="int", default=0),
        namespace=dict(default="meshops-system"),
    ),
    required_if=[("state", "released", ("holder", "break_holder"), True)],
)


@dataclass(frozen=True)
class Request:
    """What a task wants of the Lease of a mesh. `trust_cluster` is None if that is the task's own cluster."""

    state: str
    where: Ref
    mesh: str
    holder: str
    duration: int
    break_holder: str
    at_least: int
    trust_cluster: Connection | None

    @classmethod
    def of(cls, params: Mapping[str, Any], cluster: str) -> Request:
        if params["duration"] < 1 or (params["holder"] is not None and not params["holder"].strip()):
            raise Refused(f"{cluster}: a Lease needs a holder with a name, and a duration of a second or more.")
        return cls(
            state=params["state"],
            where=ref(params["mesh"], params["namespace"]),
            mesh=params["mesh"],
            holder=params["holder"] or "",
            duration=params["duration"],
            break_holder=params["break_holder"] or "",
            at_least=params["at_least"],
            trust_cluster=Connection.of_task(params["kube"], peer=True) if params.get("kube") else None,
        )


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None) -> dict[str, Any]:
    request = Request.of(params, cluster.name)
    trusted = (connect or connect_to)(request.trust_cluster, dry_run=cluster.dry_run) if request.trust_cluster else cluster
    if request.state == "held":
        wish = LeaseWish(request.holder or run_name(), request.duration, request.break_holder, request.at_least)
        taken = take(trusted, request.where, wish)
        return {"holder": taken.holder, "epoch": taken.epoch, "took_over": taken.took_over, **as_result(taken.changes)}
    if request.state == "shown":
        lease = Lease.of(trusted.get(request.where))
        says = holder_sentence(trusted.name, request.mesh, lease)
        return {"changed": False, "holder": lease.holder, "epoch": lease.epoch, "took_over": False, "says": says}
    (change,) = trusted.delete([request.where]) if request.state == "absent" else [_released(trusted, request)]
    left = Lease.of(change.after)
    return {"holder": left.holder, "epoch": left.epoch, "took_over": False, **as_result([change])}


def _released(trusted: Cluster, request: Request) -> Change:
    return release(trusted, request.where, request.break_holder or request.holder, broken=bool(request.break_holder))
