# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from meshdrill import ledger
from meshdrill.ledger import Book, Request

LINES = ["inside 1000000 2000 200", "inside 1500000 4000 200", "inside 2000000 5000000 timeout",
         "stream 1000000 1000 200", "stream 2000000 0 broken rpc error: code = Unavailable"]


def test_a_line_is_a_request_whose_time_counts_from_when_it_was_due() -> None:
    assert next(ledger.parse(["across 1500000 2500 503 upstream connect error: reset reason"])) == \
        Request("across", 1.5, 0.0025, "503 upstream connect error: reset reason")


def test_whatever_is_not_answered_by_200_is_lost_and_has_a_time() -> None:
    inside = ledger.flows(ledger.parse(LINES))["inside"]
    assert (inside.sent, inside.lost, inside.breaks) == (3, 1, 0)
    assert (inside.first_lost, inside.last_lost, inside.outcomes) == (2.0, 2.0, (("timeout", 1),))


def test_the_break_of_a_stream_is_no_request_but_is_counted() -> None:
    stream = ledger.flows(ledger.parse(LINES))["stream"]
    assert (stream.sent, stream.lost, stream.breaks) == (1, 0, 1)
    assert stream.outcomes == (("broken rpc error: code = Unavailable", 1),)


def test_a_request_belongs_to_the_time_at_which_it_was_due() -> None:
    requests = list(ledger.parse(LINES))
    assert [request.due for request in ledger.during(requests, 1.5, 2.0)] == [1.5]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100)])
def test_percentiles(share: float, expected: int) -> None:
    assert ledger.percentile(list(range(100, 0, -1)), share) == expected


def test_of_nothing_every_percentile_is_nothing() -> None:
    assert ledger.percentile([], 0.99) == 0.0


def test_senders_that_come_and_go_write_a_file_each_and_a_half_line_waits(tmp_path: Path) -> None:
    book = Book(tmp_path / "ledger")
    book.open()
    (tmp_path / "ledger/a").write_text("f 1000000 5 200\nf 20000")
    assert book.news() == [Request("f", 1.0, 5e-6, "200")]
    with (tmp_path / "ledger/a").open("a") as file:
        file.write("00 5 200\n")
    (tmp_path / "ledger/b").write_text("f 3000000 5 timeout\n")
    assert [request.due for request in book.news()] == [2.0, 3.0]
    assert book.news() == []
    book.open()
    assert book.news() == [] and not list((tmp_path / "ledger").iterdir())
