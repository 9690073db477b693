# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module lease does, for it and for its action."""

from __future__ import annotations

from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import connect_peer
from ..._kube.lease import LeaseWish, release, take
from ..._mesh.errors import Refused
from ..._mesh.lease.lease import Lease, ref, told
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


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    if params["duration"] < 1 or (params["holder"] is not None and not params["holder"].strip()):
        raise Refused(f"{cluster.name}: a Lease needs a holder with a name, and a duration of a second or more.")
    where = ref(params["mesh"], params["namespace"])
    keeper = connect_peer(params["kube"], dry_run=cluster.dry_run) if params.get("kube") else cluster
    if params["state"] == "held":
        wish = LeaseWish(params["holder"] or run_name(), params["duration"], params["break_holder"] or "", params["at_least"])
        taken = take(keeper, where, wish)
        return {"holder": taken.holder, "epoch": taken.epoch, "took_over": taken.took_over, **as_result(taken.changes)}
    if params["state"] == "shown":
        found = Lease.of(keeper.get(where))
        return {"changed": False, "holder": found.holder, "epoch": found.epoch, "took_over": False, "says": told(keeper.name, params["mesh"], found)}
    (change,) = keeper.delete([where]) if params["state"] == "absent" else [_released(keeper, where, params)]
    left = Lease.of(change.after)
    return {"holder": left.holder, "epoch": left.epoch, "took_over": False, **as_result([change])}


def _released(keeper: Cluster, where: Ref, params: dict[str, Any]) -> Change:
    return release(keeper, where, params["break_holder"] or params["holder"], broken=bool(params["break_holder"]))
