# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one cluster holds of the operators that are wanted, as it was read at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..objects.change import Ref
from ..objects.shapes import Object
from .package import Package

_COMPONENT = "operators.coreos.com/"
_OWNER = "olm.operatorframework.io/owner"
_LONGEST_LABEL = 63


@dataclass(frozen=True)
class OperatorsSeen:
    """Objects by kind. `served` are the kinds of which the API server has heard; a package that was not looked up is not in `manifests`."""

    served: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    subscriptions: Sequence[Object] = ()
    groups: Sequence[Object] = ()
    plans: Sequence[Object] = ()
    csvs: Sequence[Object] = ()
    sources: Sequence[Object] = ()
    manifests: Mapping[str, Object | None] = field(default_factory=dict)
    extensions: Sequence[Object] = ()
    catalogs: Sequence[Object] = ()
    workloads: Mapping[str, Sequence[Object]] = field(default_factory=dict)  # by ClusterExtension, the Deployments that it brought
    needs_account: bool = False  # whether a ClusterExtension has to name a ServiceAccount
    accounts: frozenset[tuple[str, str]] = frozenset()
    definitions: Mapping[str, bool] = field(default_factory=dict)  # name: whether it is served
    components: Sequence[Object] = ()
    operands: Mapping[tuple[str, str], Sequence[Ref]] = field(default_factory=dict)
    remaining: Mapping[str, Sequence[Ref]] = field(default_factory=dict)
    leaving: frozenset[Ref] = frozenset()  # what is being deleted

    def of_package(self, name: str) -> list[Object]:
        """Return the Subscriptions for a package in all namespaces."""
        return [one for one in self.subscriptions if spec(one).get("name") == name]

    def subscription(self, package: Package) -> Object | None:
        return next((one for one in self.of_package(package.name) if space(one) == package.namespace), None)

    def extension(self, package: Package) -> Object | None:
        return next(iter(self.extensions_of(package.name)), None)

    def extensions_of(self, name: str) -> list[Object]:
        return [one for one in self.extensions if catalog(one).get("packageName") == name]

    def csv(self, namespace: str, name: str) -> Object | None:
        return next((one for one in self.csvs if (space(one), one["metadata"]["name"]) == (namespace, name)), None)

    def csvs_of(self, package: Package) -> list[Object]:
        """Return the ClusterServiceVersions of a package: those that its Subscription names, and those that bear its label.

        The label stays if a run was killed after it deleted the Subscription.
        """
        live = self.subscription(package) or {}
        names = {status(live).get("installedCSV"), status(live).get("currentCSV")}
        here = [one for one in self.csvs if space(one) == package.namespace]
        return [one for one in here if one["metadata"]["name"] in names or component(package) in (one["metadata"].get("labels") or {})]

    def components_of(self, package: Package) -> list[Object]:
        """Return the CRDs that bear the package's label."""
        return [one for one in self.components if component(package) in (one["metadata"].get("labels") or {})]

    def groups_in(self, namespace: str) -> list[Object]:
        return [one for one in self.groups if space(one) == namespace]

    def source(self, package: Package) -> Object | None:
        return next((one for one in self.sources if (space(one), one["metadata"]["name"]) == (package.source_namespace, package.source)), None)


def component(package: Package) -> str:
    """Return the label that OLM puts on everything that belongs to a package."""
    return _COMPONENT + f"{package.name}.{package.namespace}"[:_LONGEST_LABEL].rstrip(".-_")


def space(one: Object) -> str:
    return str((one.get("metadata") or {}).get("namespace") or "")


def spec(one: Object) -> Object:
    return one.get("spec") or {}


def status(one: Object) -> Object:
    return one.get("status") or {}


def catalog(extension: Object) -> Object:
    return (spec(extension).get("source") or {}).get("catalog") or {}


def copied(csv: Object) -> bool:
    """Return whether a ClusterServiceVersion is the copy that OLM puts into each namespace of an all-namespaces group."""
    return "olm.copiedFrom" in (csv["metadata"].get("labels") or {}) or status(csv).get("reason") == "Copied"


def brought_by(extension: Object) -> dict[str, str]:
    """Return the labels of all that a ClusterExtension brought: OLM puts them on whatever is in the package."""
    return {f"{_OWNER}-kind": "ClusterExtension", f"{_OWNER}-name": str(extension["metadata"]["name"])}


def installed_version(extension: Object) -> str:
    return str((((status(extension).get("install") or {}).get("bundle")) or {}).get("version") or "")


def owned(csv: Object) -> list[str]:
    """Return the names of the CRDs that a ClusterServiceVersion brings."""
    return [str(one["name"]) for one in (spec(csv).get("customresourcedefinitions") or {}).get("owned") or ()]
