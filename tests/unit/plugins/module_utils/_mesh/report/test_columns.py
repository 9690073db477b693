# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.columns import apart, fitted, lines


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert lines(("A", "LONG HEAD"), [("wide cell", "x"), ("7", "y")]) == [
        "A          LONG HEAD",
        "---------  ---------",
        "wide cell  x",
        "7          y",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    assert lines(("A", "B"), []) == ["A  B", "-  -"]


def test_a_table_that_fits_is_as_it_was() -> None:
    header, rows = ("CLUSTER", "GATEWAY"), [("east", "192.0.2.10")]
    assert fitted(header, rows, {"GATEWAY": 4}, 19) == lines(header, rows)


def test_columns_give_way_in_turn_and_no_further_than_they_may() -> None:
    rows = [("0123456789", "abcdefghij", "stays as it is")]
    assert fitted(("A", "B", "C"), rows, {"B": 5, "A": 3}, 35)[2] == "0123456789  abc…hij  stays as it is"
    assert fitted(("A", "B", "C"), rows, {"B": 5, "A": 3}, 20)[2] == "0…9  ab…ij  stays as it is"


@pytest.mark.parametrize(("texts", "most", "said"), [
    (["production-east-01"], 18, ["production-east-01"]),
    (["production-east-01"], 9, ["prod…t-01"]),
    (["production-east-01"], 8, ["prod…-01"]),
    (["a.example.org.test", "b.example.org.test"], 8, ["a.ex…est", "b.ex…est"]),
    (["europe-central-01.example", "europe-central-02.example"], 11, ["e…1.example", "e…2.example"]),
])
def test_of_a_long_text_the_part_goes_that_tells_it_least_from_others(texts: list[str], most: int, said: list[str]) -> None:
    assert apart(texts, most) == said
