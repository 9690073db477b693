# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows with bars."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.timeline import BAR, proxy_rows, scale, spans
from ansible_collections.meshops.lifecycle.tests.unit.support.estates import made


def one(kind: str = "intermediate", days: int = 700, level: str = "ok", **change: Any) -> dict[str, Any]:
    return {"kind": kind, "mesh": "shop", "clusters": ["east"], "subject": "CN=shop root", "not_after": "2028-11-20T12:00:00Z", "days_left": days,
            "level": level, **change}  # fmt: skip


def test_few_have_a_row_each_and_bars_grow_with_the_days() -> None:
    rows = spans([one(days=10, level="critical"), one(days=700), one(kind="root", days=3650)])
    assert [(row.whose, row.days_left, row.level) for row in rows] == [("east", 10, "critical"), ("east", 700, "ok"), ("CN=shop root", 3650, "ok")]
    assert 0 < rows[0].length < rows[1].length < rows[2].length == BAR


def test_what_has_expired_has_no_bar() -> None:
    assert spans([one(days=-3, level="expired")])[0].length == 0


def test_many_that_are_ok_and_end_on_one_day_share_a_row() -> None:
    many = [one(clusters=[f"c{at:02}"]) for at in range(40)]
    rows = spans([one(days=10, level="warn", clusters=["a"]), one(days=10, level="warn", clusters=["b"]), *many, one(not_after="2028-11-21T12:00:00Z")])
    assert [(row.whose, row.number) for row in rows] == [("a", 1), ("b", 1), ("c00, c01, c02 and 37 more", 40), ("east", 1)]
    assert rows[2].all_names.count(",") == 39


def test_the_axis_ends_where_the_last_certificate_does() -> None:
    assert [tick.label for tick in scale([one(days=3651)])] == ["1 d", "1 w", "1 m", "3 m", "1 y", "3 y", "10 y"]
    assert [tick.label for tick in scale([one(days=20)])][-1] == "1 y"


def test_proxies_that_are_behind_stand_first_and_the_rest_is_counted() -> None:
    clusters = made(60)["clusters"]
    rows, revisions, rest = proxy_rows(clusters, 10)
    assert revisions == ["blue", "green", "stable"]
    assert [row.behind for row in rows[:5]] == [9, 9, 9, 9, 9]
    assert all(sum(share.count for share in row.shares) == row.count for row in rows)
    assert max(share.x + share.width for row in rows for share in row.shares) <= BAR + 1
    having = sum(bool(each["proxies"]["count"]) for each in clusters)
    assert rest.startswith(f"{having - 10} more clusters have ")
    assert rest.endswith(" proxies, none of which is behind.")


def test_all_fit_and_nothing_is_said_of_a_rest() -> None:
    assert proxy_rows(made(2)["clusters"], 10)[2] == ""
    assert proxy_rows([], 10) == ([], [], "")
