# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put what was measured again into the page that a whole run wrote: its chapters, its targets, and what no playbook can reach. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import report
from .texts import RATIOS, STOPPED

TARGETS = "## Targets"
METHOD = "## How it is measured"


def merged(page: str, results: report.Results, left_out: Mapping[str, Mapping[str, str]], measured: str) -> str:
    """Return the page with the chapters of these workloads. `measured` is a sentence of when and how, because the head of the page is about another run."""
    head, *parts = re.split(r"(?m)^(?=## )", page)
    known = {_workload(part): part for part in parts}
    told = {f"## {name}": report.chapter(name, results[name], left_out.get(name, {}), measured) + "\n" for name in results}
    known |= told | {TARGETS: _targets(known[TARGETS], results)}
    order = [TARGETS, *(f"## {name}" for name in report.WORKLOADS), METHOD]
    return head + "".join(known[name] for name in order if name in known)


def _workload(part: str) -> str:
    return part.partition("\n")[0].partition(":")[0]


def _targets(part: str, results: report.Results) -> str:
    """The rows of the table, and below it a line for each target that is below its floor."""
    lines = part.splitlines()
    rows = {_key(line): line for line in lines if line.startswith("| P")}
    new = report.judged([row for row in report.rows(results) if row.met is not None]).splitlines()
    rows |= {_key(line): line for line in new if line.startswith("| P")}
    stops = {line.partition(": the target")[0]: line for line in lines if line.startswith("- P")}
    for name in report.targets_of_playbooks(results):
        stops.pop(f"- {name}", None)
    stops |= {line.partition(": the target")[0]: line for line in report.hindrances(results)}
    told = [TARGETS, "", *new[:2], *report.in_order(rows.values()), "", RATIOS]
    return "\n".join([*told, *([STOPPED, *report.in_order(stops.values()), ""] if stops else [])]) + "\n"


def _key(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.split("|")[1:3])
