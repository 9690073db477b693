# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plane in one cluster: which weights lead its traffic, whether each colour can take it, and the writes that shift it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...._mesh.cutover.planes import Plane, Pods, Side, Split
from ...._mesh.cutover.shifts import PlaneScene, PlaneState, Weighed
from ...._mesh.cutover.write import Write
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.selector import matches
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from . import plane_doors, slices, weights
from .injection import REV
from .pointers import istiod
from .scalers import SCALER
from .workloads import ready

_KINDS = (*weights.SHAPES, slices.KIND)


def plane(cluster: str, namespace: str, plane: Plane) -> Look[PlaneScene]:
    """Look at the objects with its weights, at its control planes, and at the pods that receive its traffic."""
    return Look([*dict.fromkeys(_reads(namespace, plane))], partial(_judge, cluster, namespace, plane))


def _reads(namespace: str, plane: Plane) -> Iterator[Read | Ref]:
    for split in plane.splits:
        if split.kind == slices.KIND:
            yield from slices.refs(split).values()
        elif split.kind in weights.SHAPES:
            yield weights.ref(split)
    for side in plane.sides.values():
        space = side.namespace or namespace
        yield Ref("apps/v1", "Deployment", istiod(side.revision), space)
        yield Ref("v1", "Service", istiod(side.revision), space)
        if side.pods:
            yield Read("v1", "Pod", side.pods.namespace, labels=side.pods.selector)
        yield from plane_doors.reads(side)


def _judge(cluster: str, namespace: str, plane: Plane, live: Live, _answers: Answers) -> PlaneScene:
    weighed = tuple(_weighed(split, live) for split in plane.splits)
    away = {side.colour: why for side in plane.sides.values() if (why := _away(side, side.namespace or namespace, live))}
    unready = {side.colour: why for side in plane.sides.values() if side.pods and (why := _unready(side.pods, live))}
    doors = {side.colour: plane_doors.seen(side, live) for side in plane.sides.values() if side.gateways}
    return PlaneScene(PlaneState(cluster, plane.name, weighed, away, unready, doors), live)


def _weighed(split: Split, live: Live) -> Weighed:
    if split.kind not in _KINDS:
        return Weighed(split.where, fault=f"is of a kind that splits no traffic (such kinds are {', '.join(_KINDS)})")
    if split.kind == slices.KIND:
        return slices.weigh(split, _slices(split, live))
    return weights.weigh(split, _at(live, weights.ref(split)))


def _slices(split: Split, live: Live) -> dict[str, Object]:
    return {colour: one for colour, ref in slices.refs(split).items() if (one := _at(live, ref))}


def _at(live: Live, ref: Ref) -> Object | None:
    return next((one for one in live.get(ref.kind, ()) if (one["metadata"]["namespace"], one["metadata"]["name"]) == (ref.namespace, ref.name)), None)


def _away(side: Side, space: str, live: Live) -> str:
    """Why a control plane does not serve. A remote cluster has only a Service that leads to it."""
    own = istiod(side.revision)
    owner, name = _at(live, Ref("apps/v1", "Deployment", own, space)), f"Deployment {space}/{own}"
    if owner is None:
        return "" if _at(live, Ref("v1", "Service", own, space)) else f"its control plane {side.revision} is not installed: there is no {name}"
    if (owner["metadata"].get("labels") or {}).get(REV, "default") != side.revision:
        return f"{name} is not of its revision {side.revision}"
    return "" if (owner.get("status") or {}).get("readyReplicas") else f"{name} has no replica that is ready"


def _unready(pods: Pods, live: Live) -> str:
    """Why its pods take no traffic: none is ready. Pods that are being deleted take no new connections."""
    wanted = {"matchLabels": dict(pods.labels)}
    chosen = [pod for pod in live.get("Pod", ()) if pod["metadata"]["namespace"] == pods.namespace and not pod["metadata"].get("deletionTimestamp")]
    serving = any(ready(pod) for pod in chosen if matches(wanted, pod["metadata"].get("labels") or {}))
    return "" if serving else f"no pod of namespace {pods.namespace} with {pods.selector} is ready"


def shift(plane: Plane, scene: PlaneScene, colour: str, share: int) -> list[Write]:
    """The writes that give a colour its share, in order. What gives it more already is left alone: a killed run goes on, and takes nothing back."""
    writes: list[Write] = []
    for split, weighed in zip(plane.splits, scene.state.weighed, strict=True):
        if weighed.fault or weighed.reaches(colour, share):
            continue
        if split.kind == slices.KIND:
            writes += slices.shifted(split, _slices(split, scene.live), colour, share)
        elif live := _at(scene.live, weights.ref(split)):
            writes += weights.shifted(split, live, colour, share)
    return writes


def rights(plane: Plane, namespace: str) -> list[dict[str, str]]:
    """To look at a plane, to test its colours, and to shift it: on its own objects only."""
    refs = [one for one in _reads(namespace, plane) if isinstance(one, Ref)]
    gateways = {gateway.where for side in plane.sides.values() for gateway in side.gateways}
    written = [one for one in refs if one.kind in _KINDS or str(one) in gateways]
    scaled = [one for one in _reads(namespace, plane) if isinstance(one, Read) and one.kind == SCALER]
    asked = [test.pods.namespace for side in plane.sides.values() for test in side.tests]
    listed = [*asked, *(side.pods.namespace for side in plane.sides.values() if side.pods)]
    core = [(verb, "pods/portforward", space) for space in asked for verb in ("get", "create")] + [("list", "pods", space) for space in listed]
    return [
        *(_on(verb, ref) for ref in refs for verb in (("get", "patch") if ref in written else ("get",))),
        *({"verb": verb, "group": "", "resource": resource, "namespace": space} for verb, resource, space in dict.fromkeys(core)),
        *({"verb": "list", "group": "autoscaling", "resource": "horizontalpodautoscalers", "namespace": str(one.namespace)} for one in dict.fromkeys(scaled)),
    ]


def _on(verb: str, ref: Ref) -> dict[str, str]:
    small, group = ref.kind.lower(), ref.api_version.rpartition("/")[0]
    plural = f"{small[:-1]}ies" if small.endswith("y") else f"{small}s"
    return {"verb": verb, "group": group, "resource": plural, "namespace": str(ref.namespace), "name": ref.name}
