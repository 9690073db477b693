# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning a cutover of one plane over the clusters of a mesh, on the controller. Private: see plugin_utils/filters.py.

The way that it returns has the shape of any other cutover's, so that the same tasks move its waves, ask the gates and turn back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._mesh.cutover.declared import faults, planes
from ...module_utils._mesh.cutover.plane_way import half_split, plane_way
from ...module_utils._mesh.cutover.planes import Plane
from ...module_utils._mesh.cutover.shifts import PlaneState
from ...module_utils._mesh.errors import MeshError
from ...module_utils._mesh.install.wish import merged
from ...module_utils._providers import provider
from .. import filters
from .. import hosts as hosts_of

DECLARED = "mesh_planes"
NOT_HERE = "it is not part of this run, and a cutover takes all clusters of the mesh; run it without --limit"


def _planes(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    """What each cluster of the mesh declares."""
    return {member.name: hosts_of.Variables(member.name, hostvars[member.name]).get(DECLARED) for member in hosts_of.mates(hosts, hostvars, cluster)}


def _having(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, plane: str) -> dict[str, Plane]:
    """The plane as each cluster declares it, those left out that do not have it."""
    return {name: known[plane] for name, given in _planes(hosts, hostvars, cluster).items() if plane in (known := planes(given))}


def refused(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, plane: str = "") -> list[str]:
    """Return what is wrong with the planes that the clusters of the mesh declare, a sentence each. The one that is named has to be there, and alike."""
    try:
        given = _planes(hosts, hostvars, cluster)
    except MeshError as error:
        return [str(error)]
    wrong = [f"{name}: mesh_planes: {fault}. Mend mesh_planes." for name, each in given.items() for fault in faults(each)]
    if plane and not wrong and not any(plane in planes(each) for each in given.values()):
        known = ", ".join(sorted({name for each in given.values() for name in planes(each)})) or "none"
        wrong = [f"The mesh of {cluster}: no cluster declares the plane {plane} in mesh_planes; declared are {known}. Mend cutover_plane."]
    return wrong or (half_split(hosts_of.member(hosts, hostvars, cluster).mesh, _having(hosts, hostvars, cluster, plane)) if plane else [])


def aim_of(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, plane: str, to: str, former: str = "") -> dict[str, Any]:
    """Return the revisions `to` and `former` that the user's words mean for a plane, and whether `weights` lead its traffic. Without a plane, the words."""
    words = {"to": to, "former": former, "weights": False}
    try:
        known = next(iter(_having(hosts, hostvars, cluster, plane).values()), None) if plane else None
        if known is None or known.splits:
            return {**words, "weights": known is not None}
        named = [side for side in known.sides.values() if to in (side.colour, side.revision)]
        others = [side for side in known.sides.values() if side not in named]
        return {"to": named[0].revision if named else to, "former": former or (others[0].revision if len(others) == 1 else ""), "weights": False}
    except MeshError:
        return words


def way_of(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, variable: str, plane: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Return the way of a plane to the colour that `wish` names. Never fail: what forbids the cutover is in its `findings`."""
    mesh = hosts_of.member(hosts, hostvars, cluster).mesh
    known = _having(hosts, hostvars, cluster, plane)
    seen = {name: hostvars[name].get(variable) or {"msg": NOT_HERE} for name in known}
    unseen = [_unseen(name, result) for name, result in seen.items() if "state" not in result]
    states = [PlaneState.of(json.loads(result["state"])) for result in seen.values() if "state" in result]
    planned = plane_way(mesh, known, states, wish)
    return {**planned, "findings": [*unseen, *planned["findings"]], **({"steps": []} if unseen else {})}


def _unseen(name: str, result: Mapping[str, Any]) -> str:
    why = str(result.get("msg") or "nothing was seen of it").removeprefix(f"{name}: ")
    return f"{name} cannot be judged: {why.rstrip('.')}."


def permissions(hosts: Sequence[str], hostvars: Mapping[str, Any], cluster: str, plane: str, namespace: str) -> list[dict[str, str]]:
    """Return the rights that a shift of the plane needs in this cluster, for the option `permissions` of cluster_info; none without the plane."""
    own = hosts_of.member(hosts, hostvars, cluster)
    known = planes(hosts_of.Variables(cluster, hostvars[cluster]).get(DECLARED))
    return provider(own.provider).cutover.permissions(namespace, known[plane]) if plane in known else []


def wishes(
    given: Any, namespace: str, plane: str = "", colours: Sequence[str] = (), values: Mapping[str, Any] | None = None, version: str = ""
) -> list[dict[str, Any]]:
    """Return the control planes that the declared planes need in the mesh's namespace, for the role control_plane: revision, version, values.

    Somebody else brings up a control plane in a namespace of its own. A control plane overrides the `values` and the `version` of all.
    """
    known = planes(given)
    sides = [(one.name, side) for one in known.values() if plane in ("", one.name) for side in one.sides.values()]
    chosen = [(name, side) for name, side in sides if side.namespace in ("", namespace) and (not colours or {side.colour, side.revision} & set(colours))]
    return [
        {"plane": name, "colour": side.colour, "revision": side.revision, "version": side.version or version, "values": merged(values, side.values)}
        for name, side in chosen
    ]


class FilterModule:
    """The filters of the role cutover that are about planes."""

    def filters(self) -> dict[str, Any]:
        return filters.named(_plane_aim=aim_of, _plane_permissions=permissions, _plane_refusals=refused, _plane_way=way_of, _plane_wishes=wishes)
