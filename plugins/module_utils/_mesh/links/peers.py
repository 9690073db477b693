# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say which cluster discovers which, and refuse links between clusters that do not trust each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import Refused
from ..member import Member, named, of_mesh
from ..trust.standing import Standing

_MOST = 10


def peers(members: Iterable[Member], name: str) -> list[Member]:
    """Return the clusters that the control plane of `name` discovers: all others of its mesh. A remote discovers none."""
    everyone = list(members)
    own = named(everyone, name)
    if not own.serves:
        return []
    return [member for member in of_mesh(everyone, own.mesh) if member.name != name]


def consumers(members: Iterable[Member], name: str) -> list[Member]:
    """Return the clusters whose control planes discover `name`, which may be a remote."""
    everyone = list(members)
    return [member for member in of_mesh(everyone, named(everyone, name).mesh) if member.serves and member.name != name]


def require_mutual_trust(roots: Mapping[str, Standing]) -> None:
    """Refuse clusters if one does not trust the root under which another signs.

    A common root is not enough: a cluster may already sign under a second one. Through a link between such clusters,
    requests would fail with certificate errors.
    """
    without = sorted(name for name, one in roots.items() if not one.trusts)
    if without:
        raise Refused(f"{', '.join(without)}: the mesh has no root certificate there yet. Run meshops.lifecycle.trust first.")
    strange = sorted(f"{name} does not trust what {other} signs{_under(its)}"
                     for name, own in roots.items() for other, its in roots.items() if not own.accepts(its))  # fmt: skip
    if strange:
        shown = "; ".join(strange[:_MOST]) + (f"; and {len(strange) - _MOST} more" if len(strange) > _MOST else "")
        raise Refused(
            f"These clusters do not trust each other: {_grouped({name: one.trusts for name, one in roots.items()})}. {shown}. Nothing was linked. "
            "Give them one root with meshops.lifecycle.trust, or finish the rotation that is under way.",
            findings=strange,
        )


def _under(roots: Standing) -> str:
    return f" (root {roots.signs_under[:8]})" if roots.signs_under else ""


def _grouped(roots: Mapping[str, Iterable[str]]) -> str:
    """Return 'east, west (root 12ab34cd) | north (root 99ff00aa)'."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(roots):
        groups.setdefault(tuple(sorted(roots[name])), []).append(name)
    return " | ".join(f"{', '.join(names)} (root {', '.join(p[:8] for p in prints)})" for prints, names in groups.items())
