# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Molecule scenarios: make runs all of them, and what they give to playbooks and keep in sequence is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

SCENARIOS = sorted(path.parent for path in CHECKOUT.glob("extensions/molecule/*/molecule.yml"))
OURS = "meshops.lifecycle."


def options() -> set[str]:
    """The inputs of all roles, and the variables of an inventory that they read."""
    specs = [yaml.safe_load(path.read_text("utf-8")) for path in CHECKOUT.glob("roles/*/meta/argument_specs.yml")]
    read = [re.findall(r"\b(?:mesh_[a-z_]+|rotate)\b", path.read_text("utf-8")) for path in CHECKOUT.glob("roles/*/defaults/main.yml")]
    return {name for spec in specs for name in spec["argument_specs"]["main"]["options"]} | {name for names in read for name in names}


def playbooks(scenario: Path) -> Iterator[dict[str, Any]]:
    """The plays and imports of all files of a scenario."""
    for path in sorted(scenario.glob("*.yml")):
        if path.name != "molecule.yml":
            yield from yaml.safe_load(path.read_text("utf-8"))


def test_make_runs_every_scenario_and_the_one_that_installs_the_mesh_first() -> None:
    """Those of the gate, and those that have a target of their own."""
    makefile = (CHECKOUT / "Makefile").read_text("utf-8")
    (named,), alone = re.findall(r"^scenarios := (.*)$", makefile, re.MULTILINE), re.findall(r"--scenario-name (\w+)", makefile)
    assert named.split()[0] == "default"
    assert sorted([*named.split(), *alone]) == [scenario.name for scenario in SCENARIOS]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
class TestScenario:
    def test_gives_playbooks_of_the_collection_only_what_they_know(self, scenario: Path) -> None:
        given = {name for one in playbooks(scenario) if str(one.get("import_playbook")).startswith(OURS) for name in one.get("vars") or {}}
        assert given - options() == set()

    def test_has_each_file_that_its_sequence_names(self, scenario: Path) -> None:
        shared, own = (yaml.safe_load(path.read_text("utf-8")) for path in (CHECKOUT / "extensions/molecule/config.yml", scenario / "molecule.yml"))
        steps = [step.split() for step in {**shared, **own}["scenario"]["test_sequence"]]
        files = [word for step, *named in steps for word in (named or [f"{step}.yml"]) if step != "idempotence"]
        assert [name for name in files if not (scenario / name).is_file()] == []
