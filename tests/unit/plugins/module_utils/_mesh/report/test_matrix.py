# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.matrix import matrix, reached

NAMES = ("dc1", "dc2", "dc3")


def full(names: tuple[str, ...], late: tuple[tuple[str, str], ...] = ()) -> dict[str, dict[str, int] | str]:
    return {name: {target: 0 if (name, target) in late else 5 for target in names} for name in names}


def test_each_row_asks_and_each_column_answers() -> None:
    assert matrix(full(NAMES, (("dc1", "dc3"),)), 5) == [
        "ASKS   1  2  3",
        "-----  -  -  -",
        "1 dc1  √  √  ×",
        "2 dc2  √  √  √",
        "3 dc3  √  √  √",
    ]


def test_too_few_answers_are_none_and_a_cluster_of_another_mesh_is_not_asked() -> None:
    told = matrix({"dc1": {"dc1": 5, "dc2": 4}, "dc2": {"dc1": 5, "dc2": 5}, "other": {"other": 5}}, 5)
    assert told[2:] == ["1 dc1    √  ×  ·", "2 dc2    √  √  ·", "3 other  ·  ·  √"]


def test_a_cluster_that_could_not_ask_is_named_below() -> None:
    answers = {**full(NAMES), "dc2": "dc2: the Deployment is not ready."}
    assert matrix(answers, 5)[3:] == ["2 dc2  ·  ·  ·", "3 dc3  √  √  √", "× dc2: the Deployment is not ready."]
    assert reached(answers, 5) == "× 6 of 6 paths between 3 clusters answer over mTLS; dc2 asked nobody"


def test_names_as_long_as_they_like_keep_within_a_screen() -> None:
    names = tuple(f"a-cluster-in-a-region-far-away-{number:02}" for number in range(24))
    assert max(map(len, matrix(full(names), 5))) <= 120


def test_of_very_many_clusters_only_those_are_shown_that_miss_some() -> None:
    names = tuple(f"dc{number:02}" for number in range(60))
    assert matrix(full(names), 5) == []
    late = tuple(("dc07", name) for name in names[10:17])
    assert matrix(full(names, late), 5) == ["× dc07 reaches 53 of 60, not dc10, dc11, dc12, dc13, dc14 and 2 more"]
    assert reached(full(names, late[:1]), 5) == "× 3599 of 3600 paths between 60 clusters answer over mTLS; not dc07 to dc10"


@pytest.mark.parametrize(("names", "said"), [(NAMES, "√ 9 of 9 paths between 3 clusters answer over mTLS")])
def test_one_line_sums_it_up(names: tuple[str, ...], said: str) -> None:
    assert reached(full(names), 5) == said
