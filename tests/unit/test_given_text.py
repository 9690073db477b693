# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An option that comes as text, as from `-e name=value` and surveys, counts by its type wherever a role reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.given_text import elements
from ansible_collections.meshops.lifecycle.tests.unit.support.rendering import loaded
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

CONVERTED = {"bool": ("bool",), "int": ("int", "float")}
CONDITIONS = {"when", "that", "until", "failed_when", "changed_when"}
TEMPLATE = re.compile(r"\{[{%](.*?)[}%]\}", re.DOTALL)


def options(*types: str) -> list[Any]:
    found = []
    for path in sorted(CHECKOUT.glob("roles/*/meta/argument_specs.yml")):
        told = yaml.safe_load(path.read_text("utf-8"))["argument_specs"]["main"]["options"]
        found += [pytest.param(path.parents[1], name, option["type"], id=name) for name, option in told.items() if option["type"] in types]
    return found


def leaves(value: Any, *path: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each text below a value, with the keys that lead to it."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, *path, str(key))
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, *path)
    elif isinstance(value, str):
        yield path, value


def read(role: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """All texts in the role's tasks and internal variables, and bare expressions such as `when`."""
    for path in sorted([*role.glob("tasks/*.yml"), *role.glob("vars/*.yml")]):
        for keys, text in leaves(yaml.safe_load(path.read_text("utf-8")), f"{role.name}/{path.name}"):
            if CONDITIONS & set(keys):
                yield keys, text
            yield from ((keys, "{{" + template + "}}") for template in TEMPLATE.findall(text))


def uses(role: Path, name: str) -> list[tuple[tuple[str, ...], str]]:
    return [(keys, text) for keys, text in read(role) if re.search(rf"(?<!\w){name}(?!\w)", text)]


def takes(keys: tuple[str, ...], kind: str) -> bool:
    """Whether the text is an option of one of our modules, which converts it by itself."""
    module, option = keys[-2], keys[-1]
    if module == "ansible.builtin.pause":
        return option == "seconds"
    if not module.startswith("meshops.lifecycle."):
        return False
    code = import_module(f"ansible_collections.meshops.lifecycle.plugins.modules.{module.rpartition('.')[2]}")
    return bool(code.TASK["argument_spec"].get(option, {}).get("type") == kind)


@pytest.mark.parametrize(("role", "name", "kind"), options("bool", "int"))
def test_a_switch_or_number_is_converted_wherever_it_is_read(role: Path, name: str, kind: str) -> None:
    wrong = []
    for keys, text in uses(role, name):
        if text == f"{{{{ {name} }}}}" and takes(keys, kind):
            continue
        bare = re.sub(rf"(?<!\w){name} \| ({'|'.join(CONVERTED[kind])})(?!\w)", "", text)
        bare = re.sub(rf"~ {name} ~|'[^']*'", "", bare)  # within a sentence
        wrong += [(keys, text)] if re.search(rf"(?<!\w){name}(?!\w)", bare) else []
    assert not wrong


@pytest.mark.parametrize(("role", "name", "kind"), options("list"))
class TestList:
    def test_is_read_in_one_place(self, role: Path, name: str, kind: str) -> None:
        ((keys, text),) = uses(role, name)
        assert (keys[0], text) == (f"{role.name}/main.yml", f"{{{{ {name} | meshops.lifecycle._as_list }}}}")
        assert keys[1] in loaded(role / "vars/main.yml")

    def test_is_used_where_it_was_read(self, role: Path, name: str, kind: str) -> None:
        ((keys, _text),) = uses(role, name)
        assert uses(role, keys[1])


@pytest.mark.parametrize(("given", "meant"), [
    ("west", ["west"]),
    ("west,north", ["west", "north"]),
    (" west, north ,", ["west", "north"]),
    ("west\r\nnorth\n", ["west", "north"]),
    ('["west", "north"]', ["west", "north"]),
    ("['west', 'north']", ["west", "north"]),
    ("[west, north]", ["west", "north"]),
    ("[]", []),
    ("", []),
    (None, []),
    ([], []),
    (["west"], ["west"]),
    (("west",), ["west"]),
    ("1.29", ["1.29"]),
    (7, [7]),
    ('[{"name": "shop", "hosts": ["a", "b"]}]', [{"name": "shop", "hosts": ["a", "b"]}]),
    ('{"name": "shop"}', [{"name": "shop"}]),
])  # fmt: skip
def test_a_list_is_what_was_meant(given: Any, meant: list[Any]) -> None:
    assert elements(given) == meant
