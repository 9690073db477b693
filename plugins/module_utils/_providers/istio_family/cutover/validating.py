# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let the target validate what users write, after its own webhook has answered."""

from __future__ import annotations

import copy

from ...._mesh.cutover.orders import Aim, Order
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.write import TRY, Write
from ...._mesh.errors import Refused
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live, Manifest, Object
from ..install import validator
from .injection import REV
from .live_objects import labelled, replaced
from .pointers import istiod, noted

_KIND = "ValidatingWebhookConfiguration"
_DENIED = "denied the request"


def validated(order: Order, scene: Scene, aim: Aim, _moment: str) -> list[Write]:
    """First a faulty object that the target's own webhook has to refuse: one that does not answer may let everything pass. A remote cluster has none."""
    default, former = validator.webhook(scene.live), order.away(aim)
    own = _of(scene.live, order.to)
    if own is None and not scene.state.served_by:
        told = f"{scene.state.cluster}: the revision {order.to} has no validating webhook of its own, so nobody knows whether it would answer"
        raise Refused(f"{told}. Install {order.to} with global.configValidation, and run again.")
    written = replaced(default, _leading(default, own, order.to, former)) if default else []
    return [*([_tried(own, order.to)] if own and written else []), *written]


def _of(live: Live, revision: str) -> Object | None:
    names = [one for one in labelled(live, _KIND, {REV: revision}) if one["metadata"]["name"] != validator.kept().ref.name]
    return next((one for one in names if one.get("webhooks")), None)


def _leading(default: Object, own: Object | None, target: str, former: str | None) -> Manifest:
    """The webhook as it is found, leading to the target, with the CA that the target serves under, and its URL if it is reached by one."""
    changed = copy.deepcopy(dict(default))
    changed["metadata"].setdefault("labels", {})[REV] = target
    client = own["webhooks"][0]["clientConfig"] if own else {}
    for each in changed.get("webhooks") or []:
        if each["clientConfig"].get("service"):
            each["clientConfig"]["service"]["name"] = istiod(target)
        for part in ("caBundle", "url"):
            if part in client and (part == "caBundle" or part in each["clientConfig"]):
                each["clientConfig"][part] = client[part]
    return noted(changed, former) if changed != dict(default) else changed


def _tried(own: Object, target: str) -> Write:
    """Whatever the CRD allows and istiod does not: the sidecars of a mesh cannot have routes for every host."""
    service = own["webhooks"][0]["clientConfig"].get("service") or {}
    meta = {"name": "meshops-cutover-trial", "namespace": str(service.get("namespace") or "istio-system"), "labels": {REV: target}}
    spec = {"hosts": ["*"], "http": [{"route": [{"destination": {"host": "meshops-cutover-trial.invalid"}}]}]}
    faulty = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta, "spec": spec}
    return Write(TRY, Ref.of(faulty), faulty, refused_by=_DENIED)
