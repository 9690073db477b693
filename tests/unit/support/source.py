# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own Python files, parsed, for tests of how it is written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
PLUGINS = CHECKOUT / "plugins"


@dataclass(frozen=True)
class Source:
    """A file under plugins/; `path` is relative to that folder."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @property
    def layer(self) -> str:
        """The folder that says how much this file may know: modules, filter, _mesh, _kube, deciding ..."""
        parts = self.path.parts
        if parts == ("plugin_utils", "private_filters.py"):
            return "filter"  # a link in that folder leads to it
        return parts[1] if parts[0] in ("module_utils", "plugin_utils") and len(parts) > 2 else parts[0]

    def at(self, node: ast.AST, fault: str) -> str:
        return f"plugins/{self.path}:{getattr(node, 'lineno', 1)}: {fault}"


def sources(*below: str) -> Iterator[Source]:
    """All files under plugins/, or those under its folders `below`."""
    for folder in below or (".",):
        for path in sorted((PLUGINS / folder).rglob("*.py")):
            yield _source(path)


@cache
def _source(path: Path) -> Source:
    """Each file is read and parsed once for all tests, none of which changes a tree."""
    return Source(path.relative_to(PLUGINS), path.read_text(encoding="utf-8"))
