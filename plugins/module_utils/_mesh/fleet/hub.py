# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn the clusters that an ACM or OCM hub manages into clusters of a mesh."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .contexts import DiscoveredCluster, Lead, endpoint, templated

API_VERSION = "cluster.open-cluster-management.io/v1"
KIND = "ManagedCluster"
CLUSTERSET = "cluster.open-cluster-management.io/clusterset"
LABELS = {
    "mesh_name": "meshops.lifecycle/mesh",
    "mesh_site": "meshops.lifecycle/site",
    "mesh_provider": "meshops.lifecycle/provider",
    "mesh_network": "meshops.lifecycle/network",
    "mesh_role": "meshops.lifecycle/role",
    "mesh_primary": "meshops.lifecycle/primary",
}
_OWN_ID, _OPENSHIFT_ID, _PRODUCT = "id.k8s.io", "id.openshift.io", "product.open-cluster-management.io"
_REGIONS = ("topology.kubernetes.io/region", "region", "region.open-cluster-management.io")
_ZONES = ("topology.kubernetes.io/zone", "zone")
_OPENSHIFT = frozenset({"OpenShift", "OpenShiftDedicated", "ROSA", "ARO", "ROKS"})
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def facts(live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a ManagedCluster that matter here, small enough for a cache. The owner of a managed cluster writes its labels and
    claims, so values that Ansible would evaluate are left out."""
    spec, status = live.get("spec") or {}, live.get("status") or {}
    claims = {claim.get("name"): claim.get("value") for claim in status.get("clusterClaims") or []}
    conditions = {condition.get("type"): condition.get("status") for condition in status.get("conditions") or []}
    ways = [way for way in spec.get("managedClusterClientConfigs") or [] if way.get("url") and not templated(way["url"])]
    return {
        "name": live["metadata"]["name"],
        "accepted": bool(spec.get("hubAcceptsClient")),
        "available": conditions.get("ManagedClusterConditionAvailable") == "True",
        "labels": _plain(live["metadata"].get("labels") or {}),
        "claims": _plain(claims),
        "ways": [{"url": str(way["url"]).rstrip("/"), "ca": way.get("caBundle") or ""} for way in ways],
    }


def _plain(texts: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key, value in texts.items() if isinstance(value, str) and not templated(value) and not templated(key)}


def of_hub(read: Iterable[Mapping[str, Any]], wish: Mapping[str, Any]) -> list[DiscoveredCluster]:
    """Return the clusters that the hub has accepted, also unreachable ones: a mesh does not shrink because an agent is silent."""
    accepted = (fact for fact in read if fact["accepted"])
    wanted = (fact for fact in accepted if fact["available"] or wish.get("unavailable", "keep") == "keep")
    return [_discovered(fact, wish) for fact in wanted]


def _discovered(fact: Mapping[str, Any], wish: Mapping[str, Any]) -> DiscoveredCluster:
    labels, claims = fact["labels"], fact["claims"]
    keys = {**LABELS, **(wish.get("labels") or {})}
    variables: dict[str, Any] = {variable: labels[key] for variable, key in keys.items() if labels.get(key)}
    variables |= {key: value for key, value in _claimed(labels, claims).items() if value}
    if pin(claims) and wish.get("pin", True):
        variables["mesh_cluster_uid"] = pin(claims)
    kube = _kube(fact, wish.get("kube") or {})
    if kube:
        variables["mesh_kube"] = kube
    variables |= {"ocm_available": fact["available"], "ocm_labels": labels, "ocm_claims": claims}
    return DiscoveredCluster(fact["name"], "hub", f"a managed cluster of the hub {wish['context']}", variables, _leads(fact))


def _claimed(labels: Mapping[str, str], claims: Mapping[str, str]) -> dict[str, Any]:
    known = {**claims, **labels}
    region, zone = (next((known[key] for key in keys if known.get(key)), "") for keys in (_REGIONS, _ZONES))
    # The claim lists all regions of the nodes. Several regions do not make a locality.
    place = {key: value for key, value in (("region", region), ("zone", zone)) if value and "," not in value}
    return {"mesh_locality": place, "mesh_platform": "openshift" if _is_openshift(claims) else "gke" if claims.get(_PRODUCT) == "GKE" else ""}


def _is_openshift(claims: Mapping[str, str]) -> bool:
    return _OPENSHIFT_ID in claims or claims.get(_PRODUCT) in _OPENSHIFT


def pin(claims: Mapping[str, str]) -> str:
    """Return the UID of kube-system if the claim id.k8s.io holds it, else "". On OpenShift, ACM writes the ClusterVersion's ID there,
    and with OCM people write it, sometimes as a name."""
    uid = claims.get(_OWN_ID, "")
    return uid if _UUID.fullmatch(uid) and not _is_openshift(claims) else ""


def _leads(fact: Mapping[str, Any]) -> frozenset[Lead]:
    ids = {fact["claims"].get(claim, "") for claim in (_OWN_ID, _OPENSHIFT_ID)}
    return frozenset([*(("id", uid) for uid in ids if _UUID.fullmatch(uid)), *(endpoint(way["url"]) for way in fact["ways"])])


def _kube(fact: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a connection: a context of the same name, or the hub's URL with the credential that the wish names."""
    if given.get("kubeconfig"):
        return {"context": fact["name"], **given}
    if not given or not fact["ways"]:
        return {}
    url, authority = fact["ways"][0]["url"], fact["ways"][0]["ca"]
    if not authority or set(given) != {"api_key"}:
        return {"host": url, **given}
    return _kubeconfig(fact["name"], {"server": url, "certificate-authority-data": authority}, given["api_key"])


def _kubeconfig(name: str, cluster: Mapping[str, str], token: object) -> dict[str, Any]:
    """Return a kubeconfig, because it can hold the CA certificate; beside `host` the certificate would have to be a file."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": dict(cluster)}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
    return {"kubeconfig": config, "context": name}
