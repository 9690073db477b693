# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from meshdrill import pods
from meshdrill.watch import Timeline


class Ended(threading.Event):
    """Never waits. It is set when all pauses were asked for."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks, self.pauses = looks, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        return len(self.pauses) > self.looks


def test_after_a_look_without_an_answer_the_next_one_follows_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A read that times out takes 1.2 s, and two pauses beside it would make a gap of more than the 2 s that a drill allows."""
    asked: list[str] = []

    def listed(_connection: Any, path: str) -> list[dict[str, Any]]:
        asked.append(path)
        if len(asked) == 3:
            raise TimeoutError("The read operation timed out")
        return []

    monkeypatch.setattr(pods, "listed", listed)
    monkeypatch.setattr(pods, "Api", lambda *_words, **_options: type("Known", (), {"connection": lambda self: self, "close": lambda self: None})())
    ended = Ended(looks=3)
    pods.Witness(tmp_path, "east", Timeline(tmp_path / "timeline"), ended)._look()
    assert ended.pauses == [pods.EVERY, pods.EVERY, pods.AGAIN, pods.EVERY]
    lines = [json.loads(line) for line in (tmp_path / "timeline").read_text().splitlines()]
    assert [line.get("error", "") for line in lines] == ["", "The read operation timed out", ""]
    assert pods.EVERY + 1.2 + pods.AGAIN < 2.0
