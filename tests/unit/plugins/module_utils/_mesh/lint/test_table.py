# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lint shows of all clusters."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint import finding, table
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint.finding import Finding
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.symbols import BAD, GOOD, KNOWN

BROKEN = Finding("error", "unknown-field", "spec.x is unknown", "Istio a", "spec.x", "a.yaml", 7)
TOLD = Finding("notice", "deprecated", "the API server warns: old", "Istio live")


def result(*findings: Finding, server: int = 1) -> dict[str, Any]:
    return {"findings": [each.facts() for each in findings], "judged": {"server": server, "schema": 0, "nobody": 0}, "files": 1}


def test_the_worst_stand_first_and_a_shared_finding_once() -> None:
    lines = table.table({"west": result(TOLD), "north": result(), "east": result(TOLD, BROKEN), "south": "south: it does not answer."})
    assert [line.split()[0] for line in lines[2:6]] == ["south", "east", "west", "north"]
    assert [line.split()[1] for line in lines[2:6]] == [BAD, BAD, KNOWN, GOOD]
    assert lines[7:] == [
        f"{BAD} south: it does not answer.",
        f"{BAD} east: a.yaml:7, Istio a: spec.x is unknown [unknown-field]",
        f"{KNOWN} east, west: Istio live: the API server warns: old [deprecated]",
    ]
    assert max(map(len, lines[:6])) <= 120


def test_the_summary_counts() -> None:
    assert table.summary({"east": result(BROKEN, TOLD), "west": result(BROKEN)}) == f"{BAD} 2 clusters: 2 errors, 1 notice"
    assert table.summary({"east": result()}) == f"{GOOD} 1 cluster: nothing would be pruned or refused"
    assert table.summary({"east": "east: no"}) == f"{BAD} 1 cluster: 1 not read (east)"


def test_many_findings_are_cut_and_counted() -> None:
    many = [Finding("warning", "x", f"number {number}") for number in range(45)]
    assert table.table({"east": result(*many)})[-1] == f"{KNOWN} east: and 5 more findings; lint_report_dir gets all of them"


def test_a_run_fails_from_a_severity_on() -> None:
    assert [finding.failing(["warning"], limit) for limit in ("error", "warning", "notice", "never")] == [False, True, True, False]
    assert not finding.failing([], "notice")


def test_findings_are_ordered_and_stand_once() -> None:
    assert finding.ordered([TOLD, BROKEN, TOLD]) == [BROKEN, TOLD]
