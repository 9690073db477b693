# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of the API as dictionaries, the kinds that the stand-ins know, and writes as data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]
CREATE, STATUS, MERGE, APPLY, DELETE = "create", "status", "merge", "apply", "delete"
INSTALL, UNINSTALL = "install", "uninstall"  # of a chart: who plays keeps a Release with what came of it


@dataclass(frozen=True)
class Kind:
    """How an API server serves a kind."""

    name: str
    api: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "") -> str:
        root = f"/apis/{self.api}" if "/" in self.api else f"/api/{self.api}"
        place = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{place}/{self.plural}" + (f"/{name}" if name else "")


KINDS = {
    kind.name: kind
    for kind in (
        Kind("Namespace", "v1", "namespaces", False),
        Kind("ConfigMap", "v1", "configmaps"),
        Kind("Service", "v1", "services"),
        Kind("ServiceAccount", "v1", "serviceaccounts"),
        Kind("Pod", "v1", "pods"),
        Kind("Deployment", "apps/v1", "deployments"),
        Kind("CustomResourceDefinition", "apiextensions.k8s.io/v1", "customresourcedefinitions", False),
        Kind("CatalogSource", "operators.coreos.com/v1alpha1", "catalogsources"),
        Kind("Subscription", "operators.coreos.com/v1alpha1", "subscriptions"),
        Kind("InstallPlan", "operators.coreos.com/v1alpha1", "installplans"),
        Kind("ClusterServiceVersion", "operators.coreos.com/v1alpha1", "clusterserviceversions"),
        Kind("OperatorGroup", "operators.coreos.com/v1", "operatorgroups"),
        Kind("PackageManifest", "packages.operators.coreos.com/v1", "packagemanifests"),
        Kind("ClusterExtension", "olm.operatorframework.io/v1", "clusterextensions", False),
        Kind("ClusterCatalog", "olm.operatorframework.io/v1", "clustercatalogs", False),
        Kind("Istio", "sailoperator.io/v1", "istios", False),
        Kind("IstioRevision", "sailoperator.io/v1", "istiorevisions", False),
        Kind("IstioRevisionTag", "sailoperator.io/v1", "istiorevisiontags", False),
        Kind("IstioCNI", "sailoperator.io/v1", "istiocnis", False),
        Kind("MutatingWebhookConfiguration", "admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations", False),
        Kind("Release", "standins/v1", "releases"),
        Kind("ZTunnel", "sailoperator.io/v1", "ztunnels", False),
    )
}


@dataclass(frozen=True)
class Write:
    """One write, or the install of a chart. STATUS and MERGE are merge patches; with `version` they count only if nobody has written the object since."""

    verb: str
    kind: str
    name: str
    namespace: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""


def made(kind: str, name: str, namespace: str = "", spec: Mapping[str, Any] | None = None, **meta: Any) -> Object:
    place = {"namespace": namespace} if namespace else {}
    body = {"apiVersion": KINDS[kind].api, "kind": kind, "metadata": {"name": name, **place, **meta}}
    return {**body, "spec": dict(spec)} if spec is not None else body


def create(live: Object) -> Write:
    return Write(CREATE, live["kind"], live["metadata"].get("name", ""), space(live), live)


def apply(live: Object) -> Write:
    return Write(APPLY, live["kind"], name(live), space(live), live)


def delete(live: Object) -> Write:
    return Write(DELETE, live["kind"], name(live), space(live))


def to_status(live: Object, **status: Any) -> Write:
    return Write(STATUS, live["kind"], name(live), space(live), {"status": status}, live["metadata"].get("resourceVersion", ""))


def merge(live: Object, body: Mapping[str, Any]) -> Write:
    return Write(MERGE, live["kind"], name(live), space(live), body, live["metadata"].get("resourceVersion", ""))


def difference(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Object:
    """Return the merge patch that makes one mapping of another: what is not wanted any more is null in it."""
    patch: Object = {key: None for key in live if key not in wanted}
    for key, value in wanted.items():
        before = live.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            patch |= {key: inner} if (inner := difference(before, value)) else {}
        elif value != before:
            patch[key] = value
    return patch


def name(live: Object) -> str:
    return str(live["metadata"]["name"])


def space(live: Object) -> str:
    return str(live["metadata"].get("namespace") or "")


def spec(live: Object) -> Object:
    return live.get("spec") or {}


def status(live: Object) -> Object:
    return live.get("status") or {}


def stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text: str | None) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else 0.0


def owner(live: Object, controller: bool = False) -> Object:
    same = {"apiVersion": live["apiVersion"], "kind": live["kind"], "name": name(live), "uid": live["metadata"].get("uid", "")}
    return {**same, "controller": controller, "blockOwnerDeletion": False}


def owned_by(live: Object, uid: str) -> bool:
    return any(one.get("uid") == uid for one in live["metadata"].get("ownerReferences") or ())


def orphaned(live: Object, kind: str, uids: Iterable[str]) -> bool:
    """Return whether all owners of an object are of a kind and gone: then the garbage collector of a cluster takes it."""
    owners = [one for one in live["metadata"].get("ownerReferences") or () if one.get("kind") == kind]
    return bool(owners) and not {one.get("uid") for one in owners} & set(uids)


def condition(live: Object, kind: str) -> Object:
    return next((one for one in status(live).get("conditions") or () if one.get("type") == kind), {})


def with_conditions(live: Object, *conditions: Object, without: Collection[str] = ()) -> list[Object]:
    """Return the conditions of an object with some of them set and some removed. What others say stays in its place."""
    fresh = {one["type"]: one for one in conditions}
    kept = [fresh.pop(one["type"], one) for one in status(live).get("conditions") or () if one["type"] not in without]
    return kept + list(fresh.values())


def available(live: Object) -> bool:
    """Return whether a Deployment has all its pods and no old ones."""
    wanted, is_ = spec(live).get("replicas", 1), status(live)
    return bool(is_.get("observedGeneration") == live["metadata"].get("generation") and is_.get("availableReplicas", 0) >= wanted)
