# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes of one order, from the objects that were read."""

from __future__ import annotations

from collections.abc import Callable

from ...._mesh.cutover import orders
from ...._mesh.cutover.observed import MeshWorkload
from ...._mesh.cutover.orders import Aim, Order
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.write import EVICT, Write
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition
from ...._mesh.objects.shapes import Manifest, Object
from . import copies, entrance, pointing, second_gateway, turning, validating
from .injection import hooks
from .live_objects import named, patched
from .workloads import ended, made_by, owner

_ROLLOUT, _GATEWAY = "Rollout", "Gateway"
Writer = Callable[[Order, Scene, Aim, str], list[Write]]


def writes(order: Order, scene: Scene, aim: Aim, moment: str) -> list[Write]:
    """In the order in which they are made. `moment` is written where a template has to differ so that its pods start anew."""
    of_kind = _OF_GATEWAYS if order.kind == _GATEWAY else _WRITERS
    return of_kind[order.what](order, scene, aim, moment)


def _object(order: Order, scene: Scene) -> Object | None:
    return named(scene.live, order.kind, order.namespace, order.name)


def _turned(order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    live = _object(order, scene)
    tags = {hook.tag: hook.revision for hook in hooks(scene.live.get("MutatingWebhookConfiguration", ())) if hook.tag}
    return patched(live, turning.turn(live, order.to, tags, order.undoes)) if live else []


def _restored(order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    live = _object(order, scene)
    return patched(live, turning.restore(live)) if live else []


def _pinned(order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    return patched(_object(order, scene), turning.pin(order.to))


def _unpinned(order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    return patched(_object(order, scene), turning.unpin())


def _handed_over(order: Order, scene: Scene, aim: Aim, _moment: str) -> list[Write]:
    live = _object(order, scene) if second_gateway.may_change(order, scene) else None
    return patched(live, turning.hand_over(order.to, order.away(aim)))


def _relabelled(order: Order, scene: Scene, aim: Aim, _moment: str) -> list[Write]:
    live = _object(order, scene)
    return patched(live, turning.relabel(order.to, order.away(aim)), restarts=True, then=[_through(live)]) if live else []


def _restarted(order: Order, scene: Scene, _aim: Aim, moment: str) -> list[Write]:
    """Nothing while a rollout that the target serves is under way: a run was killed after it had asked for it."""
    live = _object(order, scene)
    if live is None or _under_way(live, _workload(order, scene), order.to):
        return []
    body: Manifest = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": moment}}}}}
    if order.kind == _ROLLOUT:
        body = {"spec": {"restartAt": moment}}
        return patched(live, body, restarts=True, then=[Condition(Ref.of(live), "field", path="status.restartedAt", value=moment)])
    return patched(live, body, restarts=True, then=[_through(live)])


def _through(live: Object) -> Condition:
    """When all pods are of the new template. A Rollout of Argo says so by its phase."""
    if live["kind"] == _ROLLOUT:
        return Condition(Ref.of(live), "field", path="status.phase", value="Healthy")
    return Condition(Ref.of(live), "rollout")


def _workload(order: Order, scene: Scene) -> MeshWorkload | None:
    place = (order.namespace, order.kind, order.name)
    return next((known for known in scene.state.workloads if (known.namespace, known.kind, known.name) == place), None)


def _under_way(live: Object, workload: MeshWorkload | None, target: str) -> bool:
    """Whether its pods of the newest template are just those that the target made, and others are still to follow."""
    status, meta = live.get("status") or {}, live["metadata"]
    if live["kind"] == _ROLLOUT:
        asked = (live.get("spec") or {}).get("restartAt")
        return bool(asked) and asked != status.get("restartedAt")
    made = workload.made.get(target, 0) if workload else 0
    if str(status.get("observedGeneration", 0)) != str(meta.get("generation", 0)):
        return True
    updated = status.get("updatedNumberScheduled") if live["kind"] == "DaemonSet" else status.get("updatedReplicas")
    present = status.get("currentNumberScheduled") if live["kind"] == "DaemonSet" else status.get("replicas")
    return int(updated or 0) == made < int(present or 0)


def _evicted(order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    """One write for each pod that the target did not make."""
    place = (order.namespace, order.kind, order.name)
    behind = [pod for pod in scene.live.get("Pod", ()) if not ended(pod) and made_by(pod) not in ("", order.to) and owner(pod) == place]
    return [Write(EVICT, Ref.of(pod), {}, pod, restarts=True) for pod in behind]


_WRITERS: dict[str, Writer] = {
    orders.PIN: _pinned,
    orders.TURN: _turned,
    orders.RESTORE: _restored,
    orders.RELABEL: _relabelled,
    orders.RESTART: _restarted,
    orders.EVICT: _evicted,
    orders.RAISE: entrance.raised,
    orders.DRAIN: entrance.drained,
    orders.REJOIN: entrance.rejoined,
    orders.HAND_OVER: _handed_over,
    orders.UNPIN: _unpinned,
    orders.POINT_SERVICE: pointing.service,
    orders.POINT_WEBHOOK: pointing.webhook,
    orders.NARROW: pointing.narrowed,
    orders.LABEL: copies.labelled_again,
    orders.VALIDATE: validating.validated,
}
# Pods of a Gateway are istiod's to make.
_OF_GATEWAYS: dict[str, Writer] = {
    **_WRITERS,
    orders.RAISE: second_gateway.raised,
    orders.DRAIN: second_gateway.drained,
    orders.REJOIN: second_gateway.rejoined,
    orders.REMOVE: second_gateway.removed,
}
