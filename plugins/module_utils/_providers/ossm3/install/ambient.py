# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ambient mode: a ztunnel on each node as the operator's ZTunnel, of which a cluster has one for all revisions. It is never ahead of its control plane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ...._mesh.errors import Refused
from ...._mesh.install.due import Due
from ...._mesh.install.wish import ControlPlane, merged
from ...._mesh.objects.change import Ref
from ...._mesh.objects.condition import Condition, verdict
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from .. import kinds
from ..revisions import IN_PLACE, Placed, placed, version
from . import written

NAMESPACE, PROFILE, CHART = "ztunnel", "ambient", "ztunnel"
CRD = "ztunnels.sailoperator.io"
_AGENTS, _MODE = "DaemonSet", "istio.io/dataplane-mode"
_PROFILES = (PROFILE, "openshift-ambient")
_DEFINITION = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", CRD)
_TOP = frozenset({"global", CHART})
_ZTUNNEL = frozenset({
    "affinity", "annotations", "caAddress", "dnsConfig", "dnsPolicy", "env", "hub", "image", "imagePullPolicy", "imagePullSecrets", "labels", "logAsJson",
    "logLevel", "nodeSelector", "peerCaCrl", "podAnnotations", "podLabels", "resourceQuotas", "resources", "seLinuxOptions", "tag",
    "terminationGracePeriodSeconds", "tolerations", "updateStrategy", "variant", "volumeMounts", "volumes", "xdsAddress",
})  # fmt: skip
_OWN = frozenset({"istioNamespace", "multiCluster", "network", "resourceName", "revision"})


def wanted(wish: ControlPlane) -> bool:
    """Return whether the mesh is to have ambient mode: the inventory has values for ztunnel, which may be empty."""
    return CHART in wish.values


def refuse(wish: ControlPlane, where: Placed) -> None:
    """Refuse what one ztunnel for a cluster cannot serve."""
    if not wanted(wish):
        return
    if wish.role == "remote":
        raise Refused(f"{wish.cluster}: mesh_values has ztunnel, but ambient mode is for clusters with a control plane of their own. Take it out here.")
    if where.strategy != IN_PLACE:
        told = f"{wish.cluster}: mesh_values has ztunnel, and mesh_revision {wish.revision} means that a revision stands beside the one before"
        raise Refused(f"{told}. A cluster has one ztunnel, which is never ahead of its control plane: name a revision without a version, such as stable.")


def space(wish: ControlPlane, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the namespace of ztunnel, whose pods use their node."""
    if not wanted(wish):
        return []
    privileged = {**labels, "pod-security.kubernetes.io/enforce": "privileged"}
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": privileged}}]


def manifest(wish: ControlPlane, refers: bool = True) -> dict[str, Any]:
    """Return the ZTunnel. One that `refers` names its Istio, from which the operator takes what both have to share; older operators cannot."""
    spec: dict[str, Any] = {"namespace": NAMESPACE, "values": _values(wish)}
    if wish.version:
        spec["version"] = version(wish.version)
    if refers:
        spec["targetRef"] = {"kind": kinds.ISTIO, "name": placed(wish).istio}
    return kinds.manifest(kinds.ZTUNNEL, kinds.ONLY, spec)


def _values(wish: ControlPlane) -> dict[str, Any]:
    given = dict(wish.values.get(CHART) or {})
    above = {key: value for key, value in given.items() if key in _TOP}
    below = {key: value for key, value in given.items() if key not in _TOP}
    asked = {**below, **(above.get(CHART) or {})}
    if own := sorted(set(asked) & _OWN):
        raise Refused(f"{wish.cluster}: mesh_values has ztunnel.{', '.join(own)}, but that has to be as the control plane has it. Take it out.")
    if unknown := sorted(set(asked) - _ZTUNNEL):
        told = f"{wish.cluster}: mesh_values has ztunnel.{', '.join(unknown)}, which spec.values of ZTunnel does not have"
        raise Refused(f"{told}. Take it out, or name the value as the operator's API has it.")
    shared = {"multiCluster": {"clusterName": wish.cluster}, "network": wish.network, "istioNamespace": wish.namespace}
    shared |= {"revision": "" if wish.revision == kinds.ONLY else wish.revision}
    return merged({CHART: shared}, {CHART: below} if below else {}, above)


def unfit(wish: ControlPlane, live: Live) -> Iterator[str]:
    """Yield why the operator of the cluster cannot bring ztunnel, or may not lose it, as half sentences."""
    if not wanted(wish):
        if kept := left(wish, live):
            told = f"{kept}, and mesh_values has no ztunnel, so its control plane would leave ambient mode and what ztunnel serves would lose its traffic"
            yield f"{told}; give mesh_values the part ztunnel, which may be empty, or take {_MODE} off all namespaces and pods and delete that ZTunnel first"
        return
    crd = kinds.named(live, "CustomResourceDefinition", CRD)
    if _tree(crd) is None:
        yield f"the operator serves no ZTunnel of {kinds.API}; upgrade it to 1.29 (OpenShift Service Mesh 3.4) or newer, or take ztunnel out of mesh_values"
    if other := of_another(wish, live):
        yield f"ZTunnel {kinds.ONLY} belongs to Istio {other}, and a cluster has one; take ztunnel out of mesh_values, or remove that mesh first"


def of_another(wish: ControlPlane, live: Live) -> str:
    """Return the other Istio that the ZTunnel of the cluster names; empty if it names none."""
    there = kinds.named(live, kinds.ZTUNNEL, kinds.ONLY)
    target = ((there or {}).get("spec") or {}).get("targetRef") or {}
    return str(target.get("name")) if target.get("kind") == kinds.ISTIO and target.get("name") != placed(wish).istio else ""


def left(wish: ControlPlane, live: Live) -> str:
    """Return which ZTunnel follows the Istio of a mesh that does not ask for one any more, as half a sentence; empty if none does."""
    there, istio = kinds.named(live, kinds.ZTUNNEL, kinds.ONLY), kinds.named(live, kinds.ISTIO, placed(wish).istio)
    if wanted(wish) or there is None or istio is None:
        return ""
    target = (there.get("spec") or {}).get("targetRef")
    ours = target.get("name") == placed(wish).istio if target else (istio.get("spec") or {}).get("profile") in _PROFILES
    return f"ZTunnel {kinds.ONLY} follows Istio {placed(wish).istio}" if ours else ""


def _tree(crd: Object | None) -> Mapping[str, Any] | None:
    """Return what the operator's ZTunnel may have in its spec; None if the API server does not serve it."""
    for one in ((crd or {}).get("spec") or {}).get("versions") or ():
        if one.get("name") == kinds.API.rpartition("/")[2] and one.get("served", True):
            tree = ((one.get("schema") or {}).get("openAPIV3Schema") or {}).get("properties") or {}
            return dict((tree.get("spec") or {}).get("properties") or {})
    return None


def running(wish: ControlPlane) -> Look[Due]:
    """Look at ztunnel after its control plane and the CNI plugin, and then at whether the Istio has all that it depends on.

    Wrong values are refused with the stages, so before the first write.
    """
    manifest(wish)
    own = [_DEFINITION, kinds.ref(kinds.ZTUNNEL, kinds.ONLY), kinds.ref(kinds.ISTIO, placed(wish).istio)]
    return Look([*own, Read("apps/v1", _AGENTS, NAMESPACE)], partial(_running, wish))


def _running(wish: ControlPlane, live: Live, _answers: Answers) -> Due:
    there = kinds.named(live, kinds.ZTUNNEL, kinds.ONLY)
    asked = manifest(wish, "targetRef" in (_tree(kinds.named(live, "CustomResourceDefinition", CRD)) or {}))
    if differs(asked, there):
        return Due(manifests=[asked])
    if said := kinds.final(there):
        return Due(refusal=f"the operator gives up ZTunnel {kinds.ONLY}: {said}. Mend what is named, and run again.")
    if lack := kinds.lacks(there, "Reconciled", "Ready"):
        return Due(fault=f"ZTunnel {kinds.ONLY} {lack}")
    if late := rollouts(live):
        return Due(fault=late)
    istio = kinds.named(live, kinds.ISTIO, placed(wish).istio)
    lack = kinds.lacks(istio, "DependenciesHealthy")
    return Due(fault=f"Istio {placed(wish).istio} {lack}" if lack else "")


def differs(asked: Object, there: Object | None) -> bool:
    """Return whether an object is still to be written: it lacks something, or an earlier run wrote what nobody asks for any more."""
    return there is None or not _within(asked["spec"], there.get("spec") or {}) or written.surplus(asked, there)


def _within(asked: Any, there: Any) -> bool:
    """Return whether an object has all that is asked for; what else it has is the operator's."""
    if isinstance(asked, Mapping):
        return isinstance(there, Mapping) and all(_within(value, there.get(key)) for key, value in asked.items())
    return bool(asked == there)


def rollouts(live: Live) -> str:
    """Return which agents of nodes are not rolled out, in words."""
    late = {str(one["metadata"]["name"]): verdict(Condition(Ref.of(one), "rollout"), one) for one in live.get(_AGENTS, ())}
    return "; ".join(f"DaemonSet {name}: {said}" for name, said in late.items() if said)
