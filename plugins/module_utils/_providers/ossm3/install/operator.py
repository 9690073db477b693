# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the operator of a cluster can and will install what is wanted, seen before the first write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from ...._mesh.install.due import Due
from ...._mesh.install.versions import dotted
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.managed_by import managed_by
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from .. import kinds
from ..revisions import IN_PLACE, placed, version
from . import ambient, versions
from .platform import of_openshift

SUBSCRIPTION = Read("operators.coreos.com/v1alpha1", "Subscription")
_PACKAGES = ("servicemeshoperator3", "sailoperator")
_CLUSTER_VERSION = Ref("config.openshift.io/v1", "ClusterVersion", "version")
_OURS = "meshops.lifecycle"


def able(wish: ControlPlane) -> Look[Due]:
    """Look at what the operator serves and at its objects. It refuses what the operator would refuse, or would take and end in an error."""
    crd = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", kinds.CRD)
    openshift = [_CLUSTER_VERSION] if wish.platform == "openshift" else []
    agents = [Ref(crd.api_version, crd.kind, ambient.CRD)] if ambient.wanted(wish) else []
    return Look([crd, SUBSCRIPTION, *kinds.reads(), *openshift, *agents], partial(_able, wish))


def _able(wish: ControlPlane, live: Live, _answers: Answers) -> Due:
    said = next(_refusals(wish, live), "")
    return Due(refusal=f"{said}." if said else "")


def _refusals(wish: ControlPlane, live: Live) -> Iterator[str]:
    crd = kinds.named(live, "CustomResourceDefinition", kinds.CRD)
    if crd is None:
        yield f"the API server does not serve {kinds.CRD}, so no operator would install Istio; run meshops.lifecycle.operator first"
        return
    offered = _offered(crd)
    wanted = version(wish.version)
    if wanted and offered and wanted not in offered:
        yield f"the operator does not know Istio {wanted} (the newest that it knows is {offered[0]}); choose another mesh_version, or upgrade the operator"
    for installed in installed_by(live):
        if said := versions.ended(installed, wish.version):
            yield said
    yield from _unfit_openshift(live)
    yield from ambient.unfit(wish, live)
    yield from _taken(wish, live)
    yield from _of_tags(wish, live)


def _offered(crd: Object) -> list[str]:
    """Return the versions that the API server takes, the newest first as the operator lists them."""
    for one in (crd.get("spec") or {}).get("versions") or []:
        if one.get("name") == "v1":
            tree = (one.get("schema") or {}).get("openAPIV3Schema") or {}
            for key in ("spec", "version"):
                tree = (tree.get("properties") or {}).get(key) or {}
            return [str(each) for each in tree.get("enum") or []]
    return []


def installed_by(live: Live) -> list[str]:
    """Return the names of the operator's installed ClusterServiceVersions, by its Subscriptions; none if it came by a chart."""
    return [str((one.get("status") or {}).get("installedCSV") or "") for one in subscriptions(live)]


def subscriptions(live: Live) -> Iterable[Object]:
    return [one for one in live.get("Subscription", ()) if (one.get("spec") or {}).get("name") in _PACKAGES]


def _unfit_openshift(live: Live) -> Iterator[str]:
    seen = of_openshift(next(iter(live.get("ClusterVersion", ())), None))
    for known in filter(None, (versions.line(name) for name in installed_by(live))):
        lowest, highest = known.openshift or ((0, 0), None)
        if seen and (seen < lowest or (highest and seen > highest)):
            span = f"{dotted(lowest)} to {dotted(highest)}" if highest else f"{dotted(lowest)} or newer"
            yield f"OpenShift is {dotted(seen)}, and {known.called} wants {span} (as of {versions.READ}); change the operator's channel, or upgrade the cluster"


def _taken(wish: ControlPlane, live: Live) -> Iterator[str]:
    """Refuse names that the cluster has for something else, and an Istio of which somebody else decides."""
    where = placed(wish)
    there = kinds.named(live, kinds.ISTIO, where.istio)
    if tag := kinds.named(live, kinds.TAG, wish.revision):
        told = f"IstioRevisionTag {tag['metadata']['name']} has the name of the revision, and the operator makes no such revision"
        yield f"{told}; give mesh_revision another name"
    if there is None:
        owner = _owner(kinds.named(live, kinds.REVISION, wish.revision))
        if owner and owner != where.istio:
            yield f"IstioRevision {wish.revision} belongs to Istio {owner}; give mesh_revision another name"
        return
    spec = there.get("spec") or {}
    if spec.get("namespace") != wish.namespace:
        told = f"Istio {where.istio} is for the namespace {spec.get('namespace')}, which cannot change"
        yield f"{told}; set mesh_namespace to it, or give mesh_revision another name"
    if (kind := (spec.get("updateStrategy") or {}).get("type", IN_PLACE)) != where.strategy:
        told = f"Istio {where.istio} has the update strategy {kind}, and mesh_revision {wish.revision} with mesh_version {wish.version} means {where.strategy}"
        yield f"{told}; to keep the strategy, set mesh_revision to {active(there) or where.istio}"
    if keeper := managed_by(there).writer:
        yield f"Istio {where.istio} is managed by {keeper}, which would undo this install's changes; change it there"


def active(istio: Mapping[str, Any]) -> str:
    return str((istio.get("status") or {}).get("activeRevisionName") or "")


def _owner(revision: Object | None) -> str:
    """Return the Istio that controls a revision."""
    owners = (revision or {}).get("metadata", {}).get("ownerReferences") or []
    return next((str(one["name"]) for one in owners if one.get("kind") == kinds.ISTIO), "")


def _of_tags(wish: ControlPlane, live: Live) -> Iterator[str]:
    """A tag that names the Istio moves with its version, before anything was tested; one that leads elsewhere is led by a cutover alone."""
    istio = placed(wish).istio
    for tag in live.get(kinds.TAG, ()):
        name, target = tag["metadata"]["name"], (tag.get("spec") or {}).get("targetRef") or {}
        if target.get("kind") == kinds.ISTIO and target.get("name") == istio and _moves(wish, live):
            way = f"let it name IstioRevision {active(kinds.named(live, kinds.ISTIO, istio) or {})} first"
            yield f"IstioRevisionTag {name} follows Istio {istio}, so every new pod would get {wish.revision} at once; {way}"
        elif name in wish.tags and target.get("kind") == kinds.REVISION and target.get("name") != wish.revision:
            way = f"name {target.get('name')} as mesh_revision, or move in waves with meshops.lifecycle.cutover"
            yield f"IstioRevisionTag {name} leads to {target.get('name')}, and an install of another revision would move every new pod to that at once; {way}"


def _moves(wish: ControlPlane, live: Live) -> bool:
    """Return whether the install would give the Istio another active revision."""
    now = active(kinds.named(live, kinds.ISTIO, placed(wish).istio) or {})
    return bool(now) and now != wish.revision


def noticed(live: Live, given: str) -> list[str]:
    """Return what to know of a version, as half sentences."""
    return [said for name in installed_by(live) if (said := versions.unsupported(name, given))]
