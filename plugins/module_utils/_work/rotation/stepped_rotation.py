# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the work of the module stepped_rotation, in a process of its own or in that of its action: look, or take one step."""

from __future__ import annotations

from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._mesh.errors import MeshError, Refused
from ..._mesh.objects.change import as_result
from ..._mesh.rotation.stepped import BEGIN, FINISH, LOOK
from ..._providers import provider
from ..chosen_mesh import complete
from ..clock import Clock, SystemClock
from ..lease.hold import hold_of, renewed
from ..trust.root import trust_cluster
from ..trust.survey import OPTIONS
from . import stepped
from .request import SteppedRequest
from .stepped_work import SteppedWork

TASK: dict[str, Any] = {
    "argument_spec": {
        "kind": {"type": "str", "required": True},
        "step": {"type": "str", "default": LOOK},
        "timeout": {"type": "int", "default": 600},
        "may_restart": {"type": "bool", "default": False},
        "lease": {"type": "dict"},
        **OPTIONS,
    },
    "prepare": complete,
}


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None, clock: Clock | None = None) -> dict[str, Any]:
    request, ticking, connector = SteppedRequest.of(params), clock or SystemClock(), connect or connect_to
    kind, root = provider(request.authority.provider).stepped(request.kind), request.authority.root
    if not root.trust_cluster and root.source not in ("generated", "secret"):
        raise Refused(f"{cluster.name}: mesh_trust_cluster is not set. Name the cluster that keeps what the clusters of the mesh share.")
    trusted = trust_cluster(cluster, root, connector)
    work = SteppedWork(cluster, trusted, kind, request, hold_of(cluster, request.lease, connector), ticking)
    return _looked(work) if request.step == LOOK else _taken(work)


def _looked(work: SteppedWork) -> dict[str, Any]:
    """Say where the rotation stands. Nothing is remembered: the aim, the Secrets and the product tell."""
    aim = work.aim()
    age = (work.clock.now() - aim.finished).total_seconds() if aim and aim.finished else None
    stands = [(step, *stepped.stand(work, step, aim)) for step in work.steps]
    steps = [{"step": step.name, "says": step.says, "returns": step.returns, "lacks": lacks} for step, lacks, _refusal in stands]
    refusals = list(dict.fromkeys(f"{work.cluster.name}: {refusal}" for _step, _lacks, refusal in stands if refusal))
    return {"changed": False, "cluster": work.cluster.name, "under_way": bool(aim and aim.under_way), "age": age, "steps": steps, "refusals": refusals}


def _taken(work: SteppedWork) -> dict[str, Any]:
    start = work.clock.monotonic()
    try:
        with renewed(work.hold):
            _take(work)
    except MeshError as failed:
        failed.facts.update({**as_result(work.did.changes), "ordered": work.did.ordered})
        raise
    done = {"step": work.request.step, "lacks": [], "ordered": work.did.ordered, "seconds": round(work.clock.monotonic() - start, 2)}
    return {**as_result(work.did.changes), **done, "changed": work.did.changed}


def _take(work: SteppedWork) -> None:
    known = {step.name: step for step in work.steps}
    if work.request.step == BEGIN:
        stepped.begin(work)
    elif work.request.step == FINISH:
        stepped.finish(work)
    elif work.request.step in known:
        stepped.take(work, known[work.request.step])
    else:
        fault = f"the rotation {work.request.kind} has no step {work.request.step}"
        raise Refused(f"{work.cluster.name}: {fault}. It has {', '.join(known)}.")
