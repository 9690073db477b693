# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check variables that all clusters of a mesh must share. Findings are half sentences by cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..member import Member

_SAME = (
    ("mesh_trust_domain", "trust_domain", "workloads refuse those of another trust domain"),
    ("mesh_namespace", "namespace", "the collection looks for the links and the CA in one namespace"),
)


def apart(members: Iterable[Member]) -> dict[str, list[str]]:
    """Return a finding for every cluster of a mesh with different values, because any of them may be the wrong one."""
    everyone = list(members)
    by_cluster: dict[str, list[str]] = {}
    for mesh in sorted({member.mesh for member in everyone if member.mesh}):
        own = [member for member in everyone if member.mesh == mesh]
        for variable, attribute, why in _SAME:
            values = _groups(own, attribute)
            if values:
                text = f"{variable} is not the same in all clusters of the mesh {mesh}: {values}; {why}, so set it once for the mesh"
                for member in own:
                    by_cluster.setdefault(member.name, []).append(text)
    return by_cluster


def _groups(members: Sequence[Member], attribute: str) -> str:
    """Return 'east, west have a.example | north has b.example'; empty if all have the same value."""
    groups: dict[str, list[str]] = {}
    for member in members:
        groups.setdefault(str(getattr(member, attribute)), []).append(member.name)
    if len(groups) < 2:
        return ""
    return " | ".join(f"{', '.join(sorted(names))} {'has' if len(names) == 1 else 'have'} {value}" for value, names in groups.items())
