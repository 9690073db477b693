# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of an inventory will not be had for long, or not at all, and what has to be in a mirror."""

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
    """What the install cannot get, as half sentences. `seen` is what cluster_info returned."""
    return _foreseen(name, variables, seen, today)[0]


def warnings(name: str, variables: Mapping[str, Any], seen: Mapping[str, Any], today: date) -> list[str]:
    """What is only to be known, as sentences."""
    return _foreseen(name, variables, seen, today)[1]


def _foreseen(name: str, variables: Mapping[str, Any], seen: Mapping[str, Any], today: date) -> tuple[list[str], list[str]]:
    """Nothing is foreseen of a wish that cannot be; preflight's other findings say why."""
    if shapes(variables):
        return [], []
    try:
        mesh = provider(str(variables.get("mesh_provider") or ""))
        plane = inventory_wish.of_inventory(name, variables, mesh.defaults)
        return notices.before(name, _releases(mesh, plane), str(variables.get("mesh_probe_image") or ""), plane.version, seen, _known(mesh, plane, today))
    except MeshError:
        return [], []


def _known(mesh: Provider, plane: ControlPlane, today: date) -> notices.SupportData:
    asked = mesh.install.requirements()
    led = plane.mirror.get("hosts") or []
    return notices.SupportData(asked.gone, asked.versions, today, [led] if isinstance(led, str) else led)


def _releases(mesh: Provider, plane: ControlPlane) -> list[Release]:
    return stage.releases(mesh.install.stages(plane))


def needs(name: str, variables: Mapping[str, Any]) -> list[mirror.Needed]:
    """All that the install pulls, and the verification: what it is called upstream, and what it is taken as."""
    if shapes(variables):
        return []
    mesh = provider(str(variables.get("mesh_provider") or ""))
    plane = inventory_wish.of_inventory(name, variables, mesh.defaults)
    supplies = mesh.install.supplies(_releases(mesh, plane), plane.version)
    return [*supplies, mirror.Needed("image", IMAGE, mirror.image(str(variables.get("mesh_probe_image") or ""), plane.mirror))]
