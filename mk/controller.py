# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what extensions/controller has for each playbook: `python3 mk/environment.py exec tools python mk/controller.py`.

A playbook gets a thin playbook of the project, a job template and, if it writes, a twin in check mode. The surveys are made
from the argument specs of the roles: tests/unit/test_controller.py fails if they part. The same, with all other variables, becomes
assets.json for `awx import`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from controller_assets import Assets
from controller_tables import READS, REPORT, SURVEYS, WORKFLOWS, Approve, Ask, Run, Workflow

CHECKOUT = Path(__file__).resolve().parent.parent
PLACE = Path("extensions/controller")
HEAD = "---\n# Made by mk/controller.py from the playbooks and the argument specs of the roles. Do not edit: run it again.\n"
APPROVAL_SECONDS = 86400  # a plan of yesterday is not what somebody should approve
LIMITS: Mapping[str, dict[str, Any]] = {"integer": {"min": 0}, "text": {"min": 0, "max": 1024}, "textarea": {"min": 0, "max": 4096}}
SHARED: dict[str, Any] = {
    "organization": "{{ meshops_organization }}",
    "inventory": "{{ meshops_inventory }}",
    "project": "{{ meshops_project }}",
    "execution_environment": "{{ meshops_execution_environment }}",
    "credentials": "{{ meshops_credentials }}",
    "forks": "{{ meshops_forks }}",
    "labels": ["{{ meshops_label }}"],
    "ask_limit_on_launch": True,
    "ask_verbosity_on_launch": True,
    "job_slice_count": 1,  # a slice would not see the other clusters of its mesh
    "timeout": 0,
}


def playbooks() -> list[str]:
    return sorted(path.stem for path in CHECKOUT.glob("playbooks/*.yml") if path.stem != "clusters")


def purpose(playbook: str) -> str:
    """Return what the playbook's own play is called."""
    return str(yaml.load((CHECKOUT / f"playbooks/{playbook}.yml").read_text("utf-8"), yaml.CSafeLoader)[-1]["name"])


@cache
def options(role: str) -> dict[str, Any]:
    text = (CHECKOUT / f"roles/{role}/meta/argument_specs.yml").read_text("utf-8")
    found: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)["argument_specs"]["main"]["options"]
    return found


def spec(ask: Ask) -> dict[str, Any]:
    """Return an option of a role as its argument spec describes it. What a mesh can rotate is said by the meshes."""
    option = dict(options(ask.role)[ask.option])
    if ask.option == "rotate_kind":
        option["choices"] = list(dict.fromkeys(kind for mesh in PROVIDERS.values() for kind in mesh.rotation_kinds))
    return option


def sentences(option: Mapping[str, Any], choices: Iterable[str]) -> list[str]:
    """Return the description as plain sentences, without those on variables of the inventory and on what is no choice here."""
    parts = option["description"] if isinstance(option["description"], list) else [option["description"]]
    found = [one for part in parts for one in re.split(r"(?<=[.?!])\s+", part.strip())]
    of_others = [one for one in found if (value := re.match(r"V\((\w+)\)", one)) and choices and value[1] not in choices]
    return [re.sub(r"\b[A-Z]\(([^)]*)\)", r"\1", one) for one in found if not one.startswith("Read from ") and one not in of_others]


def question(ask: Ask) -> dict[str, Any]:
    """Return a question of a survey. Answers are text to AWX, except numbers; roles read lists and truth values from text."""
    option = spec(ask)
    choices = [str(one) for one in option.get("choices", [])] or (["true", "false"] if option["type"] == "bool" else [])
    first, *more = sentences(option, choices)
    kind = "multiplechoice" if choices else {"int": "integer", "float": "float", "list": "textarea"}.get(option["type"], "text")
    asked: dict[str, Any] = {
        "question_name": first.rstrip("."),
        "question_description": " ".join(more),
        "variable": ask.variable or ask.option,
        "required": ask.required,
        "type": kind,
    }
    asked |= {"choices": choices} if choices else LIMITS.get(kind, {})
    return asked | answer(option, choices, kind, ask.required)


def answer(option: Mapping[str, Any], choices: list[str], kind: str, required: bool) -> dict[str, Any]:
    """Return the default, as AWX takes it for this kind of question. A required text has none, or it would not be asked for."""
    value = option.get("default")
    text = str(value).lower() if isinstance(value, bool) else value
    if choices:
        return {"default": str(text)} if text in choices else {}
    if kind in ("text", "textarea"):
        return {} if required else {"default": "\n".join(text) if isinstance(text, list) else str(text or "")}
    return {} if value is None else {"default": value}


def survey(asks: Iterable[Ask]) -> dict[str, Any]:
    """Return the fields of a template that asks these questions."""
    questions = [question(ask) for ask in asks]
    enabled: dict[str, Any] = {"survey_enabled": bool(questions)}
    return {**enabled, "survey_spec": {"name": "", "description": "", "spec": questions}} if questions else enabled


def job_templates() -> Iterator[dict[str, Any]]:
    for name in playbooks():
        reads = name in READS
        asks = SURVEYS.get(name, ())
        begin: dict[str, Any] = {"name": f"mesh: {name}", "description": purpose(name), "job_type": "run", "playbook": f"{name}.yml"}
        yield {**begin, **SHARED, "allow_simultaneous": reads, **survey(asks)}
        if not reads:
            twin = {"name": f"mesh: {name}, check", "description": f"{begin['description']}: only show what a run would do", "job_type": "check"}
            yield {**begin, **twin, **SHARED, "diff_mode": True, "allow_simultaneous": False, **survey(asks)}
    begin = {"name": REPORT, "description": "Show what expires when, and fail if anything expires soon", "job_type": "run", "playbook": "rotate.yml"}
    yield {**begin, **SHARED, "allow_simultaneous": True, "extra_vars": {"rotate_kind": "report"}, **survey(SURVEYS[REPORT])}


def node(step: Run | Approve, following: Run | Approve | None) -> dict[str, Any]:
    """Return a node of a workflow, in the form that AWX exports. Only success leads on: whatever fails ends the workflow as failed."""
    asked: dict[str, Any] = {"name": step.text if isinstance(step, Approve) else step.template}
    if isinstance(step, Approve):
        asked |= {"description": step.reads, "type": "workflow_approval", "timeout": APPROVAL_SECONDS}
    else:
        asked |= {"type": "job_template", "organization": {"name": "{{ meshops_organization }}"}}
    after = [{"identifier": following.identifier}] if following else []
    given: dict[str, Any] = {"extra_data": dict(step.extra)} if isinstance(step, Run) and step.extra else {}
    related = {"success_nodes": after, "failure_nodes": [], "always_nodes": [], "credentials": []}
    return {"identifier": step.identifier, "unified_job_template": asked, **given, "related": related}


def workflow(name: str, one: Workflow) -> dict[str, Any]:
    return {
        "name": name,
        "description": one.description,
        "organization": "{{ meshops_organization }}",
        "labels": ["{{ meshops_label }}"],
        "ask_limit_on_launch": True,
        "allow_simultaneous": False,
        **survey(one.asks),
        "destroy_current_nodes": True,
        "workflow_nodes": [node(step, following) for step, following in zip(one.steps, [*one.steps[1:], None], strict=True)],
    }


class AsWritten(yaml.CSafeLoader):
    """Reads `!unsafe` text as it is."""


def as_written(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


AsWritten.add_constructor("!unsafe", as_written)


class Plain(yaml.CSafeDumper):
    """Writes a list twice rather than a reference to it."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def files() -> dict[Path, str]:
    """Return what this program writes, by path in the checkout."""
    made = {PLACE / "project" / f"{name}.yml": f"{HEAD}- name: {purpose(name)}\n  import_playbook: meshops.lifecycle.{name}\n" for name in playbooks()}
    lists = {
        "job_templates": {"controller_templates": [*job_templates()]},
        "workflows": {"controller_workflows": [workflow(name, one) for name, one in WORKFLOWS.items()]},
    }
    given: dict[str, Any] = {}
    for path in CHECKOUT.glob(f"{PLACE}/variables/*.yml"):
        given |= yaml.load(path.read_text("utf-8"), AsWritten)  # noqa: S506  it is the safe loader
    made[PLACE / "assets.json"] = Assets({**given, **lists["job_templates"], **lists["workflows"]}).text()
    texts = {name: yaml.dump(one, Dumper=Plain, sort_keys=False, width=150, allow_unicode=True) for name, one in lists.items()}
    return {**made, **{PLACE / "variables" / f"{name}.yml": HEAD + text for name, text in texts.items()}}


if __name__ == "__main__":
    for place, text in files().items():
        (CHECKOUT / place).parent.mkdir(parents=True, exist_ok=True)
        (CHECKOUT / place).write_text(text, encoding="utf-8")
