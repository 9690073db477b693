# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of roles and filters matches their files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.template import trust_as_template
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust.root import OPTIONS as ROOT_OPTIONS
from ansible_collections.meshops.lifecycle.plugins.plugin_utils.private_filters import DECIDING
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import BY_FILE, FILTERS, FOLDER
from ansible_collections.meshops.lifecycle.tests.unit.support.rendering import loaded, rendered
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

ROLES = sorted(path.parent.parent for path in CHECKOUT.glob("roles/*/tasks/main.yml"))
PAGES = sorted(path.stem for path in CHECKOUT.glob("plugins/filter/*.yml"))
MESH_VARIABLE = re.compile(r"(?<![\w.])mesh_[a-z_]+")
UNDEFINED = object()
# It leaves a path that is not given as it is, and a Templar alone finds no filters of collections.
BESIDE = " | meshops.lifecycle._beside(inventory_dir | default(''))"


def options(role: Path) -> dict[str, dict[str, Any]]:
    return yaml.safe_load((role / "meta/argument_specs.yml").read_text("utf-8"))["argument_specs"]["main"]["options"]


def default(role: Path, name: str) -> Any:
    """The role's default if the inventory says nothing."""
    told = {key: trust_as_template(value.replace(BESIDE, "")) if BESIDE in str(value) else value for key, value in loaded(role / "defaults/main.yml").items()}
    try:
        return rendered(f"{{{{ {name} }}}}", told)
    except AnsibleError:
        return UNDEFINED


def told_default(option: dict[str, Any]) -> Any:
    if "default" in option or "options" not in option:
        return option.get("default", UNDEFINED)
    return {name: told_default(part) for name, part in option["options"].items()}


def nested(told: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in told.items():
        yield name, option
        yield from ((f"{name}.{part}", below) for part, below in nested(option.get("options") or {}))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
class TestRole:
    def test_every_default_is_an_option_and_every_option_has_a_default(self, role: Path) -> None:
        assert set(options(role)) == set(loaded(role / "defaults/main.yml"))

    def test_options_tell_the_defaults_that_hold(self, role: Path) -> None:
        """A default that depends on the kind of mesh is not documented as the role's default."""
        expressions = loaded(role / "defaults/main.yml")
        told = {name: told_default(option) for name, option in options(role).items()}
        decided = {name for name in told if "meshops.lifecycle._default" in str(expressions[name])}
        assert {name: told[name] for name in decided} == dict.fromkeys(decided, UNDEFINED)
        assert {name: value for name, value in told.items() if name not in decided} == {name: default(role, name) for name in told if name not in decided}

    def test_options_tell_which_variables_of_the_inventory_they_are_read_from(self, role: Path) -> None:
        for name, expression in loaded(role / "defaults/main.yml").items():
            described = str(options(role)[name]["description"])
            assert all(f"C({variable})" in described for variable in MESH_VARIABLE.findall(str(expression))), name

    def test_options_have_a_type_and_a_description(self, role: Path) -> None:
        assert [name for name, option in nested(options(role)) if not option.get("type") or not option.get("description")] == []

    def test_options_belong_to_the_role(self, role: Path) -> None:
        assert [name for name in options(role) if not name.startswith(f"{role.name}_")] == []

    def test_the_readme_lists_every_option_and_no_other(self, role: Path) -> None:
        readme = (role / "README.md").read_text("utf-8")
        rows = re.findall(r"^\| `([\w.]+)` \|", readme, re.MULTILINE)
        assert rows == [name for name, _option in nested(options(role))]
        assert re.findall(r"^## (.*)", readme, re.MULTILINE) == ["Variables", "What it refuses", "Example"]

    def test_the_example_in_the_readme_gives_known_variables(self, role: Path) -> None:
        example = (role / "README.md").read_text("utf-8").split("```yaml\n")[1].split("```")[0]
        assert yaml.safe_load(example)
        assert set(re.findall(rf"\b{role.name}_\w+(?=:)", example)) <= set(options(role))


ROTATE = CHECKOUT / "roles/rotate"


@pytest.mark.parametrize("kind", ["root", "intermediate", "links", "remote_secrets", "gateways", "report", "gossip"])
def test_each_kind_of_rotation_has_its_tasks(kind: str) -> None:
    """The former word for links leads to the same tasks. What only one mesh has is rotated in its own steps."""
    tasks = yaml.safe_load((ROTATE / "tasks/main.yml").read_text("utf-8"))
    (asked,) = [
        task["ansible.builtin.include_tasks"]
        for task in [inner for task in tasks for inner in task.get("block", [task])]
        if "{{" in str(task.get("ansible.builtin.include_tasks"))
    ]
    file = rendered(asked, {**loaded(ROTATE / "vars/main.yml"), "rotate_kind": kind})
    assert (ROTATE / "tasks" / file).is_file()
    of_others = {"remote_secrets": "links.yml", "root": "authorities.yml", "intermediate": "authorities.yml", "gossip": "stepped.yml"}
    assert file == of_others.get(kind, f"{kind}.yml")


def test_the_root_is_described_as_the_modules_take_it() -> None:
    told = options(CHECKOUT / "roles/trust")["trust_root"]["options"]
    kept = ("type", "default", "choices")
    assert {name: {key: option[key] for key in kept if key in option} for name, option in told.items()} == {
        name: {key: option[key] for key in kept if key in option} for name, option in ROOT_OPTIONS.items()
    }


def test_every_public_filter_has_a_page_and_no_other() -> None:
    assert sorted(name for name in FILTERS if not name.startswith("_")) == PAGES


def test_ansible_lists_no_private_filter() -> None:
    """ansible-doc passes over symbolic links when it lists filters, but Ansible loads them."""
    assert {(FOLDER / f"{file}.py").is_symlink() for file, filters in BY_FILE.items() for name in filters if name.startswith("_")} == {True}
    assert {(FOLDER / f"{file}.py").is_symlink() for file, filters in BY_FILE.items() for name in filters if not name.startswith("_")} == {False}


def test_every_file_that_offers_private_filters_is_asked() -> None:
    folder = CHECKOUT / "plugins/plugin_utils/deciding"
    offering = {path.stem for path in folder.glob("*.py") if "class FilterModule" in path.read_text("utf-8")}
    assert {file.__name__.rpartition(".")[2] for file in DECIDING} == offering
    names = [name for file in DECIDING for name in file.FilterModule().filters()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", sorted(name for name in FILTERS if name.startswith("_")))
def test_a_private_filter_says_what_it_returns_and_is_used(name: str) -> None:
    users = [*CHECKOUT.glob("roles/**/*.yml"), *CHECKOUT.glob("playbooks/*.yml")]
    assert (FILTERS[name].__doc__ or "").startswith(("Return ", "Report ", "Find ", "Select ")), name
    assert [path for path in users if re.search(rf"meshops\.lifecycle\.{name}\b", path.read_text("utf-8"))], f"nobody uses {name}"


@pytest.mark.parametrize("name", PAGES)
def test_the_documentation_of_a_filter_names_its_arguments(name: str) -> None:
    told = yaml.safe_load((CHECKOUT / f"plugins/filter/{name}.yml").read_text("utf-8"))["DOCUMENTATION"]
    code = FILTERS[name].__wrapped__
    arguments = code.__code__.co_varnames[1 : code.__code__.co_argcount]
    assert told["name"] == name
    assert list(arguments) == [option for option in told["options"] if option != "_input"]
    required = arguments[: len(arguments) - len(code.__defaults__ or ())]
    assert list(required) == [part.strip() for part in told.get("positional", "").split(",") if part]
