# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cluster discovers which, and why some must not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import Refused
from ..member import Member, named, of_mesh
from ..trust.standing import Standing

_TOLD = 10


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


def require_mutual_trust(roots: Mapping[str, Standing]) -> None:
    """Refuse clusters of which one does not trust what another signs.

    A root in common is not enough: the other may sign under a second one already. A link between such clusters would
    send requests into certificate errors.
    """
    without = sorted(name for name, one in roots.items() if not one.trusts)
    if without:
        raise Refused(f"{', '.join(without)}: no root certificate of the mesh is there yet. Run meshops.lifecycle.trust first.")
    strange = sorted(f"{name} does not trust what {other} signs{_under(its)}"
                     for name, own in roots.items() for other, its in roots.items() if not own.accepts(its))  # fmt: skip
    if strange:
        shown = "; ".join(strange[:_TOLD]) + (f"; and {len(strange) - _TOLD} more" if len(strange) > _TOLD else "")
        raise Refused(
            f"These clusters do not trust each other: {_grouped({name: one.trusts for name, one in roots.items()})}. {shown}. Nothing was linked. "
            "Give them one root (meshops.lifecycle.trust), or bring the rotation that is under way to its end.",
            findings=strange,
        )


def _under(roots: Standing) -> str:
    return f" (root {roots.signs_under[:8]})" if roots.signs_under else ""


def _grouped(roots: Mapping[str, Iterable[str]]) -> str:
    """'east, west (root 12ab34cd) | north (root 99ff00aa)'."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(roots):
        groups.setdefault(tuple(sorted(roots[name])), []).append(name)
    return " | ".join(f"{', '.join(names)} (root {', '.join(p[:8] for p in prints)})" for prints, names in groups.items())
