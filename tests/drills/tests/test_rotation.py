# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a drill rotates, and how it judges, with stand-ins for the load and the playbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from meshdrill import play, rotation
from meshdrill.app import FLOWS, STREAM
from meshdrill.errors import DrillError
from meshdrill.ground import Seen, attempt, lost_by_phase, nobody_noticed
from meshdrill.ledger import Flow, Request
from meshdrill.play import Run
from meshdrill.report import Phase, Promise, Result
from meshdrill.timeline import Sample

QUIET = [Sample(begin, begin + 0.1, "a", frozenset("C"), "C") for begin in (0.0, 1.0)]


def flows(sent: int = 20000, **changed: Any) -> dict[str, Flow]:
    return {name: Flow(name, sent, 0, 0, 0.002, 0.01) for name in (*FLOWS, STREAM)} | changed


class Stage:
    """A stand-in for ground and load. Every rotation lasts 6,000 requests."""

    build, estate = Path("/nowhere"), None

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def say(self, text: str) -> None:
        """Print nothing."""

    def rotate(self, kind: str, _load: object) -> Run:
        self.kinds.append(kind)
        return Run(0, Path("log"), 100.0, (Phase(f"{kind}: retire", 110.0, 20.0),))

    def sent_since(self, _begin: float) -> int:
        return 6000 * len(self.kinds)

    def hold(self, name: str, act: Any, judge: Any) -> Result:
        phases = act(self)
        return Result(name, phases, {}, {}, [], 0.0, judge(Seen(flows(), QUIET, phases)))


def held(monkeypatch: pytest.MonkeyPatch, kinds: list[str], requests: int, pods: list[dict[str, int]] | None = None) -> tuple[Stage, Result]:
    told = iter(pods or [{"pod": 0}, {"pod": 0}])
    monkeypatch.setattr(rotation, "pods", lambda _ground: next(told))
    stage = Stage()
    return stage, rotation.hold(stage, kinds, requests, stage.rotate)  # type: ignore[arg-type]


def missed(promises: list[Promise]) -> list[str]:
    return [one.text for one in promises if not one.met]


def test_it_goes_on_until_every_flow_has_its_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, result = held(monkeypatch, ["root"], 20000)
    assert stage.kinds == ["root"] * 4 and result.met


def test_every_kind_has_its_turn_however_few_requests_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert held(monkeypatch, ["root", "intermediate", "gateways"], 10)[0].kinds == ["root", "intermediate", "gateways"]


@pytest.mark.parametrize("after", [{"pod": 1}, {"another": 0}])
def test_a_restart_is_held_against_it(monkeypatch: pytest.MonkeyPatch, after: dict[str, int]) -> None:
    assert missed(list(held(monkeypatch, ["root"], 10, [{"pod": 0}, after])[1].promises)) == ["nothing is restarted"]


def test_a_slow_root_is_held_against_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stage, "rotate", lambda self, kind, _load: self.kinds.append(kind) or Run(0, Path("log"), 0.0, (Phase("root: retire", 50.0, 20.0),)))
    assert missed(list(held(monkeypatch, ["root"], 10)[1].promises)) == ["a root is rotated, from the start of the playbook to retired, within 60 s"]


@pytest.mark.parametrize(("changed", "expected"), [
    ({}, []),
    ({"across-pooled": Flow("across-pooled", 20000, 1, 0, 0, 0)}, ["no request is lost"]),
    ({"inside-pooled": Flow("inside-pooled", 19999, 0, 0, 0, 0)}, ["each flow has 20000 requests or more"]),
    ({STREAM: Flow(STREAM, 9, 0, 1, 0, 0)}, [f"the stream {STREAM} never breaks"]),
])
def test_whatever_somebody_notices_is_a_promise_missed(changed: dict[str, Flow], expected: list[str]) -> None:
    assert missed(nobody_noticed(Seen(flows(**changed), QUIET, []), 20000)) == expected


def test_a_witness_that_looked_away_vouches_for_nothing() -> None:
    later = [*QUIET, Sample(9.0, 9.1, "a", frozenset("C"), "C")]
    assert missed(nobody_noticed(Seen(flows(), later, []), 20000)) == ["no proxy is out of the witness's sight for longer, in seconds,"]


def test_a_state_that_is_unsafe_is_a_promise_missed() -> None:
    unsafe = [*QUIET, *(Sample(begin, begin + 0.1, "b", frozenset("D"), "D") for begin in (0.0, 1.0))]
    assert len(missed(nobody_noticed(Seen(flows(), unsafe, []), 20000))) == 1


def test_a_loss_is_counted_to_the_phase_in_which_it_was_due() -> None:
    requests = [Request("f", 12.0, 0.1, "503"), Request("f", 22.0, 0.1, "503"), Request("f", 23.0, 0.1, "200")]
    assert lost_by_phase([Phase("a", 10, 5), Phase("b", 20, 5), Phase("a", 25, 5)], requests) == {"a": 1, "b": 1}


def test_what_fails_halfway_is_a_promise_missed_and_no_lost_drill() -> None:
    def fails(_load: object) -> list[Phase]:
        raise DrillError("The playbook ended with code 2.")

    phases, trouble = attempt(fails, None, 0.0)  # type: ignore[arg-type]
    assert [phase.name for phase in phases] == ["did not come to its end"]
    assert trouble == [Promise("it comes to its end", "The playbook ended with code 2.", met=False)]


def test_the_gateway_s_new_certificate_is_given_by_a_file_that_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    called: list[list[str]] = []

    class Given:
        @staticmethod
        def another_certificate() -> dict[str, str]:
            return {"name": "drill-gateway", "private_key": "KEY"}

    def run(argv: list[str], **_: object) -> Any:
        called.append(argv)
        assert "KEY" in Path(argv[-1].removeprefix("@")).read_text() and Path(argv[-1].removeprefix("@")).stat().st_mode & 0o077 == 0
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr(play.subprocess, "run", run)
    rotation.by_playbook(tmp_path)("gateways", Given())  # type: ignore[arg-type]
    assert "KEY" not in " ".join(called[0]) and not Path(called[0][-1].removeprefix("@")).exists()
    assert not any("KEY" in file.read_text() for file in tmp_path.iterdir())
