# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what the install cannot get, or soon cannot get, and list what a mirror must hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ..._mesh.contract.provider import Provider
from ..._mesh.errors import MeshError
from ..._mesh.health.probe import IMAGE
from ..._mesh.install import inventory_wish, mirror, notices, stage
from ..._mesh.install.helm_release import Release
from ..._mesh.install.wish import ControlPlane
from ..._mesh.install.wish_faults import shapes
from ..._providers import provider


def refusals(name: str, variables: Mapping[str, Any], seen: Mapping[str, Any], today: date) -> list[str]:
    """Return what the install cannot get, as half sentences. `seen` is cluster_info's result."""
    return _foreseen(name, variables, seen, today)[0]


def warnings(name: str, variables: Mapping[str, Any], seen: Mapping[str, Any], today: date) -> list[str]:
    """Return notices about the install, as sentences."""
    return _foreseen(name, variables, seen, today)[1]


def _foreseen(name: str, variables: Mapping[str, Any], seen: Mapping[str, Any], today: date) -> tuple[list[str], list[str]]:
    """Return refusals and notices; none for an invalid wish, which other findings of preflight report."""
    if shapes(variables):
        return [], []
    try:
        mesh = provider(str(variables.get("mesh_provider") or ""))
        plane = inventory_wish.of_inventory(name, variables, mesh.defaults)
        image = str(variables.get("mesh_probe_image") or "")
        refused, warned = notices.before(name, _releases(mesh, plane), image, plane.version, seen, _support(mesh, plane, today))
        noticed = mesh.install.requirements().noticed
        return refused, [*warned, *(f"{name}: {text}." for text in (noticed(plane) if noticed else ()))]
    except MeshError:
        return [], []


def _support(mesh: Provider, plane: ControlPlane, today: date) -> notices.SupportData:
    required = mesh.install.requirements()
    led = plane.mirror.get("hosts") or []
    return notices.SupportData(required.gone, required.versions, today, [led] if isinstance(led, str) else led)


def _releases(mesh: Provider, plane: ControlPlane) -> list[Release]:
    return stage.releases(mesh.install.stages(plane))


def needs(name: str, variables: Mapping[str, Any]) -> list[mirror.Needed]:
    """Return all charts and images of the install and of the verification, with their upstream names and the names that the install uses."""
    if shapes(variables):
        return []
    mesh = provider(str(variables.get("mesh_provider") or ""))
    plane = inventory_wish.of_inventory(name, variables, mesh.defaults)
    supplies = mesh.install.supplies(plane)
    return [*supplies, mirror.Needed("image", IMAGE, mirror.image(str(variables.get("mesh_probe_image") or ""), plane.mirror))]
