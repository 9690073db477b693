# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract between the collection and a mesh stays small, and something calls each of its functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.contract.provider import Provider, Stories
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER
from ansible_collections.meshops.lifecycle.tests.unit.support.source import Source, sources

MOST_FUNCTIONS = {"cutover": 17, "backup": 4, "workloads": 4}
MOST_OF_OTHERS = 41
STORIES = ("backup", "cutover", "gateways", "health", "install", "links", "rotation", "trust", "workloads")
# The stories that a mesh does not have. Of a rotation a mesh has one of two forms: it is written, or the product drives it.
OF_ISTIOD = {"backup", "driven_rotation", "workloads"}
ABSENT = {"istio": OF_ISTIOD, "ossm3": OF_ISTIOD, "paper": {"backup", "gateways", "rotation", "cutover", "workloads"}}


def protocols(contract: Iterable[Source]) -> dict[str, list[str]]:
    """The functions of each protocol of the contract, by the protocol's name."""
    found = ((node, source) for source in contract for node in source.tree.body if isinstance(node, ast.ClassDef))
    asked = ((node, source) for node, source in found if any(getattr(base, "id", "") == "Protocol" for base in node.bases))
    return {
        f"{source.path.stem}.{node.name}": [each.name for each in node.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")]
        for node, source in asked
    }


def called(callers: Iterable[Source]) -> set[str]:
    """The names of all attributes that are called or passed on."""
    return {node.attr for source in callers for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}


def contract() -> Iterator[Source]:
    return sources("module_utils/_mesh/contract")


def test_it_has_nine_protocols_with_few_functions() -> None:
    """Forty-one in the six that every mesh is asked for. Only some meshes have a cutover, snapshots, or workloads whose sidecars nobody injects."""
    found = {name.partition(".")[0]: len(names) for name, names in protocols(contract()).items()}
    assert sorted(found) == list(STORIES)
    assert {story: count for story, count in found.items() if count > MOST_FUNCTIONS.get(story, MOST_OF_OTHERS)} == {}
    assert sum(count for story, count in found.items() if story not in MOST_FUNCTIONS) <= MOST_OF_OTHERS, found


def unanswered(mesh: Provider, asked: dict[str, list[str]]) -> set[str]:
    """The functions of the contract that a mesh does not have, by story and name."""
    stories = {protocol.partition(".")[0]: names for protocol, names in asked.items()}
    return {f"{story}.{name}" for story, names in stories.items() for name in names if not callable(getattr(getattr(mesh.stories, story), name, None))}


@pytest.mark.parametrize("mesh", [PROVIDERS["istio"], PROVIDERS["ossm3"], PAPER], ids=lambda mesh: mesh.name)
def test_istio_and_the_mesh_of_paper_answer_each_function_but_those_of_the_stories_that_they_state_to_lack(mesh: Provider) -> None:
    asked = protocols(contract())
    assert {field.name for field in fields(Stories) if getattr(mesh.stories, field.name) is None} == ABSENT[mesh.name]
    lacking = {f"{protocol.partition('.')[0]}.{name}" for protocol, names in asked.items() for name in names if protocol.partition(".")[0] in ABSENT[mesh.name]}
    assert unanswered(mesh, asked) == lacking
    assert (mesh.stories.rotation is None) != (mesh.stories.driven_rotation is None)


def test_a_function_that_a_mesh_leaves_out_is_seen() -> None:
    stories = replace(PAPER.stories, trust=SimpleNamespace(objects=print, read=None))  # type: ignore[arg-type]
    asked = {"trust.Trust": ["objects", "read", "bundle"]}
    assert unanswered(Provider("torn", stories, PAPER.defaults), asked) == {"trust.read", "trust.bundle"}


def test_each_function_is_called_by_the_work_or_a_filter() -> None:
    asked = {f"{protocol}.{name}": name for protocol, names in protocols(contract()).items() for name in names}
    known = called(sources("module_utils/_work", "filter"))
    assert [where for where, name in asked.items() if name not in known] == []


def test_a_function_that_nobody_calls_is_seen() -> None:
    asked = Source(Path("module_utils/_mesh/contract/install.py"), "class Install(Protocol):\n    def stages(self): ...\n    def colour(self): ...")
    work = Source(Path("module_utils/_work/install/a.py"), "mesh.install.stages(wish)")
    assert protocols([asked]) == {"install.Install": ["stages", "colour"]}
    assert called([work]) == {"install", "stages"}
