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
from meshdrill.kill import Kills, Way
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


class Ground:
    def say(self, text: str) -> None:
        """Nobody listens."""


def drilled(playbook: Playbook, only: tuple[int, ...] = ()) -> Kills:
    kills = Kills(Ground(), [Way(playbook)], playbook.state, only)  # type: ignore[arg-type]
    kills.act(None)  # type: ignore[arg-type]
    return kills


def test_every_write_is_a_kill_before_and_after_and_each_is_run_again() -> None:
    playbook = Playbook()
    kills = drilled(playbook)
    assert kills.killed == [f"{moment} write {number}" for number in (1, 2, 3) for moment in kill.MOMENTS]
    assert playbook.points[:6] == ["", "count", "before:1", "", "after:1", ""]
    assert kills.otherwise == {}


def test_what_lies_behind_the_last_write_is_not_reached() -> None:
    assert drilled(Playbook()).passed == [f"{moment} write {number}" for number in (4, 5) for moment in kill.MOMENTS]


def test_another_end_is_told_with_the_kill_that_led_to_it() -> None:
    kills = drilled(Playbook(bad=True), only=(2,))
    assert kills.otherwise == {"after write 2": "east: istio-system/Secret/cacerts-previous is there"}


def test_a_run_that_does_not_mend_what_was_killed_is_told_with_the_write() -> None:
    class Stuck(Playbook):
        def __call__(self, point: str) -> Run:
            run = super().__call__(point)
            return Run(2, run.log) if self.points[-2:] == ["after:1", ""] else run

    with pytest.raises(DrillError, match=r"^after write 1 \(1 east PATCH /x\): The playbook ended with code 2"):
        drilled(Stuck())


def test_a_cutover_and_its_way_back_are_killed_in_turn_as_each_begins_where_the_other_ends() -> None:
    there, back, order = Playbook(), Playbook(), list[str]()

    def play(name: str, playbook: Playbook) -> Way:
        def run(point: str) -> Run:
            order.append(f"{name} {point.partition(':')[2]}".strip())
            return playbook(point)

        return Way(run, name)

    back.writes = 2
    kills = Kills(Ground(), [play("forward", there), play("back", back)], there.state, only=(2, 3))  # type: ignore[arg-type]
    kills.act(None)  # type: ignore[arg-type]
    assert order[:4] == ["forward", "back", "forward count", "back count"]
    assert order[4:12] == ["forward before:2", "forward", "back before:2", "back", "forward after:2", "forward", "back after:2", "back"]
    assert order[12:] == ["forward before:3", "forward", "back before:3", "forward after:3", "forward", "back after:3"]
    assert kills.passed == ["back, before write 3", "back, after write 3"] and "forward, after write 2" in kills.killed


class Resumed(Playbook):
    """What was written stays written: each run goes on where the last was killed. `stuck`: its first write is due in every run, as it is never kept."""

    def __init__(self, stuck: bool = False, worse: bool = False) -> None:
        super().__init__()
        self.done, self.stuck, self.worse = 0, stuck, worse

    def __call__(self, point: str) -> Run:
        folder, _colon, rest = point.partition(":")
        self.points.append(rest)
        moment, _colon, number = rest.partition(":")
        if not number:
            if folder:
                (Path(folder) / "writes").write_text("".join(f"{one} east PATCH /{one}\n" for one in range(1, self.writes + 1)))
            self.done = 0
            return Run(0, Path("/dev/null"))
        due = [*([0] if self.stuck else []), *range(self.done + 1, self.writes + 1)]
        sent = due[:int(number)]
        (Path(folder) / "writes").write_text("".join(f"{count} east PATCH /{one}\n" for count, one in enumerate(sent, 1)))
        killed = len(sent) == int(number)
        kept = sent[:-1] if killed and moment == "before" else sent
        self.done = max([self.done, *kept])
        self.left = self.worse and not killed
        return Run(-9 if killed else 0, Path("/dev/null"))


def chained(playbook: Resumed) -> Kills:
    kills = Kills(Ground(), [Way(playbook)], playbook.state, chained=True)  # type: ignore[arg-type]
    kills.act(None)  # type: ignore[arg-type]
    return kills


def test_in_a_chain_each_run_goes_on_where_the_last_was_killed_until_nothing_is_left_to_write() -> None:
    playbook = Resumed()
    kills = chained(playbook)
    assert playbook.points == ["", "count", "after:1", "before:2", "after:1", "before:2"]
    assert kills.killed == ["run 1 after 1 east PATCH /1", "run 2 before 2 east PATCH /3", "run 3 after 1 east PATCH /3"]
    assert kills.otherwise == {}


def test_a_write_that_every_run_sends_ends_no_chain() -> None:
    kills = chained(Resumed(stuck=True))
    assert "run 1 after 1 east PATCH /0" in kills.killed and {line[-1] for line in kills.killed} >= {"1", "2", "3"} and kills.otherwise == {}


def test_a_chain_that_ends_elsewhere_is_told() -> None:
    assert list(chained(Resumed(worse=True)).otherwise.values()) == ["east: istio-system/Secret/cacerts-previous is there"]


def test_a_chain_that_does_not_get_on_is_told() -> None:
    class Forgetful(Resumed):
        def __call__(self, point: str) -> Run:
            self.done = 0
            run = super().__call__(point)
            return run if not point or point.endswith("count") else Run(-9, run.log)

    with pytest.raises(DrillError, match="28 runs were killed one after the other"):
        chained(Forgetful())


def test_states_are_compared_by_object() -> None:
    assert state.differences({"east": {"a": 1, "b": 2}}, {"east": {"b": 3, "c": 4}}) == ["east: a is missing", "east: b differs", "east: c is there"]


def test_of_a_secret_the_names_of_its_keys_count_and_of_annotations_too() -> None:
    secret = {"metadata": {"labels": {"a": "b"}, "annotations": {"meshops.lifecycle/epoch": "7"}}, "data": {"key.pem": "x"}, "type": "Opaque"}
    other = {**secret, "metadata": {"labels": {"a": "b"}, "annotations": {"meshops.lifecycle/epoch": "9"}}, "data": {"key.pem": "y"}}
    assert state.shape(secret) == state.shape(other)
    assert state.shape({**secret, "data": {}}) != state.shape(secret)


def test_when_pods_were_restarted_and_what_helm_remembers_do_not_count() -> None:
    def deployment(**annotations: str) -> dict[str, Any]:
        return {"metadata": {"name": "a"}, "spec": {"replicas": 1, "template": {"metadata": {"annotations": annotations}, "spec": {}}}}

    earlier, later = (deployment(**{"kubectl.kubernetes.io/restartedAt": at, "own": "1"}) for at in ("1", "2"))
    assert state.shape(earlier) == state.shape(later) != state.shape(deployment(own="2"))

    class Estate:
        @staticmethod
        def get(_cluster: str, *words: str) -> dict[str, Any]:
            wide = "-n" not in words
            return {"items": [{"kind": "Namespace" if wide else "Secret", "metadata": {"name": "a", **({} if wide else {"namespace": "n"})},
                               "type": "" if wide else "helm.sh/release.v1"}]}

    assert list(state.read(Estate(), "east", ("n",), "secrets", "namespaces")) == ["/Namespace/a"]  # type: ignore[arg-type]
