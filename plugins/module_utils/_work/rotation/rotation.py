# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module rotation does, for it and for its action: from a task's options to one step, and to its result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.lease import Hold
from ..._mesh.errors import MeshError
from ..._mesh.objects.change import as_result
from ..._mesh.rotation.expired_root import expired
from ..._mesh.rotation.plan import Report
from ..._pki import x509
from ..chosen_mesh import complete, mesh_of
from ..lease.hold import held, renewed
from ..trust.survey import OPTIONS
from . import step as rotating
from .facts import facts
from .primary import OPTION, primary_of
from .write import StepWork

_TOLD = 50  # laggards by name
_LOOK = 5.0  # seconds between two looks whether the Lease is still held
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


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    if params["step"] == "soak":
        return _soak(held(cluster, params), params["soak"])
    others = [one for one in params["clusters"] if one["standing"]["cluster"] != cluster.name]
    pems = [root["pem"] for one in params["clusters"] for root in (*one["roots"], *(one.get("ignored") or ()))] + [params["target_certificate"]]
    work = StepWork(
        cluster,
        mesh_of(params),
        params,
        held(cluster, params),
        [Report.of(one) for one in others],
        {root.fingerprint: root.pem for root in x509.bundle("\n".join(pems).encode())},
        expired(params["clusters"], _planned(params)) if params["recover"] else frozenset(),
        primary_of(cluster.name, params),
    )
    start = time.monotonic()
    try:
        if params["step"] == "finish":
            return {**as_result(rotating.clean(work)), "seconds": 0.0}
        with renewed(work.hold):
            seen = rotating.advance(work, datetime.now(UTC))
    except MeshError as failed:
        failed.facts.update({**as_result(work.changes), "mended": work.mended})
        raise
    return {**facts(seen, _TOLD), **as_result(work.changes), "mended": work.mended, "seconds": round(time.monotonic() - start, 2)}


def _planned(params: Mapping[str, Any]) -> datetime:
    """When the rotation was planned: what had expired then has expired, and nothing else while it is under way."""
    return datetime.fromisoformat(params["moment"]) if params["moment"] else datetime.now(UTC)


def _soak(hold: Hold | None, seconds: int) -> dict[str, Any]:
    """Nothing is done, under the Lease: a run that comes meanwhile is refused, and one that was taken over from ends here."""
    start = time.monotonic()
    with renewed(hold):
        while (left := seconds - (time.monotonic() - start)) > 0:
            if hold:
                hold.guard()
            time.sleep(min(left, _LOOK))
    if hold:
        hold.guard()
    return {"changed": False, "seconds": round(time.monotonic() - start, 2)}
