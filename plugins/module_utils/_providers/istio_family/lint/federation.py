# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Defects of a federation of meshes: who may come in, where the other mesh is, and what is exported and imported under which name."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...._mesh.few_names import few
from ...._mesh.lint.finding import ERROR, NOTICE, Finding
from ...._mesh.lint.given import Document, LintScene
from ...._mesh.lint.nearest import SURE, nearest
from ...._mesh.lint.rule import LintRule
from .names import FEDERATION, control_planes

_CLIENT = re.compile(r"([^/]+)/ns/([^/]+)/sa/([^/]+)")
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+\.?")
_STANDS_FOR = re.compile(r"[<>${}]|\b(change.?me|replace.?me|todo|placeholder)\b|\.example(\.|$)|\.invalid$", re.IGNORECASE)
_BESIDE = 3  # lines between a field and a comment about it
_AROUND = re.compile(r"bypass|circumvent|go(es)? around the mesh|outside (of )?the mesh|without the mesh", re.IGNORECASE)


def _aliases(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    for exported in scene.of(FEDERATION, "ExportedServiceSet"):
        for place, one in enumerate(exported.items("spec", "exportRules")):
            selector = one.get("labelSelector") if isinstance(one, Mapping) else None
            if isinstance(selector, Mapping) and "alias" in selector:
                way = ("spec", "exportRules", place, "labelSelector", "alias")
                says = "labelSelector.alias is no field, so it is dropped and the services keep their own names; the field is aliases, a list"
                yield rule.at(exported, way, f"{says}{_imported(scene, selector)}")


def _imported(scene: LintScene, selector: Mapping[str, Any]) -> str:
    """Return who counts on the name that a service has only because the alias is dropped."""
    given = selector["alias"] if isinstance(selector["alias"], list) else [selector["alias"]]
    spaces = {str(each.get("namespace") or selector.get("namespace")) for each in given if isinstance(each, Mapping)} | {str(selector.get("namespace"))}
    aliased = {_named(each["alias"] if isinstance(each.get("alias"), Mapping) else each) for each in given if isinstance(each, Mapping)}
    wanted = [(each, name) for each in scene.known if (each.group, each.ref.kind) == (FEDERATION, "ImportedServiceSet") for name in _selected(each)]
    counting = sorted({str(each.ref) for each, name in wanted if name not in aliased and name.partition("/")[0] in spaces})
    return f"; with the alias in effect, {few(counting, 2)} would import nothing, so change both together" if counting else ""


def _selected(imported: Document) -> Iterator[str]:
    for one in imported.items("spec", "importRules"):
        selector = one.get("nameSelector") if isinstance(one, Mapping) else None
        if isinstance(selector, Mapping):
            yield _named(selector)


def _named(selector: Mapping[str, Any]) -> str:
    return f"{selector.get('namespace') or '*'}/{selector.get('name') or '*'}"


def _clients(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    planes = control_planes(scene)
    domains = {str(plane.get("spec", "security", "trust", "domain")): str(plane.ref.namespace) for plane in planes}
    spaces = {str(plane.ref.namespace) for plane in planes}
    for peer in scene.of(FEDERATION, "ServiceMeshPeer"):
        given, way = str(peer.get("spec", "security", "clientID") or ""), ("spec", "security", "clientID")
        client = _CLIENT.fullmatch(given)
        if given and client is None:
            yield rule.at(peer, way, "spec.security.clientID is not written as <trust domain>/ns/<namespace>/sa/<service account>, so nobody matches it")
        elif client:
            meant = domains.get(client[1]) or nearest(client[2], spaces, SURE)
            if meant and client[2] not in spaces:
                says = f"spec.security.clientID names the namespace {client[2]}, in which no mesh is, so every request of the peer is denied"
                yield rule.at(peer, way, f"{says}; {meant} is one")


def _addresses(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    for peer in scene.of(FEDERATION, "ServiceMeshPeer"):
        for place, address in enumerate(peer.items("spec", "remote", "addresses")):
            if not _is_address(str(address)):
                way = ("spec", "remote", "addresses", place)
                yield rule.at(peer, way, f"{address} stands for an address and is none; give the address of the peer's ingress gateway")


def _is_address(text: str) -> bool:
    if _STANDS_FOR.search(text):
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return _HOST.fullmatch(text) is not None
    return True


def _comments(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    for imported in scene.of(FEDERATION, "ImportedServiceSet"):
        fields = [(way, line) for way, line in imported.lines.items() if way[-1:] == ("importAsLocal",)]
        for line, text in imported.comments:
            near = [way for way, at in fields if abs(at - line) <= _BESIDE]
            if near and _AROUND.search(text):
                says = "a comment says that importAsLocal leads past the mesh; it adds the endpoints of the peer to those of the local service, in the mesh"
                yield rule.at(imported, near[0], says, line)


RULES = (
    LintRule("export-alias", ERROR, "An ExportedServiceSet gives a labelSelector an alias, which is no field.", _aliases),
    LintRule("peer-client-id", ERROR, "A ServiceMeshPeer expects a client from a namespace in which no mesh is.", _clients),
    LintRule("placeholder-address", ERROR, "A ServiceMeshPeer has a word where an address belongs.", _addresses),
    LintRule("import-as-local-comment", NOTICE, "A comment contradicts what importAsLocal does.", _comments),
)
