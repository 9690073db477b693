# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of a cutover keeps from one wave to the next, and what it leaves in the end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS

HOSTS = {name: {"mesh_name": "shop", "mesh_kube": {"context": name}} for name in ("east", "west")}
GO, BACK = {"way": "go", "waves": [], "reasons": []}, {"way": "back", "waves": [2], "reasons": ["east: the gate errors failed: it saw 7."]}


def wave(number: int, space: str) -> dict[str, Any]:
    return {"number": number, "kind": "derived", "spaces": {"east": [space]}, "services": {}, "proxies": {"east": 3}, "says": space}


def plan(*steps: str, **more: Any) -> dict[str, Any]:
    moves = [{"step": "move", "wave": number, "clusters": ["east"], "says": ""} for number in (1, 2)]
    others = [{"step": step, "wave": 0, "clusters": ["east"], "says": ""} for step in steps]
    usual = {"mesh": "shop", "target": "green", "former": "blue", "version": "1.31.2", "left_out": [], "waves": [wave(1, "a"), wave(2, "b"), wave(3, "c")]}
    return {**usual, "steps": moves + others, **more}


def noted(progress: dict[str, Any], **more: Any) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(FILTERS["_cutover_noted"](progress, **more))
    return kept


def after(*what: dict[str, Any]) -> dict[str, Any]:
    progress: dict[str, Any] = {}
    for each in what:
        progress = noted(progress, **each)
    return progress


def outcome(progress: dict[str, Any], *steps: str, revision: str = "blue", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = FILTERS["_cutover_outcome"](plan(*steps, **more), progress, revision=revision)
    return found


def numbers(found: dict[str, Any]) -> dict[str, list[int]]:
    return {key: [each["number"] for each in found[key]] for key in ("moved", "turned_back", "not_moved")}


class TestWhatARunLeaves:
    def test_all_moved_and_finished_says_what_the_inventory_needs(self) -> None:
        found = outcome(after({"wave": 1, "verdict": GO}, {"wave": 2, "verdict": GO}, {"step": "finish"}, {"step": "retire"}), "finish", "retire")
        assert numbers(found) == {"moved": [1, 2], "turned_back": [], "not_moved": []}
        assert (found["finished"], found["retired"], found["why"]) == (True, True, [])
        assert "Set mesh_revision: green and mesh_version: 1.31.2 in the inventory" in found["says"][-1]
        assert found["moved"][0]["spaces"] == {"east": ["a"]}

    def test_the_inventory_is_right_already(self) -> None:
        done = after({"wave": 1, "verdict": GO}, {"wave": 2, "verdict": GO}, {"step": "finish"})
        assert outcome(done, "finish", revision="green")["says"] == ["shop: of 2 waves from blue to green, these moved: 1, 2."]

    def test_nothing_to_do_says_only_what_the_inventory_needs(self) -> None:
        (said,) = outcome({}, steps=[])["says"]
        assert said.startswith("shop: everything follows green. Set mesh_revision: green")

    def test_a_wave_that_was_turned_back(self) -> None:
        found = outcome(after({"wave": 1, "verdict": GO}, {"wave": 2, "verdict": BACK}, {"wave": 2, "step": "back"}), "finish")
        assert numbers(found) == {"moved": [1], "turned_back": [2], "not_moved": [2]}
        assert (found["finished"], found["why"]) == (False, ["east: the gate errors failed: it saw 7."])
        assert found["says"][-1] == "Mend what is named. Then run the cutover again to go on to green, or with cutover_to: blue to go back."
        assert not [said for said in found["says"] if "mesh_revision" in said]

    def test_all_waves_turned_back(self) -> None:
        both = {**BACK, "waves": [2, 1]}
        found = outcome(after({"wave": 1, "verdict": GO}, {"wave": 2, "verdict": both}, {"wave": 2, "step": "back"}, {"wave": 1, "step": "back"}))
        assert numbers(found) == {"moved": [], "turned_back": [2, 1], "not_moved": [1, 2]}

    def test_what_could_not_be_turned_back_is_said(self) -> None:
        found = outcome(after({"wave": 1, "verdict": BACK}, {"wave": 1, "step": "back", "late": ["east: Deployment a/web follows green"]}))
        assert numbers(found) == {"moved": [], "turned_back": [], "not_moved": [1, 2]}
        assert "Not everything could be turned back. Run the cutover with cutover_to: blue." in found["says"]
        assert not [said for said in found["says"] if said.startswith("Mend what is named")], "two ways to go are one too many"
        assert found["why"][-1] == "east: Deployment a/web follows green"

    def test_a_finish_that_was_turned_back(self) -> None:
        moved = ({"wave": 1, "verdict": GO}, {"wave": 2, "verdict": GO}, {"step": "finish"}, {"verdict": BACK})
        found = outcome(after(*moved, {"step": "pointers back"}), "finish", waves=[wave(1, "a"), wave(2, "b")])
        assert (numbers(found)["moved"], found["finished"], found["pointers_back"]) == ([1, 2], False, True)
        assert "shop: tags, the default rule, validation and what moves only with them were turned back to blue." in found["says"]
        assert "shop: what these waves moved was not turned back, and names green now: 1, 2." in found["says"]
        assert not [said for said in found["says"] if "mesh_revision" in said]
        assert found["why"] == ["east: the gate errors failed: it saw 7."]

    def test_a_finish_that_was_turned_back_with_all_waves(self) -> None:
        moved = ({"wave": 1, "verdict": GO}, {"wave": 2, "verdict": GO}, {"step": "finish"}, {"verdict": BACK})
        back = ({"step": "pointers back"}, {"wave": 2, "step": "back"}, {"wave": 1, "step": "back"})
        found = outcome(after(*moved, *back), "finish", waves=[wave(1, "a"), wave(2, "b")])
        assert numbers(found) == {"moved": [], "turned_back": [2, 1], "not_moved": [1, 2]}
        assert not [said for said in found["says"] if "not turned back" in said]

    def test_a_finish_that_could_not_be_turned_back(self) -> None:
        late = ["east: the control plane blue is not ready."]
        retire = {"step": "retire", "wave": 0, "clusters": ["east"], "says": ""}
        found = outcome(after({"verdict": BACK}, {"step": "pointers back", "late": late}), steps=[retire])
        assert (found["finished"], found["pointers_back"], found["why"][-1]) == (False, False, late[0])
        assert "Not everything could be turned back. Run the cutover with cutover_to: blue." in found["says"]
        assert not [said for said in found["says"] if "mesh_revision" in said]

    def test_namespaces_that_were_left_out_are_named(self) -> None:
        found = outcome(after({"wave": 1, "verdict": GO}, {"wave": 2, "verdict": GO}), left_out=["east: legacy"])
        assert [said for said in found["says"] if said.endswith("cutover_only, cutover_skip or cutover_gateways leaves out what follows it: east: legacy.")]
        assert not [said for said in found["says"] if "mesh_revision" in said], "tags still lead to the former revision"


class TestOwnGates:
    def answered(self, *answers: Any, **more: Any) -> list[dict[str, Any]]:
        kept: list[dict[str, Any]] = json.loads(FILTERS["_cutover_answered"](list(answers), **more))
        return kept

    def test_a_task_file(self) -> None:
        gate = {"name": "orders", "tasks": "orders.yml"}
        (passed,) = self.answered(gate=gate)
        assert self.answered(passed, gate=gate, failure={"msg": "no orders"}) == [
            {"name": "orders", "passed": True}, {"name": "orders", "passed": False, "value": "no orders"},
        ]  # fmt: skip

    @pytest.mark.parametrize(("answer", "passed", "waits"), [
        ("yes", True, False), (" Y ", True, False), ("no", False, False), ("", True, True), ("hm", True, True),
    ])  # fmt: skip
    def test_a_person(self, answer: str, passed: bool, waits: bool) -> None:
        (gate,) = self.answered(gate={"name": "owner", "pause": "Look."}, answer=answer)
        assert (gate["passed"], "waits" in gate) == (passed, waits)

    def test_minutes_wait_for_nobody(self) -> None:
        assert self.answered(gate={"name": "a while", "pause": "Look.", "minutes": 5}) == [{"name": "a while", "passed": True}]

    def test_nobody_s_answer_lets_the_run_wait(self) -> None:
        progress = after({"wave": 1, "verdict": GO, "own_gates": [{"name": "owner", "passed": True, "waits": "Look."}]})
        assert (progress["moved"], progress["waits"]) == ([1], "Look.")
        found = outcome(progress)
        assert "The run waits for a person: Look. Start it again to go on, or with cutover_to: blue to go back." in found["says"]

    def test_after_the_finish_the_next_run_has_to_be_told_that_somebody_approved(self) -> None:
        waits = {"verdict": GO, "own_gates": [{"name": "owner", "passed": True, "waits": "Look."}]}
        progress = after({"wave": 1, "verdict": GO}, {"wave": 2, "verdict": GO}, {"step": "finish"}, waits)
        assert (progress["moved"], progress["waits"]) == ([1, 2], "Look.")
        found = outcome(progress, "finish", "retire")
        said = "The run waits for a person: Look. Start it again with cutover_approved: true to go on, or with cutover_to: blue to go back."
        assert said in found["says"]
        assert (found["finished"], found["retired"]) == (True, False)

    def test_a_wave_is_approved_by_another_run_even_if_it_was_the_last_one(self) -> None:
        waits = {"wave": 2, "verdict": GO, "own_gates": [{"name": "owner", "passed": True, "waits": "Look."}]}
        found = outcome(after({"wave": 1, "verdict": GO}, waits), "finish", "retire")
        assert "The run waits for a person: Look. Start it again to go on, or with cutover_to: blue to go back." in found["says"]


class TestFaultsOfAllClusters:
    def faults(self, **results: Any) -> list[str]:
        hosts = {name: {**HOSTS[name], "asked": results[name]} if results.get(name) is not None else HOSTS[name] for name in HOSTS}
        found: list[str] = FILTERS["_cutover_faults"](list(hosts), hosts, "east", "asked", "differences")
        return found

    def test_every_cluster_counts(self) -> None:
        assert self.faults(east={"differences": []}, west={"differences": []}) == []
        assert self.faults(east={"differences": []}, west={"differences": ["west: another root"]}) == ["west: another root"]

    def test_a_cluster_that_failed_or_said_nothing_is_a_fault(self) -> None:
        assert self.faults(east={"failed": True, "msg": "east: nobody answers", "differences": []}, west=None) == [
            "east: nobody answers", "west: this run did not come so far there. See what failed in west.",
        ]  # fmt: skip
