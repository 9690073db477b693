# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the actions that do the work of a module in Ansible's own process: docs/decisions/0014-in-process.md.

Ansible has made a process for the task anyway, where the module would run with the same Python beside it. What this file imports is imported once, before
Ansible makes those processes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from ansible import constants
from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.plugins.action import normal

from ..module_utils._ansible import preload
from ..module_utils._ansible.in_process import like_a_process, only_for_a_start
from ..module_utils._ansible.progress import Onlooker
from ..module_utils._ansible.run import run_here
from .screen import mention, show

IMPORTED = preload.ALL


class Work(Protocol):
    """A file of `_work`: what the module of the same name does, and its options."""

    TASK: dict[str, Any]

    def reconcile(self, cluster: Any, params: dict[str, Any], /) -> dict[str, Any]: ...


class InProcess(normal.ActionModule):
    """An action says whose work it does. The module does it wherever the result could differ."""

    work: Work

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        variables = task_vars or {}
        environment = self._environment()
        alone = not self._same_process_would_do(variables) or only_for_a_start(environment)
        result = dict(super().run(tmp, task_vars)) if alone else self._here(environment, variables)
        show(result.get("screen") or [])
        return result

    def _here(self, environment: Mapping[str, str], variables: dict[str, Any]) -> dict[str, Any]:
        arguments = dict(self._task.args)
        self._update_module_args(self._task.action, arguments, variables)
        plain = json.loads(json.dumps(arguments, cls=AnsibleJSONEncoder, vault_to_text=True))
        with like_a_process(environment, self._loader.get_basedir()):
            onlooker = Onlooker(mention, str(variables.get("inventory_hostname")), str(self._task.name or self._task.action))
            return run_here(self.work.reconcile, plain, onlooker=onlooker, **self.work.TASK)

    def _same_process_would_do(self, task_vars: Mapping[str, Any]) -> bool:
        elsewhere = self._connection.transport != "local" or self._connection.become or self._task.async_val
        return not elsewhere and self._interpreter(task_vars) == sys.executable

    def _interpreter(self, task_vars: Mapping[str, Any]) -> str:
        """The configured interpreter. One that Ansible discovered on the host does not count: then a module has run there before, and may do so again."""
        host = self._task.delegate_to
        known = task_vars["ansible_delegated_vars"][host] if host else task_vars
        return str(self._templar.template(constants.config.get_config_value("INTERPRETER_PYTHON", variables=known))).strip()

    def _environment(self) -> dict[str, str]:
        computed: dict[str, Any] = {}
        self._compute_environment_string(computed)
        return {str(key): str(value) for key, value in computed.items()}
