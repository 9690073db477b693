# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the facts of one cluster, for module cluster_info and its action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._kube.census import crds, nodes, spaces
from ..._kube.claims import claimed
from ..._kube.cluster import Cluster, Permission
from ..._kube.connect import Connector, connect_to
from ..._mesh.connection import Connection
from ..._mesh.contract.provider import Provider
from ..._mesh.cutover.observed import NOTHING
from ..._mesh.cutover.stray import strays
from ..._mesh.errors import Denied
from ..._mesh.install import versions
from ..._mesh.install.claim import Claim
from ..._providers import provider
from ..install import places
from ..install.stage_refusals import refusals
from ..look import look

_PERMISSION: dict[str, Any] = {"verb": {"required": True}, "group": {"default": ""}, "resource": {"required": True}, "namespace": {}, "name": {}}
_CLAIM: dict[str, Any] = {
    **{name: {"required": True} for name in ("api_version", "kind", "name")},
    **{name: {} for name in ("namespace", "release", "rivals", "completed_by", "label", "value")},
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
        "wish": {"type": "dict", "default": {}},
        "wish_state": {"choices": ["present", "absent"], "default": "present"},
        "claims": {"type": "list", "elements": "dict", "options": _CLAIM, "default": []},
    }
}


@dataclass(frozen=True)
class Request:
    """What a task wants to know of a cluster. `elsewhere` is the cluster to ask, if that is not the task's own. `wish` is the control plane to come or go."""

    elsewhere: Connection | None
    permissions: tuple[Permission, ...]
    crds: tuple[str, ...]
    spaces: tuple[str, ...]
    supply: str
    namespace: str
    claims: tuple[Claim, ...]
    wish: Mapping[str, Any]
    absent: bool = False

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Request:
        return cls(
            elsewhere=Connection.of_task(params["kube"], peer=True) if params.get("kube") else None,
            permissions=tuple(Permission(**wish) for wish in params["permissions"]),
            crds=tuple(params["crds"]),
            spaces=tuple(params.get("spaces") or ()),
            supply=params.get("supply") or "",
            namespace=params.get("namespace") or "",
            claims=tuple(Claim.of(wish) for wish in params.get("claims") or ()),
            wish=params.get("wish") or {},
            absent=params.get("wish_state") == "absent",
        )


def reconcile(cluster: Cluster, params: dict[str, Any], connect: Connector | None = None) -> dict[str, Any]:
    """Return the facts. Only reads."""
    request = Request.of(params)
    mesh = provider(request.supply) if request.supply else None
    cluster = (connect or connect_to)(request.elsewhere, dry_run=cluster.dry_run) if request.elsewhere else cluster
    identity = cluster.identity()
    major, minor = versions.minor(identity.version) or (0, 0)
    denied = cluster.denied(request.permissions)
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
        "crds": crds(cluster, request.crds),
        "spaces": spaces(cluster, request.spaces),
        "supply": places.named(cluster, mesh, request.namespace or mesh.defaults.namespace) if mesh else None,
        "stray": _stray(cluster, mesh, request.namespace or mesh.defaults.namespace) if mesh else [],
        "claimed": claimed(cluster, request.claims),
        "refused": [] if denied else refusals(cluster, request.wish, request.absent),
    }


def _stray(cluster: Cluster, mesh: Provider, namespace: str) -> list[str]:
    """What leads pods astray, as half sentences, and what nobody may look at. Pods are read only where a namespace is injected."""
    if not mesh.stories.cutover:
        return []
    try:
        state = look(cluster, mesh.cutover.standing(cluster.name, namespace))
    except Denied as denied:
        return [f"{_unread(cluster, denied)} labels, revision tags and webhooks that lead pods astray"]
    if all(space.following.rule == NOTHING for space in state.spaces):
        return strays(state)
    try:
        return strays(look(cluster, mesh.cutover.standing(cluster.name, namespace, pods=True)))
    except Denied as denied:
        return [*strays(state), f"{_unread(cluster, denied)} pods that run without a proxy"]


def _unread(cluster: Cluster, denied: Denied) -> str:
    """What is denied, without the API server's own words, which name the user."""
    told = str(denied).removeprefix(f"{cluster.name}: ").partition(":")[0].rstrip(".")
    return f"the credential is {told}, so nobody looked for"
