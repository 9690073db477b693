# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lint shows of all clusters. Private: see plugin_utils/filters.py.

`variable` is the name under which each host keeps the result of lint_mesh.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...module_utils._mesh.errors import Refused
from ...module_utils._mesh.lint import finding, table
from .. import filters

_FACTS = ("findings", "judged", "files")
_FIRST = 5


def lint_table(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> list[str]:
    """Return the lines of a table of all clusters, the worst first, and below it the findings."""
    return table.table(_results(hosts, hostvars, variable))


def lint_summary(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> str:
    """Return one line about all clusters."""
    return table.summary(_results(hosts, hostvars, variable))


def lint_report(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> dict[str, Any]:
    """Return by cluster all findings, or `unread` with the reason."""
    results = _results(hosts, hostvars, variable)
    return {name: {"unread": result} if isinstance(result, str) else result for name, result in results.items()}


def lint_failing(findings: Iterable[Mapping[str, Any]], fail_on: str) -> bool:
    """Return whether a finding is as bad as `fail_on` or worse."""
    allowed = (*finding.SEVERITIES, finding.NEVER)
    if fail_on not in allowed:
        raise Refused(f"lint_fail_on is {fail_on}, and it has to be one of {', '.join(allowed)}.")
    return finding.failing((each["severity"] for each in findings), fail_on)


def lint_first(findings: Sequence[Mapping[str, Any]]) -> str:
    """Return as many findings as one can read in a sentence, and how many more there are."""
    said = [table.said(each) for each in findings[:_FIRST]]
    more = f" And {len(findings) - _FIRST} more." if len(findings) > _FIRST else ""
    return ". ".join(said) + f".{more}"


def _results(hosts: Iterable[str], hostvars: Mapping[str, Any], variable: str) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for name in hosts:
        result = hostvars[name].get(variable) or {}
        if result.get("failed") or "findings" not in result:
            results[name] = str(result.get("msg") or f"{name}: this run read nothing.")
        else:
            results[name] = {fact: result[fact] for fact in _FACTS}
    return results


class FilterModule:
    """The filters of lint."""

    def filters(self) -> dict[str, Any]:
        return filters.named(
            _lint_failing=lint_failing,
            _lint_first=lint_first,
            _lint_report=lint_report,
            _lint_summary=lint_summary,
            _lint_table=lint_table,
        )
