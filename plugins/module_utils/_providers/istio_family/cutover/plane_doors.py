# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gateways of a plane's colours: how many pods they have, what forbids to change that, and the patch that does."""

from __future__ import annotations

from collections.abc import Iterator

from ...._mesh.cutover.planes import Plane, PlaneGateway, Side, other
from ...._mesh.cutover.shifts import Door, PlaneScene
from ...._mesh.cutover.write import PATCH, Write
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition
from ...._mesh.objects.managed_by import managed_by
from ...._mesh.objects.shapes import Live, Manifest, Object
from ...._mesh.question import Read
from .live_objects import named
from .scalers import SCALER, replicas, rouser

# How many pods a gateway had before a cutover took them. It stands on the Deployment, so that a killed run and the way back know it.
REPLICAS = "meshops.lifecycle/cutover-replicas"


def reads(side: Side) -> Iterator[Read | Ref]:
    for gateway in side.gateways:
        yield Ref("apps/v1", "Deployment", gateway.name, gateway.namespace)
        yield Read("autoscaling/v2", "HorizontalPodAutoscaler", gateway.namespace)


def seen(side: Side, live: Live) -> tuple[Door, ...]:
    return tuple(_door(gateway, live) for gateway in side.gateways)


def _door(gateway: PlaneGateway, live: Live) -> Door:
    there = named(live, "Deployment", gateway.namespace, gateway.name)
    if there is None:
        return Door(gateway.where, fault="does not exist; mend gateways in mesh_planes")
    return Door(gateway.where, replicas(there), managed_by(there).writer, rouser(live.get(SCALER, ()), there))


def written(plane: Plane, scene: PlaneScene, colour: str, opened: bool) -> list[Write]:
    """One patch for each that stands otherwise. With the pods goes the record of their number, and with the record they come back."""
    writes = []
    for number, gateway in enumerate(plane.sides[colour].gateways):
        there = named(scene.live, "Deployment", gateway.namespace, gateway.name)
        if there is not None and bool(replicas(there)) != opened:
            body = _opened(there, _twin(plane, scene, colour, number)) if opened else _closed(there)
            writes.append(Write(PATCH, Ref.of(there), body, there, then=[Condition(Ref.of(there), "rollout")]))
    return writes


def _closed(there: Object) -> Manifest:
    return {"metadata": {"annotations": {REPLICAS: str(replicas(there))}}, "spec": {"replicas": 0}}


def _opened(there: Object, twin: int) -> Manifest:
    """As many as it had, or as its twin of the other colour has: meanwhile that one may have needed more."""
    record = str((there["metadata"].get("annotations") or {}).get(REPLICAS) or "")
    return {"metadata": {"annotations": {REPLICAS: None}}, "spec": {"replicas": max(int(record) if record.isdecimal() else 1, twin, 1)}}


def _twin(plane: Plane, scene: PlaneScene, colour: str, number: int) -> int:
    side = plane.sides.get(other(colour))
    if side is None or number >= len(side.gateways):
        return 0
    there = named(scene.live, "Deployment", side.gateways[number].namespace, side.gateways[number].name)
    return replicas(there) if there is not None else 0
