# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the work of the module rotation, in a process of its own or in that of its action: read the options, do one step, and return its result."""

from __future__ import annotations

from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector, connect_to
from ..._kube.lease import Hold
from ..._kube.waiting import waiting
from ..._mesh.errors import MeshError
from ..._mesh.objects.change import as_result
from ..._mesh.rotation.expired_root import expired
from ..._mesh.rotation.plan import Report
from ..._pki import x509
from ..._providers import provider
from ..chosen_mesh import complete
from ..clock import Clock, SystemClock
from ..lease.hold import hold_of, renewed
from ..trust.survey import OPTIONS
from . import step as rotating
from .facts import facts
from .primary import OPTION, primary_of
from .request import StepRequest
from .write import StepWork

_SHOWN = 50  # laggards in the result
_LOOK = 5.0  # seconds between two checks of the Lease
TASK: dict[str, Any] = {
    "argument_spec": {
        "step": {"choices": ["introduce", "reissue", "soak", "retire", "finish"], "required": True},
        "target": {"type": "str"},
        "target_certificate": {"type": "str", "default": ""},
        "clusters": {"type": "list", "elements": "dict"},
        "leaving": {"type": "list", "elements": "str", "default": []},
        "stale": {"type": "list", "elements": "str", "default": []},
        "moment": {"type": "str"},
        "soak": {"type": "int", "default": 0},
        "recover": {"type": "bool", "default": False},
        "may_restart": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 600},
        "lease": {"type": "dict"},
        **OPTION,
        **OPTIONS,
    },
    "required_if": [("step", step, ("target", "clusters")) for step in ("introduce", "reissue", "retire", "finish")],
    "prepare": complete,
}


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None, clock: Clock | None = None) -> dict[str, Any]:
    request, ticking, connector = StepRequest.of(params), clock or SystemClock(), connect or connect_to
    hold = hold_of(cluster, request.lease, connector)
    if request.step == "soak":
        return _soak(hold, request.soak, ticking)
    request.authority.require_key_type(cluster.name)
    work = _work(cluster, request, hold, connector, ticking)
    start = ticking.monotonic()
    try:
        if request.step == "finish":
            return {**as_result(rotating.clean(work)), "seconds": 0.0}
        with renewed(work.hold):
            seen = rotating.advance(work, ticking.now())
    except MeshError as failed:
        failed.facts.update({**as_result(work.changes), "mended": work.mended})
        raise
    result = {"step": request.step, "mended": work.mended, "seconds": round(ticking.monotonic() - start, 2)}
    return {**facts(seen, _SHOWN, ticking.now()), **as_result(work.changes), **result}


def _work(cluster: Cluster, request: StepRequest, hold: Hold | None, connect: Connector, clock: Clock) -> StepWork:
    """Expired roots are those that had expired when the rotation was planned. A root that expires while the rotation is under way is not one of them."""
    pems = [root["pem"] for one in request.clusters for root in (*one["roots"], *(one.get("ignored") or ()))] + [request.target_certificate]
    return StepWork(
        cluster,
        provider(request.authority.provider),
        request,
        hold,
        connect,
        clock,
        [Report.of(one) for one in request.clusters if one["standing"]["cluster"] != cluster.name],
        {root.fingerprint: root.pem for root in x509.bundle("\n".join(pems).encode())},
        expired(request.clusters, request.planned or clock.now()) if request.recover else frozenset(),
        primary_of(cluster.name, request.primary),
    )


def _soak(hold: Hold | None, seconds: int, clock: Clock) -> dict[str, Any]:
    """Wait under the Lease. Another run is refused meanwhile, and a run that lost the Lease ends here."""
    start = clock.monotonic()
    with renewed(hold), waiting() as say:
        while (left := seconds - (clock.monotonic() - start)) > 0:
            if hold:
                hold.guard()
            say(f"{left:.0f} s of the soak are left")
            clock.sleep(min(left, _LOOK))
    if hold:
        hold.guard()
    return {"changed": False, "seconds": round(clock.monotonic() - start, 2)}
