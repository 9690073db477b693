# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks say what the alerts and the workflows say, and start nothing that writes. tests/controller runs them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.fleet.plan import plan
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report.exposition import exposition
from ansible_collections.meshops.lifecycle.tests.unit.support import awx_schema
from ansible_collections.meshops.lifecycle.tests.unit.support.estates import made
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT
from jinja2.nativetypes import NativeTemplate

RULEBOOKS = sorted(CHECKOUT.glob("extensions/eda/rulebooks/*.yml"))
# The options that ansible.eda documents of its source alertmanager.
SOURCE = {
    "host": str, "port": (int, str), "data_alerts_path": str, "data_host_path": str, "data_path_separator": str, "skip_original_data": bool,
}  # fmt: skip
VARIABLES = CHECKOUT / "extensions/controller/variables"
FOR_PEOPLE = "MeshReportIsOld"


def read(path: Any) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


RULES = [rule for path in RULEBOOKS for ruleset in read(path) for rule in ruleset["rules"]]


def workflow(name: str) -> dict[str, Any]:
    return next(one for one in read(VARIABLES / "workflows.yml")["controller_workflows"] if one["name"] == name)


def alerts() -> Iterator[dict[str, Any]]:
    for group in read(CHECKOUT / "extensions/eda/alerts.yml")["groups"]:
        yield from group["rules"]


def alert_of(rule: dict[str, Any]) -> str:
    (name,) = re.findall(r'event\.alert\.labels\.alertname == "(\w+)"', rule["condition"])
    return str(name)


def test_each_is_about_one_thing() -> None:
    assert [path.stem for path in RULEBOOKS] == ["certificates", "drift", "gateways"]
    assert all(len(read(path)) == 1 for path in RULEBOOKS)


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_the_source_gets_documented_arguments_and_no_alert_twice(path: Any) -> None:
    for ruleset in read(path):
        (source,) = ruleset["sources"]
        options = source["ansible.eda.alertmanager"]
        assert [name for name, value in options.items() if not isinstance(value, SOURCE.get(name, ()))] == []
        assert (options["skip_original_data"], options["data_host_path"]) == (True, "")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])
class TestEachRule:
    def test_fires_once_and_not_when_it_is_over(self, rule: dict[str, Any]) -> None:
        assert 'event.alert.status == "firing"' in rule["condition"]
        assert set(rule["throttle"]) == {"once_within", "group_by_attributes"}
        assert "event.alert.labels.mesh" in rule["throttle"]["group_by_attributes"]

    @pytest.mark.parametrize("mesh", ["shop", "shop-eu-1"])
    def test_locks_the_mesh_and_is_limited_to_its_group(self, rule: dict[str, Any], mesh: str) -> None:
        """A group has no `-` in its name, and a limit that no group has ends the workflow without a plan."""
        asked = rule["action"]["run_workflow_template"]
        words = [NativeTemplate(one).render(event={"alert": {"labels": {"mesh": mesh}}}) for one in (asked["lock"], asked["job_args"]["limit"])]
        fleet = plan("fleet.yml", {"clusters": {"east": {"mesh_name": mesh}}}, [], "istio")
        (group,) = (name for name in fleet.hosts[0].groups if name.startswith("mesh_"))
        assert words == [f"mesh {mesh}", group]

    def test_starts_a_workflow_that_only_reads_before_somebody_approves(self, rule: dict[str, Any]) -> None:
        nodes = workflow(rule["action"]["run_workflow_template"]["name"])["workflow_nodes"]
        kinds = [node["unified_job_template"]["type"] for node in nodes]
        first = [node["unified_job_template"]["name"] for node in nodes[: kinds.index("workflow_approval")]]
        templates = {one["name"]: one for one in read(VARIABLES / "job_templates.yml")["controller_templates"]}
        assert first
        assert [name for name in first if templates[name]["job_type"] != "check" and templates[name]["playbook"] != "preflight.yml"] == []

    def test_answers_what_the_workflow_asks_and_nothing_else(self, rule: dict[str, Any]) -> None:
        asked = rule["action"]["run_workflow_template"]
        given, questions = asked["job_args"]["extra_vars"], workflow(asked["name"])["survey_spec"]["spec"]
        known = {one["variable"]: one for one in questions}
        assert {name: awx_schema.answer_faults(known[name], value) for name, value in given.items()} == {name: [] for name in given}
        assert [one["variable"] for one in questions if one["required"] and one["variable"] not in given] == []


def test_alerts_and_rules_know_each_other() -> None:
    assert sorted(one["alert"] for one in alerts()) == sorted([FOR_PEOPLE, *(alert_of(rule) for rule in RULES)])


def test_somebody_hears_that_the_others_are_silent() -> None:
    """They are as long as nobody has read the meshes."""
    quiet = {one["alert"] for one in alerts() if "time() - mesh_report_generated_seconds < 86400" in one["expr"]}
    (old,) = (one["expr"] for one in alerts() if one["alert"] == FOR_PEOPLE)
    assert quiet
    assert old == "time() - mesh_report_generated_seconds > 86400 or absent(mesh_report_generated_seconds)"


def test_alerts_ask_for_metrics_that_the_report_has_and_keep_the_mesh() -> None:
    known = set(re.findall(r"^# TYPE (\w+)", exposition(made(2)), re.MULTILINE))
    for one in alerts():
        assert set(re.findall(r"mesh_\w+", one["expr"])) <= known, one["alert"]
        assert one["alert"] == FOR_PEOPLE or re.search(r"by \(mesh\b", one["expr"]), one["alert"]
