# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory wants of one operator, and how sets of them are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .csv_name import between, operator_of, version_of

MANUAL, AUTOMATIC = "Manual", "Automatic"


@dataclass(frozen=True)
class Operands:
    """A kind of objects that an operator works for."""

    api_version: str
    kind: str


@dataclass(frozen=True)
class Earlier:
    """An operator that, where it is installed, has to have at least this version before a package comes beside it."""

    name: str
    version: str


@dataclass(frozen=True)
class Package:
    """A package of a catalogue: where it lies, the version that is pinned, and what else a run may install on the way to it.

    `csv` pins a Subscription, `version` a ClusterExtension or a chart; `targets` are the namespaces of a new OperatorGroup, none for all.
    """

    name: str
    namespace: str
    channel: str = ""
    source: str = ""
    source_namespace: str = ""
    csv: str = ""
    version: str = ""
    through: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    approval: str = MANUAL
    targets: tuple[str, ...] | None = None
    crds: tuple[str, ...] = ()
    operands: tuple[Operands, ...] = ()
    after: tuple[Earlier, ...] = ()
    catalog: str = ""
    service_account: str = ""
    self_certified: bool = False
    chart: Mapping[str, Any] = field(default_factory=dict)
    deprecated: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Package:
        known = {key: value for key, value in given.items() if value is not None}
        texts = {key: tuple(str(one) for one in known[key]) for key in ("through", "dependencies", "targets", "crds") if key in known}
        operands = tuple(Operands(one["api_version"], one["kind"]) for one in known.get("operands") or ())
        after = tuple(Earlier(one["name"], one["version"]) for one in known.get("after") or ())
        return cls(**{**known, **texts, "operands": operands, "after": after, "version": known.get("version") or version_of(known.get("csv") or "")})

    @property
    def automatic(self) -> bool:
        return self.approval == AUTOMATIC

    def allows(self, installed: str, csv: str) -> bool:
        """Return whether the inventory means this ClusterServiceVersion to be installed, from the one that is installed now."""
        if not self.csv:
            return False
        if csv in (self.csv, *self.dependencies):
            return True
        if not self.through:
            return bool(installed) and between(installed, csv, self.csv)
        return csv in self.through or (operator_of(csv) == operator_of(self.csv) and version_of(csv) in self.through)


def fault(package: Package) -> str:
    """Return why nothing can be wanted like this, as a sentence; empty if it can."""
    pinned = package.csv or package.version
    if package.automatic and pinned:
        return f"{package.name} has a pin ({pinned}) and approval {AUTOMATIC}. A pin holds with {MANUAL} only: remove one of them."
    if not package.automatic and not pinned:
        return f"{package.name} has no pin, so no InstallPlan could be approved. Give csv or version, or set approval to {AUTOMATIC}."
    return ""


def merged(entries: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a set in its order, with what the inventory says of each package, and then the inventory's other packages.

    An entry that is `optional` is left out unless the inventory names it.
    """
    said = {str(one["name"]): one for one in given}
    chosen = [one for one in entries if not one.get("optional") or one["name"] in said]
    own = [{key: value for key, value in {**one, **said.get(one["name"], {})}.items() if key != "optional"} for one in chosen]
    return own + [dict(one) for one in given if one["name"] not in {entry["name"] for entry in entries}]


def misnamed(given: Sequence[Mapping[str, Any]]) -> str:
    """Return why the packages of an inventory cannot be told apart, as a sentence; empty if they can."""
    names = [str(one.get("name") or "") if isinstance(one, Mapping) else "" for one in given]
    if not all(names):
        return "An entry of mesh_operators has no name. Give each the name of its package."
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"{', '.join(twice)} stands twice in mesh_operators. Keep one entry." if twice else ""


def duplicates(packages: Sequence[Package]) -> list[str]:
    names = [package.name for package in packages]
    return sorted({name for name in names if names.count(name) > 1})
