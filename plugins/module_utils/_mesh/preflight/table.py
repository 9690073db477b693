# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of preflight for people: one line for each cluster, then the findings, the cluster with the most last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..few_names import few
from ..report.columns import lines


def report(findings: Mapping[str, Sequence[str]], notes: Sequence[str] = ()) -> list[str]:
    """Return the lines of the report; none if there are no findings and no notices."""
    if not any(findings.values()):
        return list(notes)
    worst_last = sorted(findings, key=lambda name: (len(findings[name]), name))
    table = lines(("CLUSTER", "FINDINGS"), [(name, str(len(findings[name])) if findings[name] else "none") for name in worst_last])
    return [*table, "", *notes, *together({name: findings[name] for name in worst_last})]


def together(findings: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the findings as sentences. A finding that several clusters share appears once."""
    whose: dict[str, list[str]] = {}
    for name, sentences in findings.items():
        for sentence in sentences:
            whose.setdefault(sentence.removeprefix(f"{name}: "), []).append(name)
    return [f"{', '.join(names)}: {sentence}" for sentence, names in whose.items()]


def waits(name: str, findings: Mapping[str, Sequence[str]]) -> str:
    """Return the message of a cluster without findings while others have some."""
    others = [other for other, sentences in findings.items() if sentences and other != name]
    if not others:
        return f"{name} is ready"
    shown = few(others, 5)
    return f"{name}: this cluster has no findings, but the run writes nothing anywhere while other clusters have findings: {shown}"
