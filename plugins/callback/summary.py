# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
type: aggregate
short_description: Show once more, at the end of the run, what its tables say in short
version_added: 0.1.0
description:
  - The last lines of a run are Ansible's own, one for each host. This callback puts the summaries of P(meshops.lifecycle.show#module) below them.
  - It stands beside the callback for the screen, whichever that is, and works in AWX, too.
requirements:
  - Name it in C(callbacks_enabled) of C(ansible.cfg), or in the variable C(ANSIBLE_CALLBACKS_ENABLED), because Ansible runs no callback of a collection
    unasked.
author:
  - meshops contributors (@meshops)
seealso:
  - module: meshops.lifecycle.show
"""

from typing import Any

from ansible.plugins.callback import CallbackBase

from ..plugin_utils.screen import show


class CallbackModule(CallbackBase):
    """Keeps the last summary of each task that has one."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "meshops.lifecycle.summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._summaries: dict[str, str] = {}

    def v2_runner_on_ok(self, result: Any) -> None:
        if result._task.action == "meshops.lifecycle.show" and result._result.get("summary"):
            self._summaries[result._task._uuid] = result._result["summary"]

    def v2_playbook_on_stats(self, stats: Any) -> None:
        show(list(self._summaries.values()))
