# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ClusterCatalogs, from which OLM's second version takes packages. It asks all that are chosen: one that does not serve keeps every package from coming."""

from __future__ import annotations

from collections.abc import Iterator

from ..few_names import few
from ..objects.change import Ref
from ..objects.shapes import Object
from .package import Package
from .seen import OperatorsSeen, catalog, spec
from .words import because, condition

BY_NAME = "olm.operatorframework.io/metadata.name"  # the label that each ClusterCatalog has
_MOST = 10
_OFF = "Unavailable"


def refusals(package: Package, seen: OperatorsSeen) -> Iterator[str]:
    """Yield why a package would come from nowhere."""
    if _chosen(package, seen):
        return
    wanted = _wanted(package, seen)
    if not wanted:
        yield f"no ClusterCatalog is switched on, so {package.name} comes from nowhere. Make one, or set availabilityMode of one to Available."
    elif named := [one for one in seen.catalogs if _name(one) == wanted]:
        yield f"{Ref.of(named[0])} is switched off (availabilityMode {_OFF}), so {package.name} comes from nowhere. Switch it on, or name another catalog."
    else:
        known = few(sorted(map(_name, seen.catalogs)), _MOST) or "none"
        told = f"ClusterCatalog {wanted} does not exist, so {package.name} comes from nowhere; the cluster has {known}"
        yield f"{told}. Correct catalog, or make that one."


def waits(package: Package, seen: OperatorsSeen) -> str:
    """Return which catalogue does not serve yet, with its reason; empty if all do that count for the package."""
    late = next((one for one in _chosen(package, seen) if condition(one, "Serving").get("status") != "True"), None)
    return f"{Ref.of(late)} to serve what it has{because(condition(late, 'Serving'))}" if late else ""


def _chosen(package: Package, seen: OperatorsSeen) -> list[Object]:
    """Return the catalogues in which OLM looks for a package: the one that is named, else all. What is switched off is none."""
    wanted = _wanted(package, seen)
    return [one for one in seen.catalogs if wanted in ("", _name(one)) and spec(one).get("availabilityMode") != _OFF]


def _wanted(package: Package, seen: OperatorsSeen) -> str:
    """Return the name of the one catalogue that counts: of the inventory, else of the ClusterExtension, which keeps it. Empty if all count."""
    live = catalog(seen.extension(package) or {})
    return package.catalog or str(((live.get("selector") or {}).get("matchLabels") or {}).get(BY_NAME) or "")


def _name(one: Object) -> str:
    return str(one["metadata"]["name"])
