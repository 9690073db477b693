# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX takes, as far as it is documented: the arguments of the modules of awx.awx 24.6 that we use, and its rules for surveys.

infra.aap_configuration hands the same keys to these modules. No AWX is asked, so this does not show that one accepts a name or
a reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

TEXT, YES, NUMBER, MAP, NAMES = ({"type": kind} for kind in ("str", "bool", "int", "dict", "list"))
_NAMED = {"name": {"type": "str", "required": True}, "description": TEXT}
_OWNED = {**_NAMED, "organization": TEXT}


def _texts(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, TEXT)


def _truths(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, YES)


def _within(**options: Any) -> dict[str, Any]:
    return {"type": "dict", "options": options}


_ORGANIZATION = _within(name=TEXT)
_NEXT = {"type": "list", "elements": "dict", "options": {"identifier": TEXT}}
_NODE = {
    "identifier": {"type": "str", "required": True},
    "extra_data": MAP,
    "all_parents_must_converge": YES,
    "unified_job_template": _within(
        **_texts("name", "description", "type"), timeout=NUMBER, organization=_ORGANIZATION, inventory=_within(organization=_ORGANIZATION)
    ),
    "related": _within(
        success_nodes=_NEXT, failure_nodes=_NEXT, always_nodes=_NEXT,
        credentials={"type": "list", "elements": "dict", "options": {"name": TEXT, "organization": _ORGANIZATION}},
    ),
}  # fmt: skip
ARGUMENTS: dict[str, dict[str, Any]] = {
    "label": {**_OWNED},
    "credential_type": {**_NAMED, "kind": {"type": "str", "choices": ["net", "cloud"]}, "inputs": MAP, "injectors": MAP},
    "execution_environment": {**_OWNED, **_texts("image", "credential"), "pull": {"type": "str", "choices": ["always", "missing", "never"]}},
    "project": {
        **_OWNED, **_texts("scm_url", "scm_branch", "scm_refspec", "default_environment", "local_path"),
        **_truths("scm_clean", "scm_delete_on_update", "scm_track_submodules", "scm_update_on_launch", "allow_override", "update_project", "wait"),
        "scm_type": {"type": "str", "choices": ["manual", "git", "svn", "insights", "archive"]}, "scm_update_cache_timeout": NUMBER,
    },
    "inventory": {**_OWNED, "kind": {"type": "str", "choices": ["", "smart", "constructed"]}, "variables": MAP, "instance_groups": NAMES},
    "inventory_source": {
        **_OWNED, **_texts("inventory", "source_project", "source_path", "execution_environment", "scm_branch", "limit"),
        **_truths("overwrite", "overwrite_vars", "update_on_launch"), "source": {"type": "str", "choices": ["scm", "file", "constructed"]},
        "source_vars": MAP, "update_cache_timeout": NUMBER, "timeout": NUMBER,
    },
    "job_template": {
        **_OWNED, **_texts("inventory", "project", "playbook", "execution_environment", "limit", "job_tags", "skip_tags"),
        **_truths("allow_simultaneous", "diff_mode", "survey_enabled", "become_enabled", "use_fact_cache"),
        **_truths(*(f"ask_{what}_on_launch" for what in ("limit", "verbosity", "variables", "forks", "diff_mode", "job_type", "tags", "inventory"))),
        "job_type": {"type": "str", "choices": ["run", "check"]}, "credentials": NAMES, "labels": NAMES, "forks": NUMBER, "job_slice_count": NUMBER,
        "timeout": NUMBER, "extra_vars": MAP, "survey_spec": MAP,
    },
    "workflow_job_template": {
        **_OWNED, **_texts("inventory", "limit"), "labels": NAMES, "extra_vars": MAP, "survey_spec": MAP,
        **_truths("allow_simultaneous", "survey_enabled", "destroy_current_nodes", "ask_limit_on_launch", "ask_variables_on_launch"),
        "workflow_nodes": {"type": "list", "elements": "dict", "options": _NODE},
    },
    "schedule": {**_OWNED, **_texts("rrule", "unified_job_template", "limit", "job_tags"), "enabled": YES, "extra_data": MAP},
}  # fmt: skip

_ANSWERS = {"text": str, "textarea": str, "password": str, "integer": int, "float": float, "multiplechoice": str, "multiselect": str}


def refused(module: str, given: Mapping[str, Any]) -> list[str]:
    """What the module would say to these arguments."""
    return list(ArgumentSpecValidator(ARGUMENTS[module]).validate(dict(given)).error_messages)


def survey_faults(survey: Mapping[str, Any]) -> Iterator[str]:
    """What AWX's API answers to a survey that it refuses."""
    yield from (f"{name} is missing" for name in ("name", "description", "spec") if name not in survey)
    seen: set[str] = set()
    for question in survey.get("spec", []):
        variable = question.get("variable")
        yield from (f"{variable}: {name} is missing" for name in ("question_name", "variable", "type", "required") if name not in question)
        if variable in seen:
            yield f"{variable} is asked twice"
        seen.add(str(variable))
        yield from (f"{variable}: {said}" for said in _question_faults(question))


def _question_faults(question: Mapping[str, Any]) -> Iterator[str]:
    kind, default, choices = question.get("type"), question.get("default", ""), question.get("choices")
    if kind not in _ANSWERS:
        yield f"the type {kind} is not known"
    elif default != "" and not isinstance(default, _ANSWERS[kind]):
        yield f"the default {default!r} is not of the type {kind}"
    if default == "$encrypted$":
        yield "the default stands for a secret that is not there"
    if not isinstance(question.get("required"), bool):
        yield "required is no truth value"
    yield from (f"{limit} is no whole number" for limit in ("min", "max") if not isinstance(question.get(limit, 0), int))
    if kind in ("multiplechoice", "multiselect"):
        if not choices or not all(isinstance(choice, str) for choice in choices):
            yield "there are no choices, or they are not text"
        elif "default" in question and [one for one in str(default).split("\n") if one not in choices]:
            yield f"the default {default!r} is none of the choices"


def answer_faults(question: Mapping[str, Any], answer: object) -> list[str]:
    """Why AWX would refuse an answer that a node of a workflow gives."""
    if not isinstance(answer, _ANSWERS[question["type"]]):
        return [f"{answer!r} is not of the type {question['type']}"]
    return [f"{answer!r} is none of the choices"] if "choices" in question and answer not in question["choices"] else []


def schedule_faults(rule: str) -> list[str]:
    """AWX wants a beginning with a time zone, an interval, and no seconds."""
    begin = re.match(r"DTSTART(;TZID=[\w/]+:\d{8}T\d{6}|:\d{8}T\d{6}Z) RRULE:", rule)
    return [said for said, wrong in (("no beginning", not begin), ("no interval", "INTERVAL=" not in rule), ("seconds", "SECONDLY" in rule)) if wrong]
