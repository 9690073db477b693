# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CHECKOUT
from meshdrill import play
from meshdrill.errors import DrillError
from meshdrill.play import Run
from meshdrill.report import Phase


def line(began: float, path: str, task: str = "some task") -> str:
    return json.dumps({"began": began, "path": path, "task": task})


def test_a_phase_is_a_task_file_from_its_first_task_to_the_next_file_s() -> None:
    lines = [line(10, "/r/tasks/rights.yml:2"), line(14, "/r/tasks/rights.yml:20"), line(15, "/r/tasks/look.yml:2"), line(21, "")]
    assert play.phases("root", lines) == (Phase("root: rights", 10, 5), Phase("root: look", 15, 6))


def test_a_step_of_the_rotation_is_a_phase_under_its_own_name() -> None:
    (task,) = yaml.safe_load((CHECKOUT / "roles/rotate/tasks/advance.yml").read_text(encoding="utf-8"))
    names = [f"meshops.lifecycle.rotate : {task['name'].replace('{{ __rotate_step }}', step)}" for step in ("introduce", "reissue")]
    lines = [line(number, "/r/tasks/advance.yml:2", name) for number, name in enumerate(names, 10)]
    assert play.phases("root", [*lines, line(15, "/r/tasks/step.yml:10")]) == (Phase("root: introduce", 10, 1), Phase("root: reissue", 11, 4))


def test_a_run_that_was_killed_has_the_phases_that_had_ended() -> None:
    assert play.phases("root", [line(10, "/r/tasks/rights.yml:2"), line(15, "/r/tasks/look.yml:2")]) == (Phase("root: rights", 10, 5),)
    assert play.phases("root", []) == ()


def test_the_time_to_a_phase_counts_from_the_start_of_the_program() -> None:
    run = Run(0, Path("log"), 8.0, (Phase("root: retire", 30, 5), Phase("root: finish", 35, 4)))
    assert (run.until("root: retire"), run.until("no such")) == (27.0, 31.0)
    assert Run(0, Path("log"), 8.0).until("root: retire") == 0.0


def test_a_playbook_that_fails_is_no_success_and_its_words_outlive_the_next_run(tmp_path: Path) -> None:
    log = tmp_path / "cutover.log"
    log.write_text("TASK [a]\n[ERROR]: Task failed: the gate said no\nfatal: [east]: FAILED!\n[ERROR]: Task failed: the gate said no\n")
    with pytest.raises(DrillError, match=r"code 2: Task failed: the gate said no \(all of its words are in ") as failed:
        Run(2, log).succeeded()
    kept = Path(str(failed.value).partition("are in ")[2].removesuffix(")."))
    log.write_text("the next run")
    assert "the gate said no" in kept.read_text()
    with pytest.raises(DrillError, match="it named no error"):
        Run(4, log).succeeded()


def test_ansible_takes_the_callback(tmp_path: Path) -> None:
    book = tmp_path / "book.yml"
    book.write_text("- hosts: localhost\n  gather_facts: false\n  tasks:\n    - name: Say it\n      ansible.builtin.debug:\n")
    environ = {**os.environ, "ANSIBLE_CALLBACK_PLUGINS": str(play.CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": "task_times",
               "MESHDRILL_TASK_TIMES": str(tmp_path / "times")}
    subprocess.run(["ansible-playbook", str(book)], env=environ, check=True, capture_output=True)
    assert [phase.name for phase in play.phases("root", (tmp_path / "times").read_text().splitlines())] == ["root: book"]
