# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A revision of istiod: the charts `base` and `istiod`, the namespace, and the revision tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...._mesh.errors import Refused
from ...._mesh.install.helm_release import Release
from ...._mesh.install.wish import ControlPlane
from ...istio_family.install import passage, tags, validator
from ...istio_family.install.crds import CRDS
from ...istio_family.install.names import injection_path, istiod, revision
from ...istio_family.install.primary import unreachable
from ...istio_family.links import remote_secret
from ...istio_family.trust import trust
from .charts import release


def releases(wish: ControlPlane) -> list[Release]:
    """Return the releases in order: CRDs and shared objects, the CNI plugin on OpenShift, then istiod, or a remote's way to it."""
    return [
        replace(release(wish, "base", "istio-base", _base_values(wish)), shared=True, kept=None if _decides(wish) else validator.kept()),
        *([_cni(wish)] if wish.platform == "openshift" else []),
        release(wish, "istiod", istiod(wish), _remote_values(wish) if wish.role == "remote" else _primary_values(wish)),
    ]


def _cni(wish: ControlPlane) -> Release:
    return replace(release(wish, "cni", "istio-cni", {"global": {"platform": wish.platform}}, "kube-system"), shared=True)


def _decides(wish: ControlPlane) -> bool:
    """Return whether the inventory sets the revision that validates."""
    return bool(wish.default_revision) or validator.VALUE in wish.values.get("base", {})


def _base_values(wish: ControlPlane) -> dict[str, Any]:
    values: dict[str, Any] = {validator.VALUE: wish.default_revision or wish.revision, "global": {"istioNamespace": wish.namespace}}
    if wish.crds == "external":
        values["base"] = {"excludedCRDs": list(CRDS)}
    return values


def _shared_values(wish: ControlPlane) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "istioNamespace": wish.namespace,
        "meshID": wish.mesh,
        "network": wish.network,
        "multiCluster": {"clusterName": wish.cluster},
    }
    if wish.platform:
        settings["platform"] = wish.platform
    return {"revision": revision(wish), "global": settings}


def _primary_values(wish: ControlPlane) -> dict[str, Any]:
    """Return a primary's values. They include what a root rotation needs, because switching that on later restarts every proxy."""
    values = _shared_values(wish)
    values["meshConfig"] = _mesh_config(wish)
    values["env"] = {"ISTIO_MULTIROOT_MESH": "true"}
    if wish.serves_remotes:
        values["global"]["externalIstiod"] = True
    return values


def _mesh_config(wish: ControlPlane) -> dict[str, Any]:
    return {"trustDomain": wish.trust_domain, "defaultConfig": {"proxyMetadata": {"PROXY_CONFIG_XDS_AGENT": "true"}}}


def _remote_values(wish: ControlPlane) -> dict[str, Any]:
    if fault := unreachable(wish.primary_address, wish.primary_given):
        raise Refused(f"{wish.cluster}: the gateway of its primary {wish.primary} has only the address {wish.primary_address}, {fault}")
    values = _shared_values(wish)
    values["profile"] = "remote"
    # The primary reads a remote cluster's trust domain from that cluster's own mesh config; without one it expects cluster.local there.
    values["configMap"] = True
    values["meshConfig"] = _mesh_config(wish)
    values["global"]["configCluster"] = True
    values["global"]["remotePilotAddress"] = wish.primary_address
    values["istiodRemote"] = {"injectionPath": injection_path(wish)}
    return values


def manifests(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return the namespace (with its network, and a remote's primary), the way of remote clusters to this revision, and the revision tags."""
    space = trust.namespace(wish.namespace, wish.network)
    if wish.role == "remote":
        space["metadata"].setdefault("annotations", {})["topology.istio.io/controlPlaneClusters"] = wish.primary
    return [space, *passage.passage(wish), *tags.manifests(wish)]


def leftovers(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return what an uninstall leaves: tags, CAs, the reader's token, and what leads remote clusters to the revision.

    The roots in all namespaces are found by `handed_out`.
    """
    inside = [
        ("v1", "Secret", trust.SECRET_NAME),
        ("v1", "Secret", trust.SELF_SIGNED_NAME),
        ("v1", "ConfigMap", "istio-leader"),
        ("v1", "ConfigMap", "istio-namespace-controller-election"),
    ]
    objects = [{"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": wish.namespace}} for version, kind, name in inside]
    # Helm keeps Istio's CRDs because they are annotated so: an uninstall loses no configuration.
    names = CRDS if wish.crds == "managed" else ()
    crds = [{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}} for name in names]
    led = passage.passage(replace(wish, serves_remotes=True, role="primary"))
    return [*crds, *led, *tags.leftovers(wish), remote_secret.account(wish.namespace), *objects]
