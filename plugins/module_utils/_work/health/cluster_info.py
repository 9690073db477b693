# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module cluster_info does, for it and for its action."""

from __future__ import annotations

import re
from typing import Any

from ..._kube.census import crds, nodes, spaces
from ..._kube.claims import claimed
from ..._kube.cluster import Cluster, Permission
from ..._kube.connect import connect_peer
from ..._mesh.install.claim import Claim
from ..._providers import provider
from ..install import places

_PERMISSION: dict[str, Any] = {"verb": {"required": True}, "group": {"default": ""}, "resource": {"required": True}, "namespace": {}, "name": {}}
_CLAIM: dict[str, Any] = {
    **{name: {"required": True} for name in ("api_version", "kind", "name")},
    **{name: {} for name in ("namespace", "release", "rivals")},
    "key": {"no_log": False},
    "adopt": {"type": "bool", "default": False},
}
TASK: dict[str, Any] = {
    "argument_spec": {
        "kube": {"type": "dict"},
        "permissions": {"type": "list", "elements": "dict", "options": _PERMISSION, "default": []},
        "crds": {"type": "list", "elements": "str", "default": []},
        "spaces": {"type": "list", "elements": "str", "default": []},
        "supply": {},
        "namespace": {},
        "claims": {"type": "list", "elements": "dict", "options": _CLAIM, "default": []},
    }
}


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    """Reads only."""
    mesh = provider(params["supply"]) if params.get("supply") else None
    cluster = connect_peer(params["kube"], dry_run=cluster.dry_run) if params.get("kube") else cluster
    identity = cluster.identity()
    found = re.match(r"v?(\d+)\.(\d+)", identity.version)
    major, minor = (int(part) for part in found.groups()) if found else (0, 0)
    denied = cluster.denied([Permission(**wish) for wish in params["permissions"]])
    return {
        "changed": False,
        "name": cluster.name,
        "server": cluster.server,
        "uid": identity.uid,
        "version": {"git_version": identity.version, "major": major, "minor": minor},
        "nodes": nodes(cluster, minor),
        "openshift": identity.openshift,
        "clock_skew_seconds": identity.skew,
        "denied": [{**vars(permission), "sentence": str(permission)} for permission in denied],
        "crds": crds(cluster, params["crds"]),
        "spaces": spaces(cluster, params.get("spaces") or []),
        "supply": places.named(cluster, mesh, params["namespace"] or mesh.defaults.namespace) if mesh else None,
        "claimed": claimed(cluster, [Claim.of(wish) for wish in params.get("claims") or []]),
    }
