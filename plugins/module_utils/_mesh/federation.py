# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cluster discovers which, and why some must not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .errors import Refused
from .member import Member, named, of_mesh


@dataclass(frozen=True)
class Credential:
    """What opens a cluster's API server for the control planes of others. Never printed, never returned."""

    cluster: str
    server: str
    ca: bytes
    token: bytes
    tls_server_name: str = ""

    def __repr__(self) -> str:
        return f"Credential({self.cluster!r}, {self.server!r})"


def peers(members: Iterable[Member], name: str) -> list[Member]:
    """The clusters that the control plane of `name` discovers: all others of its mesh. A remote discovers none."""
    everyone = list(members)
    own = next((member for member in everyone if member.name == name), None)
    if own is None:
        raise Refused(f"{name}: the inventory has no cluster of this name with a mesh_name and a mesh_kube.")
    if not own.serves:
        return []
    return [member for member in of_mesh(everyone, own.mesh) if member.name != name]


def consumers(members: Iterable[Member], name: str) -> list[Member]:
    """The clusters whose control planes discover `name`, be it a remote or not."""
    everyone = list(members)
    return [member for member in of_mesh(everyone, named(everyone, name).mesh) if member.serves and member.name != name]


def require_common_root(roots: Mapping[str, Sequence[str]]) -> None:
    """Refuse clusters whose trust bundles have no root in common.

    `roots` is, by cluster, the fingerprints of the roots it trusts. Workloads of two clusters can only talk if each
    trusts the other's root; a link between them would send requests into certificate errors.
    """
    without = sorted(name for name, trusted in roots.items() if not trusted)
    if without:
        raise Refused(f"{', '.join(without)}: no root certificate of the mesh is there yet. Run meshops.lifecycle.trust first.")
    common = set.intersection(*(set(trusted) for trusted in roots.values())) if roots else {""}
    if common:
        return
    raise Refused(
        f"These clusters do not share a root CA: {_grouped(roots)}. "
        "Nothing was linked. Give them one root (meshops.lifecycle.trust, or a rotation where a mesh already runs)."
    )


def _grouped(roots: Mapping[str, Sequence[str]]) -> str:
    """'east, west (root 12ab34cd) | north (root 99ff00aa)'."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(roots):
        groups.setdefault(tuple(sorted(roots[name])), []).append(name)
    return " | ".join(f"{', '.join(names)} (root {', '.join(p[:8] for p in prints)})" for prints, names in groups.items())
