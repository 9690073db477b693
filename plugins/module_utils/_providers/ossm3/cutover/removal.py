# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes with a revision that nothing follows any more: its Istio, or the revision alone where the Istio has another one."""

from __future__ import annotations

from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.write import Removal, Write
from ...._mesh.objects.change import Ref
from ...._mesh.objects.shapes import Object
from ...istio_family.cutover import copies, notes, retirement
from ...istio_family.cutover.live_objects import patched
from ...istio_family.install.tags import LED_FROM, led_from
from .. import kinds
from ..revisions import REVISION_BASED, suffix
from .kept import owner, owner_of


def removal(scene: Scene, revision: str, namespace: str) -> Removal:
    """First what users' requests do not reach any more, then the control plane, then what it leaves behind. There is no Helm release.

    An Istio that would make the revision again is turned to the other one before: on a way back it still has the version that was tried.
    """
    gateways = [one for one in scene.state.workloads if one.gateway and one.kind == "Deployment"]
    drained, serving = [one for one in gateways if one.drained], {(one.namespace, one.name) for one in gateways if one.replicas}
    revisions = [known.revision for known in scene.state.revisions]
    first = [*retirement.gateways(scene.live, revision, drained, serving), *copies.of(scene.live, revision, revisions)]
    forgotten = [*_turned(scene, revision), *_tags(scene, revision), *notes.forgotten(scene, revision, first), *copies.forgotten(scene.live, revision)]
    return Removal(first, [], [*_gone(scene, revision), *retirement.behind(namespace, revision)], forgotten)


def _gone(scene: Scene, revision: str) -> list[Ref]:
    """Return the revision, behind the Istio if that has no other one. A revision has a finalizer of the operator, so it goes when the operator is through."""
    istio = owner(scene, revision)
    alone = [kinds.ref(kinds.ISTIO, istio)] if istio and not _others(scene, istio, revision) else []
    return [*alone, kinds.ref(kinds.REVISION, revision)]


def _others(scene: Scene, istio: str, revision: str) -> list[Object]:
    return [one for one in scene.live.get(kinds.REVISION, ()) if owner_of(one) == istio and one["metadata"]["name"] != revision]


def _turned(scene: Scene, revision: str) -> list[Write]:
    istio = kinds.named(scene.live, kinds.ISTIO, owner(scene, revision))
    spec = (istio or {}).get("spec") or {}
    based = (spec.get("updateStrategy") or {}).get("type") == REVISION_BASED
    if istio is None or not based or f"{istio['metadata']['name']}{suffix(str(spec.get('version') or ''))}" != revision:
        return []
    others = _others(scene, str(istio["metadata"]["name"]), revision)
    used = [one for one in others if scene.state.users(str(one["metadata"]["name"]))] or others
    return patched(istio, {"spec": {"version": used[0]["spec"]["version"]}}) if used else []


def _tags(scene: Scene, revision: str) -> list[Write]:
    """A later revision of that name is another one."""
    off = {"metadata": {"annotations": {LED_FROM: None}}}
    return [write for one in scene.live.get(kinds.TAG, ()) if led_from(one) == revision for write in patched(one, off)]
