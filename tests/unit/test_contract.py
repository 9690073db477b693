# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract between the collection and a mesh stays small, and nothing stands in it that nobody calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from ansible_collections.meshops.lifecycle.tests.unit.support.source import Source, sources

MOST_FUNCTIONS = 40
STORIES = ("gateways", "health", "install", "links", "rotation", "trust")


def protocols(contract: Iterable[Source]) -> dict[str, list[str]]:
    """By the name of its protocol, the functions of each file of the contract."""
    found = ((node, source) for source in contract for node in source.tree.body if isinstance(node, ast.ClassDef))
    asked = ((node, source) for node, source in found if any(getattr(base, "id", "") == "Protocol" for base in node.bases))
    return {
        f"{source.path.stem}.{node.name}": [each.name for each in node.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")]
        for node, source in asked
    }


def called(callers: Iterable[Source]) -> set[str]:
    """The names of all attributes that are called or handed on."""
    return {node.attr for source in callers for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}


def contract() -> Iterator[Source]:
    return sources("module_utils/_mesh/contract")


def test_it_has_six_protocols_with_at_most_forty_functions() -> None:
    found = protocols(contract())
    assert sorted(name.partition(".")[0] for name in found) == list(STORIES)
    assert sum(map(len, found.values())) <= MOST_FUNCTIONS, found


def test_each_function_is_called_by_the_work_or_a_filter() -> None:
    asked = {f"{protocol}.{name}": name for protocol, names in protocols(contract()).items() for name in names}
    known = called(sources("module_utils/_work", "filter"))
    assert [where for where, name in asked.items() if name not in known] == []


def test_a_function_that_nobody_calls_is_seen() -> None:
    asked = Source(Path("module_utils/_mesh/contract/install.py"), "class Install(Protocol):\n    def stages(self): ...\n    def colour(self): ...")
    work = Source(Path("module_utils/_work/install/a.py"), "mesh.install.stages(wish)")
    assert protocols([asked]) == {"install.Install": ["stages", "colour"]}
    assert called([work]) == {"install", "stages"}
