# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sum up `make test`: seconds of each tier beside its budget, the slowest tests, what failed, and one closing line; its argument is make's exit status.

A step which is no pytest run, or one that could not report, counts as one failure when nothing else explains make's.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

# Each tier's share of the gate on two cores with everything built, in seconds; CONTRIBUTING tells what it is for. Lint runs beside sanity.
BUDGETS = {"lint": 300, "unit": 480, "sanity": 360, "test-api": 1330, "test-lab": 1090, "molecule": 330}
BUILDS = ("setup", "lab-build", "lab")
SLOWEST = 10
# Characters of a failed test's message.
SHOWN = 400


def totals(reports: list[Path]) -> tuple[int, int, int]:
    """Passed, failed and skipped."""
    suites = [suite for report in reports for suite in ET.parse(report).getroot().iter("testsuite")]
    tests, failures, errors, skipped = (
        sum(int(suite.get(count, "0")) for suite in suites) for count in ("tests", "failures", "errors", "skipped")
    )
    return tests - failures - errors - skipped, failures + errors, skipped


def slowest(reports: list[Path]) -> list[tuple[float, str]]:
    """Seconds and name, with what a test's fixtures took."""
    cases = (case for report in reports for case in ET.parse(report).getroot().iter("testcase"))
    timed = [(float(case.get("time", "0")), f"{case.get('classname', '')}::{case.get('name', '')}") for case in cases]
    return sorted(timed, reverse=True)[:SLOWEST]


def failures(reports: list[Path]) -> Iterator[str]:
    """A line for each failed test: its report, its name, and the beginning of its message."""
    for report in reports:
        for case in ET.parse(report).getroot().iter("testcase"):
            for fault in [*case.iter("failure"), *case.iter("error")]:
                message = " ".join(fault.get("message", "").split())
                yield f"failed in {report.stem}: {case.get('classname', '')}::{case.get('name', '')}: {message[:SHOWN]}"


def tasks_that_failed(plays: Path, steps: Path) -> Iterator[str]:
    """A line for each task that failed in the playbooks of a failed step, from the log that Ansible wrote of them: the task, and what it said."""
    for file in sorted(plays.iterdir()) if plays.is_dir() else []:
        task = ""
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if (steps / file.name).exists() else []:
            told = line.partition("| ")[2]
            task = told.strip("* ") if told.startswith(("TASK [", "RUNNING HANDLER [")) else task
            if told.startswith("[ERROR]: "):
                yield f"failed in {file.name}: {task}: {told[:SHOWN]}"


def steps_that_failed(steps: Path) -> Iterator[str]:
    """A line for each step whose command did not end with 0."""
    for file in sorted(steps.iterdir()) if steps.is_dir() else []:
        yield f"failed: make {file.name} ({', '.join(file.read_text(encoding='utf-8').split())})"


def seconds(steps: Path) -> dict[str, float]:
    """Of each step that mk/stopwatch.py timed."""
    files = sorted(steps.iterdir()) if steps.is_dir() else []
    return {file.name: sum(map(float, file.read_text(encoding="utf-8").split())) for file in files}


def tiers(took: dict[str, float]) -> Iterator[str]:
    """A line for each tier; its steps are named after it: `unit` is `unit-versions`, `unit-lab` and so on."""
    for tier, budget in BUDGETS.items():
        own = [spent for step, spent in took.items() if step == tier or (step.startswith(f"{tier}-") and step not in BUDGETS)]
        if own:
            yield f"{tier:10}{sum(own):7.0f} s of {budget} s" + ("  <- over its budget" if sum(own) > budget else "")
    builds = sum(spent for step, spent in took.items() if step in BUILDS)
    yield f"{'builds':10}{builds:7.0f} s (environments, the lab's programs, the lab's start)"


def main(status: int) -> int:
    reports = sorted(Path("build/junit").glob("*.xml"))
    for line in tiers(seconds(Path("build/seconds"))):
        print(line)
    for took, name in slowest(reports):
        print(f"{took:7.1f} s  {name}")
    for line in [*failures(reports), *tasks_that_failed(Path("build/plays"), Path("build/failed")), *steps_that_failed(Path("build/failed"))]:
        print(line)
    passed, failed, skipped = totals(reports)
    failed = failed or int(status != 0)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
