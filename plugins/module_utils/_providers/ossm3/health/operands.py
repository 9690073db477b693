# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operator says of its objects, as facts. Images may be named by digest, so a revision's version is the one that its IstioRevision has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...._mesh.health.health import ControlPlaneRevision
from ...._mesh.health.revision_tag import Tag
from ...._mesh.objects.shapes import Live, Object
from ...istio_family.install.tags import led_from
from .. import kinds


def _version(one: Object) -> str:
    return str((one.get("spec") or {}).get("version") or "").removeprefix("v")


def planes(seen: Sequence[ControlPlaneRevision], live: Live, namespace: str) -> list[ControlPlaneRevision]:
    """Return the control planes with the operator's reason where one is not ready, and those of which nothing runs yet."""
    own = {str(one["metadata"]["name"]): one for one in of_namespace(live, namespace)}
    known = [_plane(plane, own.get(plane.revision)) for plane in seen]
    missing = [one for name, one in own.items() if name not in {plane.revision for plane in seen} and not _remote(one)]
    return [*known, *(ControlPlaneRevision(str(one["metadata"]["name"]), _version(one), 1, 0, *_why(one)) for one in missing)]


def of_namespace(live: Live, namespace: str) -> list[Object]:
    return [one for one in live.get(kinds.REVISION, ()) if (one.get("spec") or {}).get("namespace") == namespace]


def _remote(one: Object) -> bool:
    """Return whether the control plane is in another cluster."""
    values = (one.get("spec") or {}).get("values") or {}
    return values.get("profile") == "remote" or bool((values.get("istiodRemote") or {}).get("enabled"))


def _plane(plane: ControlPlaneRevision, one: Object | None) -> ControlPlaneRevision:
    if one is None:
        return plane
    known = replace(plane, version=_version(one) or plane.version)
    if known.ready >= max(known.desired, 1) or known.reason:
        return known
    reason, lasting = _why(one)
    return replace(known, reason=reason, lasting=lasting)


def _why(one: Object) -> tuple[str, bool]:
    said = kinds.final(one)
    return (f"the operator gives it up: {said}", True) if said else (f"its IstioRevision {kinds.lacks(one, 'Reconciled', 'Ready') or 'is ready'}", False)


def of_operator(one: Object) -> bool:
    """Return whether the operator made an object. It writes that back, and this is how it should be: nobody is to change it there."""
    return any(str(owner.get("apiVersion", "")).startswith(f"{kinds.GROUP}/") for owner in one["metadata"].get("ownerReferences") or [])


def faults(live: Live, namespace: str) -> list[str]:
    """Return what the operator says is wrong with its objects, as half sentences; what a control plane lacks is said of that.

    A cluster may have several meshes, and a tag of another one is no fault of this one.
    """
    found = []
    for one in live.get(kinds.ISTIO, ()):
        if (one.get("spec") or {}).get("namespace") == namespace and (said := kinds.final(one)):
            found.append(f"the operator gives up Istio {one['metadata']['name']}: {said}")
    for one in live.get(kinds.TAG, ()):
        reconciled, leads_to = kinds.condition(one, "Reconciled"), (one.get("status") or {}).get("istiodNamespace")
        if reconciled.get("status") == "False" and leads_to in (None, "", namespace):
            found.append(f"IstioRevisionTag {one['metadata']['name']} {kinds.words(reconciled)}")
    for one in (*live.get(kinds.CNI, ()), *live.get(kinds.ZTUNNEL, ())):
        if lack := kinds.lacks(one, "Reconciled", "Ready"):
            found.append(f"{one['kind']} {one['metadata']['name']} {lack}")
    return found


def tags(seen: Sequence[Tag], live: Live) -> list[Tag]:
    """A tag of the operator has the halves that the operator gives it. The note of a cutover is on the IstioRevisionTag: the halves are the operator's."""
    own = {str(one["metadata"]["name"]): one for one in live.get(kinds.TAG, ())}
    corrected = [_tag(tag, led_from(own[tag.name])) if tag.name in own else tag for tag in seen]
    missing = [(name, _leads(one), led_from(one)) for name, one in own.items() if name not in {tag.name for tag in seen}]
    return [*corrected, *(Tag(name, leads, "", "", note) for name, leads, note in missing if leads)]


def _tag(tag: Tag, note: str) -> Tag:
    return replace(tag, lacks="", webhook_from=note, service_from=note if tag.service else "")


def _leads(one: Object) -> str:
    return str((one.get("status") or {}).get("istioRevision") or "")
