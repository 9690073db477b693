# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes that lead a tag or the default rule to another revision. A tag that is missing is made, as the install makes it."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from ...._mesh.cutover.orders import Aim, Order
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.write import CREATE, Write
from ...._mesh.errors import Refused
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live, Manifest, Object
from ..install import tags
from . import pointers
from .injection import REV
from .live_objects import labelled, replaced

_HOOKS, _TAG = "MutatingWebhookConfiguration", "istio.io/tag"


def service(order: Order, scene: Scene, aim: Aim, _moment: str) -> list[Write]:
    """A Service that is missing comes from where the webhook of its tag does, which may lead to the target already."""
    there = labelled(scene.live, "Service", {_TAG: order.name})
    if there:
        return replaced(there[0], pointers.service(there[0], order.to, order.away(aim)))
    own = next((tag for tag in scene.state.tags if tag.name == order.name), None)
    former = own.webhook_from if own and own.webhook == order.to else order.away(aim)
    return [_made(one, former) for one in _manifests(order, scene) if one["kind"] == "Service"]


def webhook(order: Order, scene: Scene, aim: Aim, _moment: str) -> list[Write]:
    there = labelled(scene.live, _HOOKS, {_TAG: order.name})
    if there:
        return replaced(there[0], _led(there[0], order, scene, order.away(aim)))
    (made,) = [one for one in _manifests(order, scene) if one["kind"] == _HOOKS]
    for each in made["webhooks"]:
        each["clientConfig"] = copy.deepcopy(_client(order, scene))
    return [_made(made, aim.former)]


def _led(live: Object, order: Order, scene: Scene, former: str | None) -> Manifest:
    """A webhook that is reached by a URL says nothing about its revision there, so it is reached as the target's own is."""
    changed = pointers.webhook(live, order.to, former)
    for each in changed.get("webhooks") or []:
        if not each["clientConfig"].get("service"):
            each["clientConfig"] = copy.deepcopy(_client(order, scene))
    return changed


def narrowed(_order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    serving = [one for one in scene.live.get(_HOOKS, ()) if pointers.serves_default_rule(one)]
    return [write for one in serving for write in replaced(one, pointers.narrow(one))]


def _made(manifest: Manifest, former: str | None) -> Write:
    return Write(CREATE, Ref.of(manifest), pointers.noted(manifest, former) if former else manifest)


def _manifests(order: Order, scene: Scene) -> list[Manifest]:
    config = _client(order, scene)
    space = str((config.get("service") or {}).get("namespace") or "istio-system")
    version = scene.state.version(order.to)
    return tags.manifests(ControlPlane(scene.state.cluster, "", version=version, revision=order.to, tags=(order.name,), namespace=space))


def _client(order: Order, scene: Scene) -> Object:
    """How the target's own webhook is reached, with its CA: a webhook without that CA would refuse pods until istiod has filled it in."""
    own = injectors(scene.live, order.to)
    if not own:
        cluster = scene.state.cluster
        raise Refused(f"{cluster}: the revision {order.to} has no injection webhook, so the tag {order.name} cannot lead to it. Install {order.to} first.")
    return dict(own[0]["webhooks"][0]["clientConfig"])


def injectors(live: Live, revision: str) -> Sequence[Object]:
    """The webhooks of a revision itself, not of a tag."""
    return [one for one in labelled(live, _HOOKS, {REV: revision}) if _TAG not in one["metadata"]["labels"] and one.get("webhooks")]
