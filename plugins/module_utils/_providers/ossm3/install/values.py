# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory says as values of charts, as spec.values of the operator's objects. What these do not have is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._mesh.errors import Refused
from ...._mesh.install.wish import ControlPlane, merged
from .ambient import CHART

# Where the chart has a value at its top and the operator has it below `pilot`.
_PILOT = frozenset({
    "affinity", "autoscaleBehavior", "autoscaleEnabled", "autoscaleMax", "autoscaleMin", "cni", "configMap", "cpu", "crlConfigMapName", "deploymentLabels",
    "enabled", "env", "envVarFrom", "extraContainerArgs", "hub", "image", "ipFamilies", "ipFamilyPolicy", "jwksResolverExtraRootCA",
    "keepaliveMaxServerConnectionAge", "memory", "nodeSelector", "podAnnotations", "podLabels", "replicaCount", "resources", "rollingMaxSurge",
    "rollingMaxUnavailable", "seccompProfile", "serviceAccountAnnotations", "serviceAnnotations", "tag", "taint", "tolerations",
    "topologySpreadConstraints", "traceSampling", "trustedZtunnelNamespace", "variant", "volumeMounts", "volumes",
})  # fmt: skip
_TOP = frozenset({
    "base", "compatibilityVersion", "defaultRevision", "experimental", "gatewayClasses", "global", "istiodRemote", "meshConfig", "pilot", "profile",
    "revision", "sidecarInjectorWebhook", "telemetry",
})  # fmt: skip
_CNI_TOP = frozenset({"cni", "global"})
_CNI = frozenset({
    "affinity", "ambient", "chained", "cniBinDir", "cniConfDir", "cniConfFileName", "cniNetnsDir", "daemonSetLabels", "env", "excludeNamespaces", "hub",
    "image", "istioOwnedCNIConfig", "istioOwnedCNIConfigFileName", "logging", "podAnnotations", "podLabels", "privileged", "provider", "psp_cluster_role",
    "pullPolicy", "repair", "resource_quotas", "resources", "rollingMaxUnavailable", "seccompProfile", "tag", "useAppArmorAnnotation", "variant",
})  # fmt: skip
# What the operator, or this collection, sets by itself, and what to use in its place.
_OWN = {
    "revision": "the operator gives a revision its name; use mesh_revision",
    "defaultRevision": "the operator reads it from no Istio; use mesh_revision_tags",
    "base": "the operator's bundle brings Istio's CRDs, so there is nothing to leave out",
    "global.istioNamespace": "it must be the namespace of the Istio; use mesh_namespace",
    "global.meshID": "use mesh_name",
    "global.network": "use mesh_network",
    "global.multiCluster.clusterName": "a cluster has the name that its host has in the inventory",
    "meshConfig.trustDomain": "use mesh_trust_domain",
}
_PROFILES = {
    **dict.fromkeys(("ambient", "openshift-ambient"), "ambient mode needs a ztunnel on each node; give mesh_values the part ztunnel, which may be empty"),
    **dict.fromkeys(("remote", "external"), "where a control plane runs is said by mesh_role"),
}


def of_istio(wish: ControlPlane, ours: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return spec.values and spec.profile of the Istio: `ours`, and above them what the inventory says."""
    given = dict(wish.values.get("istiod") or {})
    _refuse_own(wish, given)
    profile = str(given.pop("profile", "") or "")
    if CHART in wish.values and profile:
        told = f"{wish.cluster}: mesh_values has istiod.profile {profile} beside ztunnel, but ambient mode has a profile of its own"
        raise Refused(f"{told}. Take one of them out.")
    if profile in _PROFILES:
        raise Refused(f"{wish.cluster}: mesh_values has istiod.profile {profile}, but {_PROFILES[profile]}.")
    unknown = sorted(set(given) - _TOP - _PILOT)
    if unknown:
        raise Refused(_unknown(wish, "istiod", unknown, "Istio"))
    below = {key: value for key, value in given.items() if key in _PILOT}
    above = {key: value for key, value in given.items() if key in _TOP}
    return merged(ours, {"pilot": below} if below else {}, above), profile


def of_cni(wish: ControlPlane) -> dict[str, Any]:
    """Return spec.values of the IstioCNI."""
    given = dict(wish.values.get("cni") or {})
    unknown = sorted(set(given) - _CNI_TOP - _CNI)
    if unknown:
        raise Refused(_unknown(wish, "cni", unknown, "IstioCNI"))
    below = {key: value for key, value in given.items() if key in _CNI}
    above = {key: value for key, value in given.items() if key in _CNI_TOP}
    return merged({"cni": below} if below else {}, above)


def _unknown(wish: ControlPlane, chart: str, unknown: list[str], kind: str) -> str:
    what = f"{chart}.{', '.join(unknown)}" if len(unknown) == 1 else f"{chart}.{{{', '.join(unknown)}}}"
    return f"{wish.cluster}: mesh_values has {what}, which spec.values of {kind} does not have. Take it out, or name the value as the operator's API has it."


def _refuse_own(wish: ControlPlane, given: Mapping[str, Any]) -> None:
    """A value that says the same as ours is no fault: it may come from an inventory for charts."""
    for path, why in _OWN.items():
        said = _at(given, path)
        if said not in (None, "", {}) and said != _ours(wish).get(path):
            raise Refused(f"{wish.cluster}: mesh_values has istiod.{path}, but {why}.")
    if _at(given, "global.jwtPolicy") == "first-party-jwt" and wish.platform == "openshift":
        told = f"{wish.cluster}: mesh_values has istiod.global.jwtPolicy first-party-jwt"
        raise Refused(f"{told}, but accounts of OpenShift have tokens of an issuer of their own (as on ROSA). Take it out: third-party-jwt is the default.")


def _ours(wish: ControlPlane) -> dict[str, Any]:
    return {
        "global.istioNamespace": wish.namespace,
        "global.meshID": wish.mesh,
        "global.network": wish.network,
        "global.multiCluster.clusterName": wish.cluster,
        "meshConfig.trustDomain": wish.trust_domain,
    }


def _at(tree: Any, path: str) -> Any:
    for key in path.split("."):
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree
