# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remove an operator: its operands first while it still runs, then what installed it, and its CRDs only if somebody says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..few_names import few
from ..objects.change import Ref
from ..objects.shapes import Object
from .owner import foreign
from .package import Operands, Package
from .seen import OperatorsSeen, owned, spec
from .step import DEFINITIONS, DELETE, Next, OperatorWrite

_MOST = 5


@dataclass(frozen=True)
class RemovalScope:
    """What a removal may take beside the operator itself: the objects that it works for, and the definitions of their kinds."""

    operands: bool = False
    crds: bool = False


def refusals(package: Package, seen: OperatorsSeen, consent: RemovalScope) -> Iterator[str]:
    """Yield what speaks against removing a package, before anything is deleted."""
    installing = [*seen.of_package(package.name), *seen.extensions_of(package.name)]
    here = [one for one in installing if (one["metadata"].get("namespace") or spec(one).get("namespace")) == package.namespace]
    elsewhere = [one for one in installing if one not in here]
    if elsewhere and not here:
        yield f"{Ref.of(elsewhere[0])} installs {package.name}, and the inventory has it in {package.namespace}. Set its namespace, or leave it out."
        return
    for one in here:
        if owner := foreign(one):
            yield f"{Ref.of(one)} belongs to {owner}. It stays as it is: leave {package.name} out."
            return
    yield from unsaid(package, seen, consent)


def unsaid(package: Package, seen: OperatorsSeen, consent: RemovalScope) -> Iterator[str]:
    """Yield what would go with a package although nobody said that it may. Users may make more of it while a run removes the package before."""
    live = [ref for kind in kinds(package, seen) for ref in seen.operands.get((kind.api_version, kind.kind), ())]
    if live and not consent.operands:
        yield f"{package.name} still works for {few([str(ref) for ref in live], _MOST)}. Remove them first, or set operator_remove_operands to true."
        return
    if seen.extensions_of(package.name) and not consent.crds:
        yield f"a ClusterExtension takes the CRDs of {package.name} with it, and all their objects. Set operator_remove_crds to true if that is meant."
        return
    if consent.crds:
        gone = {str(ref) for ref in live}
        left = [ref for crd in definitions(package, seen) for ref in seen.remaining.get(crd, ()) if str(ref) not in gone]
        if left:
            yield f"the CRDs of {package.name} would take {few([str(ref) for ref in left], _MOST)} with them. Remove these objects first."


def kinds(package: Package, seen: OperatorsSeen) -> list[Operands]:
    """Return the kinds of a package's operands: those that the inventory names, else those whose CRDs the operator brings."""
    if package.operands:
        return list(package.operands)
    brought = [one for csv in seen.csvs_of(package) for one in (spec(csv).get("customresourcedefinitions") or {}).get("owned") or ()]
    return list(dict.fromkeys(Operands(f"{one['name'].partition('.')[2]}/{one['version']}", one["kind"]) for one in brought))


def definitions(package: Package, seen: OperatorsSeen) -> list[str]:
    """Return the CRDs of a package that no other operator brings too."""
    own = {Ref.of(one) for one in seen.csvs_of(package)}
    others = {name for csv in seen.csvs if Ref.of(csv) not in own for name in owned(csv)}
    brought = [name for csv in seen.csvs_of(package) for name in owned(csv)]
    named = [*package.crds, *brought, *(one["metadata"]["name"] for one in seen.components_of(package))]
    return [name for name in dict.fromkeys(named) if name not in others and name in seen.definitions]


def decide(package: Package, seen: OperatorsSeen, consent: RemovalScope) -> Next:
    """Return what comes next. One kind of operands goes after the other, and all are gone before the operator goes."""
    if said := next(unsaid(package, seen, consent), ""):
        return Next(failed=said)
    for kind in kinds(package, seen):
        if live := seen.operands.get((kind.api_version, kind.kind), ()):
            return _away([_named(ref) for ref in live], seen)
    installing = [one for one in (seen.subscription(package), *seen.extensions_of(package.name)) if one]
    if installing:
        return _away(installing, seen)
    if csvs := seen.csvs_of(package):
        return _away(csvs, seen)
    if consent.crds and (crds := definitions(package, seen)):
        return _away([{"apiVersion": DEFINITIONS, "kind": "CustomResourceDefinition", "metadata": {"name": name}} for name in crds], seen)
    return Next()


def _away(live: list[Object], seen: OperatorsSeen) -> Next:
    """Delete what is not being deleted yet, then wait until all of it is gone."""
    due = [one for one in live if not one["metadata"].get("deletionTimestamp") and Ref.of(one) not in seen.leaving]
    if due:
        return Next(writes=tuple(OperatorWrite(DELETE, one) for one in due))
    return Next(waits=f"{few([str(Ref.of(one)) for one in live], _MOST)} to be gone")


def _named(ref: Ref) -> Object:
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {"name": ref.name, **({"namespace": ref.namespace} if ref.namespace else {})}}
