# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The links of a mesh in its picture, and as a matrix of who discovers whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from .estate import MISSING, SYNCED, UNKNOWN
from .topology import Block, Tile

Cluster = Mapping[str, Any]
_ALL_DRAWN, _MOST = 12, 40  # more lines than these would hide the clusters
_SEVERITY = ("timeout", "closed", MISSING, "syncing", UNKNOWN, SYNCED)
MATRIX_FROM = 3
BROKEN = "broken"


@dataclass(frozen=True)
class LinkLine:
    """A line between two clusters: its path, its state, and what it says if one points at it."""

    path: str
    state: str
    title: str


def kind(state: str) -> str:
    """Return how a state is drawn: synced, unknown, or broken."""
    return state if state in (SYNCED, UNKNOWN) else BROKEN


def drawn_links(picture: Block) -> tuple[list[LinkLine], str]:
    """Return the lines, and a sentence about those that are left out."""
    pairs = [(one, other, states) for one, other in combinations(picture.tiles, 2) if (states := _between(one.cluster, other.cluster))]
    bad = [pair for pair in pairs if kind(_worst(pair[2].values())) != SYNCED]
    broken = [pair for pair in bad if kind(_worst(pair[2].values())) == BROKEN]
    few = len(picture.tiles) <= _ALL_DRAWN
    shown = pairs if few else next((some for some in (bad, broken) if len(some) <= _MOST), [])
    served = [_served(one, other) for one in picture.tiles for other in picture.tiles if one.cluster["served_by"] == other.cluster["name"]]
    return [*(_line(*pair) for pair in shown), *served], "" if few else _left_out(len(pairs), len(bad), len(shown))


def _left_out(pairs: int, bad: int, shown: int) -> str:
    if not bad:
        return f"All {pairs:,} pairs of clusters are in sync both ways, so no line is drawn."
    rest = "only these are drawn as lines" if shown == bad else "the matrix below has them"
    rest += f", and lines show those that control planes report ({shown:,})" if 0 < shown < bad else ""
    return f"{bad:,} of {pairs:,} pairs of clusters are not in sync both ways; {rest}."


def _between(one: Cluster, other: Cluster) -> dict[str, str]:
    """Return what each of two clusters says of the other."""
    ways = ((one, other["name"]), (other, one["name"]))
    return {f"{here['name']} to {there}": here["links"][there] for here, there in ways if there in here["links"]}


def _worst(states: Iterable[str]) -> str:
    return min(states, key=lambda state: _SEVERITY.index(state) if state in _SEVERITY else 0)


def _line(one: Tile, other: Tile, states: Mapping[str, str]) -> LinkLine:
    said = "; ".join(f"{which}: {state}" for which, state in states.items())
    return LinkLine(_curve(one, other), kind(_worst(states.values())), said)


def _served(one: Tile, other: Tile) -> LinkLine:
    return LinkLine(_curve(one, other), "served", f"{other.cluster['name']} serves {one.cluster['name']}")


def _curve(one: Tile, other: Tile) -> str:
    """Return a line that bends a little, so that two of one direction do not become one."""
    (x1, y1), (x2, y2) = one.middle, other.middle
    bend = 0.12
    return f"M{x1:.0f} {y1:.0f}Q{(x1 + x2) / 2 - (y2 - y1) * bend:.0f} {(y1 + y2) / 2 + (x2 - x1) * bend:.0f} {x2:.0f} {y2:.0f}"


@dataclass(frozen=True)
class Matrix:
    """Who discovers whom: a row for each control plane, a column for each cluster. Paths hold all cells of one kind."""

    cell: int
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    paths: Mapping[str, str]
    said: tuple[str, ...]


def matrix(clusters: Sequence[Cluster]) -> Matrix | None:
    """Return the matrix; None for so few clusters that lines say it all. `said` counts what is not in sync, by cluster, the worst first."""
    columns = [one["name"] for one in sorted(clusters, key=lambda one: (one["site"], one["network"], one["name"]))]
    rows = {name: one["links"] for name in columns for one in clusters if one["name"] == name and one["links"]}
    if len(columns) < MATRIX_FROM or not rows:
        return None
    cell = max(9, min(20, 940 // len(columns)))
    paths: dict[str, str] = {}
    for down, links in enumerate(rows.values()):
        for across, name in enumerate(columns):
            if name in links:
                side = cell - 1
                paths[kind(links[name])] = paths.get(kind(links[name]), "") + f"M{across * cell} {down * cell}h{side}v{side}h-{side}z"
    return Matrix(cell, tuple(rows), tuple(columns), paths, tuple(_unsynced(rows)))


def _unsynced(rows: Mapping[str, Mapping[str, str]]) -> list[str]:
    counts = {name: Counter(state for state in links.values() if state != SYNCED) for name, links in rows.items()}
    bad = sorted((name for name in counts if counts[name]), key=lambda name: -counts[name].total())
    return [f"{name}: " + ", ".join(f"{number} {state}" for state, number in counts[name].most_common()) for name in bad]
