# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a catalogue offers. Its content lies in a ConfigMap with the name of the catalogue, key `catalog`, as YAML:

    demo-operator:
      channels: {stable: [demo-operator.v1.0.0, demo-operator.v1.1.0]}   # the oldest first, each replaces the one before
      kinds: [{group: demo.example.com, version: v1, kind: Widget, plural: widgets}]
      image: registry.example.com/demo:1      # without it the operator has no Deployment
      deprecated: Use another one.
      faults: {demo-operator.v1.1.0: [check]}

Faults on request: `unpack` (the bundle cannot be unpacked), `plan` (its InstallPlan fails), `check` (its ClusterServiceVersion never becomes healthy),
`install` (its install strategy fails), `twice` (its InstallPlan appears twice), `unmet` (it requires a CRD that nobody brings). `beside` names
ClusterServiceVersions that come with each InstallPlan of the package, as dependencies do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from .objects import Object

KEY = "catalog"
UNPACK, PLAN, CHECK, INSTALL, TWICE, UNMET = "unpack", "plan", "check", "install", "twice", "unmet"


@dataclass(frozen=True)
class Bundle:
    """One version of a package, with what it replaces in its channel."""

    name: str
    package: Package
    replaces: str = ""

    @property
    def version(self) -> str:
        return version(self.name)

    def fails(self, fault: str) -> bool:
        return fault in self.package.faults.get(self.name, ())


@dataclass(frozen=True)
class Package:
    name: str
    channels: Mapping[str, Sequence[str]]
    kinds: Sequence[Mapping[str, str]] = ()
    image: str = ""
    deprecated: str = ""
    beside: Sequence[str] = ()
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def default(self) -> str:
        return next(iter(self.channels))

    def channel(self, wanted: str) -> list[Bundle]:
        """Return the bundles of a channel, the oldest first; of the default one if none is named."""
        names = list(self.channels.get(wanted or self.default, ()))
        return [Bundle(one, self, before) for before, one in zip(["", *names], names, strict=False)]

    def crds(self) -> list[Object]:
        return [definition(one) for one in self.kinds]


Catalogue = Mapping[str, Package]


def version(csv: str) -> str:
    """Return the version in the name of a ClusterServiceVersion."""
    return csv.partition(".v")[2] or csv.partition(".")[2]


def read(config_map: Object | None) -> Catalogue | None:
    """Return the content of a catalogue; None if nobody would answer: no ConfigMap, or none that can be read."""
    text = ((config_map or {}).get("data") or {}).get(KEY)
    try:
        content = yaml.safe_load(text) if text else None
        return {name: Package(name, **told) for name, told in content.items()} if isinstance(content, dict) else None
    except (yaml.YAMLError, TypeError):
        return None


def definition(told: Mapping[str, Any]) -> Object:
    """Return the CRD of an operand: it takes every field."""
    known = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": known, "status": known}}
    served = {"name": told["version"], "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}
    names = {"kind": told["kind"], "plural": told["plural"], "singular": told["kind"].lower(), "listKind": f"{told['kind']}List"}
    wide = {"group": told["group"], "scope": told.get("scope", "Namespaced"), "names": names, "versions": [served]}
    meta = {"name": f"{told['plural']}.{told['group']}"}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": meta, "spec": wide}
