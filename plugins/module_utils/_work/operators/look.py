# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read all that a cluster holds of the operators that are wanted, in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.objects.change import Ref
from ..._mesh.objects.condition import Condition, verdict
from ..._mesh.operators.departure import kinds
from ..._mesh.operators.package import Package
from ..._mesh.operators.seen import OperatorsSeen, brought_by, copied, owned, spec, status
from ..._mesh.operators.step import DEFINITIONS, EXTENSIONS, GROUPS, PACKAGES, SUBSCRIPTIONS

_KINDS = ((SUBSCRIPTIONS, "Subscription"), (EXTENSIONS, "ClusterExtension"), (PACKAGES, "PackageManifest"))
# What a decision does not need, and may be a megabyte for each object.
_EXTENSION_CRD = Ref(DEFINITIONS, "CustomResourceDefinition", "clusterextensions.olm.operatorframework.io")
_PLAN = ("status.plan", "status.bundleLookups", "metadata.managedFields")
_CSV = ("spec.install", "spec.icon", "spec.description", "metadata.managedFields", "metadata.annotations")
Objects = list[dict[str, Any]]


def look(cluster: Cluster, packages: Sequence[Package], leaving: bool = False, offers: bool = False, crds: bool = False) -> OperatorsSeen:
    """Return what there is. For packages that are `leaving`, that is also what their operators work for, and which CRDs they brought.

    With `offers` it is also what the catalogues offer, which is much to read and changes seldom. With `crds` the CRDs of leaving packages are to go too, and
    all objects of them count, of which the credential may list some for that alone.
    """
    places = list(dict.fromkeys(package.namespace for package in packages))
    csvs = _csvs(cluster, None) if leaving else [csv for place in places for csv in _csvs(cluster, place)]
    sources = list(dict.fromkeys((package.source_namespace, package.source) for package in packages if package.source))
    seen = OperatorsSeen(
        served=frozenset(kind for api, kind in _KINDS if cluster.serves(api, kind)),
        namespaces=frozenset(one["metadata"]["name"] for one in cluster.get_all([Ref("v1", "Namespace", place) for place in places]) if one),
        subscriptions=cluster.list(SUBSCRIPTIONS, "Subscription"),
        groups=[one for place in places for one in cluster.list(GROUPS, "OperatorGroup", place)],
        plans=[] if leaving else [one for place in places for one in cluster.list(SUBSCRIPTIONS, "InstallPlan", place, without=_PLAN)],
        csvs=csvs,
        sources=[one for one in cluster.get_all([Ref(SUBSCRIPTIONS, "CatalogSource", name, place) for place, name in sources]) if one],
        extensions=cluster.list(EXTENSIONS, "ClusterExtension"),
    )
    return _of_leaving(cluster, packages, seen, crds) if leaving else _of_present(cluster, packages, seen, offers)


def _csvs(cluster: Cluster, place: str | None) -> Objects:
    return [one for one in cluster.list(SUBSCRIPTIONS, "ClusterServiceVersion", place, without=_CSV) if not copied(one)]


def _of_present(cluster: Cluster, packages: Sequence[Package], seen: OperatorsSeen, offers: bool) -> OperatorsSeen:
    accounts = [Ref("v1", "ServiceAccount", one.service_account, one.namespace) for one in packages if one.service_account]
    found = {(str(one["metadata"]["namespace"]), str(one["metadata"]["name"])) for one in cluster.get_all(accounts) if one}
    mine = [one for package in packages for one in seen.extensions_of(package.name)]
    return replace(
        seen,
        manifests=_offered(cluster, packages, seen) if offers else {},
        accounts=frozenset(found),
        definitions=_served(cluster, _names(packages, seen)),
        catalogs=cluster.list(EXTENSIONS, "ClusterCatalog"),
        workloads={one["metadata"]["name"]: cluster.list("apps/v1", "Deployment", spec(one).get("namespace"), brought_by(one)) for one in mine},
        needs_account=offers and "ClusterExtension" in seen.served and _account_required(cluster.get(_EXTENSION_CRD)),
    )


def _account_required(crd: Mapping[str, Any] | None) -> bool:
    """Return whether a ClusterExtension without a ServiceAccount is invalid. Older versions of OLM need one, newer ones ignore it."""
    for version in ((crd or {}).get("spec") or {}).get("versions") or ():
        if version.get("name") == EXTENSIONS.rpartition("/")[2]:
            tree = ((version.get("schema") or {}).get("openAPIV3Schema") or {}).get("properties") or {}
            return "serviceAccount" in ((tree.get("spec") or {}).get("required") or ())
    return False


def _offered(cluster: Cluster, packages: Sequence[Package], seen: OperatorsSeen) -> Mapping[str, Any]:
    """Return what catalogues offer of the packages. Where nobody serves this, nothing is said of any."""
    if "PackageManifest" not in seen.served:
        return {}
    wanted = [one for one in packages if one.source_namespace]
    found = cluster.get_all([Ref(PACKAGES, "PackageManifest", one.name, one.source_namespace) for one in wanted])
    return {package.name: live for package, live in zip(wanted, found, strict=True)}


def _names(packages: Sequence[Package], seen: OperatorsSeen) -> list[str]:
    """Return the CRDs to ask for: those of the inventory, and those of versions that are installed. The rest need not be served yet."""
    ready = [csv for package in packages for csv in seen.csvs_of(package) if status(csv).get("phase") == "Succeeded"]
    return list(dict.fromkeys(name for names in (*(package.crds for package in packages), *(owned(csv) for csv in ready)) for name in names))


def _served(cluster: Cluster, names: Sequence[str]) -> Mapping[str, bool]:
    refs = [Ref(DEFINITIONS, "CustomResourceDefinition", name) for name in names]
    return {ref.name: verdict(Condition(ref, "established"), live) is None for ref, live in zip(refs, cluster.get_all(refs), strict=True) if live}


def _of_leaving(cluster: Cluster, packages: Sequence[Package], seen: OperatorsSeen, all_objects: bool) -> OperatorsSeen:
    components = cluster.list(DEFINITIONS, "CustomResourceDefinition", metadata_only=True)
    seen = replace(seen, components=components)
    brought = {name for package in packages for csv in seen.csvs_of(package) for name in owned(csv)}
    labelled = {one["metadata"]["name"] for package in packages for one in seen.components_of(package)}
    names = {one["metadata"]["name"] for one in components} & (brought | labelled | {crd for package in packages for crd in package.crds})
    refs = [Ref(DEFINITIONS, "CustomResourceDefinition", name) for name in sorted(names)]
    crds = [one for one in cluster.get_all(refs) if one]
    wanted = {(one.api_version, one.kind) for package in packages for one in kinds(package, seen)}
    operands = {what: cluster.list(*_served_as(cluster, what, crds), metadata_only=True) for what in sorted(wanted)}
    remaining = {crd["metadata"]["name"]: cluster.list(*_stored(crd), metadata_only=True) for crd in crds if all_objects}
    gone = [one for live in (crds, *operands.values()) for one in live if one["metadata"].get("deletionTimestamp")]
    return replace(
        seen,
        definitions={crd["metadata"]["name"]: True for crd in crds},
        operands={what: [Ref.of(one) for one in live] for what, live in operands.items()},
        remaining={name: [Ref.of(one) for one in live] for name, live in remaining.items()},
        leaving=frozenset(Ref.of(one) for one in gone),
    )


def _served_as(cluster: Cluster, named: tuple[str, str], crds: Objects) -> tuple[str, str]:
    """Return apiVersion and kind by which the cluster serves what is named. An operator of another age may serve its operands in another version alone."""
    api_version, kind = named
    if cluster.serves(api_version, kind):
        return named
    group = api_version.partition("/")[0]
    return next((other for crd in crds if (other := _stored(crd))[1] == kind and other[0].partition("/")[0] == group), named)


def _stored(crd: Mapping[str, Any]) -> tuple[str, str]:
    """Return apiVersion and kind of a CRD's objects."""
    spec = crd["spec"]
    version = next(one["name"] for one in spec["versions"] if one.get("storage"))
    return f"{spec['group']}/{version}", str(spec["names"]["kind"])
