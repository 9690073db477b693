# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one namespace holds for OLM, as it was read at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..catalogue import Bundle, Catalogue, Package
from ..objects import Object, name, space, spec, status

COPIED = "olm.copiedFrom"


@dataclass(frozen=True)
class Seen:
    """Objects of `namespace`; `sources`, `copies` and `namespaces` are those of the whole cluster, `served` the CRDs that are established."""

    namespace: str
    now: float
    subscriptions: Sequence[Object] = ()
    plans: Sequence[Object] = ()
    csvs: Sequence[Object] = ()
    groups: Sequence[Object] = ()
    deployments: Sequence[Object] = ()
    accounts: Sequence[Object] = ()
    sources: Sequence[Object] = ()
    copies: Sequence[Object] = ()
    namespaces: Sequence[str] = ()
    served: frozenset[str] = frozenset()
    catalogues: Mapping[tuple[str, str], Catalogue | None] = field(default_factory=dict)
    patience: float = 300.0  # seconds until an install times out: OLM pkg/controller/operators/olm/operator.go
    retry: float = 60.0  # seconds for which the steps of an InstallPlan are tried: OLM cmd/catalog/start.go

    def csv(self, wanted: str) -> Object | None:
        return named(self.csvs, wanted)

    def source(self, subscription: Object) -> Object | None:
        wanted = (spec(subscription).get("sourceNamespace"), spec(subscription).get("source"))
        return next((one for one in self.sources if (space(one), name(one)) == wanted), None)

    def catalogue(self, subscription: Object) -> Catalogue | None:
        return self.catalogues.get((spec(subscription).get("sourceNamespace", ""), spec(subscription).get("source", "")))

    def bundle(self, csv: str) -> Bundle:
        """Return the bundle of a ClusterServiceVersion; one without anything if it is in no catalogue any more."""
        packages = [package for catalogue in self.catalogues.values() if catalogue for package in catalogue.values()]
        found = (one for package in packages for channel in package.channels for one in package.channel(channel) if one.name == csv)
        return next(found, Bundle(csv, Package(csv.partition(".")[0], {"stable": [csv]})))


def named(objects: Sequence[Object], wanted: str) -> Object | None:
    return next((one for one in objects if name(one) == wanted), None)


def answers(source: Object | None) -> bool:
    """Return whether a CatalogSource answers, as OLM wrote it down last."""
    return bool(source and (status(source).get("connectionState") or {}).get("lastObservedState") == "READY")


def component(bundle: Bundle, namespace: str) -> str:
    """Return the label of all that belongs to a package: OLM pkg/controller/operators/decorators/operator.go."""
    return "operators.coreos.com/" + f"{bundle.package.name}.{namespace}"[:63].rstrip(".-_")
