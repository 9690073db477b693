# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lint says of one place in a file or in a live object, and how bad it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

ERROR, WARNING, NOTICE = "error", "warning", "notice"
SEVERITIES = (ERROR, WARNING, NOTICE)  # the worst first
NEVER = "never"


@dataclass(frozen=True)
class Finding:
    """An error is what the API server prunes or refuses, a warning what it stores and nobody gets, a notice what one should know.

    `rule` is the name of the defect, `path` where it is in the object, `message` a clause. `file` is empty for a live object, `line` is 0 if unknown.
    """

    severity: str
    rule: str
    message: str
    object: str = ""
    path: str = ""
    file: str = ""
    line: int = 0

    def facts(self) -> dict[str, Any]:
        return asdict(self)


def rank(severity: str) -> int:
    return SEVERITIES.index(severity)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, each once, the worst first and then by their place."""
    return sorted(dict.fromkeys(findings), key=lambda each: (rank(each.severity), each.file, each.line, each.object, each.path, each.rule))


def failing(severities: Iterable[str], fail_on: str) -> bool:
    """Return whether one of these severities is at least as bad as `fail_on`, which may be `never`."""
    return fail_on != NEVER and any(rank(severity) <= rank(fail_on) for severity in severities)


def counted(severities: Sequence[str]) -> dict[str, int]:
    return {severity: severities.count(severity) for severity in SEVERITIES}
