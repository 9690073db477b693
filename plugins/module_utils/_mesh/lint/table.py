# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lint shows of all clusters: a row for each, the worst first, and below it each finding with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..few_names import few
from ..report.columns import fitted
from ..report.symbols import BAD, GOOD, KNOWN
from .finding import ERROR, NOTICE, WARNING, counted, rank

HEADER = ("CLUSTER", "VERDICT", "OBJECTS", "BY THE SERVER", "BY SCHEMA", "UNJUDGED", "ERRORS", "WARNINGS", "NOTICES")
_YIELDS = {"CLUSTER": 12}
_DASH = "-"
# A folder of thousands of files may have thousands of findings: a screen has the first of a cluster, the result has all.
_FIRST, _NAMES = 40, 3
Results = Mapping[str, "Mapping[str, Any] | str"]  # the result of a cluster, or the sentence that says why it has none


def table(clusters: Results) -> list[str]:
    """Return the lines of the table and of the findings. What several clusters share stands there once."""
    ranked = sorted(clusters.items(), key=lambda each: (_rank(each[1]), each[0]))
    rows = fitted(HEADER, [_row(name, result) for name, result in ranked], _YIELDS)
    notes = _notes(ranked)
    return [*rows, *(["", *notes] if notes else [])]


def summary(clusters: Results) -> str:
    """Return one line about all clusters."""
    counts = counted([finding["severity"] for result in clusters.values() if not isinstance(result, str) for finding in result["findings"]])
    unread = [name for name, result in clusters.items() if isinstance(result, str)]
    parts = [f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items() if count]
    parts += [f"{len(unread)} not read ({few(sorted(unread), _NAMES)})"] if unread else []
    symbol = BAD if counts[ERROR] or unread else KNOWN if parts else GOOD
    return f"{symbol} {len(clusters)} cluster{'' if len(clusters) == 1 else 's'}: {', '.join(parts) or 'nothing would be pruned or refused'}"


def said(finding: Mapping[str, Any]) -> str:
    """Return a finding as one line: where, what, and the name of the rule."""
    place = f"{finding['file']}:{finding['line']}" if finding["line"] else finding["file"]
    where = ", ".join(part for part in (place, finding["object"]) if part)
    return f"{where}: {finding['message']} [{finding['rule']}]" if where else f"{finding['message']} [{finding['rule']}]"


def _rank(result: Mapping[str, Any] | str) -> int:
    return -1 if isinstance(result, str) else min((rank(finding["severity"]) for finding in result["findings"]), default=9)


def _row(name: str, result: Mapping[str, Any] | str) -> list[str]:
    if isinstance(result, str):
        return [name, f"{BAD} UNREAD", *[_DASH] * (len(HEADER) - 2)]
    counts, judged = counted([finding["severity"] for finding in result["findings"]]), result["judged"]
    verdict = f"{BAD} FAULTY" if counts[ERROR] else f"{KNOWN} ok" if any(counts.values()) else f"{GOOD} ok"
    numbers = (sum(judged.values()), judged["server"], judged["schema"], judged["nobody"], counts[ERROR], counts[WARNING], counts[NOTICE])
    return [name, verdict, *map(str, numbers)]


def _notes(ranked: Iterable[tuple[str, Mapping[str, Any] | str]]) -> list[str]:
    whose: dict[tuple[str, str], list[str]] = {}
    lines: list[str] = []
    for name, result in ranked:
        if isinstance(result, str):
            lines.append(f"{BAD} {result}")
            continue
        for finding in result["findings"][:_FIRST]:
            whose.setdefault((BAD if finding["severity"] == ERROR else KNOWN, said(finding)), []).append(name)
        if len(result["findings"]) > _FIRST:
            whose[KNOWN, f"and {len(result['findings']) - _FIRST} more findings; lint_report_dir gets all of them"] = [name]
    return [*lines, *_sorted(f"{symbol} {few(names, _NAMES)}: {text}" for (symbol, text), names in whose.items())]


def _sorted(lines: Iterable[str]) -> Sequence[str]:
    """Return the lines with those first that are errors."""
    return sorted(lines, key=lambda line: not line.startswith(BAD))
