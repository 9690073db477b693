# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module kubernetes.core.helm, and keep everything about the connection out of the result."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ..module_utils._ansible.progress import Onlooker, watched
from ..module_utils._ansible.quiet import quiet
from ..module_utils._work.install import helm_release
from ..plugin_utils.screen import mention


class ActionModule(ActionBase):
    work = helm_release

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        try:
            with watched(Onlooker(mention, str((task_vars or {}).get("inventory_hostname")), f"Helm works on {arguments['release_name']}")):
                result = self._execute_module(module_name=self.work.MODULE, module_args=self.work.asked(arguments), task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return quiet(result, arguments)
