# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What those who watch a task are told. The seconds are small here; that a run shows the lines, tests/api/test_screen.py proves."""

from __future__ import annotations

import threading
import time

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._ansible.progress import EVERY, Onlooker, watched
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.waiting import waiting


class Audience:
    """Somebody who wants to hear a number of lines."""

    def __init__(self, wanted: int) -> None:
        self.lines: list[str] = []
        self.wanted, self.enough = wanted, threading.Event()

    def mention(self, line: str) -> None:
        self.lines.append(line)
        if len(self.lines) >= self.wanted:
            self.enough.set()

    def onlooker(self, task: str = "Rotate", every: float = 0.01) -> Onlooker:
        return Onlooker(self.mention, "west", task, every)


def test_it_is_ten_seconds_in_earnest() -> None:
    assert EVERY == Onlooker(print, "west", "Rotate").every == 10.0


@pytest.mark.parametrize(("words", "hidden", "said"), [
    ("12 of 2,000 proxies behind", (), "west: 12 of 2,000 proxies behind ("),
    ("west: 1 of 2 objects are not ready.", (), "west: 1 of 2 objects are not ready ("),
    ("several\n  lines", (), "west: several lines ("),
    ("", (), "west: Rotate ("),
    ("the token hidden-word is refused", ("hidden-word",), "west: the token ******** is refused ("),
])
def test_a_line_has_the_host_what_it_waits_for_and_the_seconds(words: str, hidden: tuple[str, ...], said: str) -> None:
    audience = Audience(2)
    with waiting() as say:
        say(words)  # before anybody listens, so that no line is about the task alone
        with watched(audience.onlooker(), hidden):
            assert audience.enough.wait(20)
    assert [line[: len(said)] for line in audience.lines] == [said] * len(audience.lines)
    assert audience.lines[0].endswith(" s)")


def test_a_short_task_has_no_line_and_no_line_comes_after_its_end() -> None:
    audience = Audience(1)
    with watched(audience.onlooker(every=5.0)):
        pass
    assert audience.lines == []
    with watched(audience.onlooker()):
        assert audience.enough.wait(20)
    heard = len(audience.lines)
    time.sleep(0.05)
    assert len(audience.lines) == heard


def test_a_task_that_fails_ends_its_lines() -> None:
    threads = threading.active_count()
    with pytest.raises(ValueError, match="late"), watched(Audience(1).onlooker(every=5.0)):
        raise ValueError("late")
    assert threading.active_count() == threads


def test_without_anybody_who_watches_nothing_runs() -> None:
    threads = threading.active_count()
    with watched(None):
        assert threading.active_count() == threads
