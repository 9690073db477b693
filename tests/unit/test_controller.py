# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""extensions/controller says what the playbooks and the roles say, and has the form that AWX documents. No AWX is asked."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.fleet.file import VARIABLES
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.spelling import misspelt
from ansible_collections.meshops.lifecycle.tests.unit.support import awx_schema
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

HOME = CHECKOUT / "extensions/controller"
(APPLY,) = yaml.safe_load((HOME / "apply.yml").read_text("utf-8"))
OF_KEYS = ("organization", "inventory", "workflow_job_template", "unified_job_template", "credential_type")
LISTS = {task["loop"].strip("{ }"): next(name for name in task if name.startswith("awx.")).rpartition(".")[2] for task in APPLY["tasks"]}


def test_the_types_of_credentials_can_be_made_before_what_needs_a_credential() -> None:
    assert [task["name"] for task in APPLY["tasks"] if "types" in task.get("tags", [])] == ["Make the credential types"]


@pytest.fixture(scope="module")
def made() -> Iterator[Any]:
    """The program that writes the generated files."""
    sys.path.insert(0, str(CHECKOUT / "mk"))
    yield importlib.import_module("controller")
    sys.path.remove(str(CHECKOUT / "mk"))


class Plain(yaml.CSafeLoader):
    """Reads `!unsafe` text as it is."""


Plain.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def named(value: Any, names: dict[str, Any]) -> Any:
    """The value with the names of names.yml put in. No other template is in these files, except for `!unsafe` ones."""
    if isinstance(value, dict):
        return {key: named(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [named(part, names) for part in value]
    match = re.fullmatch(r"\{\{ (meshops_\w+) \}\}", value) if isinstance(value, str) else None
    return names[match[1]] if match else value


@pytest.fixture(scope="module")
def variables() -> dict[str, Any]:
    """All variables, as a play that loads every file has them."""
    given: dict[str, Any] = {}
    for file in APPLY["vars_files"]:
        given |= yaml.load((HOME / file).read_text("utf-8"), Plain)
    return named(given, given)


@pytest.fixture(scope="module")
def templates(variables: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in variables["controller_templates"]}


@pytest.fixture(scope="module")
def workflows(variables: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in variables["controller_workflows"]}


def asked(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["variable"]: one for one in template.get("survey_spec", {}).get("spec", [])}


def runs(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in workflow["workflow_nodes"] if node["unified_job_template"]["type"] == "job_template"]


class TestTheFiles:
    def test_are_what_the_program_makes_of_playbooks_and_argument_specs(self, made: Any) -> None:
        """If this fails, run: python3 mk/environment.py exec tools python mk/controller.py"""
        old = [str(place) for place, text in made.files().items() if not (CHECKOUT / place).is_file() or (CHECKOUT / place).read_text("utf-8") != text]
        assert old == []

    def test_a_change_of_a_default_would_be_seen(self, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        before = made.files()
        monkeypatch.setattr(made, "spec", lambda ask: {**loaded_spec(ask), "default": "another"})
        assert made.files() != before

    def test_the_project_has_no_other_playbook(self, made: Any) -> None:
        assert {path.stem for path in HOME.glob("project/*.yml")} == set(made.playbooks())

    def test_all_are_applied_and_read_by_one_play(self) -> None:
        assert sorted(APPLY["vars_files"]) == sorted(str(path.relative_to(HOME)) for path in HOME.glob("variables/*.yml"))
        assert set(LISTS.values()) == set(awx_schema.ARGUMENTS)

    def test_nothing_of_a_private_place_is_in_them(self) -> None:
        urls = re.findall(r"https?://[^\s\"']+", "".join(path.read_text("utf-8") for path in HOME.rglob("*.*")))
        assert [url for url in urls if ".example" not in url] == []


@cache
def options(role: str) -> dict[str, Any]:
    text = (CHECKOUT / f"roles/{role}/meta/argument_specs.yml").read_text("utf-8")
    return yaml.load(text, yaml.CSafeLoader)["argument_specs"]["main"]["options"]


def loaded_spec(ask: Any) -> dict[str, Any]:
    return options(ask.role)[ask.option]


class TestWhatAwxTakes:
    @pytest.mark.parametrize("name", LISTS)
    def test_modules_take_every_entry(self, name: str, variables: dict[str, Any]) -> None:
        assert variables[name]
        assert {one["name"]: said for one in variables[name] if (said := awx_schema.refused(LISTS[name], one))} == {}
        assert len({one["name"] for one in variables[name]}) == len(variables[name])

    @pytest.mark.parametrize("wrong", [{"job_type": "scan"}, {"no_such": 1}, {"forks": "many"}])
    def test_they_would_refuse_a_wrong_one(self, wrong: dict[str, Any], templates: dict[str, dict[str, Any]]) -> None:
        assert awx_schema.refused("job_template", {**templates["mesh: site"], **wrong})

    def test_surveys_are_accepted(self, templates: dict[str, dict[str, Any]], workflows: dict[str, dict[str, Any]]) -> None:
        surveys = {name: one["survey_spec"] for name, one in {**templates, **workflows}.items() if one["survey_enabled"]}
        assert {name: faults for name, one in surveys.items() if (faults := list(awx_schema.survey_faults(one)))} == {}
        assert len(surveys) > 10

    def test_a_variable_that_is_asked_twice_is_refused(self) -> None:
        question = {"question_name": "Which", "variable": "which", "required": False, "type": "text", "default": ""}
        assert list(awx_schema.survey_faults({"name": "", "description": "", "spec": [question, question]})) == ["which is asked twice"]

    @pytest.mark.parametrize("wrong", [
        {"default": "blue"}, {"type": "text", "default": "$encrypted$"}, {"choices": [True]}, {"type": "list"}, {"required": "no"}, {"min": "0"},
    ])  # fmt: skip
    def test_a_wrong_survey_is_refused(self, wrong: dict[str, Any]) -> None:
        question = {"question_name": "Which", "variable": "which", "required": False, "type": "multiplechoice", "choices": ["red"], "default": "red"}
        assert list(awx_schema.survey_faults({"name": "", "description": "", "spec": [question]})) == []
        assert list(awx_schema.survey_faults({"name": "", "description": "", "spec": [{**question, **wrong}]}))

    def test_schedules_are_accepted(self, variables: dict[str, Any], templates: dict[str, dict[str, Any]]) -> None:
        assert [said for one in variables["controller_schedules"] for said in awx_schema.schedule_faults(one["rrule"])] == []
        assert {one["unified_job_template"] for one in variables["controller_schedules"]} <= set(templates)


class TestSurveys:
    def test_ask_for_nothing_that_the_inventory_says(self, made: Any) -> None:
        """An answer overrides the inventory, for every cluster at once."""
        asks = [ask for asks in (*made.SURVEYS.values(), *(one.asks for one in made.WORKFLOWS.values())) for ask in asks]
        assert [ask.option for ask in asks if "Read from C(mesh_" in str(loaded_spec(ask)["description"])] == []

    def test_ask_for_no_secret_and_for_nothing_that_has_no_text(self, made: Any) -> None:
        """AWX hands on text. test_given_text.py shows that roles read truth values and lists from it."""
        for asks in (*made.SURVEYS.values(), *(one.asks for one in made.WORKFLOWS.values())):
            for ask in asks:
                option = loaded_spec(ask)
                assert not option.get("no_log"), ask.option
                assert option["type"] in ("str", "bool", "int", "float") or (option["type"], option.get("elements")) == ("list", "str"), ask.option


class TestTemplates:
    def test_each_playbook_has_one_and_a_twin_if_it_writes(self, made: Any, templates: dict[str, dict[str, Any]]) -> None:
        for name in made.playbooks():
            twin = templates.get(f"mesh: {name}, check")
            assert templates[f"mesh: {name}"]["playbook"] == f"{name}.yml"
            assert (twin is None) == (name in made.READS)
            assert twin is None or (twin["job_type"], twin["playbook"], twin["diff_mode"]) == ("check", f"{name}.yml", True)
            assert twin is None or asked(twin) == asked(templates[f"mesh: {name}"])

    def test_no_job_is_sliced_and_none_that_writes_runs_twice_at_once(self, made: Any, templates: dict[str, dict[str, Any]]) -> None:
        assert {one["job_slice_count"] for one in templates.values()} == {1}
        at_once = {name for name, one in templates.items() if one["allow_simultaneous"]}
        assert at_once == {made.REPORT, *(f"mesh: {name}" for name in made.READS if name in made.playbooks())}

    def test_only_what_reads_is_scheduled(self, variables: dict[str, Any], made: Any) -> None:
        assert {one["unified_job_template"] for one in variables["controller_schedules"]} == {"mesh: status", made.REPORT}

    def test_extra_variables_are_inputs_of_roles_and_no_secrets(self, templates: dict[str, dict[str, Any]], workflows: dict[str, dict[str, Any]]) -> None:
        given = [name for one in templates.values() for name in one.get("extra_vars", {})]
        given += [name for one in workflows.values() for node in runs(one) for name in node.get("extra_data") or {}]
        text = "".join(path.read_text("utf-8") for path in CHECKOUT.glob("roles/*/defaults/main.yml"))
        assert given
        assert [name for name in given if f"\n{name}:" not in text] == []


class TestCredentialTypes:
    def test_put_what_is_secret_into_files_and_the_environment_only(self, variables: dict[str, Any]) -> None:
        """AWX shows extra variables to whoever may see the job."""
        for one in variables["controller_credential_types"]:
            assert set(one["injectors"]) <= {"file", "env"}, one["name"]
            assert [field["id"] for field in one["inputs"]["fields"] if not field["secret"]] == []
            assert set(one["inputs"]["required"]) == {field["id"] for field in one["inputs"]["fields"]}

    def test_inject_all_that_is_put_in_by_names_that_awx_allows(self, variables: dict[str, Any]) -> None:
        for one in variables["controller_credential_types"]:
            inputs = {field["id"] for field in one["inputs"]["fields"]}
            names = {f"tower.filename.{key.partition('.')[2]}" for key in one["injectors"].get("file", {})}
            injected = [str(text) for kind in one["injectors"].values() for text in kind.values()]
            assert {text.strip("{ }") for text in injected} == inputs | names, one["name"]
            assert [name for name in one["injectors"]["env"] if not re.fullmatch(r"(?!ANSIBLE_)[A-Z0-9_]+", name)] == []


class TestArtifacts:
    """AWX hands what a node left with set_stats to all later nodes, as extra variables, which win over the inventory."""

    @staticmethod
    def names(tasks: Any) -> Iterator[str]:
        for task in tasks if isinstance(tasks, list) else []:
            yield from task.get("ansible.builtin.set_stats", {}).get("data", {})
            for inner in ("block", "rescue", "always", "tasks"):
                yield from TestArtifacts.names(task.get(inner))

    def test_are_no_inputs_and_are_known_as_what_a_run_leaves(self) -> None:
        files = [*CHECKOUT.glob("roles/*/tasks/*.yml"), *CHECKOUT.glob("playbooks/*.yml")]
        left = {name for path in files for name in self.names(yaml.load(path.read_text("utf-8"), yaml.CSafeLoader))}
        inputs = "".join(path.read_text("utf-8") for path in CHECKOUT.glob("roles/*/defaults/main.yml"))
        assert left >= {"mesh_status", "mesh_certificates", "mesh_rotation", "mesh_rotation_plan", "mesh_cutover_plan"}
        assert left >= {"mesh_preflight", "mesh_verify", "mesh_install"}
        assert [name for name in left if name in VARIABLES or re.search(rf"\b{name}\b", inputs)] == []
        assert misspelt(left, VARIABLES) == ([], [])


class TestAssets:
    """assets.json for `awx import`. tests/controller/test_import.py lets awxkit import it."""

    def test_have_each_object_under_a_name_of_its_own(self, variables: dict[str, Any], templates: dict[str, Any], workflows: dict[str, Any]) -> None:
        assets = json.loads((HOME / "assets.json").read_text("utf-8"))
        assert [one["name"] for one in assets["job_templates"]] == [*templates] and [one["name"] for one in assets["workflow_job_templates"]] == [*workflows]
        keys = [json.dumps(one["natural_key"], sort_keys=True) for listed in assets.values() for one in listed]
        assert len(set(keys)) == len(keys) == sum(len(variables[name]) for name in LISTS) - len(variables["controller_labels"])

    def test_refer_only_to_what_they_bring_and_to_what_a_person_makes(self) -> None:
        assets = json.loads((HOME / "assets.json").read_text("utf-8"))
        whole = [*assets.values(), *([*one["related"]["workflow_nodes"]] for one in assets["workflow_job_templates"])]
        brought = {json.dumps(one["natural_key"], sort_keys=True) for listed in whole for one in listed}
        others = {json.dumps(key, sort_keys=True) for key in self.keys(assets)} - brought
        assert {(json.loads(key)["type"], json.loads(key)["name"]) for key in others} == {("organization", "Default"), ("credential", "meshes")}

    @classmethod
    def keys(cls, value: Any) -> Iterator[dict[str, Any]]:
        """Every natural key."""
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if isinstance(value, dict) and "type" in value and set(value) <= {"type", "name", "kind", "identifier", *OF_KEYS}:
            yield value
        for part in parts:
            yield from cls.keys(part)

    def test_hold_no_template_of_ansible(self) -> None:
        """AWX has templates in what a credential type injects, and nowhere else."""
        assets = json.loads((HOME / "assets.json").read_text("utf-8"))
        assert "{{" not in json.dumps({name: listed for name, listed in assets.items() if name != "credential_types"})
        assert "meshops_" not in json.dumps(assets["credential_types"])


class TestWorkflows:
    @pytest.mark.parametrize("name", ["mesh: install", "mesh: rotate certificates", "mesh: upgrade", "mesh: remove"])
    def test_nothing_writes_before_somebody_has_approved(self, name: str, workflows: dict[str, dict[str, Any]], templates: dict[str, dict[str, Any]]) -> None:
        approved = False
        for node in workflows[name]["workflow_nodes"]:
            run = node["unified_job_template"]
            approved = approved or run["type"] == "workflow_approval"
            template = templates.get(run["name"], {"job_type": "check"})
            assert approved or template["job_type"] == "check" or template["playbook"] in ("preflight.yml", "status.yml"), node["identifier"]
        assert approved

    def test_are_chains_of_which_only_success_leads_on(self, workflows: dict[str, dict[str, Any]]) -> None:
        for one in workflows.values():
            nodes = one["workflow_nodes"]
            names = [node["identifier"] for node in nodes]
            assert len(set(names)) == len(names)
            assert [[after["identifier"] for after in node["related"]["success_nodes"]] for node in nodes] == [*([name] for name in names[1:]), []]
            assert [node for node in nodes if node["related"]["failure_nodes"] or node["related"]["always_nodes"]] == []

    def test_run_templates_that_exist(self, workflows: dict[str, dict[str, Any]], templates: dict[str, dict[str, Any]]) -> None:
        assert [node for one in workflows.values() for node in runs(one) if node["unified_job_template"]["name"] not in templates] == []

    def test_give_only_answers_that_a_template_asks_for(self, workflows: dict[str, dict[str, Any]], templates: dict[str, dict[str, Any]]) -> None:
        """AWX drops any other, and says nothing."""
        for one in workflows.values():
            for node in runs(one):
                questions = asked(templates[node["unified_job_template"]["name"]])
                faults = {name: awx_schema.answer_faults(questions[name], value) for name, value in (node.get("extra_data") or {}).items()}
                assert not any(faults.values()), faults

    def test_ask_for_nothing_that_a_node_or_a_template_fixes(self, workflows: dict[str, dict[str, Any]], templates: dict[str, dict[str, Any]]) -> None:
        """AWX gives the answers of a workflow to each node as extra variables, and they win. A report would become a rotation."""
        for name, one in workflows.items():
            used = [templates[node["unified_job_template"]["name"]].get("extra_vars", {}) for node in runs(one)]
            fixed = {key for given in [*used, *(node.get("extra_data") or {} for node in runs(one))] for key in given}
            assert fixed & set(asked(one)) == set(), name

    def test_the_report_after_a_rotation_stays_a_report(self, templates: dict[str, dict[str, Any]], workflows: dict[str, dict[str, Any]], made: Any) -> None:
        answers = dict.fromkeys(asked(workflows["mesh: rotate certificates"]), "root")
        given = {**templates[made.REPORT]["extra_vars"], **answers}
        assert (answers["rotate"], given["rotate_kind"]) == ("root", "report")
        assert "rotate_kind: \"{{ rotate | default('report') }}\"" in (CHECKOUT / "roles/rotate/defaults/main.yml").read_text("utf-8")


@pytest.mark.parametrize("path", sorted((HOME / "project").glob("*.yml")), ids=lambda path: path.stem)
def test_a_playbook_of_the_project_only_imports_one_of_the_collection(path: Path) -> None:
    (play,) = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    assert set(play) == {"name", "import_playbook"}
    assert play["import_playbook"] == f"meshops.lifecycle.{path.stem}"
