# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things stand in the picture: nothing lies over anything else, and everything is inside. A browser's fonts may differ; letters are estimated here."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.topology import LARGE, SMALL, WIDTH, Block, drawn, shortened
from ansible_collections.meshops.lifecycle.tests.unit.support.estates import made

Rectangle = tuple[float, float, float, float]


def picture(number: int, mesh: str = "shop") -> Block:
    return drawn([one for one in made(number)["clusters"] if one["mesh"] == mesh])


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def inside(one: Rectangle, other: Rectangle) -> bool:
    return other[0] <= one[0] and other[1] <= one[1] and one[2] <= other[2] and one[3] <= other[3]


SIZES = (1, 2, 3, 9, 20, 36, 60, 100, 250)


def boxes(block: Block, kind: str) -> list[Rectangle]:
    return [(one.x, one.y, one.x + one.width, one.y + one.height) for one in getattr(block, kind)]


def tiles(block: Block) -> list[Rectangle]:
    return [(one.x, one.y, one.x + one.size.width, one.y + one.size.height) for one in block.tiles]


@pytest.mark.parametrize(("number", "mesh"), [(number, mesh) for number in SIZES for mesh in sorted({one["mesh"] for one in made(number)["clusters"]})])
def test_nothing_lies_over_anything_else(number: int, mesh: str) -> None:
    block = picture(number, mesh)
    sites, networks, clusters = boxes(block, "sites"), boxes(block, "networks"), tiles(block)
    for same in (sites, networks, clusters):
        assert not [pair for pair in combinations(same, 2) if overlap(*pair)]
    whole = (0.0, 0.0, float(WIDTH), block.height)
    assert all(inside(one, whole) for one in sites)
    assert all(any(inside(one, site) for site in sites) for one in networks)
    assert all(any(inside(one, network) for network in networks) for one in clusters)


def test_every_cluster_is_in_it_once() -> None:
    clusters = [one for one in made(100)["clusters"] if one["mesh"] == "shop"]
    assert sorted(tile.cluster["name"] for tile in drawn(clusters).tiles) == sorted(one["name"] for one in clusters)


def test_few_clusters_say_more() -> None:
    assert [tile.lines for tile in picture(2).tiles] == [("1.31.2 · 2/2", "12 proxies", "gateway 198.18.0.33")] * 2
    assert {tile.size for tile in picture(2).tiles} == {LARGE}
    assert {tile.size for tile in picture(100).tiles} == {SMALL}
    assert {len(tile.lines) for tile in picture(100).tiles} == {1}


@pytest.mark.parametrize(("change", "lines"), [
    ({"unreached": "east: silence."}, ("not reached",)),
    ({"control_planes": [], "served_by": "west", "gateways": []}, ("served by west", "12 proxies", "no gateway")),
    ({"control_planes": [], "gateways": [{"addresses": []}]}, ("no control plane", "12 proxies", "gateway without address")),
    (
        {"control_planes": [{"version": each, "ready": 1, "desired": 2} for each in ("1.30.1", "1.31.2")]},
        ("1.30.1 · 1/2 and more", "12 proxies", "gateway 198.18.0.33"),
    ),
    ({"proxies": {"count": 4321, "behind": 12}}, ("1.31.2 · 2/2", "4,321 proxies, 12 behind", "gateway 198.18.0.33")),
])  # fmt: skip
def test_a_cluster_says(change: dict[str, Any], lines: tuple[str, ...]) -> None:
    east = {**made(2)["clusters"][0], **change}
    assert drawn([east]).tiles[0].lines == lines


@pytest.mark.parametrize(("name", "room", "shown"), [("east", 8, "east"), ("frankfurt-shop-001", 9, "fran…-001"), ("abcdefghij", 4, "ab…j")])
def test_a_long_name_loses_its_middle(name: str, room: int, shown: str) -> None:
    assert shortened(name, room) == shown
    assert len(shown) <= room
