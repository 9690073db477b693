# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs mesh_config in the process that Ansible has for the task anyway, where its module would run with the same Python beside it.

What is imported here is imported once, before Ansible makes those processes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible import constants
from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.plugins.action import normal

from ..module_utils._ansible import preload
from ..module_utils._ansible.in_process import like_a_process, only_for_a_start
from ..module_utils._ansible.run import run_here
from ..module_utils._work.objects.mesh_config import TASK, reconcile

IMPORTED = preload.ALL


class ActionModule(normal.ActionModule):
    """`work` and `task` are what other actions of this kind put their own in the place of."""

    work = staticmethod(reconcile)
    task: ClassVar[Mapping[str, Any]] = TASK

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        told = task_vars or {}
        environment = self._environment()
        if not self._same_process_would_do(told) or only_for_a_start(environment):
            return dict(super().run(tmp, task_vars))
        arguments = dict(self._task.args)
        self._update_module_args(self._task.action, arguments, told)
        plain = json.loads(json.dumps(arguments, cls=AnsibleJSONEncoder, vault_to_text=True))
        with like_a_process(environment, self._loader.get_basedir()):
            return run_here(self.work, plain, **self.task)

    def _same_process_would_do(self, task_vars: Mapping[str, Any]) -> bool:
        elsewhere = self._connection.transport != "local" or self._connection.become or self._task.async_val
        return not elsewhere and self._interpreter(task_vars) == sys.executable

    def _interpreter(self, task_vars: Mapping[str, Any]) -> str:
        """What was found on the host is not looked at: then a module has run there before, and may do so again."""
        host = self._task.delegate_to
        known = task_vars["ansible_delegated_vars"][host] if host else task_vars
        return str(self._templar.template(constants.config.get_config_value("INTERPRETER_PYTHON", variables=known))).strip()

    def _environment(self) -> dict[str, str]:
        found: dict[str, Any] = {}
        self._compute_environment_string(found)
        return {str(key): str(value) for key, value in found.items()}
