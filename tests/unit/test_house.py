# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The house rules that a machine can check; CONTRIBUTING.md gives their reasons."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from statistics import median, quantiles
from typing import Any, ClassVar

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.doc_fragments._mesh import ModuleDocFragment
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import DEFAULT
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.chosen_mesh import PROVIDER_OPTION
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT, PLUGINS, Source, sources

MODULE_LINES, UTIL_LINES, UTIL_MEDIAN = 80, 200, 90
ACTION_LINES = 25
FUNCTION_LINES, FUNCTION_MOSTLY, FUNCTION_LONG_SHARE, FUNCTION_P90 = 40, 25, 0.02, 20
TASK_LINES, MAIN_TASK_LINES = 60, 40
DOCUMENTS = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
ANSIBLE_ONLY_IN = Path("module_utils/_ansible/run.py")
ANSIBLE_WORDS = {"fail_json", "exit_json", "check_mode", "supports_check_mode"}
WORN_NAMES = {"told", "found", "held", "one"}  # each meant eight things
EMPTY_NAMES = re.compile(r"(^|_)(utils?|common|dto|helpers?|handlers?|managers?)($|_)|(Util|Dto|Helper|Handler|Manager)s?$")
CLASSES_OF_MANY = {"ActionModule", "FilterModule", "InventoryModule", "ModuleDocFragment", "Request"}
JUDGE_OF_EXPIRY = "module_utils/_mesh/trust/expiry.py"
FORBIDDEN_TASK = re.compile(r"^\s*-?\s*(ansible\.(builtin|legacy)\.)?(command|shell|raw|script|expect|set_fact):", re.MULTILINE)
KUBERNETES_CORE = "kubernetes.core."
PLAYS_BESIDE = ("extensions/molecule/**/*.yml", "extensions/controller/*.yml")  # what else lies in extensions is data without tasks
LICENCE = """\
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""


def none(faults: list[str]) -> None:
    assert not faults, "\n".join(["", *faults])


def names(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Every name that a file uses or gives."""
    for node in ast.walk(source.tree):
        for attribute in ("id", "attr", "arg", "name"):
            if isinstance(name := getattr(node, attribute, None), str):
                yield node, name


def absolute(source: Source) -> Iterator[str]:
    """The names of what a file imports from outside the collection."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def is_document(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id in DOCUMENTS for to in node.targets)


def documents(source: Source) -> dict[str, str]:
    found = (node for node in source.tree.body if isinstance(node, ast.Assign) and is_document(node))
    return {node.targets[0].id: ast.literal_eval(node.value) for node in found if isinstance(node.targets[0], ast.Name)}


def tasks(tree: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a task file or playbook that may be a task, in blocks too."""
    if isinstance(tree, dict):
        yield tree
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from tasks(inner)


def span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def code_lines(source: Source) -> int:
    """Lines which are neither documentation nor comments nor empty."""
    documented = {line for node in source.tree.body if is_document(node) for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    lines = enumerate(source.text.splitlines(), 1)
    return sum(number not in documented and bool(line.strip()) and not line.lstrip().startswith("#") for number, line in lines)


def functions() -> list[tuple[str, int]]:
    return [(source.at(node, f"{node.name} has {span(node)} lines"), span(node)) for source in sources()
            for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def homonyms(found: Iterable[Source]) -> list[str]:
    """Class names that stand in more than one file. Ansible asks for some of them, and the options of every module are a `Request`."""
    places: dict[str, list[str]] = {}
    for source in found:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef) and node.name not in CLASSES_OF_MANY:
                places.setdefault(node.name, []).append(str(source.path))
    return [f"{name}: {', '.join(where)}" for name, where in sorted(places.items()) if len(where) > 1]


def yaml_of(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def files(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in CHECKOUT.glob(pattern))


def roles() -> list[Path]:
    return [path for path in files("roles/*") if path.is_dir() and any(path.rglob("*.*"))]


def modules() -> list[Source]:
    return [source for source in sources("modules") if source.path.name != "__init__.py"]


class TestPython:
    def test_files_say_their_licence_and_postpone_annotations(self) -> None:
        none([source.at(source.tree, "licence, then `from __future__ import annotations` first")
              for source in sources() if source.text and not self.well_begun(source)])

    @staticmethod
    def well_begun(source: Source) -> bool:
        text = source.text.removeprefix("#!/usr/bin/python\n")
        body = [node for node in source.tree.body if not isinstance(node, ast.Expr) and not is_document(node)]
        postponed = not body or (isinstance(body[0], ast.ImportFrom) and body[0].module == "__future__")
        return text.startswith(LICENCE) and postponed

    def test_modules_are_short(self) -> None:
        none([source.at(source.tree, f"{lines} lines of code, {MODULE_LINES} are allowed")
              for source in modules() if (lines := code_lines(source)) > MODULE_LINES])

    def test_actions_are_thin(self) -> None:
        """Each action belongs to a module of the same name, which does the same work where the action cannot."""
        none([source.at(source.tree, f"{lines} lines of code, {ACTION_LINES} are allowed")
              for source in sources("action") if (lines := code_lines(source)) > ACTION_LINES])
        assert {source.path.stem for source in sources("action") if source.text} <= {source.path.stem for source in modules()}

    def test_module_utils_are_short(self) -> None:
        lengths = {source: code_lines(source) for source in sources("module_utils") if source.text}
        none([source.at(source.tree, f"{lines} lines of code, {UTIL_LINES} are allowed")
              for source, lines in lengths.items() if lines > UTIL_LINES])
        assert not lengths or median(lengths.values()) <= UTIL_MEDIAN

    def test_functions_are_short(self) -> None:
        found = functions()
        none([where for where, lines in found if lines > FUNCTION_LINES])
        long = [where for where, lines in found if lines > FUNCTION_MOSTLY]
        assert len(long) <= len(found) * FUNCTION_LONG_SHARE, "\n".join(long)
        assert len(found) < 10 or quantiles([lines for where, lines in found], n=10)[-1] <= FUNCTION_P90

    def test_only_run_knows_how_a_module_ends(self) -> None:
        none([source.at(node, f"{name} belongs into {ANSIBLE_ONLY_IN}") for source in sources()
              if source.path != ANSIBLE_ONLY_IN for node, name in names(source) if name in ANSIBLE_WORDS])

    def test_no_error_is_caught_unread(self) -> None:
        none([source.at(node, "name the errors that are expected") for source in sources()
              for node in ast.walk(source.tree) if isinstance(node, ast.ExceptHandler)
              and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))])

    def test_names_say_something(self) -> None:
        stems = [source.at(source.tree, "a name that says nothing") for source in sources()
                 if EMPTY_NAMES.search(source.path.stem)]
        classes = [source.at(node, f"{node.name} says nothing") for source in sources()
                   for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef) and EMPTY_NAMES.search(node.name)]
        none(stems + classes)

    @staticmethod
    def worn(source: Source) -> list[str]:
        """Files and functions whose name does not say what they hold or return."""
        named = [(source.tree, source.path.stem), *((node, node.name) for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef))]
        return [source.at(node, f"{name} says nothing") for node, name in named if name.strip("_") in WORN_NAMES]

    def test_names_are_not_worn_out(self) -> None:
        none([said for source in sources() for said in self.worn(source)])

    def test_a_worn_name_is_seen(self) -> None:
        assert len(self.worn(Source(Path("module_utils/_mesh/held.py"), "def _told() -> None: ...\ndef found() -> None: ..."))) == 3

    def test_one_file_judges_whether_something_has_expired(self) -> None:
        none([f"{source.path}: {line}" for source in sources() if str(source.path) != JUDGE_OF_EXPIRY for line in self.judging(source.text)])

    @staticmethod
    def judging(text: str) -> list[str]:
        return [line.strip() for line in text.splitlines() if re.search(r"""not_after["'\])]*\s*[<>]|[<>]=?\s*[\w.]*not_after|\bexpired at \{""", line)]

    @pytest.mark.parametrize("line", ['fromisoformat(one["not_after"]) <= now', "c.not_after > now", "now >= leaf.not_after", 'f"{c} expired at {iso(end)}"'])
    def test_a_second_judgement_is_seen(self, line: str) -> None:
        assert self.judging(line)

    def test_a_class_name_stands_once(self) -> None:
        none(homonyms(sources()))

    def test_a_second_class_of_a_name_is_seen(self) -> None:
        texts = {"module_utils/_mesh/a.py": "class Plan: ...", "module_utils/_work/b.py": "def f():\n    class Plan: ...", "filter/c.py": "class Request: ..."}
        found = homonyms([*(Source(Path(path), text) for path, text in texts.items()), Source(Path("filter/d.py"), "class Request: ...")])
        assert found == ["Plan: module_utils/_mesh/a.py, module_utils/_work/b.py"]


class TestRequests:
    """The work turns a task's options into a frozen request first. A clock and a connector come as arguments."""

    DOORS = ("reconcile", "complete", "loaded")  # what a module runs, and what completes its options before
    CLOCK = "module_utils/_work/clock.py"
    TIME = re.compile(r"\b(datetime|date)\.(now|today|utcnow)\(|\btime\.(time|monotonic|perf_counter|sleep)\(|\bfrom time import")

    def opened(self, source: Source) -> list[str]:
        """Functions other than `reconcile` that take a task's options, fields that keep them, and a `reconcile` that reads an option itself."""
        found = []
        for owner in ast.walk(source.tree):
            if isinstance(owner, ast.AnnAssign) and isinstance(owner.target, ast.Name) and owner.target.id == "params":
                found.append(source.at(owner, "params is kept"))
            for node in ast.iter_child_nodes(owner):
                if not isinstance(node, ast.FunctionDef) or not any(one.arg.strip("_") == "params" for one in (*node.args.args, *node.args.kwonlyargs)):
                    continue
                if node.name == "reconcile":
                    found += [source.at(inner, "reconcile reads params") for inner in ast.walk(node) if self.reads(inner)]
                elif node.name not in self.DOORS and not (node.name == "of" and isinstance(owner, ast.ClassDef)):
                    found.append(source.at(node, f"{node.name} takes params"))
        return found

    @staticmethod
    def reads(node: ast.AST) -> bool:
        what = node.value if isinstance(node, ast.Subscript | ast.Attribute) else None
        return isinstance(what, ast.Name) and what.id == "params"

    @staticmethod
    def thawed(source: Source) -> list[str]:
        """Requests that somebody could change."""
        classes = [node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef) and node.name.endswith("Request")]
        return [source.at(node, f"{node.name} is not frozen") for node in classes
                if not any("frozen=True" in ast.unparse(decorator) for decorator in node.decorator_list)]  # fmt: skip

    def timed(self, source: Source) -> list[str]:
        return [f"{source.path}: {line.strip()}" for line in source.text.splitlines() if self.TIME.search(line) and str(source.path) != self.CLOCK]

    def test_options_end_at_the_door(self) -> None:
        none([said for source in sources("module_utils/_work") for said in self.opened(source)])

    def test_requests_are_frozen(self) -> None:
        none([said for source in sources("module_utils/_work") for said in self.thawed(source)])

    def test_only_the_clock_knows_the_time(self) -> None:
        none([said for source in sources("module_utils/_work") for said in self.timed(source)])

    @pytest.mark.parametrize("text", [
        "def survey(cluster: Cluster, params: Mapping[str, Any]) -> None: ...",
        "def reconcile(cluster, params):\n    return params['mesh']",
        "def reconcile(cluster, params):\n    return params.get('mesh')",
        "class Work:\n    params: dict[str, Any]",
        "def of(params): ...",
    ])  # fmt: skip
    def test_options_behind_the_door_are_seen(self, text: str) -> None:
        assert self.opened(Source(Path("module_utils/_work/trust/a.py"), text))

    def test_a_request_that_can_change_and_a_second_clock_are_seen(self) -> None:
        assert self.thawed(Source(Path("a.py"), "@dataclass\nclass LinksRequest: ..."))
        for text in ("x = datetime.now(UTC)", "begun = time.monotonic()", "time.sleep(1)", "from time import sleep"):
            assert self.timed(Source(Path("module_utils/_work/a.py"), text))


class TestWaits:
    """People who watch a run are told what it waits for: docs/decisions/0069-what-a-run-waits-for.md."""

    @staticmethod
    def silent(source: Source) -> list[str]:
        """Waits that say nothing: calls of `follow` without `waits`, and functions that sleep without `waiting`."""
        calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "follow")
        found = [source.at(call, "follow() without waits") for call in calls if "waits" not in {keyword.arg for keyword in call.keywords}]
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef) and "clock.sleep(" in (text := ast.unparse(node)) and "waiting()" not in text:
                found.append(source.at(node, f"{node.name} sleeps and says nothing"))
        return found

    def test_every_wait_says_for_what(self) -> None:
        none([said for source in sources("module_utils/_work") for said in self.silent(source)])

    @pytest.mark.parametrize("text", [
        "def a():\n    follow(look, done=done, clock=clock)",
        "def a():\n    while True:\n        work.clock.sleep(1)",
    ])  # fmt: skip
    def test_a_silent_wait_is_seen(self, text: str) -> None:
        assert self.silent(Source(Path("module_utils/_work/a.py"), text))


class TestTypes:
    """mypy checks every call of a provider."""

    STRICT = ("_mesh", "_providers", "_work")
    PARTS = {"mesh", "provider", "install", "trust", "links", "rotation", "gateways", "health"}

    def untyped(self, source: Source) -> list[str]:
        """Arguments and variables that hold a provider or a part of it and have no type for it."""
        arguments = [(node, node.arg, node.annotation) for node in ast.walk(source.tree) if isinstance(node, ast.arg)]
        given = [(node, node.target.id, node.annotation) for node in ast.walk(source.tree)
                 if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]  # fmt: skip
        return [source.at(node, f"{name} is Any") for node, name, kind in [*arguments, *given]
                if name in self.PARTS and kind is not None and ast.unparse(kind) in ("Any", "typing.Any", "Any | None")]  # fmt: skip

    def test_a_mesh_has_its_type(self) -> None:
        none([said for source in sources("module_utils", "filter", "plugin_utils", "modules", "action") for said in self.untyped(source)])

    @pytest.mark.parametrize("text", ["def stages(mesh: Any) -> None: ...", "class Watch:\n    rotation: Any", "def of(trust: Any | None): ..."])
    def test_a_mesh_without_a_type_is_seen(self, text: str) -> None:
        assert self.untyped(Source(Path("module_utils/_work/a.py"), text))

    def test_mypy_is_as_strict_on_the_work_as_on_the_model(self) -> None:
        """All code has the same flags: all that mypy calls strict, except those for imports without types."""
        config = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
        (strict,) = (each for each in config["overrides"] if each.get("disallow_untyped_defs"))
        assert strict["module"] == [f"ansible_collections.meshops.lifecycle.plugins.module_utils.{layer}.*" for layer in self.STRICT]
        wanted = {"disallow_any_generics", "disallow_subclassing_any", "disallow_untyped_calls", "disallow_untyped_decorators", "disallow_untyped_defs",
                  "no_implicit_reexport", "strict_equality", "warn_return_any"}  # fmt: skip
        assert {flag for flag, value in strict.items() if value is True} >= wanted


class TestModules:
    def test_the_action_group_is_all_of_them(self) -> None:
        """Each module takes the connection options, so the action group must have all modules."""
        members = yaml_of(CHECKOUT / "meta" / "runtime.yml")["action_groups"]["mesh"]
        assert not modules() or members == sorted(source.path.stem for source in modules())

    def test_all_run_the_same_way(self) -> None:
        none([source.at(source.tree, "does not call run()") for source in modules()
              if not any(isinstance(node, ast.ImportFrom) and node.module == "module_utils._ansible.run"
                         for node in ast.walk(source.tree))])

    def test_all_say_what_check_and_diff_mode_do(self) -> None:
        none([source.at(source.tree, f"documents no support for {mode}") for source in modules()
              for mode in ("check_mode", "diff_mode") if "support" not in self.attributes(source).get(mode, {})])

    def test_all_document_connection_and_group(self) -> None:
        wanted = {"meshops.lifecycle._connection", "meshops.lifecycle._attributes"}
        none([source.at(source.tree, f"extends_documentation_fragment lacks {fragment}") for source in modules()
              for fragment in wanted if not any(f"{given}.".startswith(f"{fragment}.") for given in self.fragments(source))])

    @staticmethod
    def fragments(source: Source) -> list[str]:
        given = yaml.safe_load(documents(source)["DOCUMENTATION"]).get("extends_documentation_fragment", [])
        return [given] if isinstance(given, str) else given

    def attributes(self, source: Source) -> dict[str, dict[str, Any]]:
        """The attributes as ansible-doc shows them: a module's own override those of the fragments."""
        merged: dict[str, dict[str, Any]] = {}
        for fragment in self.fragments(source):
            namespace, collection, name, *section = fragment.split(".")
            if (namespace, collection) == ("meshops", "lifecycle"):
                file = import_module(f"ansible_collections.meshops.lifecycle.plugins.doc_fragments.{name}")
                text = getattr(file.ModuleDocFragment, (section or ["documentation"])[0].upper())
                merged |= yaml.safe_load(text).get("attributes", {})
        for name, told in yaml.safe_load(documents(source)["DOCUMENTATION"]).get("attributes", {}).items():
            merged[name] = merged.get(name, {}) | told
        return merged


def without_data(text: str) -> str:
    """The text without words that only look like variables: names of reports and runs, and those in descriptions."""
    artifacts = r"mesh_(status|estate|lint|certificates|preflight|install|verify|cutover\w*|rotation\w*):"
    return re.sub(artifacts + r"|\b[CV]\(mesh_.*?\)|^ *(description:|- [A-Z]).*", "", text, flags=re.MULTILINE)


def variables_read(text: str) -> list[str]:
    """The variables of the whole collection that a file of a role reads. Filters and modules have a dot before their names."""
    return sorted(set(re.findall(r"(?<![.\w])mesh_\w+", without_data(text))))


def asserts(tasks: Any) -> Iterator[dict[str, Any]]:
    """The tasks that assert something, those in plays and blocks included."""
    if isinstance(tasks, list):
        for task in tasks:
            yield from asserts(task)
    elif isinstance(tasks, dict):
        if "ansible.builtin.assert" in tasks:
            yield tasks
        for inner in tasks.values():
            yield from asserts(inner) if isinstance(inner, list) else ()


def twice(task: dict[str, Any]) -> bool:
    """Whether an assert asks for nothing but that its own sentences are none, and its success means nothing."""
    asked = re.match(r"(__[\w.]+) \| length == 0", str(task.get("that")))
    return bool(asked and asked[1] in str(task.get("fail_msg")) and "success_msg" not in task)


def keys_read(source: Source) -> set[str]:
    """The variables of the whole collection that a file reads by name, as in `variables.get("mesh_name")`."""
    calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call) and node.args)
    keys = [node.args[0] for node in calls if getattr(node.func, "attr", "") in ("get", "rendered")]
    keys += [node.slice for node in ast.walk(source.tree) if isinstance(node, ast.Subscript)]
    return {key.value for key in keys if isinstance(key, ast.Constant) and str(key.value).startswith("mesh_")}


def private_names(text: str) -> list[str]:
    """The internal variables of a role that a text names: two underscores and the role's name."""
    owners = "|".join([*(role.name for role in roles()), *(path.stem for path in files("playbooks/*.yml"))])
    return re.findall(rf"\b__(?:{owners})_\w+", text)


class TestFilters:
    """A filter gets the values that it decides on. It does not know the names of a role's results."""

    def test_no_plugin_names_a_variable_of_a_role(self) -> None:
        found = {path: private_names(path.read_text(encoding="utf-8")) for path in files("plugins/**/*.py", "plugins/**/*.yml")}
        none([f"{path.relative_to(CHECKOUT)} names {', '.join(names)}" for path, names in found.items() if names])

    @pytest.mark.parametrize("line", ['seen = variables.get("__preflight_cluster") or {}', "x | meshops.lifecycle._rotation_plan(hostvars, '__rotate_seen')"])
    def test_such_a_name_is_seen(self, line: str) -> None:
        assert private_names(line)

    def test_one_file_reads_a_variable_of_the_inventory(self) -> None:
        """Files in `fleet` are left out, because they read a fleet file and not the variables of a host."""
        read = {source: keys_read(source) for source in sources() if "_mesh/fleet/" not in str(source.path)}
        by_name = {name: sorted(str(source.path) for source, names in read.items() if name in names) for name in set().union(*read.values())}
        none(sorted(f"{name} is read in {' and '.join(places)}" for name, places in by_name.items() if len(places) > 1))

    def test_a_reader_is_seen(self) -> None:
        assert keys_read(Source(Path("filter/a.py"), "one = variables.get('mesh_name') or host['mesh_site']")) == {"mesh_name", "mesh_site"}


class TestRoles:
    def test_all_have_the_same_shape(self) -> None:
        shape = ("README.md", "defaults/main.yml", "meta/argument_specs.yml", "tasks/main.yml")
        none([f"{role.name} has no {part}" for role in roles() for part in shape if not (role / part).is_file()])

    def test_every_input_is_documented_and_has_a_default(self) -> None:
        none([fault for role in roles() if (role / "meta" / "argument_specs.yml").is_file() for fault in self.unmatched(role)])

    @staticmethod
    def unmatched(role: Path) -> Iterator[str]:
        entries = (yaml_of(role / "meta" / "argument_specs.yml") or {})["argument_specs"].values()
        options = {name: told for entry in entries for name, told in (entry.get("options") or {}).items()}
        defaults = set(yaml_of(role / "defaults" / "main.yml") or {})
        yield from (f"{role.name}: {name} stands in defaults but not in argument_specs" for name in sorted(defaults - set(options)))
        yield from (f"{role.name}: {name} is neither required nor given a default" for name, told in options.items()
                    if name not in defaults and not told.get("required"))

    def test_a_key_that_is_a_method_of_dictionaries_is_taken_in_brackets(self) -> None:
        """Jinja prefers the method, and the value is never seen."""
        taken = re.compile(r"\w\.(?:values|items|keys|copy|get|pop|update)\b(?!\()")
        texts = {path: re.findall(r"\{\{.*?\}\}", path.read_text(encoding="utf-8"), re.DOTALL) for path in files("roles/*/*/*.yml")}
        none([f"{path.relative_to(CHECKOUT)}: {part}" for path, parts in texts.items() for each in parts for part in taken.findall(each)])

    def test_only_defaults_read_the_variables_of_the_whole_collection(self) -> None:
        """Otherwise a role that gets other inputs would use two different values for one thing."""
        others = [path for path in files("roles/*/*/**/*") if path.is_file() and path.parent.name != "defaults"]
        read = {path: variables_read(path.read_text(encoding="utf-8")) for path in others}
        none([f"{path.relative_to(CHECKOUT)} reads {', '.join(names)}" for path, names in read.items() if names])

    @pytest.mark.parametrize("line", ["  when: mesh_adopt | bool", "    default: '{{ mesh_name }}'", "name = {{ mesh_name }}", "    loop: '{{ mesh_tags }}'"])
    def test_a_reader_of_such_a_variable_is_seen(self, line: str) -> None:
        assert variables_read(line)

    def test_a_refusal_is_rendered_once(self) -> None:
        """An assert renders its sentence even if it holds, once for each host. It is left where its result is kept or shown."""
        found = [(path, task) for path in files("roles/*/tasks/**/*.yml", "playbooks/*.yml") for task in asserts(yaml_of(path))]
        none([f"{path.relative_to(CHECKOUT)}: {task['name']}" for path, task in found if twice(task["ansible.builtin.assert"])])

    def test_a_refusal_that_is_rendered_twice_is_seen(self) -> None:
        wrong = {"that": "__rotate_late | length == 0", "fail_msg": "Late: {{ __rotate_late }}"}
        assert twice(wrong)
        assert not twice({**wrong, "success_msg": "{{ passed }}"})
        assert not twice({**wrong, "fail_msg": "{{ __rotate_other }}"})
        assert not twice({"that": "hostvars[__rotate_taker] is succeeded", "fail_msg": "{{ hostvars[__rotate_taker].msg }}"})
        assert list(asserts([{"tasks": [{"block": [{"name": "a", "ansible.builtin.assert": wrong}]}]}]))

    def test_task_files_are_short(self) -> None:
        allowed = {path: MAIN_TASK_LINES if path.name == "main.yml" else TASK_LINES for path in files("roles/*/tasks/**/*.yml")}
        lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in allowed}
        none([f"{path.relative_to(CHECKOUT)}: {lines} lines, {allowed[path]} are allowed"
              for path, lines in lengths.items() if lines > allowed[path]])


class TestPlaybooks:
    def test_nothing_shells_out_or_computes(self) -> None:
        none([f"{path.relative_to(CHECKOUT)}: {found.group().strip()}" for path in files("roles/**/*.yml", "playbooks/**/*.yml")
              if path.name != "argument_specs.yml" for found in FORBIDDEN_TASK.finditer(path.read_text(encoding="utf-8"))])

    def test_options_come_from_defaults_not_from_omit(self) -> None:
        none([str(path.relative_to(CHECKOUT)) for path in files("roles/**/*.yml", "playbooks/**/*.yml")
              if re.search(r"default\(\s*omit", path.read_text(encoding="utf-8"))])

    def test_every_helm_task_reaches_its_cluster_as_the_modules_do(self) -> None:
        """See the filter mesh_helm."""
        asked = 'environment: "{{ {0}.environment }}"', 'connection: "{{ {0}.options }}"'
        told = {path: path.read_text(encoding="utf-8") for path in files("roles/*/tasks/**/*.yml", "playbooks/*.yml")}
        calls = {path: text.count(" meshops.lifecycle.helm_release:") for path, text in told.items() if " meshops.lifecycle.helm_release:" in text}
        assert sum(calls.values()) >= 4
        none([f"{path.relative_to(CHECKOUT)} does not say `{line}` in each Helm task" for path, number in calls.items()
              for line in (part.replace("{0}", f"__{path.parts[-3]}_helm") for part in asked) if told[path].count(line) != number])

    def test_no_task_is_one_of_kubernetes_core(self) -> None:
        """Actions of kubernetes.core may return their arguments with the token. helm_release never does."""
        none([f"{path.relative_to(CHECKOUT)}: {task.get('name')}" for path in files("roles/*/tasks/**/*.yml", "playbooks/*.yml", *PLAYS_BESIDE)
              for task in tasks(yaml_of(path)) if any(str(key).startswith(KUBERNETES_CORE) for key in (*task, task.get("action")))])

    def test_plays_run_on_the_controller_with_its_python(self) -> None:
        plays = [(path, play) for path in files("playbooks/*.yml") if not path.name.endswith(".meta.yml")
                 for play in yaml_of(path) or [] if not any("import_playbook" in key for key in play)]
        none([f"{path.name}: play `{play.get('name')}`" for path, play in plays
              if play.get("connection") != "local" or play.get("gather_facts") is not False
              or play.get("vars", {}).get("ansible_python_interpreter") != "{{ ansible_playbook_python }}"])

    def test_nothing_called_by_name_reads_the_examples(self) -> None:
        readers = files("roles/*/[dtv]*/**/*.yml", "playbooks/*.yml", "plugins/**/*.py")
        none([f"{path.relative_to(CHECKOUT)}: {line.strip()}" for path in readers
              for line in path.read_text(encoding="utf-8").splitlines()
              if "inventories/" in line and not line.lstrip().startswith("#")])


class TestCollection:
    def test_sanity_ignores_nothing(self) -> None:
        assert not files("tests/sanity/ignore*.txt")

    def test_kubernetes_core_is_the_only_collection_it_needs(self) -> None:
        assert list(yaml_of(CHECKOUT / "galaxy.yml")["dependencies"]) == ["kubernetes.core"]

    def test_every_library_that_is_imported_is_required(self) -> None:
        """Each library has its own requirement, because another package may stop bringing it. requests comes with hvac, whose errors are those of requests."""
        text = "".join((CHECKOUT / name).read_text(encoding="utf-8") for name in ("requirements.txt", "requirements-vault.txt"))
        required = set(re.findall(r"^([a-z0-9-]+)>=", text, re.MULTILINE)) | {"ansible", "ansible_collections", "requests"}
        imported = {name.partition(".")[0] for source in sources("module_utils") for name in absolute(source)} - set(sys.stdlib_module_names)
        none(sorted({"yaml": "pyyaml"}.get(name, name) for name in imported if {"yaml": "pyyaml"}.get(name, name) not in required))

    def test_requirements_are_lower_bounds_and_no_ansible(self) -> None:
        lines = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        none([line for line in lines if not re.fullmatch(r"(#.*)?|(?!ansible)[a-z0-9-]+>=[\d.]+", line)])


class TestWords:
    @staticmethod
    def glossary(text: str) -> list[str]:
        """The words of the table in CONTRIBUTING.md."""
        part = text.partition("\n## Words\n")[2].partition("\n## ")[0]
        return [word for word in re.findall(r"^\| ([^|]+?) \|", part, re.MULTILINE) if word not in ("word", "---")]

    def test_each_word_has_one_meaning(self) -> None:
        words = self.glossary((CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
        assert len(words) >= 20
        none(sorted(word for word in set(words) if words.count(word) > 1))

    def test_a_word_that_stands_twice_is_seen(self) -> None:
        assert self.glossary("\n## Words\n| word | meaning |\n|---|---|\n| site | A |\n| site | B |\n\n## A change\n| x | y |") == ["site", "site"]


class TestMeshes:
    """Names of one mesh stand only in the folder of that mesh."""

    WORDS = re.compile(r"istio-system|choices: \[istio\]|choices=sorted\(PROVIDERS\)|default\('stable'\)|\bdefault: istio\b|['\"]istio['\"]")
    ISTIOS = "istio|pilot-|discoverySelectors|syncz|ztunnel|remote secret"
    FRAGMENT = "    default: istio"  # documentation is text; the test below holds it to the constant

    def strange(self, text: str) -> list[str]:
        """Lines of code with the words of one mesh. Examples in texts for people do not count."""
        return [line.strip() for line in text.splitlines() if self.WORDS.search(line) and not line.lstrip().startswith(("#", "- "))]

    def test_code_names_neither_a_namespace_nor_a_choice_of_meshes(self) -> None:
        found = {source: self.strange(source.text) for source in sources("module_utils", "filter", "doc_fragments", "inventory", "action", "plugin_utils")}
        assert [line for source, lines in found.items() for line in lines if source.path.name == "_mesh.py"] == [self.FRAGMENT.strip()] * 2
        none([f"{source.path}: {line}" for source, lines in found.items() for line in lines
              if not re.search("_providers/(istio(_family)?|ossm3)/", str(source.path)) and source.path.name != "_mesh.py"])

    def test_a_fragment_of_documentation_is_a_literal(self) -> None:
        """ansible-test reads the fragment without running the file, and fails on anything but a literal."""
        classes = [(source, node) for source in sources("doc_fragments") for node in source.tree.body if isinstance(node, ast.ClassDef)]
        assert classes
        none([source.at(each, ast.unparse(each)) for source, node in classes for each in node.body
              if isinstance(each, ast.Assign) and not isinstance(each.value, ast.Constant)])

    def test_the_default_mesh_is_that_of_the_documentation(self) -> None:
        for text in (ModuleDocFragment.DOCUMENTATION, ModuleDocFragment.PROVIDER):
            assert yaml.safe_load(text)["options"]["provider"]["default"] == DEFAULT == PROVIDER_OPTION["provider"]["default"]

    @staticmethod
    def sayings(source: Source) -> list[str]:
        """Texts with the name of one mesh, which users of another mesh would also see."""
        documented = {id(node.body[0].value) for node in ast.walk(source.tree)
                      if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body and isinstance(node.body[0], ast.Expr)}  # fmt: skip
        texts = [node for node in ast.walk(source.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented]
        return [source.at(node, str(node.value)) for node in texts if re.search(TestMeshes.ISTIOS, node.value, re.IGNORECASE)]

    def test_no_text_names_one_mesh(self) -> None:
        layers = [f"module_utils/{layer}" for layer in ("_mesh", "_work", "_kube", "_pki", "_ansible")]
        none([said for source in sources(*layers, "filter", "plugin_utils", "action") for said in self.sayings(source)])

    # What products call themselves and their own things, and where one may be named below the providers, with the reason.
    PRODUCTS = re.compile(
        r"istio|envoy|pilot|ztunnel|waypoint|ambient|syncz|discoverySelectors|remote.?secret|consul|linkerd|ossm|service.?mesh", re.IGNORECASE
    )
    NAMED: ClassVar = {"_pki/issue.py": ("istio", "the numbers of the reports that were the reason for a constant")}

    def named(self, source: Source) -> list[str]:
        """The products in a file or its path, and that in comments too: code below the providers is the same for every mesh."""
        allowed = self.NAMED.get(str(source.path).partition("/")[2], ("",))[0]
        lines = enumerate([str(source.path), *source.text.splitlines()])
        found = ((number, name.lower()) for number, line in lines for name in self.PRODUCTS.findall(line))
        return [f"plugins/{source.path}:{number}: {name}" for number, name in found if name != allowed]

    def test_nothing_below_the_providers_names_a_product(self) -> None:
        none([said for source in sources(*(f"module_utils/{layer}" for layer in ("_mesh", "_work", "_kube", "_pki"))) for said in self.named(source)])

    def test_a_product_is_seen_in_names_texts_and_comments(self) -> None:
        text = 'remote_secret = "x"\nx = 1  # as istiod does\ndef of_envoy():\n    """Ask Consul."""\n'
        assert [said.rpartition(": ")[2] for said in self.named(Source(Path("module_utils/_mesh/ambient.py"), text))] == [
            "ambient", "remote_secret", "istio", "envoy", "consul",
        ]  # fmt: skip

    def test_each_exception_is_needed(self) -> None:
        texts = {name: (PLUGINS / "module_utils" / name).read_text(encoding="utf-8").lower() for name in self.NAMED}
        none([name for name, (product, _why) in self.NAMED.items() if product not in texts[name]])

    def test_such_a_text_is_seen(self) -> None:
        assert self.sayings(Source(Path("module_utils/_mesh/a.py"), 'def f():\n    """Istio."""\n    return f"the container istio-proxy of {x}"'))
        assert self.sayings(Source(Path("module_utils/_mesh/a.py"), '_SERVERS = ("kube-apiserver", "pilot-discovery")'))

    def test_documentation_of_modules_gives_no_namespace_as_a_default(self) -> None:
        told = {source: yaml.safe_load(documents(source)["DOCUMENTATION"]).get("options") or {} for source in modules()}
        none([f"{source.path}: {name}" for source, options in told.items() for name, option in options.items()
              if option.get("default") == "istio-system" or option.get("choices") == ["istio"]])

    def test_roles_do_not_either(self) -> None:
        none([f"{path.relative_to(CHECKOUT)}: {line}" for path in files("roles/*/[dtvm]*/*.yml", "playbooks/*.yml")
              for line in self.strange(path.read_text(encoding="utf-8"))])

    @pytest.mark.parametrize("line", [
        'namespace=dict(default="istio-system"),', "        choices: [istio]", "provider=dict(choices=sorted(PROVIDERS))", "x: \"{{ y | default('stable') }}\"",
        "a_provider: \"{{ mesh_provider | default('istio') }}\"", "        default: istio", '_DEFAULT = "istio"',
    ])  # fmt: skip
    def test_such_a_line_is_seen(self, line: str) -> None:
        assert self.strange(line)
