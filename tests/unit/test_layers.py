# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports point down only: docs/decisions/0001-layers.md."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.tests.unit.support.source import Source, sources

ACTION_BASE = "in_process"
KUBERNETES_CORE = "ansible_collections.kubernetes.core.plugins.module_utils"


@dataclass(frozen=True)
class Layer:
    """What the files of one layer may import beside each other and the standard library."""

    below: frozenset[str]
    libraries: frozenset[str] = frozenset()


LAYERS = {
    "_mesh": Layer(frozenset()),
    "_providers": Layer(frozenset({"_mesh"})),
    "_kube": Layer(frozenset({"_mesh"}), frozenset({"kubernetes", "urllib3", "yaml", KUBERNETES_CORE})),
    "_pki": Layer(frozenset({"_mesh"}), frozenset({"cryptography", "hvac", "requests"})),
    "_work": Layer(frozenset({"_mesh", "_providers", "_kube", "_pki"})),
    "_ansible": Layer(frozenset({"_mesh", "_kube", "_pki"}), frozenset({"ansible"})),
    "modules": Layer(frozenset({"_ansible", "_work"})),
    "action": Layer(frozenset({"_ansible", "_work", "plugin_utils"}), frozenset({"ansible"})),
    "plugin_utils": Layer(frozenset({"_mesh", "_ansible"}), frozenset({"ansible", "jinja2", "jmespath"})),
    "deciding": Layer(frozenset({"_mesh", "_providers", "_pki", "_work", "plugin_utils"}), frozenset({"ansible"})),
    "filter": Layer(frozenset({"plugin_utils", "deciding"})),
    "callback": Layer(frozenset({"plugin_utils"}), frozenset({"ansible"})),
    "inventory": Layer(frozenset({"_mesh", "_providers", "_kube"}), frozenset({"ansible"})),
    "doc_fragments": Layer(frozenset()),
}
PURE = ("_mesh", "_providers")
SURROUNDINGS = {"io", "logging", "os", "pathlib", "platform", "random", "secrets", "shutil", "socket", "subprocess", "sys",
                "tempfile", "threading", "time", "urllib.request", "uuid"}
SURROUNDING_CALLS = {"now", "utcnow", "today", "open", "print", "input", "__import__"}


@dataclass(frozen=True)
class Import:
    node: ast.stmt
    name: str  # of a file of ours as a path of folders: module_utils/_mesh/errors
    ours: bool


def imports(source: Source) -> Iterator[Import]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (Import(node, alias.name, ours=False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = source.path.parts[:-1][: len(source.path.parts) - node.level]
            inside = node.module.split(".") if node.module else []
            yield from (Import(node, "/".join([*base, *inside, alias.name]), ours=True) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield Import(node, node.module or "", ours=False)


def within(name: str, packages: frozenset[str] | set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def fault(source: Source, found: Import) -> str | None:
    layer = LAYERS.get(source.layer)
    if layer is None:
        return f"`{source.layer}` is not one of the layers"
    if found.ours:
        parts = found.name.split("/")
        target = parts[1] if parts[0] == "module_utils" or parts[:2] == ["plugin_utils", "deciding"] else parts[0]
        return None if target in {source.layer} | layer.below else f"{source.layer} may not import {target}"
    if found.name.startswith("ansible_collections.meshops"):
        return "write imports inside the collection as relative ones"
    if found.name.split(".")[0] == "importlib":
        return "AnsiballZ ships only what is imported by name"
    if source.layer in PURE and within(found.name, SURROUNDINGS):
        return f"{source.layer} gets what {found.name} would tell as an argument"
    if found.name.split(".")[0] in sys.stdlib_module_names or within(found.name, layer.libraries):
        return None
    return f"{source.layer} may not import {found.name}"


def faults(source: Source) -> list[str]:
    return [source.at(found.node, said) for found in imports(source) if (said := fault(source, found))]


def surroundings(source: Source) -> list[str]:
    """Calls that read a clock, the environment, files or random numbers."""
    called = ((node, node.func) for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    named = ((node, getattr(function, "attr", getattr(function, "id", ""))) for node, function in called)
    return [source.at(node, f"{name}() in {source.layer}") for node, name in named if name in SURROUNDING_CALLS]


def test_imports_point_down() -> None:
    found = [said for source in sources() for said in faults(source)]
    assert not found, "\n".join(found)


def test_decisions_depend_on_their_arguments_only() -> None:
    found = [said for layer in PURE for source in sources(f"module_utils/{layer}") for said in surroundings(source)]
    assert not found, "\n".join(found)


def past_the_base(found: Iterable[Source]) -> list[str]:
    """Imports of `_ansible` in plugin_utils outside of the base of the actions."""
    return [source.at(one.node, one.name) for source in found for one in imports(source)
            if source.layer == "plugin_utils" and source.path.stem != ACTION_BASE and one.ours and "/_ansible/" in f"{one.name}/"]


def test_only_the_base_of_the_actions_runs_work() -> None:
    assert past_the_base(sources("plugin_utils")) == []


def test_another_runner_of_work_is_seen() -> None:
    assert past_the_base([Source(Path("plugin_utils/hosts.py"), "from ..module_utils._ansible.run import run_here")])
    assert past_the_base([Source(Path("plugin_utils/hosts.py"), "from ..module_utils import _ansible")])


def test_only_one_file_knows_kubernetes_core() -> None:
    knowing = {str(source.path) for source in sources() if any(KUBERNETES_CORE in found.name for found in imports(source))}
    assert knowing <= {"module_utils/_kube/connect.py"}


def test_module_utils_are_private_to_the_collection() -> None:
    public = [source.path for source in sources("module_utils") if not source.layer.startswith("_")
              and source.path.name != "__init__.py"]
    assert not public


def folder(path: str) -> str:
    """The room of a file, such as module_utils/_mesh/trust; None if the file stands in the layer itself."""
    parts = path.split("/")[:-1]
    return "/".join(parts[:3] if parts[1] != "_providers" else parts[:4]) if len(parts) > (3 if parts[1] == "_providers" else 2) else ""


def between_rooms(found: Iterable[Source]) -> set[tuple[str, str]]:
    """Which room imports from which, inside its own layer."""
    known = list(found)
    files = {str(source.path.with_suffix("")) for source in known}
    pairs = set()
    for source in known:
        for one in imports(source):
            target = one.name if one.name in files else one.name.rpartition("/")[0]
            if one.ours and target in files and target.split("/")[1] == source.layer:
                pairs.add((folder(str(source.path)), folder(f"{target}.py")))
    return {(one, other) for one, other in pairs if one and other and one != other}


def circles(pairs: set[tuple[str, str]]) -> list[str]:
    """The rooms that import each other in a circle: what is left after removing, again and again, rooms that import nothing or that nothing imports."""
    left = set(pairs)
    while left:
        ends = {pair[0] for pair in left} & {pair[1] for pair in left}
        rest = {(one, other) for one, other in left if one in ends and other in ends}
        if rest == left:
            return sorted({one for pair in left for one in pair})
        left = rest
    return []


def test_rooms_import_each_other_in_one_direction() -> None:
    assert circles(between_rooms(sources("module_utils"))) == []


def test_what_stands_beside_the_rooms_of_the_model_knows_none_of_them() -> None:
    """Files beside the rooms, such as errors, names and questions, import no room."""
    ground = [source for source in sources("module_utils/_mesh") if not folder(str(source.path))]
    assert [source.at(one.node, one.name) for source in ground for one in imports(source) if one.ours and len(one.name.split("/")) > 4] == []


def test_a_circle_of_rooms_is_seen() -> None:
    texts = {"trust/a": "from ..links.b import x", "links/b": "from ..objects import c", "objects/c": "from ..trust.a import y"}
    found = [Source(Path(f"module_utils/_mesh/{name}.py"), text) for name, text in texts.items()]
    assert circles(between_rooms(found)) == [f"module_utils/_mesh/{name}" for name in ("links", "objects", "trust")]
    assert circles(between_rooms(found[:2])) == []


def test_each_module_has_its_work_in_a_room_of_the_same_story() -> None:
    for source in sources("modules"):
        if source.path.stem != "__init__":
            found = [one.name for one in imports(source) if one.ours and "/_work/" in one.name and one.name.endswith("/TASK")]
            assert len(found) == 1, source.path
            assert found[0].split("/")[-2] == source.path.stem, f"{source.path} has its work in {found[0]}"


def test_the_rooms_have_the_same_names_in_every_layer() -> None:
    model, work, providers = (
        {folder(str(source.path)).rpartition("/")[2] for source in sources(f"module_utils/{layer}")} - {""} for layer in ("_mesh", "_work", "_providers")
    )
    assert work - model == set()
    assert providers - work == set()


@pytest.mark.parametrize(("path", "text"), [
    pytest.param("module_utils/_mesh/a.py", "from .._kube.cluster import Cluster", id="up"),
    pytest.param("module_utils/_mesh/a.py", "from .. import _kube", id="up, by package"),
    pytest.param("module_utils/_kube/a.py", "from .._pki.x509 import read", id="sideways"),
    pytest.param("module_utils/_kube/a.py", "from .._providers import PROVIDERS", id="I/O knows no mesh"),
    pytest.param("module_utils/_providers/istio/a.py", "from ..._work.lease import hold", id="from a deeper folder"),
    pytest.param("module_utils/_mesh/a.py", "if TYPE_CHECKING:\n    import kubernetes", id="for types only"),
    pytest.param("module_utils/_pki/a.py", "def f():\n    import kubernetes.client", id="inside a function"),
    pytest.param("module_utils/_kube/a.py", "from ansible.module_utils.basic import AnsibleModule", id="Ansible below"),
    pytest.param("module_utils/_mesh/a.py", "import os.path", id="the environment"),
    pytest.param("modules/a.py", "from ansible_collections.meshops.lifecycle.plugins.module_utils import _mesh", id="absolute"),
    pytest.param("modules/a.py", "import importlib", id="dynamic"),
    pytest.param("inventory/a.py", "from ..modules import ca", id="an inventory from a module"),
    pytest.param("action/a.py", "from ..module_utils._kube.connect import connect", id="an action past the work"),
    pytest.param("action/a.py", "from ..modules import mesh_config", id="an action from a module"),
    pytest.param("module_utils/_work/links/links.py", "from ..._ansible.run import hide", id="work that knows Ansible"),
    pytest.param("module_utils/_work/links/links.py", "from ansible.errors import AnsibleError", id="work that knows Ansible itself"),
    pytest.param("module_utils/_ansible/run.py", "from .._work.trust import ca", id="Ansible that knows the work"),
    pytest.param("module_utils/_util/a.py", "import json", id="an unknown layer"),
])
def test_a_wrong_import_is_seen(path: str, text: str) -> None:
    assert faults(Source(Path(path), text))


@pytest.mark.parametrize(("path", "text"), [
    pytest.param("module_utils/_kube/a.py", "from .._mesh.errors import MeshError", id="down"),
    pytest.param("module_utils/_providers/istio/a.py", "from ..._mesh.install.helm_release import Release", id="down, from a deeper folder"),
    pytest.param("module_utils/_providers/istio/a.py", "from . import charts", id="beside"),
    pytest.param("modules/a.py", "from ..module_utils._ansible.run import run", id="from a module"),
    pytest.param("inventory/a.py", "from ..module_utils._kube.connect import connect", id="from an inventory"),
    pytest.param("module_utils/_kube/a.py", "import kubernetes.client", id="a library where it belongs"),
])
def test_a_right_import_is_let_pass(path: str, text: str) -> None:
    assert not faults(Source(Path(path), text))


def test_a_clock_is_seen() -> None:
    assert surroundings(Source(Path("module_utils/_mesh/a.py"), "x = datetime.now(timezone.utc)"))
