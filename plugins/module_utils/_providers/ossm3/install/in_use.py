# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who uses a revision that is to go. The operator deletes an Istio in use without a word, and its proxies would be left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial

from ...._mesh.few_names import few
from ...._mesh.install.due import Due
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from ...istio_family.cutover.workloads import ended, made_by
from ...istio_family.links.remote_secret import ours
from .. import kinds
from ..revisions import placed
from . import ambient

_LIVE_PODS = "status.phase!=Succeeded,status.phase!=Failed"
_WITHOUT = ("metadata.managedFields", "spec.volumes", "spec.affinity", "spec.tolerations")
_SHOWN = 5
_MODE = ("istio.io/dataplane-mode", "ambient")
_READS = (
    Read("v1", "Namespace", metadata_only=True),
    Read("v1", "Pod", fields=_LIVE_PODS, without=_WITHOUT),
    Read(kinds.API, kinds.ISTIO),
    Read(kinds.API, kinds.REVISION),
    Read(kinds.API, kinds.ZTUNNEL),
)


def refused(wish: ControlPlane) -> Look[Due]:
    """Look for pods whose proxy a revision of the mesh made. Those in the control plane's namespace go with it, and so do our own echo servers."""
    return Look(_READS, partial(_refused, wish))


def others(wish: ControlPlane) -> Look[Due]:
    """Look also for what else of the mesh there is: the namespace goes, so an Istio of ours in it cannot stay, such as that of a plane or of a cutover."""
    return Look(_READS, partial(_others, wish))


def _refused(wish: ControlPlane, live: Live, _answers: Answers) -> Due:
    if kept := ambient.left(wish, live):
        told = f"{kept}, and mesh_values has no ztunnel, so it would stay without a control plane"
        return Due(refusal=f"{told}. Give mesh_values the part ztunnel, and run again.")
    if ambient.wanted(wish) and (led := by_nodes(live)):
        told = f"ztunnel serves {few(led, _SHOWN)}, whose traffic would go nowhere without it"
        return Due(refusal=f"{told}. Take the label {_MODE[0]} off, and run again.")
    using = users(live.get("Pod", ()), {wish.revision, *_revisions(wish, live)}, wish.namespace)
    if not using:
        return Due()
    told = f"Istio {placed(wish).istio} is in use, and the operator would delete it at once: {few(using, _SHOWN)}"
    way = "Take the mesh's labels off their namespaces, restart them without a proxy or remove them, and run again"
    return Due(refusal=f"{told} {'have' if len(using) > 1 else 'has'} its proxy. {way}.")


def _others(wish: ControlPlane, live: Live, answers: Answers) -> Due:
    due, own = _refused(wish, live, answers), placed(wish).istio
    gone = [one for one in live.get(kinds.ISTIO, ()) if ours(one) and _inside(wish, one) and one["metadata"]["name"] != own]
    if due.refusal or gone:
        return due if due.refusal else Due(removes=[Ref.of(one) for one in gone])
    there = {own, *(str(one["metadata"]["name"]) for one in live.get(kinds.ISTIO, ()))}
    ending = [str(one["metadata"]["name"]) for one in live.get(kinds.REVISION, ()) if _inside(wish, one) and not there & set(_owners(one))]
    return Due(fault=f"the operator still removes IstioRevision {', '.join(ending)}" if ending else "")


def staying(wish: ControlPlane, live: Live) -> list[str]:
    """Return each Istio of the cluster that a teardown of this mesh leaves."""
    gone = {placed(wish).istio, *(str(one["metadata"]["name"]) for one in live.get(kinds.ISTIO, ()) if ours(one) and _inside(wish, one))}
    return sorted({str(one["metadata"]["name"]) for one in live.get(kinds.ISTIO, ())} - gone)


def _revisions(wish: ControlPlane, live: Live) -> list[str]:
    """Return the revisions that go with the mesh."""
    return [str(one["metadata"]["name"]) for one in live.get(kinds.REVISION, ()) if _inside(wish, one)]


def _inside(wish: ControlPlane, one: Object) -> bool:
    return bool((one.get("spec") or {}).get("namespace") == wish.namespace)


def _owners(revision: Object) -> list[str]:
    return [str(one.get("name")) for one in revision["metadata"].get("ownerReferences") or [] if one.get("kind") == kinds.ISTIO]


def users(pods: Iterable[Object], revisions: Collection[str], namespace: str) -> list[str]:
    """Return the pods of others, outside of a namespace, whose proxy one of these revisions made."""
    made = [pod["metadata"] for pod in pods if not ended(pod) and made_by(pod) in revisions and not ours(pod)]
    return sorted(f"{meta['namespace']}/{meta['name']}" for meta in made if meta["namespace"] != namespace)


def by_nodes(live: Live) -> list[str]:
    """Return the namespaces and pods that are in ambient mode. A pod may leave the mode of its namespace, which changes nothing here."""
    spaces = [f"namespace {one['metadata']['name']}" for one in live.get("Namespace", ()) if _ambient(one)]
    pods = [f"pod {one['metadata']['namespace']}/{one['metadata']['name']}" for one in live.get("Pod", ()) if _ambient(one) and not ended(one)]
    return sorted([*spaces, *pods])


def _ambient(one: Object) -> bool:
    return bool((one["metadata"].get("labels") or {}).get(_MODE[0]) == _MODE[1])
