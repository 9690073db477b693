# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which links are lines, and the matrix of all of them."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.link_lines import drawn_links, matrix
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.topology import drawn
from ansible_collections.meshops.lifecycle.tests.unit.support.estates import made


def linked(states: dict[str, dict[str, str]], **change: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**made(2)["clusters"][0], "name": name, "links": links, **change.get(name, {})} for name, links in states.items()]


def all_synced(number: int) -> dict[str, dict[str, str]]:
    names = [f"c{at:02}" for at in range(number)]
    return {name: {other: "synced" for other in names if other != name} for name in names}


def test_two_that_are_in_sync_have_one_line() -> None:
    lines, note = drawn_links(drawn(linked(all_synced(2))))
    assert [(line.state, line.title, note) for line in lines] == [("synced", "c00 to c01: synced; c01 to c00: synced", "")]


def test_a_line_is_as_its_worse_direction() -> None:
    states = {"a": {"b": "synced", "c": "synced"}, "b": {"a": "timeout", "c": "synced"}, "c": {"a": "unknown", "b": "a-word-of-its-own"}}
    lines, _note = drawn_links(drawn(linked(states)))
    assert {line.title[:6]: line.state for line in lines} == {"a to b": "broken", "a to c": "unknown", "b to c": "broken"}


def test_many_show_only_what_is_not_in_sync() -> None:
    states = all_synced(20)
    assert drawn_links(drawn(linked(states))) == ([], "All 190 pairs of clusters are in sync both ways, so no line is drawn.")
    states["c03"]["c07"] = "closed"
    lines, note = drawn_links(drawn(linked(states)))
    assert [(line.state, line.title) for line in lines] == [("broken", "c03 to c07: closed; c07 to c03: synced")]
    assert note == "1 of 190 pairs of clusters are not in sync both ways; only these are drawn as lines."


def test_very_many_that_are_not_in_sync_would_hide_the_clusters() -> None:
    states = {name: dict.fromkeys(links, "timeout") for name, links in all_synced(20).items()}
    assert drawn_links(drawn(linked(states))) == ([], "190 of 190 pairs of clusters are not in sync both ways; the matrix below has them.")


def test_a_remote_is_led_to_by_the_cluster_that_serves_it() -> None:
    states = {"east": {"west": "synced"}, "west": {}}
    lines, _note = drawn_links(drawn(linked(states, west={"served_by": "east"})))
    assert [(line.state, line.title) for line in lines] == [("synced", "east to west: synced"), ("served", "east serves west")]


def test_the_matrix_has_a_row_for_each_control_plane_and_a_path_for_each_kind() -> None:
    states = {"a": {"b": "synced", "c": "timeout"}, "b": {"a": "synced", "c": "unknown"}, "c": {}}
    table = matrix(linked(states))
    assert table is not None
    assert (table.rows, table.columns) == (("a", "b"), ("a", "b", "c"))
    assert {state: path.count("M") for state, path in table.paths.items()} == {"synced": 2, "broken": 1, "unknown": 1}
    assert table.paths["broken"].startswith(f"M{2 * table.cell} 0h")
    assert table.said == ("a: 1 timeout", "b: 1 unknown")


def test_two_clusters_need_no_matrix() -> None:
    assert matrix(linked(all_synced(2))) is None


def test_a_hundred_fit() -> None:
    table = matrix(linked(all_synced(100)))
    assert table is not None
    assert table.cell * len(table.columns) <= 1000
    assert table.said == ()


def test_a_cluster_of_which_nobody_knows_anything_does_not_hide_what_is_known_to_be_wrong() -> None:
    states = all_synced(50)
    states["c00"] = dict.fromkeys(states["c00"], "unknown")
    states["c03"]["c07"] = "closed"
    lines, note = drawn_links(drawn(linked(states)))
    assert [line.title for line in lines] == ["c03 to c07: closed; c07 to c03: synced"]
    assert note == "50 of 1,225 pairs of clusters are not in sync both ways; the matrix below has them, and lines show those that control planes report (1)."
