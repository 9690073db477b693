# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a plane stands in one cluster, for reports: who gets how much of its traffic, who could, and what a cutover left half done."""

from __future__ import annotations

from typing import Any

from .planes import ALL, GREEN, Plane
from .shifts import PlaneState


def standing(plane: Plane, state: PlaneState) -> dict[str, Any]:
    """Return facts by colour. `shares` are what objects give a colour, in percent; they have one value unless a cutover is half done."""
    return {
        "plane": plane.name,
        "role": plane.role,
        "colours": [
            {
                "colour": colour,
                "revision": side.revision,
                "shares": _shares(state, colour),
                "away": state.away.get(colour, ""),
                "unready": state.unready.get(colour, ""),
                "gateways": sum(one.replicas for one in state.doors[colour]) if colour in state.doors else None,
            }
            for colour, side in plane.sides.items()
        ],
    }


def _shares(state: PlaneState, colour: str) -> list[int]:
    return sorted({one.share(colour) for one in state.weighed if not one.fault})


def unfinished(plane: Plane, state: PlaneState) -> list[str]:
    """Return half sentences about what is between its colours, what is in doubt, and who serves although something is wrong with it."""
    again = f"run meshops.lifecycle.cutover again with cutover_plane={plane.name}, to go on or to turn it back"
    said = [f"the plane {plane.name}: {one.where} {one.fault}, so nobody knows who serves" for one in state.weighed if one.fault]
    greens = _shares(state, GREEN)
    if len(greens) > 1 or set(greens) - {0, ALL}:
        told = ", ".join(f"{one.where} gives {GREEN} {one.share(GREEN)} percent" for one in state.weighed if not one.fault)
        said.append(f"a cutover of the plane {plane.name} is half done: {told}; {again}")
    for colour in plane.sides:
        served = any(_shares(state, colour)) or (not plane.splits and len(plane.sides) == 1)
        if served and (why := state.hindered(colour)):
            said.append(f"the plane {plane.name} leads traffic to {colour}, and {why}; bring it up")
        elif not served and state.opened(colour) and state.closed(colour):
            names = ", ".join(one.where for one in state.opened(colour))
            said.append(f"a cutover of the plane {plane.name} is half done: nothing leads to {colour}, of whose gateways {names} still has pods; {again}")
    return said
