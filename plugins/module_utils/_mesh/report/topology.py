# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where everything of a mesh stands in its picture: sites, the networks in them, the clusters in these. Plain geometry; a template draws it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import Any

Cluster = Mapping[str, Any]
WIDTH = 1160
_EDGE, _HEAD, _NETWORK_HEAD = 14, 30, 22


@dataclass(frozen=True)
class TileSize:
    """How large a cluster is drawn: the fewer there are, the more one says of each. `letter` is what a letter of its name takes."""

    width: int
    height: int
    gap: int
    apart: int
    lines: int
    letter: float


LARGE = TileSize(236, 96, 18, 96, 3, 10.4)
MIDDLE = TileSize(164, 60, 12, 34, 2, 8.7)
SMALL = TileSize(116, 38, 8, 20, 1, 7.4)


@dataclass(frozen=True)
class Box:
    """A site or a network."""

    x: float
    y: float
    width: float
    height: float
    label: str
    number: int


@dataclass(frozen=True)
class Tile:
    """A cluster. `lines` stand under its name."""

    x: float
    y: float
    size: TileSize
    cluster: Cluster
    name: str
    lines: tuple[str, ...]

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.size.width / 2, self.y + self.size.height / 2


@dataclass(frozen=True)
class Block:
    """A part of the picture, as large as what is in it."""

    width: float = 0
    height: float = 0
    sites: tuple[Box, ...] = ()
    networks: tuple[Box, ...] = ()
    tiles: tuple[Tile, ...] = ()

    def moved(self, x: float, y: float) -> Block:
        sites, networks = (tuple(replace(one, x=one.x + x, y=one.y + y) for one in boxes) for boxes in (self.sites, self.networks))
        return replace(self, sites=sites, networks=networks, tiles=tuple(replace(one, x=one.x + x, y=one.y + y) for one in self.tiles))

    def beside(self, other: Block, width: float, height: float) -> Block:
        return Block(width, height, self.sites + other.sites, self.networks + other.networks, self.tiles + other.tiles)


def drawn(clusters: Sequence[Cluster]) -> Block:
    """Return the picture of the clusters of one mesh. It is WIDTH wide."""
    size = LARGE if len(clusters) <= 8 else MIDDLE if len(clusters) <= 36 else SMALL
    return _rows([_site(name, own, size) for name, own in _by("site", clusters)], size.apart)


def _by(what: str, clusters: Iterable[Cluster]) -> list[tuple[str, list[Cluster]]]:
    """Return the clusters in groups, in the order of their names; that without a name last."""
    groups: dict[str, list[Cluster]] = {}
    for one in sorted(clusters, key=lambda one: (one[what] == "", one[what], one["name"])):
        groups.setdefault(one[what], []).append(one)
    return list(groups.items())


def _site(name: str, clusters: Sequence[Cluster], size: TileSize) -> Block:
    widest = (WIDTH - 4 * _EDGE + size.gap) // (size.width + size.gap)
    columns = min(widest, ceil(sqrt(len(clusters) * 1.7 * size.height / size.width)) + 1, len(clusters))
    inside, y = Block(), float(_HEAD)
    for network, own in _by("network", clusters):
        block = _network(network, own, size, columns)
        inside = inside.beside(block.moved(_EDGE, y), max(inside.width, block.width), 0)
        y += block.height + _EDGE
    same = tuple(replace(one, width=inside.width) for one in inside.networks)
    width = inside.width + 2 * _EDGE
    return replace(inside, width=width, height=y, networks=same, sites=(Box(0, 0, width, y, name or "no site named", len(clusters)),))


def _network(name: str, clusters: Sequence[Cluster], size: TileSize, columns: int) -> Block:
    tiles = tuple(
        _tile(one, size, _EDGE + (at % columns) * (size.width + size.gap), _NETWORK_HEAD + (at // columns) * (size.height + size.gap))
        for at, one in enumerate(clusters)
    )
    across, down = min(columns, len(clusters)), ceil(len(clusters) / columns)
    width = across * (size.width + size.gap) - size.gap + 2 * _EDGE
    height = _NETWORK_HEAD + down * (size.height + size.gap) - size.gap + _EDGE
    return Block(width, height, networks=(Box(0, 0, width, height, f"network {name}" if name else "no network named", len(clusters)),), tiles=tiles)


def _rows(blocks: Sequence[Block], apart: float) -> Block:
    """Put the sites beside each other, in as many rows as it takes, each row in the middle."""
    rows: list[list[Block]] = [[]]
    for block in blocks:
        if rows[-1] and _across([*rows[-1], block], apart) > WIDTH:
            rows.append([])
        rows[-1].append(block)
    picture, y = Block(), 2.0
    for row in rows:
        x = (WIDTH - _across(row, apart)) / 2
        for block in row:
            picture = picture.beside(block.moved(x, y), WIDTH, 0)
            x += block.width + apart
        y += max((block.height for block in row), default=0) + min(apart, 48)
    return replace(picture, height=y - min(apart, 48) + 2)


def _across(row: Sequence[Block], apart: float) -> float:
    return sum(block.width for block in row) + apart * (len(row) - 1)


def _tile(one: Cluster, size: TileSize, x: float, y: float) -> Tile:
    beside_the_mark = 46 if size.lines > 1 else 26  # of a small cluster the mark stands on the second line
    room = int((size.width - beside_the_mark) / size.letter)
    return Tile(x, y, size, one, shortened(one["name"], room), tuple(_said(one)[: size.lines]))


def shortened(name: str, room: int) -> str:
    """Return a name that fits. Names of clusters often differ at their ends only, so what is left out is in the middle."""
    if len(name) <= room:
        return name
    end = (room - 1) // 2
    return f"{name[: room - 1 - end]}…{name[len(name) - end :]}"


def _said(one: Cluster) -> list[str]:
    """Return what stands under the name of a cluster, the most important first."""
    if one["unreached"]:
        return ["not reached"]
    planes = [f"{plane['version']} · {plane['ready']}/{plane['desired']}" for plane in one["control_planes"]]
    first = f"{planes[0]}{' and more' if len(planes) > 1 else ''}" if planes else f"served by {one['served_by']}" if one["served_by"] else "no control plane"
    proxies, behind = one["proxies"]["count"], one["proxies"]["behind"]
    second = f"{proxies:,} proxies" + (f", {behind:,} behind" if behind else "")
    addresses = [str(address) for gateway in one["gateways"] for address in gateway["addresses"]]
    third = f"gateway {shortened(addresses[0], 24)}" if addresses else "no gateway" if not one["gateways"] else "gateway without address"
    return [first, second, third]
