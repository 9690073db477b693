# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awxkit's own import of extensions/controller/assets.json, into a stand-in for AWX's API.

The stand-in has the fields, relations and refusals of AWX 24.6 as far as the assets need them. It checks no survey (tests/unit does) and runs no job. It does
not show that a real AWX has no other reason to refuse something.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from awxkit.api import ApiV2
from awxkit.api.client import Connection

ASSETS: dict[str, list[dict[str, Any]]] = json.loads((Path(__file__).resolve().parents[2] / "extensions/controller/assets.json").read_text("utf-8"))
V2 = "/api/v2/"
ASKS = "scm_branch diff_mode variables limit tags skip_tags job_type verbosity inventory credential execution_environment labels forks job_slice_count timeout"
# What a POST takes, by list. What is in REFERS is the number of another object.
FIELDS = {
    "organizations": "name description max_hosts default_environment",
    "credential_types": "name description kind inputs injectors",
    "credentials": "name description organization credential_type inputs user team",
    "execution_environments": "name description organization image credential pull",
    "projects": "name description local_path scm_type scm_url scm_branch scm_refspec scm_clean scm_track_submodules scm_delete_on_update credential timeout "
    "organization scm_update_on_launch scm_update_cache_timeout allow_override default_environment signature_validation_credential",
    "inventories": "name description organization kind host_filter variables prevent_instance_group_fallback",
    "inventory_sources": "name description source source_path source_vars scm_branch credential enabled_var enabled_value host_filter overwrite overwrite_vars "
    "timeout verbosity limit execution_environment inventory update_on_launch update_cache_timeout source_project",
    "job_templates": "name description job_type inventory project playbook scm_branch forks limit verbosity extra_vars job_tags force_handlers skip_tags "
    "start_at_task timeout use_fact_cache execution_environment host_config_key survey_enabled become_enabled diff_mode allow_simultaneous job_slice_count "
    "webhook_service webhook_credential prevent_instance_group_fallback " + " ".join(f"ask_{what}_on_launch" for what in ASKS.split()),
    "workflow_job_templates": "name description extra_vars organization survey_enabled allow_simultaneous ask_variables_on_launch inventory limit scm_branch "
    "ask_inventory_on_launch ask_scm_branch_on_launch ask_limit_on_launch ask_labels_on_launch ask_skip_tags_on_launch ask_tags_on_launch skip_tags job_tags",
    "workflow_job_template_nodes": "extra_data inventory scm_branch job_type job_tags skip_tags limit diff_mode verbosity execution_environment forks "
    "job_slice_count timeout workflow_job_template unified_job_template all_parents_must_converge identifier",
    "schedules": "rrule name description extra_data inventory limit job_tags unified_job_template enabled",
    "workflow_approval_templates": "name description timeout",
    **dict.fromkeys(("users", "teams", "notification_templates", "applications", "groups", "hosts", "labels", "system_job_templates", "roles"), "name"),
}
REFERS = {
    "organization": "organizations", "inventory": "inventories", "project": "projects", "source_project": "projects", "credential_type": "credential_types",
    "execution_environment": "execution_environments", "default_environment": "execution_environments", "unified_job_template": "job_templates",
    "workflow_job_template": "workflow_job_templates",
}  # fmt: skip
KINDS = {one: one.removesuffix("s") for one in FIELDS} | {"inventories": "inventory"}
LISTS = {"inventories": "inventory"}
AFTER = ("success_nodes", "failure_nodes", "always_nodes")


class Refused(Exception):
    """AWX's answer 400."""


class Awx:
    """What is stored, by list, and what was attached or posted below an object."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in FIELDS}
        self.below: dict[str, Any] = {}
        self.puts = 0
        self.owner = self.make("organizations", {"name": "Default"})["id"]

    def check(self, name: str, given: dict[str, Any]) -> None:
        for field, of in REFERS.items():
            if given.get(field) is not None and given[field] not in self.stored[of]:
                raise Refused(f"{field} {given[field]} does not exist")
        if name == "job_templates" and not (isinstance(given.get("extra_vars", ""), str) and given.get("project") and given.get("inventory")):
            raise Refused("extra_vars is text, and a job template has a project and an inventory")
        if name == "credential_types":
            for variable in given["injectors"].get("env", {}):
                if not re.fullmatch(r"(?!ANSIBLE_)[A-Z_][A-Z0-9_]*", variable):
                    raise Refused(f"{variable} is no variable that may be set")

    def make(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        self.check(name, given)
        whole = self.stored[name]
        names = ("name", "identifier", "workflow_job_template") if name == "workflow_job_template_nodes" else ("name",)
        if any(all(one.get(part) == given.get(part) for part in names) for one in whole.values()):
            raise Refused("there is one of this name already")
        number = 1 + max((key for each in self.stored.values() for key in each), default=0)
        whole[number] = {**given, "id": number}
        return self.shown(name, number)

    def shown(self, name: str, number: int) -> dict[str, Any]:
        one = dict(self.stored[name][number])
        url = f"{V2}{name}/{number}/"
        refers = {field: f"{V2}{of}/{one[field]}/" for field, of in REFERS.items() if one.get(field)}
        if name in ("job_templates", "inventory_sources"):  # they are whose their project or inventory is
            of, field = ("projects", "project") if name == "job_templates" else ("inventories", "inventory")
            refers["organization"] = f"{V2}organizations/{self.stored[of][one[field]]['organization']}/"
        has = {"job_templates": ("credentials", "survey_spec"), "workflow_job_templates": ("workflow_nodes", "survey_spec"),
               "workflow_job_template_nodes": (*AFTER, "credentials", "create_approval_template")}.get(name, ())
        related = {**refers, **{what: f"{url}{what}/" for what in has}}
        return {**one, "type": KINDS[name], "url": url, "related": related, "summary_fields": {}, "status": "successful"}

    def answer(self, method: str, path: str, query: dict[str, str], given: Any) -> tuple[int, Any]:
        parts = path.removeprefix(V2).strip("/").split("/")
        if path == V2:
            return 200, {LISTS.get(name, name): f"{V2}{name}/" for name in FIELDS}
        name, number, below = parts[0], int(parts[1]) if len(parts) > 1 else 0, parts[2] if len(parts) > 2 else ""
        if below:
            return self.related(method, path, name, number, below, given)
        if method == "OPTIONS":
            fields = {field: {"type": "id" if field in REFERS else "string"} for field in FIELDS[name].split()}
            return 200, {"actions": {"POST": fields}, "search_fields": ["name"]}
        if number and method == "PUT":
            self.check(name, given)
            self.stored[name][number].update(given)
            self.puts += 1
        if number:
            return 200, self.shown(name, number)
        if method == "POST":
            return 201, self.make(name, given)
        return 200, self.page(name, [key for key, one in self.stored[name].items() if all(str(one.get(part)) == value for part, value in query.items())])

    def page(self, name: str, numbers: list[int]) -> dict[str, Any]:
        return {"count": len(numbers), "next": None, "previous": None, "results": [self.shown(name, number) for number in numbers]}

    def related(self, method: str, path: str, name: str, number: int, below: str, given: Any) -> tuple[int, Any]:
        if below == "workflow_nodes":
            if method == "OPTIONS":
                return self.answer(method, f"{V2}workflow_job_template_nodes/", {}, None)
            if method == "POST":
                return 201, self.make("workflow_job_template_nodes", {**given, "workflow_job_template": number})
            nodes = self.stored["workflow_job_template_nodes"]
            return 200, self.page("workflow_job_template_nodes", [key for key, one in nodes.items() if one["workflow_job_template"] == number])
        if below == "create_approval_template":
            made = {**given, "id": number, "type": "workflow_approval_template", "url": f"{V2}workflow_approval_templates/{number}/"}
            return 201, self.below.setdefault(path, made)
        if below == "survey_spec":
            self.below[path] = given
            return 200, {}
        attached = self.below.setdefault(path, [])
        if method == "GET":
            return 200, self.page("credentials" if below == "credentials" else "workflow_job_template_nodes", attached)
        if below in AFTER and number in self.behind(given["id"]):
            raise Refused("a cycle was found")
        attached.append(given["id"])
        return 204, None

    def behind(self, node: int) -> set[int]:
        """The nodes that come after one, and itself."""
        found, fresh = set[int](), {node}
        while fresh:
            found |= fresh
            fresh = {each for one in fresh for way in AFTER for each in self.below.get(f"{V2}workflow_job_template_nodes/{one}/{way}/", [])} - found
        return found


@pytest.fixture
def fresh() -> Iterator[tuple[Awx, Any]]:
    """The stand-in, and awxkit's own root of the API."""
    stand_in = Awx()

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            asked = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            given = json.loads(self.rfile.read(size)) if size else None
            try:
                code, said = stand_in.answer(self.command, asked.path, {key: values[0] for key, values in parse_qs(asked.query).items()}, given)
            except Refused as refused:
                code, said = 400, {"detail": str(refused)}
            body = b"" if said is None else json.dumps(said).encode()
            self.send_response(code)
            for header in (("Allow", "GET, POST, OPTIONS"), ("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_OPTIONS = reply

        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = Connection(f"http://127.0.0.1:{server.server_address[1]}")
        yield stand_in, ApiV2(connection, endpoint=V2).get()
        server.shutdown()


@pytest.fixture
def awx(fresh: tuple[Awx, Any]) -> tuple[Awx, Any]:
    """An AWX that has the types of credentials, and the credential that somebody made of one."""
    stand_in, root = fresh
    root.import_assets({"credential_types": ASSETS["credential_types"]})
    (kubeconfig,) = [number for number, one in stand_in.stored["credential_types"].items() if one["name"] == "Mesh kubeconfig"]
    stand_in.make("credentials", {"name": "meshes", "organization": stand_in.owner, "credential_type": kubeconfig})
    return fresh


def brought(root: Any, assets: dict[str, Any], caplog: pytest.LogCaptureFixture) -> list[str]:
    """What awxkit has to complain about."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, "awxkit"):
        root.import_assets(assets)
    return [record.getMessage() for record in caplog.records]


def test_everything_is_made_and_a_second_import_makes_nothing_more(awx: tuple[Awx, Any], caplog: pytest.LogCaptureFixture) -> None:
    stand_in, root = awx
    assert brought(root, ASSETS, caplog) == []
    counts = {name: len(stand_in.stored["inventories" if name == "inventory" else name]) for name in ASSETS}
    assert counts == {name: len(listed) for name, listed in ASSETS.items()}
    nodes = [node for one in ASSETS["workflow_job_templates"] for node in one["related"]["workflow_nodes"]]
    assert len(stand_in.stored["workflow_job_template_nodes"]) == len(nodes)
    again = {name: dict(each) for name, each in stand_in.stored.items()}
    assert brought(root, ASSETS, caplog) == []
    assert {name: dict(each) for name, each in stand_in.stored.items()} == again
    assert stand_in.puts >= sum(counts.values())


def test_templates_have_their_surveys_and_credentials_and_workflows_their_order(awx: tuple[Awx, Any], caplog: pytest.LogCaptureFixture) -> None:
    stand_in, root = awx
    brought(root, ASSETS, caplog)
    for kind in ("job_templates", "workflow_job_templates"):
        ids = {one["name"]: number for number, one in stand_in.stored[kind].items()}
        for asset in ASSETS[kind]:
            assert stand_in.below.get(f"{V2}{kind}/{ids[asset['name']]}/survey_spec/") == asset["related"].get("survey_spec")
            assert kind != "job_templates" or len(stand_in.below[f"{V2}{kind}/{ids[asset['name']]}/credentials/"]) == 1
    by_id = stand_in.stored["workflow_job_template_nodes"]
    for number, node in by_id.items():
        flow = stand_in.stored["workflow_job_templates"][node["workflow_job_template"]]["name"]
        (asset,) = [one for each in ASSETS["workflow_job_templates"] for one in each["related"]["workflow_nodes"]
                    if (each["name"], one["identifier"]) == (flow, node["identifier"])]
        place = f"{V2}workflow_job_template_nodes/{number}/"
        after = [by_id[each]["identifier"] for each in stand_in.below.get(f"{place}success_nodes/", [])]
        assert after == [each["identifier"] for each in asset["related"]["success_nodes"]]
        approval = stand_in.below.get(f"{place}create_approval_template/")
        assert bool(approval) == (node.get("unified_job_template") is None) == ("create_approval_template" in asset["related"])


def test_awxkit_drops_no_field_without_a_word() -> None:
    """It leaves out each field that a POST does not take."""
    nodes = [node for one in ASSETS["workflow_job_templates"] for node in one["related"]["workflow_nodes"]]
    for name, listed in {**ASSETS, "workflow_job_template_nodes": nodes}.items():
        known = {*FIELDS["inventories" if name == "inventory" else name].split(), "natural_key", "related"}
        assert {field for one in listed for field in one if field not in known} == set(), name


@pytest.mark.parametrize(("kind", "change", "said"), [
    pytest.param("credential_types", {"injectors": {"env": {"ANSIBLE_TOKEN": "x"}}}, "400", id="a variable of Ansible's"),
    pytest.param("job_templates", {"project": {"name": "other", "organization": {"name": "Default", "type": "organization"}, "type": "project"}}, "400",
                 id="a project that is not there"),
])  # fmt: skip
def test_what_awx_refuses_is_told(kind: str, change: dict[str, Any], said: str, awx: tuple[Awx, Any], caplog: pytest.LogCaptureFixture) -> None:
    wrong = {**ASSETS, kind: [{**ASSETS[kind][0], **change}, *ASSETS[kind][1:]]}
    assert [line for line in brought(awx[1], wrong, caplog) if said in line]


def test_a_workflow_that_turns_in_a_circle_is_refused(awx: tuple[Awx, Any], caplog: pytest.LogCaptureFixture) -> None:
    first = json.loads(json.dumps(ASSETS["workflow_job_templates"][0]))
    nodes = first["related"]["workflow_nodes"]
    nodes[-1]["related"]["success_nodes"] = [nodes[0]["natural_key"]]
    assert [line for line in brought(awx[1], {**ASSETS, "workflow_job_templates": [first]}, caplog) if "400" in line]


def test_a_credential_that_is_missing_is_named_and_keeps_nothing_else_away(fresh: tuple[Awx, Any], caplog: pytest.LogCaptureFixture) -> None:
    said = brought(fresh[1], ASSETS, caplog)
    assert len(fresh[0].stored["job_templates"]) == len(ASSETS["job_templates"])
    assert len(said) == len(ASSETS["job_templates"]) and all("'meshes'" in line for line in said)
