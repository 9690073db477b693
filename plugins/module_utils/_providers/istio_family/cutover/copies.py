# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration that only the former revision reads, made readable for the target: istiod passes over objects with another revision's label."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ...._mesh.cutover.orders import Aim, Order
from ...._mesh.cutover.refusals import COPY, UNLABEL
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.write import CREATE, Write
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Live, Object
from ..health.observation import CONFIGURATION
from .injection import REV
from .live_objects import copied, patched
from .observation import UNLABELLED, is_labelled, is_unlabelled, original

# On a copy: the name of what it is a copy of.
COPY_OF = "meshops.lifecycle/cutover-copy-of"


def copies(scene: Scene, aim: Aim, choice: str) -> list[Write]:
    """The writes of the user's choice; none for objects that the target can read already."""
    if choice not in (COPY, UNLABEL):
        return []
    alone = _alone(scene.live, aim)
    return [write for one in alone for write in (_copy(one, aim) if choice == COPY else _unlabel(one, aim))]


def _alone(live: Live, aim: Aim) -> list[Object]:
    there = {(one["kind"], one["metadata"]["namespace"], original(one)) for one in _labelled(live, aim.target)}
    return [one for one in _labelled(live, aim.former) if (one["kind"], one["metadata"]["namespace"], original(one)) not in there]


def _labelled(live: Live, revision: str) -> Iterator[Object]:
    for _group, kind in CONFIGURATION:
        yield from (one for one in live.get(kind, ()) if is_labelled(one) and one["metadata"]["labels"][REV] == revision)


def _copy(one: Object, aim: Aim) -> list[Write]:
    new = copied(one, f"{original(one)}-{aim.target}", **{COPY_OF: original(one)})
    new["metadata"]["labels"][REV] = aim.target
    return [Write(CREATE, Ref.of(new), new)]


def _unlabel(one: Object, aim: Aim) -> list[Write]:
    return patched(one, {"metadata": {"labels": {REV: None, UNLABELLED: aim.former}}})


def labelled_again(order: Order, scene: Scene, _aim: Aim, _moment: str) -> list[Write]:
    """On the way back, what it had before."""
    return [write for one in _unlabelled(scene.live, order.to) if (one["kind"], one["metadata"]["namespace"], one["metadata"]["name"])
            == (order.kind, order.namespace, order.name) for write in patched(one, {"metadata": {"labels": {REV: order.to, UNLABELLED: None}}})]  # fmt: skip


def forgotten(live: Live, revision: str) -> list[Write]:
    """The label stays off. Which one it was says nothing any more."""
    return [write for one in _unlabelled(live, revision) for write in patched(one, {"metadata": {"labels": {UNLABELLED: None}}})]


def _unlabelled(live: Live, revision: str) -> list[Object]:
    known = (one for _group, kind in CONFIGURATION for one in live.get(kind, ()) if is_unlabelled(one))
    return [one for one in known if one["metadata"]["labels"][UNLABELLED] == revision]


def made(live: Live) -> list[Object]:
    """All copies, whatever revision reads them."""
    known = (one for _group, kind in CONFIGURATION for one in live.get(kind, ()) if is_labelled(one))
    return [one for one in known if COPY_OF in (one["metadata"].get("annotations") or {})]


def of(live: Live, revision: str, revisions: Collection[str]) -> list[Ref]:
    """The copies of this revision. What a user labelled stays, although nobody reads it any more; so does the last that is left of an object."""
    left = {(one["kind"], one["metadata"]["namespace"], original(one)) for other in revisions if other != revision for one in _labelled(live, other)}
    own = [one for one in made(live) if one["metadata"]["labels"][REV] == revision]
    return [Ref.of(one) for one in own if (one["kind"], one["metadata"]["namespace"], original(one)) in left]
