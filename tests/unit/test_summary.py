# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary at the end of `.ci/run`."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

MK = Path(__file__).resolve().parents[2] / "mk"
SUITE = """<testsuites><testsuite tests="3" failures="{failures}" errors="0" skipped="1">
<testcase classname="a" name="quick" time="0.5"/><testcase classname="a" name="slow" time="61.2"/><testcase classname="b" name="middling" time="7"/>
</testsuite></testsuites>"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    for folder in ("junit", "seconds", "failed"):
        (tmp_path / "build" / folder).mkdir(parents=True)
    return tmp_path / "build"


def summary(build: Path, status: int = 0, failures: int = 0) -> tuple[int, list[str]]:
    (build / "junit" / "unit-newest.xml").write_text(SUITE.format(failures=failures))
    done = subprocess.run([sys.executable, str(MK / "summary.py"), str(status)], cwd=build.parent, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_tiers_stand_beside_their_budgets_and_tests_by_their_seconds(build: Path) -> None:
    for step, spent in {"lint-types": "20.0\n5.5\n", "lint-yaml": "1.0\n", "test-api": "9999\n", "lab-build": "300\n", "setup": "2\n"}.items():
        (build / "seconds" / step).write_text(spent)
    code, lines = summary(build)
    assert code == 0
    assert [line.split()[:2] for line in lines[:3]] == [["lint", "26"], ["test-api", "9999"], ["builds", "302"]]
    assert "over" not in lines[0] and lines[1].endswith("over its budget")
    assert [line.split() for line in lines[3:6]] == [["61.2", "s", "a::slow"], ["7.0", "s", "b::middling"], ["0.5", "s", "a::quick"]]
    assert lines[-1] == "2 passed, 0 failed, 1 skipped"


def test_the_shares_are_an_hour_together() -> None:
    budgets = ast.literal_eval(re.findall(r"^BUDGETS = (.*)$", (MK / "summary.py").read_text("utf-8"), re.MULTILINE)[0])
    assert budgets["lint"] <= budgets["sanity"], "lint runs beside sanity"
    assert sum(budgets.values()) - budgets["lint"] <= 3600


def test_a_step_that_could_not_report_counts_as_a_failure(build: Path) -> None:
    assert summary(build, status=2)[0] == 1
    assert summary(build, status=2)[1][-1] == "2 passed, 1 failed, 1 skipped"
    assert summary(build, status=2, failures=2)[1][-1] == "0 passed, 2 failed, 1 skipped"


def test_what_failed_is_named_with_the_beginning_of_its_message(build: Path) -> None:
    (build / "junit" / "test-api.xml").write_text(
        '<testsuites><testsuite tests="2" failures="1" errors="1">'
        '<testcase classname="api.test_a" name="one"><failure message="assert 3 == 0&#10; in it">long</failure></testcase>'
        f'<testcase classname="api.test_b" name="two"><error message="{"x" * 5000}"/></testcase></testsuite></testsuites>')
    (build / "failed" / "lint-types").write_text("1\n2\n")
    lines = summary(build, status=2)[1][-4:]
    assert lines[0] == "failed in test-api: api.test_a::one: assert 3 == 0 in it"
    assert lines[1].startswith("failed in test-api: api.test_b::two: xxx") and len(lines[1]) < 500
    assert lines[2:] == ["failed: make lint-types (1, 2)", "2 passed, 2 failed, 1 skipped"]


def test_of_a_step_that_failed_its_tasks_are_named(build: Path) -> None:
    (build / "plays").mkdir()
    line = "2026-11-28 07:05:22,329 p=1 u=root n=ansible"
    told = "[ERROR]: Task failed: Module failed: east: it is not there."
    log = f"{line} INFO| TASK [operator : Bring them] *****\n{line} ERROR| {told}\nOrigin: main.yml:4:7\n\n{line} INFO| fatal: [east]: FAILED!\n"
    for step in ("molecule", "other"):
        (build / "plays" / step).write_text(log)
    (build / "failed" / "molecule").write_text("1\n")
    assert summary(build, status=2)[1][-3:-1] == [f"failed in molecule: TASK [operator : Bring them]: {told}", "failed: make molecule (1)"]


def test_the_stopwatch_adds_up_and_gives_back_how_the_command_ended(tmp_path: Path) -> None:
    (tmp_path / "mk").mkdir()
    watch = tmp_path / "mk" / "stopwatch.py"
    watch.write_text((MK / "stopwatch.py").read_text())
    codes = [subprocess.run([sys.executable, str(watch), "unit", "sh", "-c", f"exit {code}"], check=False).returncode for code in (0, 3)]
    assert codes == [0, 3]
    assert len((tmp_path / "build" / "seconds" / "unit").read_text().split()) == 2
    assert (tmp_path / "build" / "failed" / "unit").read_text() == "3\n"
