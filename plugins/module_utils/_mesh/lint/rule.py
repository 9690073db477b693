# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A defect that lint knows by name, beyond what a schema tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .finding import Finding
from .given import Document, LintScene, Way, written


@dataclass(frozen=True)
class LintRule:
    """`about` says in one sentence what it looks for. `find` returns findings that have the name of the rule."""

    name: str
    severity: str
    about: str
    find: Callable[[LintScene, LintRule], Iterable[Finding]]

    def at(self, document: Document, way: Way, message: str, line: int = 0) -> Finding:
        """Return a finding at a field."""
        return Finding(self.severity, self.name, message, str(document.ref), written(way), document.file, line or document.line(way))

    def in_script(self, file: str, line: int, message: str) -> Finding:
        return Finding(self.severity, self.name, message, file=file, line=line)


def broken(rules: Iterable[LintRule], scene: LintScene, skip: Sequence[str] = ()) -> list[Finding]:
    """Return what all rules find, but for those whose names are skipped."""
    return [finding for rule in rules if rule.name not in skip for finding in rule.find(scene, rule)]


def without_those_known_by_name(by_schema: Iterable[Finding], by_rule: Sequence[Finding]) -> list[Finding]:
    """Return all findings. A field that a rule names as its own defect is not named as unknown too."""
    known = {(finding.object, finding.file, finding.path) for finding in by_rule if finding.path}
    return [*(finding for finding in by_schema if (finding.object, finding.file, finding.path) not in known), *by_rule]
