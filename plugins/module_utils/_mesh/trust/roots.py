# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that the clusters of a mesh share a root: from what each of them signs under and trusts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .certificate import short
from .standing import Standing


def strangers(trusts: Iterable[Standing]) -> str | None:
    """Return 'east, west (root 12ab…) | north (root 34cd…)' if a cluster does not trust what another one signs, else None."""
    everyone = sorted(trusts, key=lambda trust: trust.cluster)
    if all(own.accepts(other) for own in everyone for other in everyone):
        return None
    groups: dict[str, list[str]] = {}
    for trust in everyone:
        groups.setdefault(trust.signs_under, []).append(trust.cluster)
    return " | ".join(f"{', '.join(names)} (root {short(root)})" for root, names in groups.items())


def shared_root_faults(mesh: str, trusts: Sequence[Standing], lacking: Sequence[str], source: str | None) -> list[str]:
    """Return why the mesh would not have one root. This can be known before anything is written.

    `lacking` are the clusters without a CA. `source` is the root that they would get, or None if a new root would be made.
    """
    apart = strangers(trusts)
    if apart:
        fault = f"The clusters of the mesh {mesh} do not share a root: {apart}."
        return [f"{fault} Rotate them to one root before you link them."]
    if not lacking:
        return []
    planned = f"the root {short(source)}" if source else "a new root"
    fault = f"The clusters of the mesh {mesh} would not trust each other: {', '.join(lacking)} would get {planned}"
    others = [trust for trust in trusts if source not in trust.trusts]
    if others:
        their_roots = ", ".join(f"{trust.cluster} (root {short(trust.signs_under)})" for trust in others)
        return [f"{fault}, unlike {their_roots}. Give that root and its key as the mesh's root."]
    ahead = [f"{trust.cluster} (root {short(trust.signs_under)})" for trust in trusts if trust.signs_under != source]
    if ahead:
        way = "A rotation is under way. Finish it or turn it back, and add the cluster afterwards"
        return [f"{fault} alone, and would not trust what is signed in {', '.join(ahead)}. {way}."]
    return []
