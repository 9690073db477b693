# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured again replaces its own chapters and targets of the page, and nothing else."""

from __future__ import annotations

from pathlib import Path

from meshbench import report
from meshbench.chapters import merged
from meshbench.contestants import ENGINE, OURS, SERVER_SIDE, TASKS
from meshbench.figures import Summary

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks.md"
FACTS = {"machine": "a machine", "versions": "none"}


def seen(wall: float, writes: float = 0) -> Summary:
    return Summary(2, wall, wall, 1.0, 1.0, 12, writes, 50)


BEFORE = {
    "P1": {ENGINE: seen(0.1), OURS: seen(1.0), SERVER_SIDE: seen(2.5)},
    "P12": {OURS: seen(3.0)},
    "P18-2": {OURS: seen(9.0), TASKS: seen(7.0)},
}


def page() -> str:
    return report.document(BEFORE, {}, FACTS, 10, 0.1)


def chapter(text: str, name: str) -> str:
    return text.partition(f"## {name}:")[2].partition("\n## ")[0]


def test_nothing_measured_leaves_the_page_as_it_is() -> None:
    assert merged(page(), {}, {}, "") == page()
    assert merged(PAGE.read_text(encoding="utf-8"), {}, {}, "") == PAGE.read_text(encoding="utf-8")


def test_a_workload_of_the_page_gets_other_figures_and_the_others_stay() -> None:
    text = merged(page(), {"P1": {ENGINE: seen(0.3), OURS: seen(0.5), SERVER_SIDE: seen(2.5)}}, {}, "Measured by itself.")
    assert "| P1 | engine wall s | 0.1 |" in page() and "| P1 | engine wall s | 0.3 |" in text and "| P1 | engine wall s | 0.1 |" not in text
    assert "Measured by itself." in chapter(text, "P1") and chapter(text, "P12") == chapter(page(), "P12")
    assert merged(text, {"P1": BEFORE["P1"]}, {}, "") == page()


def test_a_workload_that_was_never_measured_comes_at_its_place() -> None:
    text = merged(page(), {"P16": {ENGINE: seen(1.5)}}, {"P16": {}}, "Measured by itself.")
    assert [line.partition(":")[0] for line in text.splitlines() if line.startswith("## P")] == ["## P1", "## P12", "## P16", "## P18-2"]
    rows = [line for line in text.splitlines() if line.startswith(("| P12 ", "| P16 ", "| P18 "))]
    assert [row.split("|")[1].strip() for row in rows] == ["P12", "P16", *["P18"] * 4]
    assert "| P16 | engine wall s | 1.5 |  |  | <= 2 | yes |" in text
    assert text.endswith(page().partition("## How it is measured")[2])


def test_what_no_playbook_can_reach_follows_the_last_measurement() -> None:
    assert page().count("- P18, 2 clusters, site, wall s: the target") == 1
    again = merged(page(), {"P18-2": {OURS: seen(9.0), TASKS: seen(8.0)}}, {}, "")
    assert again.count("- P18, 2 clusters") == 1 and "takes 8.00 s" in again
    below = merged(page(), {"P18-2": {OURS: seen(5.0), TASKS: seen(4.0)}}, {}, "")
    assert "- P18, 2 clusters" not in below and "What no playbook" not in below
