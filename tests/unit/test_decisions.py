# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All pages of docs/decisions have one form, and the list in their README names each of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

PAGES = sorted((CHECKOUT / "docs" / "decisions").glob("0*.md"))
HEADINGS = ["Context", "Decision", "Consequences", "Rejected"]
WIDTH = 160


def faults(page: str, number: int) -> list[str]:
    lines = page.splitlines()
    headings = [line[3:] for line in lines if line.startswith("## ")]
    problems = [f"line {count} has {len(line)} characters" for count, line in enumerate(lines, 1) if len(line) > WIDTH]
    if not lines[0].startswith(f"# {number}. "):
        problems.append(f"the title does not begin with '# {number}. '")
    if headings[:2] != HEADINGS[:2] or headings != [name for name in HEADINGS if name in headings]:
        problems.append(f"the headings are {headings}, not {HEADINGS} in this order, of which the last two may be left out")
    return problems


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_a_numbered_title_the_usual_headings_and_lines_that_fit(page: Path) -> None:
    assert not faults(page.read_text(), int(page.name[:4]))


def test_the_readme_lists_each_page_by_its_number_and_title() -> None:
    listed = re.findall(r"^(\d+)\. \[(.+)\]\((.+)\)$", (PAGES[0].parent / "README.md").read_text(), re.MULTILINE)

    assert listed == [(str(int(page.name[:4])), page.read_text().splitlines()[0].partition(". ")[2], page.name) for page in PAGES]


@pytest.mark.parametrize(
    "page",
    [
        "# 0007: A\n\n## Context\n\n## Decision\n",
        "# 7. A\n\n## Situation\n\n## Decision\n",
        "# 7. A\n\n## Decision\n\n## Context\n",
        "# 7. A\n\n## Context\n\n## Decision\n\n## Rejected\n\n## Consequences\n",
        "# 7. A\n\n## Context\n\n## Decision\n\n" + "x" * (WIDTH + 1),
    ],
)
def test_another_form_is_a_fault(page: str) -> None:
    assert len(faults(page, 7)) == 1
