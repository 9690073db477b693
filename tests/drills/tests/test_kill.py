# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kills, with a stand-in for the playbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from meshdrill import kill, state
from meshdrill.errors import DrillError
from meshdrill.kill import Kills
from meshdrill.play import Run


class Playbook:
    """Writes three times; a run that was killed after its second write leaves something that the next one does not mend, if it is told to be bad."""

    writes = 3

    def __init__(self, bad: bool = False) -> None:
        self.bad, self.points, self.left = bad, [], False

    def __call__(self, point: str) -> Run:
        folder, _colon, rest = point.partition(":")
        self.points.append(rest)
        moment, _colon, number = rest.partition(":")
        if folder:
            reached = self.writes if not number else min(self.writes, int(number))
            (Path(folder) / "writes").write_text("".join(f"{one} east PATCH /x\n" for one in range(1, reached + 1)))
        killed = bool(number) and int(number) <= self.writes
        self.left = self.left or (self.bad and killed and moment == "after" and number == "2")
        return Run(-9 if killed else 0, Path("/dev/null"))

    def state(self) -> dict[str, Any]:
        return {"east": {"istio-system/Secret/cacerts-previous": {}} if self.left else {}}


def drilled(monkeypatch: pytest.MonkeyPatch, playbook: Playbook, only: tuple[int, ...] = ()) -> Kills:
    class Ground:
        def say(self, text: str) -> None:
            """Print nothing."""

    kills = Kills(Ground(), playbook, only)  # type: ignore[arg-type]
    monkeypatch.setattr(kills, "_state", playbook.state)
    kills.act(None)  # type: ignore[arg-type]
    return kills


def test_every_write_is_a_kill_before_and_after_and_each_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    playbook = Playbook()
    kills = drilled(monkeypatch, playbook)
    assert kills.killed == [f"{moment} write {number}" for number in (1, 2, 3) for moment in kill.MOMENTS]
    assert playbook.points[:6] == ["", "count", "before:1", "", "after:1", ""]
    assert kills.otherwise == {}


def test_what_lies_behind_the_last_write_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drilled(monkeypatch, Playbook()).passed == [f"{moment} write {number}" for number in (4, 5) for moment in kill.MOMENTS]


def test_another_end_is_told_with_the_kill_that_led_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    kills = drilled(monkeypatch, Playbook(bad=True), only=(2,))
    assert kills.otherwise == {"after write 2": "east: istio-system/Secret/cacerts-previous is there"}


def test_a_run_that_does_not_mend_what_was_killed_is_told_with_the_write(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(Playbook):
        def __call__(self, point: str) -> Run:
            run = super().__call__(point)
            return Run(2, run.log) if self.points[-2:] == ["after:1", ""] else run

    with pytest.raises(DrillError, match=r"^after write 1 \(1 east PATCH /x\): The playbook ended with code 2"):
        drilled(monkeypatch, Stuck())


def test_states_are_compared_by_object() -> None:
    assert state.differences({"east": {"a": 1, "b": 2}}, {"east": {"b": 3, "c": 4}}) == ["east: a is missing", "east: b differs", "east: c is there"]


def test_of_a_secret_the_names_of_its_keys_count_and_of_annotations_too() -> None:
    secret = {"metadata": {"labels": {"a": "b"}, "annotations": {"meshops.lifecycle/epoch": "7"}}, "data": {"key.pem": "x"}, "type": "Opaque"}
    other = {**secret, "metadata": {"labels": {"a": "b"}, "annotations": {"meshops.lifecycle/epoch": "9"}}, "data": {"key.pem": "y"}}
    assert state.shape(secret) == state.shape(other)
    assert state.shape({**secret, "data": {}}) != state.shape(secret)
