# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge whether a gateway may leave: another one serves behind the same Service, and the Service sends it traffic."""

from __future__ import annotations

from ..._mesh.cutover.observed import GATEWAY_API, MeshWorkload
from ..._mesh.cutover.orders import Order, serves_for, stem
from ..._mesh.cutover.scene import Scene
from ..._mesh.objects.change import Ref
from .write import CutoverWork


def may_leave(work: CutoverWork, scene: Scene, order: Order) -> str:
    """Return why it may not yet; empty if it may."""
    leaving = next((one for one in scene.state.workloads if (one.namespace, one.kind, one.name) == (order.namespace, order.kind, order.name)), None)
    if leaving is None:
        return ""
    if leaving.gateway == GATEWAY_API:
        return _may_sleep(work, scene, leaving)
    aim = work.request.aim
    behind = [one for one in scene.state.behind_service[leaving.entrance] if one.replicas and one is not leaving and not serves_for(one, aim.former)]
    coming = [one for one in behind if one.following.revision == order.to and stem(one.name, aim) == stem(order.name, aim)]
    if not coming:
        return f"nothing of {order.to} serves behind {leaving.entrance} yet"
    late = [one for one in coming if not one.made.get(order.to) or not one.moved(order.to)]
    return f"{late[0].where} is not ready and in sync with {order.to} yet" if late else _unserved(work, coming, leaving.service)


def _may_sleep(work: CutoverWork, scene: Scene, leaving: MeshWorkload) -> str:
    """Of a Gateway and the one that stands in for it, the other one serves everything that this one does, by whichever revision."""
    pair = [one for one in scene.state.behind_service[leaving.entrance] if leaving.name in (one.second_of, one.name) or one.name == leaving.second_of]
    coming = [one for one in pair if one is not leaving and one.replicas]
    if not coming:
        return f"nothing serves in the place of {leaving.where} yet"
    other, revision = coming[0], coming[0].following.revision
    if not other.made.get(revision) or not other.moved(revision):
        return f"{other.where} is not ready and in sync with {revision} yet"
    for listener, routes in leaving.attached.items():
        if (there := other.attached.get(listener, 0)) < routes:
            return f"the listener {listener} of {other.where} has {there} of {routes} routes yet"
    return _unserved(work, coming, leaving.reached)


def _unserved(work: CutoverWork, coming: list[MeshWorkload], service: str) -> str:
    """A gateway without a Service is reached by the ports of its nodes."""
    if not service:
        return ""
    space = coming[0].namespace
    slices = work.cluster.list("discovery.k8s.io/v1", "EndpointSlice", space, labels={"kubernetes.io/service-name": service})
    endpoints = [endpoint for one in slices for endpoint in one.get("endpoints") or []]
    serving = {(each.get("targetRef") or {}).get("name") for each in endpoints if (each.get("conditions") or {}).get("ready") is not False}
    for one in coming:
        if missing := sorted(_pods(work, one) - serving):
            return f"Service {space}/{service} does not send traffic to {', '.join(missing)} yet"
    return ""


def _pods(work: CutoverWork, one: MeshWorkload) -> set[str]:
    kind, name = ("Deployment", one.deployment) if one.deployment else (one.kind, one.name)
    owner = work.cluster.get(Ref("apps/v1", kind, name, one.namespace)) or {}
    labels = ((owner.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    pods = work.cluster.list("v1", "Pod", one.namespace, labels=labels) if labels else []
    return {str(pod["metadata"]["name"]) for pod in pods if not pod["metadata"].get("deletionTimestamp")}
