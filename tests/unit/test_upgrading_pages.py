# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages about a cutover name what is there: playbooks, variables, task names, and examples that the role takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover import declared, wishes
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

PAGES = {name: (CHECKOUT / name).read_text("utf-8") for name in (
    "docs/docsite/rst/upgrading.rst", "docs/docsite/rst/planes.rst", "roles/cutover/README.md", "README.md", "mk/demo.txt",
)}  # fmt: skip
HANDED = {"cutover_writes"}
UPGRADING = PAGES["docs/docsite/rst/upgrading.rst"]


def role_options() -> set[str]:
    return set(yaml.safe_load((CHECKOUT / "roles/cutover/meta/argument_specs.yml").read_text("utf-8"))["argument_specs"]["main"]["options"])


def examples(page: str, *keys: str) -> Iterator[dict[str, Any]]:
    """The YAML examples of a page that hold one of these variables."""
    for block in re.findall(r"^\.\. code-block:: yaml\n\n((?:    .*\n|\n)+)", page, re.MULTILINE):
        told = yaml.safe_load(re.sub(r"^    ", "", block, flags=re.MULTILINE))
        if isinstance(told, dict) and set(keys) & set(told):
            yield told


@pytest.mark.parametrize("page", PAGES)
class TestEveryPage:
    def test_names_variables_that_there_are(self, page: str) -> None:
        named = set(re.findall(r"(?<![\w.])cutover_[a-z]+(?:_[a-z]+)*", PAGES[page].replace("cutover_info", "").replace("cutover_plan:", "cutover_plan")))
        modules = {path.stem for path in CHECKOUT.glob("plugins/modules/cutover_*.py")}
        assert named - role_options() - HANDED - modules == set()

    def test_runs_playbooks_that_there_are(self, page: str) -> None:
        played = set(re.findall(r"ansible-playbook meshops\.lifecycle\.(\w+)", PAGES[page]))
        assert played <= {path.stem for path in CHECKOUT.glob("playbooks/*.yml")}


def test_task_names_on_the_page_are_those_of_the_role() -> None:
    """Those that have no number in them."""
    text = "\n".join(path.read_text("utf-8") for path in CHECKOUT.glob("roles/cutover/tasks/*.yml"))
    quoted = {name for name in re.findall(r"``([A-Z][a-z]+ [^`\d]+)``", UPGRADING) if not name.endswith(":")}
    assert len(quoted) > 5
    assert {name for name in quoted if f"- name: {name}\n" not in text} == set()


def test_the_gates_of_the_page_are_gates() -> None:
    (gates,) = [told["cutover_gates"] for told in examples(UPGRADING, "cutover_gates")]
    assert len(gates) == 4
    assert FILTERS["_cutover_gate_faults"](gates) == []


def test_the_waves_of_the_page_are_waves() -> None:
    (told,) = examples(UPGRADING, "cutover_waves")
    assert wishes.faults({"to": "green", "canary": told["cutover_canary"], "waves": told["cutover_waves"]}) == []


def test_the_planes_of_the_page_are_planes() -> None:
    (told,) = examples(PAGES["docs/docsite/rst/planes.rst"], "mesh_planes")
    assert declared.faults(told["mesh_planes"]) == []


def test_the_table_of_the_page_has_each_step_in_its_order() -> None:
    steps = re.findall(r"^   \* - ([a-z].*|CRDs.*|CNI.*)$", UPGRADING[UPGRADING.index("The order,") : UPGRADING.index("What you see")], re.MULTILINE)
    assert steps == ["step", "CRDs and base", "CNI plugin", "target in the primaries", "exposures", "remote clusters", "knowledge of the other clusters",
                     "proof", "waves", "gateways", "tags", "validator", "retire"]  # fmt: skip
