# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A revision of istiod as an Istio of the operator, with what it needs beside it: namespaces, the reader's account, the CNI plugin, and tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...._mesh.errors import Refused
from ...._mesh.install.wish import ControlPlane
from ...istio_family.install import passage
from ...istio_family.install import tags as family_tags
from ...istio_family.install.names import injection_path
from ...istio_family.install.primary import unreachable
from ...istio_family.links.remote_secret import ACCOUNT
from ...istio_family.trust import trust
from .. import kinds
from ..revisions import IN_PLACE, Placed, placed, version
from . import ambient
from .values import of_cni, of_istio

CNI_NAMESPACE = "istio-cni"
# For as long the operator keeps a revision that its Istio has left and nothing uses: a cutover may soak for days, and removes the revision itself.
GRACE = 30 * 24 * 3600
_OWNED = {"app.kubernetes.io/managed-by": "meshops.lifecycle"}


def spaces(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return the namespaces, and the account with which peers read this cluster. The operator makes the account only with a revision named default."""
    space = trust.namespace(wish.namespace, wish.network)
    if wish.role == "remote":
        space["metadata"].setdefault("annotations", {})["topology.istio.io/controlPlaneClusters"] = wish.primary
    return [space, *_cni_space(wish), *ambient.space(wish, _OWNED), *account(wish)]


def _cni_space(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return the namespace of the CNI plugin, whose pods use their node."""
    if not has_cni(wish):
        return []
    labels = {**_OWNED, "pod-security.kubernetes.io/enforce": "privileged"}
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": CNI_NAMESPACE, "labels": labels}}]


def account(wish: ControlPlane) -> list[dict[str, Any]]:
    if wish.revision == "default":
        return []
    return [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": wish.namespace, "labels": dict(_OWNED)}}]


def has_cni(wish: ControlPlane) -> bool:
    """Return whether the CNI plugin goes with the mesh: always on OpenShift, where pods may not set up their network, and in ambient mode; or by values."""
    return wish.platform == "openshift" or "cni" in wish.values or ambient.wanted(wish)


def istio(wish: ControlPlane) -> dict[str, Any]:
    """Return the Istio. Without a version the operator takes its own default."""
    where = placed(wish)
    _refuse(wish, where)
    values, profile = of_istio(wish, _remote(wish) if wish.role == "remote" else _primary(wish))
    strategy: dict[str, Any] = {"type": where.strategy}
    if where.strategy != IN_PLACE:
        strategy["inactiveRevisionDeletionGracePeriodSeconds"] = GRACE
    spec: dict[str, Any] = {"namespace": wish.namespace, "updateStrategy": strategy, "values": values}
    if wish.version:
        spec["version"] = version(wish.version)
    if wish.role == "remote":
        spec["profile"] = "remote"
    elif profile or ambient.wanted(wish):
        spec["profile"] = profile or ambient.PROFILE
    return kinds.manifest(kinds.ISTIO, where.istio, spec)


def _refuse(wish: ControlPlane, where: Placed) -> None:
    """Refuse names that the operator would not take, and what ambient mode cannot be."""
    ambient.refuse(wish, where)
    taken = sorted({wish.revision, *([where.istio] if where.strategy == IN_PLACE else [])} & set(wish.tags))
    if taken:
        told = f"{wish.cluster}: the tag {taken[0]} has the name of a revision, and the operator makes no such tag"
        raise Refused(f"{told}. Give mesh_revision or mesh_revision_tags another name.")
    if wish.role == "remote" and (fault := unreachable(wish.primary_address, wish.primary_given)):
        raise Refused(f"{wish.cluster}: the gateway of its primary {wish.primary} has only the address {wish.primary_address}, {fault}")


def _shared(wish: ControlPlane) -> dict[str, Any]:
    settings: dict[str, Any] = {"meshID": wish.mesh, "network": wish.network, "multiCluster": {"clusterName": wish.cluster}}
    settings |= {"istioNamespace": wish.namespace, **({"platform": wish.platform} if wish.platform else {}), **_hub(wish)}
    # An agent that asks istiod for bundles decides that at its start, so a rotation could not switch it on without a restart.
    mesh = {"trustDomain": wish.trust_domain, "defaultConfig": {"proxyMetadata": {"PROXY_CONFIG_XDS_AGENT": "true"}}}
    values: dict[str, Any] = {"global": settings, "meshConfig": mesh}
    return {**values, "pilot": {"cni": {"enabled": True}}} if has_cni(wish) and wish.platform != "openshift" else values


def _hub(wish: ControlPlane) -> dict[str, str]:
    """On OpenShift the operator names images by digest, and nodes find the mirror by an ImageDigestMirrorSet."""
    images = str(wish.mirror.get("images") or "").rstrip("/")
    return {"hub": f"{images}/istio"} if images and wish.platform != "openshift" else {}


def _primary(wish: ControlPlane) -> dict[str, Any]:
    values = _shared(wish)
    values["pilot"] = {**values.get("pilot", {}), "env": {"ISTIO_MULTIROOT_MESH": "true"}}
    if ambient.wanted(wish):
        values["pilot"]["trustedZtunnelNamespace"] = ambient.NAMESPACE
    if wish.serves_remotes:
        values["global"]["externalIstiod"] = True
    return values


def _remote(wish: ControlPlane) -> dict[str, Any]:
    values = _shared(wish)
    values["pilot"] = {**values.get("pilot", {}), "configMap": True}
    values["global"] |= {"configCluster": True, "remotePilotAddress": wish.primary_address}
    values["istiodRemote"] = {"injectionPath": injection_path(wish)}
    return values


def cni(wish: ControlPlane, at: str = "") -> dict[str, Any]:
    """Return the CNI plugin, of which a cluster has one for all revisions; `at` is a version in place of the wished one."""
    spec: dict[str, Any] = {"namespace": CNI_NAMESPACE}
    if at or wish.version:
        spec["version"] = at or version(wish.version)
    if ambient.wanted(wish):
        spec["profile"] = ambient.PROFILE
    values = of_cni(wish)
    if values:
        spec["values"] = values
    return kinds.manifest(kinds.CNI, kinds.ONLY, spec)


def tags(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return the tags. They name the revision: one that named the Istio would follow it to another revision at once.

    The operator makes no tag for a revision whose control plane is in another cluster, so there they are made as with charts.
    """
    if wish.role == "remote":
        return family_tags.manifests(wish)
    target = {"kind": kinds.REVISION, "name": wish.revision}
    return [kinds.manifest(kinds.TAG, name, {"targetRef": target}) for name in wish.tags]


def way(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return what leads to the revision: tags, and for remote clusters its name at the gateway."""
    return [*tags(wish), *passage.passage(wish)]


def way_left(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return everything that may lead to the revision, whatever version made it."""
    led = family_tags.leftovers(wish) if wish.role == "remote" else tags(wish)
    return [*led, *passage.passage(replace(wish, serves_remotes=True))]


def left(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return what the operator leaves behind: CAs, and the locks of istiod. It keeps the CRDs, which come and go with its bundle."""
    inside = [
        ("v1", "Secret", trust.SECRET_NAME),
        ("v1", "Secret", trust.SELF_SIGNED_NAME),
        ("v1", "ConfigMap", "istio-leader"),
        ("v1", "ConfigMap", "istio-namespace-controller-election"),
    ]
    return [{"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": wish.namespace}} for api, kind, name in inside]
