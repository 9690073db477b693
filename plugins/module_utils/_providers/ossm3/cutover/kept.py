# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lets the operator keep both revisions for as long as a cutover may need them."""

from __future__ import annotations

from ...._mesh.cutover.orders import Aim
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.write import Write
from ...._mesh.objects.shapes import Object
from ...istio_family.cutover.live_objects import patched
from .. import kinds
from ..install.control_plane import GRACE
from ..revisions import REVISION_BASED

_PERIOD = "inactiveRevisionDeletionGracePeriodSeconds"
# What the operator takes where nothing is said.
_USUAL = 30


def kept(scene: Scene, aim: Aim) -> list[Write]:
    """Return the writes that raise the grace period of an Istio which has left one of both revisions: the operator would collect that half a minute after
    its last workload moved, and there would be no way back."""
    owners = {owner(scene, revision) for revision in aim.both} - {""}
    found = [kinds.named(scene.live, kinds.ISTIO, name) for name in sorted(owners)]
    return [write for one in found if one and _short(one) for write in patched(one, {"spec": {"updateStrategy": {_PERIOD: GRACE}}})]


def _short(istio: Object) -> bool:
    strategy = (istio.get("spec") or {}).get("updateStrategy") or {}
    return strategy.get("type") == REVISION_BASED and int(strategy.get(_PERIOD, _USUAL)) < GRACE


def owner(scene: Scene, revision: str) -> str:
    """Return the Istio that controls a revision; empty if there is none."""
    return owner_of(kinds.named(scene.live, kinds.REVISION, revision))


def owner_of(revision: Object | None) -> str:
    owners = (revision or {}).get("metadata", {}).get("ownerReferences") or []
    return next((str(one["name"]) for one in owners if one.get("kind") == kinds.ISTIO), "")
