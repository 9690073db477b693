# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema of one kind, as a CRD has it or as the API server publishes it in OpenAPI v3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .given import DEFINITION, Way, is_builtin

Node = Mapping[str, Any]
_HELD: Node = {"properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {}}}
_ANYTHING: Node = {"x-kubernetes-preserve-unknown-fields": True}
_DEEPEST = 30  # a schema may refer to itself


@dataclass(frozen=True)
class Schema:
    """The root, and the parts to which it refers. If `open_ended`, an object of which nothing is said takes any field; in a CRD it takes none."""

    root: Node = field(repr=False)
    parts: Mapping[str, Node] = field(default_factory=dict, repr=False)
    open_ended: bool = False

    def of(self, node: Node) -> Node:
        """Return a node with what it refers to."""
        for _depth in range(_DEEPEST):
            inner = node.get("$ref") or next((part.get("$ref") for part in node.get("allOf") or [] if "$ref" in part), None)
            if not inner:
                break
            node = {**self.parts.get(str(inner).rpartition("/")[2], {}), **{key: value for key, value in node.items() if key not in ("$ref", "allOf")}}
        if node.get("x-kubernetes-embedded-resource"):
            return {**node, "properties": {**_HELD["properties"], **(node.get("properties") or {})}}
        return node

    def others(self, node: Node) -> Node | None:
        """Return the schema of fields that an object does not name; None if it takes no others."""
        extra = node.get("additionalProperties")
        if isinstance(extra, Mapping):
            return extra
        silent = self.open_ended and not node.get("properties")
        return _ANYTHING if extra is True or node.get("x-kubernetes-preserve-unknown-fields") or silent else None

    def at(self, way: Way) -> Node | None:
        """Return the node at the end of a way; None if there is none."""
        node: Node | None = self.of(self.root)
        for step in way:
            if node is None:
                return None
            inner = node.get("items") if isinstance(step, int) else (node.get("properties") or {}).get(step) or self.others(node)
            node = None if inner is None else self.of(inner)
        return node


def of_definitions(crds: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Schema]:
    """Return by (apiVersion, kind) the schemas of CRDs. A version that is not served has none."""
    schemas = {}
    for crd in crds:
        spec = crd.get("spec") or {}
        for version in spec.get("versions") or []:
            root = (version.get("schema") or {}).get("openAPIV3Schema")
            if version.get("served") and root:
                schemas[f"{spec.get('group')}/{version.get('name')}", str((spec.get("names") or {}).get("kind"))] = Schema(root)
    return schemas


def served_by(crds: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return by (group, kind) the versions that CRDs serve."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for crd in crds:
        spec = crd.get("spec") or {}
        key = str(spec.get("group")), str((spec.get("names") or {}).get("kind"))
        found[key] = tuple(str(version.get("name")) for version in spec.get("versions") or [] if version.get("served"))
    return found


def is_definition(manifest: Mapping[str, Any]) -> bool:
    return manifest.get("kind") == DEFINITION and str(manifest.get("apiVersion")).startswith("apiextensions.k8s.io/")


def published(document: Mapping[str, Any], group: str, version: str, kind: str) -> Schema | None:
    """Return a kind's schema from what the API server publishes of a group and version; None if the kind is not in it."""
    parts = (document.get("components") or {}).get("schemas") or {}
    asked = {"group": group, "version": version, "kind": kind}
    root = next((each for each in parts.values() if asked in (each.get("x-kubernetes-group-version-kind") or [])), None)
    return None if root is None else Schema(root, parts, open_ended=is_builtin(group))
