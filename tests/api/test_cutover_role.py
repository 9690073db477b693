# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story that the role cutover tells, run by ansible-playbook itself: which step comes when, in which cluster, and what a failed gate turns back.

The modules answer from a file (tests/stubs): what they do is tested elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.tests.stubs.cutover_stub import mesh, stubbed
from ansible_collections.meshops.lifecycle.tests.unit.support.leaks import leaks
from ansible_collections.meshops.lifecycle.tests.unit.support.running import ARTIFACTS_SHOWN, Ran, artifacts, ran

TOKEN = "a-token-of-a-gate-Zm9yLW5vYm9keQ-5f1c9e77"
VARIABLES = {
    "mesh_name": "shop", "mesh_version": "1.30.1", "mesh_revision": "blue", "mesh_revision_tags": [], "mesh_trust_cluster": "east",
    "mesh_kube": {"host": "https://127.0.0.1:9", "api_key": "nobody"}, "mesh_network": "lan", "gate_token": TOKEN,
}  # fmt: skip
LOST, CALM = ({"name": "Look at the orders", f"ansible.builtin.{name}": {"msg": "no orders"}} for name in ("fail", "debug"))


@dataclass(frozen=True)
class Story:
    run: Ran
    state: dict[str, Any]
    report: dict[str, Any]

    def did(self, *modules: str) -> list[tuple[Any, ...]]:
        """What was asked of these modules, in order: the cluster, and what tells the calls apart."""
        apart = ("step", "wave", "target", "state")
        return [(host, *(told[key] for key in apart if told.get(key))) for host, name, told, check in self.state["log"] if name in modules and not check]

    def follows(self) -> dict[str, set[str]]:
        return {name: set(one["spaces"].values()) for name, one in self.state["clusters"].items()}


def play(folder: Path, state: dict[str, Any], *words: str, **options: Any) -> Story:
    (folder / "mesh.json").write_text(json.dumps(state))
    hosts = dict.fromkeys(state["clusters"])
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"vars": VARIABLES, "hosts": hosts}}))
    (folder / "orders.yml").write_text(yaml.safe_dump([LOST]))
    (folder / "calm.yml").write_text(yaml.safe_dump([CALM]))
    given = json.dumps({"cutover_to": "1.31.2", "cutover_report_dir": str(folder / "report"), **options})
    run = ran("cutover", "-i", str(folder / "inventory.yml"), *words, "-e", given, home=folder, **stubbed(folder / "mesh.json"))
    report = folder / "report" / "cutover-shop.json"
    return Story(run, json.loads((folder / "mesh.json").read_text()), json.loads(report.read_text()) if report.exists() else {})


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Up to a gate that asks a person, in AWX. The gate before it passes."""
    folder = tmp_path_factory.mktemp("begun")
    gates = [{"name": "orders", "tasks": str(folder / "calm.yml")}, {"name": "owner", "pause": "Look at the shop."}]
    headers = {"headers": {"Authorization": "Bearer {{ gate_token }}"}}
    gates += [{"name": "errors", "prometheus": {"url": "https://prometheus.example", "query": "up", "most": 1, **headers}},
              {"name": "page", "http": {"url": "https://shop.example/healthy", **headers}}]  # fmt: skip
    return play(folder, mesh("east", "west"), "-vvvv", "--diff", cutover_gates=gates, awx_job_id=1)


@pytest.fixture(scope="module")
def forward(begun: Story, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Started again, to the end."""
    return play(tmp_path_factory.mktemp("forward"), {**begun.state, "log": []}, cutover_soak=1, cutover_probe={"requests": 3})


def test_where_nobody_answers_the_run_ends_after_its_wave_and_is_no_failure(begun: Story) -> None:
    assert begun.run.code == 0, begun.run.output
    assert (begun.report["waits"], begun.follows()) == ("Look at the shop.", {"east": {"1-31-2"}, "west": {"blue"}})
    assert [wave["number"] for wave in begun.report["not_moved"]] == [2]
    assert [host for host, *step in begun.did("cutover") if step[0] != "move"] in (["east", "west"], ["west", "east"]), "prepare alone"


def test_no_header_of_a_gate_is_shown_and_none_is_in_the_report(begun: Story) -> None:
    """By the role, in the most verbose output. What the modules show of their arguments is tested with the modules."""
    assert "Ask the gates" in begun.run.output
    assert leaks({"the token of the gates": TOKEN.encode()}, {"output": begun.run.output.encode(), "report": json.dumps(begun.report).encode()}) == []


class TestForward:
    def test_each_step_waits_for_all_clusters(self, forward: Story) -> None:
        assert forward.run.code == 0, forward.run.output
        steps = [(host, *told[:-1]) for host, *told in forward.did("cutover")]
        assert [sorted(steps[place : place + 2]) for place in (0, 3, 6, 8, 10)] == [
            [("east", step), ("west", step)] for step in ("prepare", "finish", "rejoin", "retire_first", "retire_last")
        ]  # fmt: skip
        assert (steps[2], steps[5]) == (("west", "move", 2), ("east", "soak"))

    def test_gates_are_asked_before_the_waves_after_each_and_before_the_end(self, forward: Story) -> None:
        asked = [(host, told[0] if isinstance(told[0], int) else 0) for host, *told in forward.did("cutover_gate")]
        assert sorted(asked[:2]) == [("east", 0), ("west", 0)]
        assert asked[2] == ("west", 2)
        assert sorted(asked[3:]) == [("east", 0), ("east", 0), ("west", 0), ("west", 0)]

    def test_the_lease_is_held_over_all_writes(self, forward: Story) -> None:
        writes = [place for place, (_host, name, _told, _check) in enumerate(forward.state["log"]) if name in ("cutover", "mesh_config", "releases")]
        leases = [place for place, (_host, name, _told, _check) in enumerate(forward.state["log"]) if name == "lease"]
        assert leases[0] < min(writes)
        assert leases[-1] > max(writes)

    def test_the_former_revision_is_gone_and_the_inventory_is_told(self, forward: Story) -> None:
        assert {name: list(one["revisions"]) for name, one in forward.state["clusters"].items()} == {"east": ["1-31-2"], "west": ["1-31-2"]}
        assert (forward.report["target"], forward.report["former"], forward.report["finished"], forward.report["retired"]) == ("1-31-2", "blue", True, True)
        assert [wave["number"] for wave in forward.report["moved"]] == [2]
        assert "Set mesh_revision: 1-31-2 and mesh_version: 1.31.2 in the inventory" in forward.run.output

    def test_whatever_a_person_has_to_know_stands_on_the_screen_as_plain_lines(self, forward: Story) -> None:
        said = ["the image a is known to be on no node", "1 pod could not be asked for", "something stays after rejoin", "something stays after retire_first"]
        lines = forward.run.output.splitlines()
        assert [one for one in said if not {f"east: {one}.", f"west: {one}."} <= set(lines)] == []
        assert "west: no probe sees wave 2." in lines
        assert [line for line in lines if any(f'{one}."' in line for one in said)] == [], "no quotes"

    def test_probes_are_removed_before_the_revision_that_they_follow(self, forward: Story) -> None:
        calls = [(name, told.get("step"), told.get("state")) for _host, name, told, _check in forward.state["log"]]
        assert calls.index(("mesh_config", None, "absent")) < calls.index(("cutover", "retire_first", None))


def test_a_plan_only_reads_and_is_an_artifact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*next(iter(ARTIFACTS_SHOWN.items())))
    story = play(tmp_path, mesh("east", "west"), cutover_plan=True)
    assert (story.run.code, "already in use" in story.run.output) == (0, False), story.run.output
    assert {name for _host, name, _told, _check in story.state["log"]} == {"cluster_info", "cutover_info", "lease"}
    assert story.did("lease") == [("east", "shown")]
    artifact = artifacts(story.run.output)["mesh_cutover_plan"]
    shop = artifact["meshes"]["shop"]
    assert (artifact["verdict"], artifact["findings"], shop["target"], shop["former"], shop["steps"]) == ("go", [], "1-31-2", "blue", 6)
    assert [step.split()[0] for step in shop["due"]] == ["prepare", "try", "move", "move", "finish", "and"]
    whole = json.loads((tmp_path / "report" / "cutover-plan-shop.json").read_text())
    assert [step["step"] for step in whole["steps"]] == ["prepare", "try", "move", "move", "finish", "retire"]


def test_a_gate_that_fails_turns_all_waves_back_and_says_why(tmp_path: Path) -> None:
    story = play(tmp_path, mesh("east", "west", gate_fails=[2]), cutover_rollback="all")
    assert story.run.code == 2
    moves = [(host, *told) for host, step, *told in story.did("cutover") if step == "move"]
    assert moves == [("east", 1, "1-31-2"), ("west", 2, "1-31-2"), ("west", 2, "blue"), ("east", 1, "blue")]
    asked = [bool(told.get("back")) for _host, name, told, check in story.state["log"] if name == "cutover" and told["step"] == "move" and not check]
    assert asked == [False, False, True, True], "a gate turns back only what this run moved"
    assert story.follows() == {"east": {"blue"}, "west": {"blue"}}
    assert [[wave["number"] for wave in story.report[key]] for key in ("moved", "turned_back", "not_moved")] == [[], [2, 1], [1, 2]]
    assert story.report["why"] == ["west: not moved: the shop is slow."]
    assert story.did("lease")[-1] == ("east", "released"), "the Lease is given back by whoever fails too"


def turned_back(story: Story) -> list[tuple[Any, ...]]:
    return [(host, *told) for host, step, *told in story.did("cutover") if step == "turn_back"]


@pytest.mark.parametrize(("rollback", "waves"), [("wave", []), ("all", [2, 1])])
def test_gates_that_fail_after_the_finish_turn_its_pointers_back(tmp_path: Path, rollback: str, waves: list[int]) -> None:
    """As far as the user wants. The Helm releases say the same afterwards, also of validation that stays. Nothing of the former revision is removed."""
    story = play(tmp_path, mesh("east", "west", gate_fails=["finished"], ahead=["west"]), cutover_rollback=rollback)
    assert story.run.code == 2
    assert sorted(turned_back(story)) == [("east", "blue"), ("west", "blue")]
    assert {name: one["validator"] for name, one in story.state["clusters"].items()} == {"east": "blue", "west": "1-31-2"}
    assert [list(one["revisions"]) for one in story.state["clusters"].values()] == [["blue", "1-31-2"]] * 2
    assert [[wave["number"] for wave in story.report[key]] for key in ("moved", "turned_back")] == [[1, 2] if not waves else [], waves]
    assert (story.report["finished"], story.report["pointers_back"], story.report["retired"]) == (False, True, False)
    said = "shop: tags, the default rule, validation and what moves only with them were turned back to blue."
    assert said in story.run.output
    assert {"east: something stays after turn_back.", *([] if not waves else ["east: something stays after move."])} <= set(story.run.output.splitlines())
    assert ("what these waves moved was not turned back, and names 1-31-2 now: 1, 2." in story.run.output) == (rollback == "wave")
    assert "west: not moved: the shop is slow." in story.run.output
    assert story.follows()["east"] == ({"blue"} if waves else {"1-31-2"})


def test_a_finish_that_is_not_through_is_turned_back_and_what_does_not_turn_back_is_named(tmp_path: Path) -> None:
    """No gate is asked then."""
    story = play(tmp_path, mesh("east", step_fails=[["east", "finish"], ["east", "turn_back"]]))
    assert (story.run.code, turned_back(story)) == (2, [("east", "blue")])
    assert [told for _host, name, told, _check in story.state["log"] if name == "cutover_gate" and told.get("finished")] == []
    assert (story.report["finished"], story.report["pointers_back"]) == (False, False)
    assert story.report["why"] == ["east: Deployment a/late did not follow."] * 2
    assert "Not everything could be turned back. Run the cutover with cutover_to: blue." in story.run.output


def resumed(folder: Path, finished: bool, options: dict[str, Any] | None = None, **more: Any) -> Story:
    """Only finish or retire is left."""
    state = mesh("east", **more)
    for one in state["clusters"].values():
        one["revisions"]["1-31-2"] = "1.31.2"
        one["spaces"] = dict.fromkeys(one["spaces"], "1-31-2")
        one["validator"] = "1-31-2" if finished else "blue"
    return play(folder, state, **(options or {}))


def test_a_run_of_which_only_the_finish_is_left_runs_probes_and_asks_before_and_after(tmp_path: Path) -> None:
    story = resumed(tmp_path, finished=False)
    assert story.run.code == 0, story.run.output
    calls = [(name, told.get("step") or told.get("state"), bool(told.get("finished"))) for _host, name, told, _check in story.state["log"]]
    assert [each for each in calls if each[0] in ("mesh_config", "cutover_gate", "cutover")][:7] == [
        ("mesh_config", None, False), ("cutover_gate", None, False), ("cutover", "finish", False), ("cutover_gate", None, True),
        ("mesh_config", "absent", False), ("cutover", "rejoin", False), ("cutover", "retire_first", False),
    ]  # fmt: skip


def test_what_another_run_finished_is_asked_about_before_it_is_retired_and_turned_back(tmp_path: Path) -> None:
    story = resumed(tmp_path, finished=True, gate_fails=["finished"])
    assert (story.run.code, story.did("cutover")) == (2, [("east", "turn_back", "blue")])
    assert [bool(told.get("finished")) for _host, name, told, _check in story.state["log"] if name == "cutover_gate"] == [False, True]


def test_a_person_is_asked_once_more_before_the_former_revision_is_retired(tmp_path: Path) -> None:
    """Where nobody can answer, the run ends before that without a failure, and goes on when it is told that somebody approved."""
    gates = [{"name": "owner", "pause": "Look at the shop."}]
    waiting = resumed(tmp_path, finished=False, options={"cutover_gates": gates, "awx_job_id": 1, "cutover_soak": 1})
    assert waiting.run.code == 0, waiting.run.output
    assert (waiting.report["waits"], waiting.report["finished"], waiting.report["retired"]) == ("Look at the shop.", True, False)
    assert "Look at the shop. Start it again with cutover_approved: true to go on, or with cutover_to: blue to go back." in waiting.run.output
    assert [step for _host, step, *_rest in waiting.did("cutover")] == ["finish", "soak"]
    approved = play(tmp_path, {**waiting.state, "log": []}, cutover_gates=gates, awx_job_id=1, cutover_approved=True)
    assert (approved.run.code, approved.report["waits"], approved.report["retired"]) == (0, "", True), approved.run.output


def test_probes_of_a_killed_run_are_removed_under_the_lease_although_nothing_else_is_left(tmp_path: Path) -> None:
    """Killed between its last step and the removal of the probes. A plan leaves them alone."""
    state = mesh("east", probes=["meshops-cutover-former"])
    planned = play(tmp_path, state, cutover_to="blue", cutover_plan=True)
    assert (planned.run.code, planned.did("mesh_config")) == (0, []), planned.run.output
    story = play(tmp_path, state, cutover_to="blue")
    assert story.run.code == 0, story.run.output
    assert story.did("mesh_config", "lease") == [("east",), ("east", "absent"), ("east", "released")]
    assert story.did("cutover") == []


def test_what_does_not_follow_is_turned_back_and_what_does_not_turn_back_is_named(tmp_path: Path) -> None:
    """In both clusters at once, and in none is a gate asked about a wave that is not through. A task file would have failed, too."""
    stuck = [["west", 1, "1-31-2"], ["west", 1, "blue"]]
    gates = [{"name": "orders", "tasks": str(tmp_path / "orders.yml")}]
    story = play(tmp_path, mesh("east", "west", move_fails=stuck), cutover_clusters="together", cutover_gates=gates)
    assert story.run.code == 2
    assert [call for call in story.did("cutover_gate") if 1 in call] == []
    assert story.follows()["east"] == {"blue"}
    assert story.report["why"] == ["west: Deployment a/web did not follow."] * 2
    assert "Not everything could be turned back. Run the cutover with cutover_to: blue." in story.run.output


def test_a_task_file_that_fails_turns_its_wave_back(tmp_path: Path) -> None:
    story = play(tmp_path, mesh("east"), cutover_gates=[{"name": "orders", "tasks": str(tmp_path / "orders.yml")}])
    assert story.run.code == 2
    assert story.report["why"] == ["The gate orders failed: it saw no orders."]
    assert [wave["number"] for wave in story.report["turned_back"]] == [1]


def test_a_task_file_of_gitops_that_fails_turns_its_wave_back(tmp_path: Path) -> None:
    """The step is not taken without what the tool keeps, and the cluster stays part of the run."""
    story = play(tmp_path, mesh("east", "west", kept=[["east", 1, "1-31-2"]]), cutover_gitops=str(tmp_path / "orders.yml"))
    assert story.run.code == 2
    assert [told for _host, *told in story.did("cutover") if told[0] == "move"] == [["move", 1, "blue"]]
    told = f"east: the task file {tmp_path}/orders.yml failed: no orders. So nothing was written that another tool keeps, and the step was not taken."
    assert (story.report["why"], [wave["number"] for wave in story.report["turned_back"]]) == ([told], [1])
    assert story.did("lease")[-1] == ("east", "released")


def test_no_wave_moves_when_the_cluster_that_judges_is_not_part_of_the_run_any_more(tmp_path: Path) -> None:
    """As after a pause that somebody has aborted. The verdict of an earlier wave is none of this one."""
    (tmp_path / "ends.yml").write_text(yaml.safe_dump([{"name": "End the host", "ansible.builtin.meta": "end_host"}]))
    story = play(tmp_path, mesh("east", "west"), cutover_gates=[{"name": "orders", "tasks": str(tmp_path / "ends.yml")}])
    assert story.run.code == 2, story.run.output
    assert [told[1:] for told in story.did("cutover") if told[1] == "move"] == [("move", 1, "1-31-2")]
    said = "The mesh shop: the run has ended in east, which judges for all clusters of the mesh, so nothing more is moved."
    assert said in " ".join(story.run.output.split()), story.run.output


def test_a_task_file_that_is_not_there_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.yml")
    story = play(tmp_path, mesh("east"), cutover_gitops="refsue", cutover_gates=[{"name": "orders", "tasks": gone}])
    assert (story.run.code, story.state["log"]) == (2, [])
    told = "cutover_gitops or cutover_gates names the task file {}, which is no absolute path of a file on this machine"
    assert [name for name in ("refsue", gone) if told.format(name) not in " ".join(story.run.output.split())] == []


ENDS = {colour: {"revision": f"in-{colour}", "gateways": [{"namespace": "in", "name": colour}]} for colour in ("blue", "green")}
PLANES = {"ingress": {**ENDS, "weights": [10, 100], "splits": [{"kind": "VirtualService", "namespace": "in", "name": "shop",
                                                                "blue": {"host": "a"}, "green": {"host": "b"}}]}}  # fmt: skip


def shifted(story: Story) -> list[tuple[Any, ...]]:
    """What was done to the plane, looks left out."""
    done = [told for _host, name, told, check in story.state["log"] if name == "cutover_plane" and not check and told.get("to")]
    return [(told["to"], told.get("gateways") or ("test" if told.get("test") else int(told["share"]))) for told in done]


def test_the_gateways_of_a_plane_get_pods_before_its_first_share_and_lose_them_after_its_last(tmp_path: Path) -> None:
    """There and back, and a gate that fails leaves the former's gateways as they are."""
    failed = play(tmp_path, mesh("east", gate_fails=[2]), cutover_plane="ingress", cutover_to="green", mesh_planes=PLANES, cutover_rollback="all")
    assert failed.run.code == 2, failed.run.output
    assert shifted(failed) == [("in-green", "open"), ("in-green", "test"), ("in-green", 10), ("in-green", 100), ("in-blue", 90), ("in-blue", 100)]
    assert failed.state["clusters"]["east"]["plane"] == {"green": 0, "pods": {"blue": 3, "green": 3}}
    forward = play(tmp_path, {**failed.state, "log": [], "gate_fails": []}, cutover_plane="ingress", cutover_to="green", mesh_planes=PLANES)
    assert forward.run.code == 0, forward.run.output
    assert shifted(forward)[-1] == ("in-blue", "drain")
    assert forward.state["clusters"]["east"]["plane"] == {"green": 100, "pods": {"blue": 0, "green": 3}}
    back = play(tmp_path, {**forward.state, "log": []}, cutover_plane="ingress", cutover_to="previous", mesh_planes=PLANES)
    assert back.run.code == 0, back.run.output
    assert shifted(back) == [("in-blue", "open"), ("in-blue", "test"), ("in-blue", 10), ("in-blue", 100), ("in-green", "drain")]
    assert back.state["clusters"]["east"]["plane"] == {"green": 0, "pods": {"blue": 3, "green": 0}}


@pytest.mark.parametrize(("rollback", "back"), [("wave", [90]), ("all", [90, 100])])
def test_gates_that_fail_after_the_drain_give_the_former_its_pods_and_its_traffic_again(tmp_path: Path, rollback: str, back: list[int]) -> None:
    """After the soak. Pods come first, as weights lead to nobody else."""
    state = mesh("east", gate_fails=["drained"])
    story = play(tmp_path, state, cutover_plane="ingress", cutover_to="green", mesh_planes=PLANES, cutover_rollback=rollback, cutover_soak=1)
    assert story.run.code == 2, story.run.output
    given = [("in-green", "open"), ("in-green", "test"), ("in-green", 10), ("in-green", 100)]
    assert shifted(story) == [*given, ("in-blue", "drain"), ("in-blue", "open"), *(("in-blue", share) for share in back)]
    assert [step for _host, step, *_rest in story.did("cutover")] == ["acquaint", "soak"]
    assert story.report["why"] == ["east: not moved: the shop is slow."]
    assert [wave["number"] for wave in story.report["turned_back"]] == ([2] if rollback == "wave" else [2, 1])


def test_a_shift_of_which_only_the_drain_is_left_runs_probes_and_asks_before_and_after(tmp_path: Path) -> None:
    state = mesh("east")
    state["clusters"]["east"]["plane"] = {"green": 100, "pods": {"blue": 3, "green": 3}}
    story = play(tmp_path, state, cutover_plane="ingress", cutover_to="green", mesh_planes=PLANES)
    assert story.run.code == 0, story.run.output
    calls = [name for _host, name, told, _check in story.state["log"] if name in ("mesh_config", "cutover_gate") or told.get("gateways") == "drain"]
    assert calls == ["mesh_config", "cutover_gate", "cutover_plane", "cutover_gate", "mesh_config"]


def test_pods_of_the_former_stay_where_it_is_not_to_be_retired(tmp_path: Path) -> None:
    story = play(tmp_path, mesh("east"), cutover_plane="ingress", cutover_to="green", mesh_planes=PLANES, cutover_retire=False)
    assert (story.run.code, shifted(story)[-1]) == (0, ("in-green", 100)), story.run.output
