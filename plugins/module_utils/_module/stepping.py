# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module rotation does, for it and for its action: from a task's options to one step, and to its result."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from .._kube.cluster import Cluster
from .._mesh.change import as_result
from .._mesh.errors import MeshError
from .._mesh.recovery import expired
from .._mesh.rotation import Report
from .._pki import x509
from .._providers import PROVIDERS
from . import rotating
from .authority import OPTIONS
from .served import OPTION, primary_of
from .telling import facts
from .tenure import held, renewed

_TOLD = 50  # laggards by name
TASK: dict[str, Any] = {
    "argument_spec": {
        "provider": {"choices": sorted(PROVIDERS), "default": "istio"},
        "step": {"choices": ["introduce", "reissue", "retire", "finish"], "required": True},
        "target": {"type": "str", "required": True},
        "target_certificate": {"type": "str", "default": ""},
        "clusters": {"type": "list", "elements": "dict", "required": True},
        "stale": {"type": "list", "elements": "str", "default": []},
        "recover": {"type": "bool", "default": False},
        "may_restart": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 600},
        "lease": {"type": "dict"},
        **OPTION,
        **OPTIONS,
    }
}


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    others = [one for one in params["clusters"] if one["standing"]["cluster"] != cluster.name]
    pems = [root["pem"] for one in params["clusters"] for root in (*one["roots"], *(one.get("ignored") or ()))] + [params["target_certificate"]]
    work = rotating.Rotation(
        cluster,
        PROVIDERS[params["provider"]],
        params,
        held(cluster, params),
        [Report.of(one) for one in others],
        {root.fingerprint: root.pem for root in x509.bundle("\n".join(pems).encode())},
        expired(params["clusters"], datetime.now(UTC)) if params["recover"] else frozenset(),
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
