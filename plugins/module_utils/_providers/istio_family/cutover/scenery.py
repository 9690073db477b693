# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything of a cluster that a cutover decides by and writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...._mesh.cutover.observed import ClusterState
from ...._mesh.cutover.scene import Scene
from ...._mesh.cutover.serving import Serving
from ...._mesh.health.health import ControlPlaneRevision
from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Question, Read
from ..health.observation import CONFIGURATION, plane, version
from ..install import validator
from . import connections, gateway_api, observation
from .apart import of_mesh
from .injection import REV, hooks
from .leaders import leaders
from .left_over import left_over

_LIVE_PODS = "status.phase!=Succeeded,status.phase!=Failed"
# Most of a pod is what its containers are made of. A cluster may have tens of thousands of pods.
_UNUSED = ("metadata.managedFields", "spec.containers", "spec.initContainers", "spec.volumes", "spec.affinity", "spec.tolerations")
_PODS = Read("v1", "Pod", fields=_LIVE_PODS, without=_UNUSED)
_ADMISSION = "admissionregistration.k8s.io/v1"
_GATEWAY_API_CRD = "gateways.gateway.networking.k8s.io"
_GATEWAY_API_VERSION = "gateway.networking.k8s.io/bundle-version"
_CNI, _AMBIENT = ("k8s-app", "istio-cni-node"), ("app", "ztunnel")
WHOLE = (
    ("v1", "Namespace"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("argoproj.io/v1alpha1", "Rollout"),
    ("v1", "Service"),
    ("policy/v1", "PodDisruptionBudget"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    (_ADMISSION, "MutatingWebhookConfiguration"),
    (_ADMISSION, "ValidatingWebhookConfiguration"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
)


def reads(namespace: str) -> list[Read]:
    """Any pod may have a proxy, and no label marks all of them. A kind that the cluster does not serve has no objects."""
    return [
        _PODS,
        *(Read(group, kind) for group, kind in WHOLE),
        *gateway_api.reads(),
        Read("v1", "ConfigMap", namespace, metadata_only=True),
        Read("networking.istio.io/v1", "VirtualService", namespace, "app.kubernetes.io/managed-by=meshops.lifecycle", metadata_only=True),
        Read("apiextensions.k8s.io/v1", "CustomResourceDefinition", metadata_only=True, fields=f"metadata.name={_GATEWAY_API_CRD}"),
        *(Read(group, kind, None, REV) for group, kind in CONFIGURATION),
        *(Read(group, kind, None, f"{observation.UNLABELLED},!{REV}") for group, kind in CONFIGURATION),
    ]


def questions(namespace: str, live: Live) -> list[Question]:
    return connections.questions(_inside(live, "Pod", namespace))


def _inside(live: Live, kind: str, namespace: str) -> list[Object]:
    return [one for one in live.get(kind, ()) if one["metadata"].get("namespace") == namespace]


def control_planes(namespace: str) -> list[Read]:
    """What tells which istiods there are."""
    return [Read("apps/v1", "Deployment", namespace, "app=istiod"), Read("v1", "Pod", namespace, "app=istiod")]


def serving(cluster: str, namespace: str, other: str, live: Live, answers: Answers) -> Serving:
    """What the istiods of a cluster say of the proxies of another one; of their own if `other` is the same."""
    pods, deployments = _inside(live, "Pod", namespace), [one for one in _inside(live, "Deployment", namespace) if _labels(one).get("app") == "istiod"]
    ids = connections.own_ids(cluster, deployments) if other == cluster else {other}
    by_cluster = connections.by_cluster(pods, answers)
    proxies = {key: serves for name in sorted(ids) for key, serves in by_cluster.get(name, {}).items()}
    return Serving(cluster, [plane(one, pods) for one in deployments], proxies, connections.silent(answers))


def scene(cluster: str, namespace: str, primary: Serving | None, everything: Live, answers: Answers) -> Scene:
    """A remote cluster has those revisions of its primary that inject here."""
    live = of_mesh(everything, namespace)
    if primary:
        told = replace(primary, revisions=_injecting(primary.revisions, live))
        return Scene(_state(cluster, namespace, live, told, primary.revisions), live)
    told = replace(serving(cluster, namespace, cluster, live, answers), name="")
    return Scene(_state(cluster, namespace, live, told, told.revisions), live)


def pointing(namespace: str, pods: bool = False) -> list[Read]:
    """What leads to revisions and follows them, without what makes pods."""
    return [
        *([_PODS] if pods else []),
        Read("apps/v1", "Deployment", namespace, "app=istiod"),
        Read("v1", "Namespace", metadata_only=True),
        Read("v1", "Service", namespace, "istio.io/tag"),
        Read(_ADMISSION, "MutatingWebhookConfiguration"),
        validator.reads(),
        Read("v1", "ConfigMap", namespace, metadata_only=True),
        Read("gateway.networking.k8s.io/v1", "Gateway", metadata_only=True),
    ]


def standing(cluster: str, namespace: str, live: Live, _answers: Answers) -> ClusterState:
    """A remote cluster has no control plane here: whom its webhooks name serves it, and nobody knows here what is left of another one."""
    planes = [plane(one, ()) for one in live.get("Deployment", ())]
    own = of_mesh(live, namespace)
    state = observation.state(cluster, {**own, "Deployment": ()}, planes, {}, "", namespace)
    left = left_over(own, namespace, {one.revision for one in planes}) if planes else ()
    return replace(state, leftovers=left, leaders=leaders(_inside(own, "ConfigMap", namespace)))


def _injecting(revisions: Iterable[ControlPlaneRevision], live: Live) -> list[ControlPlaneRevision]:
    here = {hook.revision for hook in hooks(live.get("MutatingWebhookConfiguration", ())) if not hook.tag}
    return [one for one in revisions if one.revision in here]


def _state(cluster: str, namespace: str, live: Live, told: Serving, installed: Iterable[ControlPlaneRevision]) -> ClusterState:
    state = observation.state(cluster, live, told.revisions, told.connections, told.name, namespace)
    agents = [one for one in live.get("DaemonSet", ()) if _CNI in _labels(one).items()]
    crds = [(one["metadata"].get("annotations") or {}).get(_GATEWAY_API_VERSION, "") for one in live.get("CustomResourceDefinition", ())]
    return replace(
        state,
        silent=told.silent,
        leftovers=left_over(live, namespace, {one.revision for one in installed}),
        leaders=leaders(_inside(live, "ConfigMap", namespace)),
        cni=version(agents[0]) if agents else "",
        gateway_api=str(crds[0]) if crds else "",
        node_proxies=any(_AMBIENT in _labels(one).items() for one in live.get("DaemonSet", ())),
    )


def _labels(one: Object) -> dict[str, str]:
    return one["metadata"].get("labels") or {}
