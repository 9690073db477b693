# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of extensions/controller as `awx import` of awxkit takes them: one file of JSON, in the form that `awx export` has.

Each object names itself and what it refers to by a natural key: what it is, its name, and whose it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Asset = dict[str, Any]
# What our variables have and an object of AWX's API has not: modules of awx.awx act by it.
_OF_MODULES = {"labels", "credentials", "survey_spec", "workflow_nodes", "destroy_current_nodes", "wait"}
# By which credential types the templates are to find their credentials, which a user makes by name.
CREDENTIAL_TYPE = "Mesh kubeconfig"


def named(value: Any, names: Mapping[str, Any]) -> Any:
    """Return a value with the names of names.yml put in. JSON for awxkit has no templates."""
    if isinstance(value, dict):
        return {key: named(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [named(part, names) for part in value]
    match = re.fullmatch(r"\{\{ (meshops_\w+) \}\}", value) if isinstance(value, str) else None
    return names[match[1]] if match else value


class Assets:
    """All objects, from the lists of the variables."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._given = named(variables, variables)
        self._owner = self._key("organization", self._given["meshops_organization"])

    def all(self) -> dict[str, list[Asset]]:
        return {
            "credential_types": [*self._plain("credential_types", "credential_type")],
            "execution_environments": [*self._plain("execution_environments", "execution_environment")],
            "projects": [*self._owned("projects", "project")],
            "inventory": [*self._owned("inventories", "inventory")],
            "inventory_sources": [*self._sources()],
            "job_templates": [*self._templates()],
            "workflow_job_templates": [*self._workflows()],
            "schedules": [*self._schedules()],
        }

    def text(self) -> str:
        return json.dumps(self.all(), indent=1, ensure_ascii=False) + "\n"

    @staticmethod
    def _key(kind: str, name: str, **more: Asset) -> Asset:
        return {"name": name, **more, "type": kind}

    def _ours(self, kind: str, name: str) -> Asset:
        return self._key(kind, name, organization=self._owner)

    def _of_type(self, name: str) -> Asset:
        return {"name": name, "kind": "cloud", "type": "credential_type"}

    def _environment(self, name: str) -> Asset:
        return self._key("execution_environment", name)

    def _listed(self, name: str) -> Iterator[tuple[str, Asset]]:
        """Yield the name and the fields of each object of a list."""
        for one in self._given[f"controller_{name}"]:
            yield one["name"], {key: value for key, value in one.items() if key not in _OF_MODULES}

    def _plain(self, name: str, kind: str) -> Iterator[Asset]:
        for called, fields in self._listed(name):
            yield {**fields, "natural_key": self._of_type(called) if kind == "credential_type" else self._key(kind, called)}

    def _owned(self, name: str, kind: str) -> Iterator[Asset]:
        for called, fields in self._listed(name):
            environment = {key: self._environment(fields[key]) for key in ("default_environment",) if key in fields}
            yield {**fields, **environment, "organization": self._owner, "natural_key": self._ours(kind, called)}

    def _sources(self) -> Iterator[Asset]:
        """An inventory source belongs to its inventory: the API takes no organization, but the key has one."""
        for called, fields in self._listed("inventory_sources"):
            inventory = self._ours("inventory", fields["inventory"])
            refers = {"inventory": inventory, "source_project": self._ours("project", fields["source_project"]),
                      "execution_environment": self._environment(fields["execution_environment"])}
            del fields["organization"]
            yield {**fields, **refers, "natural_key": self._key("inventory_source", called, organization=self._owner, inventory=inventory)}

    def _templates(self) -> Iterator[Asset]:
        for (called, fields), given in zip(self._listed("templates"), self._given["controller_templates"], strict=True):
            del fields["organization"]  # that of its project
            refers = {"inventory": self._ours("inventory", fields["inventory"]), "project": self._ours("project", fields["project"]),
                      "execution_environment": self._environment(fields["execution_environment"])}
            of_type = self._of_type(CREDENTIAL_TYPE)
            credentials = [self._key("credential", name, organization=self._owner, credential_type=of_type) for name in given["credentials"]]
            related = {"credentials": credentials, **self._survey(given)}
            extra = {"extra_vars": json.dumps(fields["extra_vars"])} if "extra_vars" in fields else {}
            yield {**fields, **refers, **extra, "related": related, "natural_key": self._ours("job_template", called)}

    def _workflows(self) -> Iterator[Asset]:
        for (called, fields), given in zip(self._listed("workflows"), self._given["controller_workflows"], strict=True):
            key = self._ours("workflow_job_template", called)
            related = {**self._survey(given), "workflow_nodes": [self._node(one, key) for one in given["workflow_nodes"]]}
            yield {**fields, "organization": self._owner, "related": related, "natural_key": key}

    def _node(self, given: Mapping[str, Any], workflow: Asset) -> Asset:
        """An approval is no object that a node refers to: the node makes it."""
        run = given["unified_job_template"]
        after = [self._node_key(one["identifier"], workflow) for one in given["related"]["success_nodes"]]
        related: Asset = {"success_nodes": after}
        fields: Asset = {"identifier": given["identifier"], "extra_data": given.get("extra_data", {}), "all_parents_must_converge": False}
        if run["type"] == "workflow_approval":
            related["create_approval_template"] = {part: run[part] for part in ("name", "description", "timeout")}
        else:
            fields["unified_job_template"] = self._ours("job_template", run["name"])
        return {**fields, "related": related, "natural_key": self._node_key(given["identifier"], workflow)}

    @staticmethod
    def _node_key(identifier: str, workflow: Asset) -> Asset:
        return {"workflow_job_template": workflow, "identifier": identifier, "type": "workflow_job_template_node"}

    def _schedules(self) -> Iterator[Asset]:
        for called, fields in self._listed("schedules"):
            template = self._ours("job_template", fields["unified_job_template"])
            del fields["organization"]
            yield {**fields, "unified_job_template": template, "natural_key": self._key("schedule", called, unified_job_template=template)}

    @staticmethod
    def _survey(given: Mapping[str, Any]) -> Asset:
        return {"survey_spec": given["survey_spec"]} if given["survey_enabled"] else {}
