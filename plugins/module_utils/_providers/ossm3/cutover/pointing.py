# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What leads a tag to another revision: its IstioRevisionTag names that, and the operator leads both halves."""

from __future__ import annotations

from ...._mesh.cutover import orders
from ...._mesh.cutover.orders import Aim, Order
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.write import CREATE, Write
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition
from ...._mesh.objects.shapes import Object
from ...istio_family.cutover import writes as family
from ...istio_family.cutover.live_objects import labelled, patched
from ...istio_family.install.tags import LED_FROM, led_from
from .. import kinds

_HALVES = ("MutatingWebhookConfiguration", "Service")


def writes(order: Order, scene: Scene, aim: Aim, moment: str) -> list[Write]:
    """Return what carries out an order. A tag that another tool made has no IstioRevisionTag, and is led as everywhere in the family."""
    if order.what not in (orders.POINT_SERVICE, orders.POINT_WEBHOOK):
        return family.writes(order, scene, aim, moment)
    there = kinds.named(scene.live, kinds.TAG, order.name)
    if there is not None:
        return _led(there, order, aim)
    foreign = [one for kind in _HALVES for one in labelled(scene.live, kind, {"istio.io/tag": order.name})]
    return family.writes(order, scene, aim, moment) if foreign else [_made(order, aim)]


def _led(there: Object, order: Order, aim: Aim) -> list[Write]:
    """One write leads both halves, so the order for the other half finds nothing to do."""
    note, wanted = order.away(aim), _target(order)
    if (there.get("spec") or {}).get("targetRef") == wanted and led_from(there) == (note or ""):
        return []
    body = {"metadata": {"annotations": {LED_FROM: note}}, "spec": {"targetRef": wanted}}
    return patched(there, body, then=[_follows(Ref.of(there), order)])


def _made(order: Order, aim: Aim) -> Write:
    made = kinds.manifest(kinds.TAG, order.name, {"targetRef": _target(order)})
    if note := order.away(aim):
        made["metadata"]["annotations"] = {LED_FROM: note}
    return Write(CREATE, Ref.of(made), made, then=[_follows(Ref.of(made), order)])


def _target(order: Order) -> dict[str, str]:
    return {"kind": kinds.REVISION, "name": order.to}


def _follows(ref: Ref, order: Order) -> Condition:
    return Condition(ref, "field", path="status.istioRevision", value=order.to)
