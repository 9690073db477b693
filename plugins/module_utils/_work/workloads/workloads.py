# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give workloads the proxy of their mesh, and take it from those that the inventory names no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.contract.workloads import Workloads
from ..._mesh.errors import MeshError, NotReady, Refused
from ..._mesh.install.wish import ControlPlane
from ..._mesh.objects.change import Change, Ref, as_result
from ..._mesh.objects.condition import Condition
from ..._mesh.objects.shapes import Manifest, Object
from ..._mesh.workloads import part
from ..._mesh.workloads.service_wish import OWNER, ServiceSet
from ..._providers import provider
from ..clock import Clock, SystemClock
from ..install.due import complete
from ..restart import forbidden, why_held_back
from .chosen import ServiceWorkload, chosen, standing

_NAME = {"required": True}
_PORT = {"type": "int", "required": True}
_SERVICE: dict[str, Any] = dict(
    service=_NAME,
    namespace=_NAME,
    port=_PORT,
    kind=dict(choices=["Deployment", "DaemonSet", "StatefulSet"]),
    name=dict(),
    labels=dict(type="dict"),
    protocol=dict(),
    health_path=dict(),
    upstreams=dict(type="list", elements="dict", options=dict(service=_NAME, port=_PORT, cluster=dict())),
    callers=dict(type="list", elements="dict", options=dict(service=_NAME, cluster=dict())),
)
TASK: dict[str, Any] = dict(
    argument_spec=dict(
        wish=dict(type="dict", required=True),
        services=dict(type="list", elements="dict", default=[], options=_SERVICE),
        set=dict(default="inventory"),
        wait_timeout=dict(type="int", default=300),
    ),
)
_WAVE = 8


@dataclass(frozen=True)
class Request:
    """The services of one set, the mesh that they belong to, and how long the task waits for each step."""

    wish: ControlPlane
    services: ServiceSet
    timeout: float

    @classmethod
    def of(cls, params: Mapping[str, Any], cluster: str) -> Request:
        wish = ControlPlane.of(params["wish"])
        return cls(wish, ServiceSet.of(cluster, params["set"], params["services"]), params["wait_timeout"])


@dataclass(frozen=True)
class _Part:
    """A workload, and what the mesh is to own of it; with nothing in it, the workload leaves."""

    workload: Object
    manifest: Manifest


def reconcile(cluster: Cluster, params: dict[str, Any], clock: Clock | None = None) -> dict[str, Any]:
    """Refuse, rehearse, make identities, join, let others leave, and remove the identities of these, in this order. A killed run is resumed by the next."""
    request, clock = Request.of(params, cluster.name), clock or SystemClock()
    story = _story(cluster.name, request)
    named, absent = chosen(cluster, request.services)
    joining = _joining(cluster, story, request, named)
    leaving = [_Part(one, part.nothing(one)) for one in standing(cluster, request.services.name, [one.workload for one in named])]
    rehearsed = _rehearsed(cluster, [*joining, *leaving])
    first = complete(cluster, story.due(request.wish, request.services), request.timeout, clock)
    changes = [*first.changes, *_written(cluster, joining, rehearsed, request), *_written(cluster, leaving, rehearsed, request)]
    last = complete(cluster, story.spare(request.wish, request.services), request.timeout, clock)
    ordered = [*first.ordered, *last.ordered]
    unknown = [f"{cluster.name}: what the services need cannot be told yet: {first.unknown}."] if first.unknown else []
    result = as_result([*changes, *last.changes])
    notices = [notice for one in joining for notice in part.notices(cluster.name, one.workload, one.manifest)]
    return {**result, "changed": result["changed"] or bool(ordered), "ordered": ordered, "notices": [*absent, *notices], "warnings": unknown}


def _story(cluster: str, request: Request) -> Workloads:
    mesh = provider(request.wish.provider)
    if mesh.stories.workloads is None:
        raise Refused(f"{cluster}: {mesh.name} gives workloads their proxies itself. Remove mesh_workloads, and use the labels of {mesh.name}.")
    return mesh.workloads


def _joining(cluster: Cluster, story: Workloads, request: Request, named: Sequence[ServiceWorkload]) -> list[_Part]:
    """Return the parts of all workloads. Refuse everything that speaks against any of them at once."""
    parts, faults = [], []
    for one in named:
        try:
            made = story.joined(request.wish, one.service, one.workload)
        except Refused as refused:
            faults.append(str(refused))
            continue
        faults += part.faults(cluster.name, one.workload, made)
        parts.append(_Part(one.workload, part.marked(made, request.services.name)))
    if faults:
        raise Refused(" ".join(faults), findings=faults)
    return parts


def _rehearsed(cluster: Cluster, parts: Sequence[_Part]) -> dict[Ref, Change]:
    """Let the server judge all of them before the first write, and return what would change."""
    return {change.ref: change for change in cluster.apply_part([one.manifest for one in parts], OWNER, rehearsal=True)} if parts else {}


def _written(cluster: Cluster, parts: Sequence[_Part], rehearsed: Mapping[Ref, Change], request: Request) -> list[Change]:
    """Write some workloads at a time, and wait until their pods are new. A workload that a budget forbids to restart waits for another run."""
    if cluster.dry_run:
        return [rehearsed[Ref.of(one.workload)] for one in parts]
    changes: list[Change] = []
    held_back = [one for one in parts if rehearsed[Ref.of(one.workload)].changed and forbidden(cluster, Ref.of(one.workload))]
    free = [one for one in parts if one not in held_back]
    for start in range(0, len(free), _WAVE):
        try:
            made = cluster.apply_part([one.manifest for one in free[start : start + _WAVE]], OWNER)
            changes += made
            cluster.settle([Condition(change.ref, "rollout") for change in made], request.timeout)
        except MeshError as failed:
            failed.facts.setdefault("changed", any(change.changed for change in changes))
            raise
    if held_back:
        why = why_held_back(Ref.of(one.workload) for one in held_back)
        raise NotReady(f"{cluster.name}: {why}, so their pods were not replaced. Run again when the budget allows one.", **as_result(changes))
    return changes
