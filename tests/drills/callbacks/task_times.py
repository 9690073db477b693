# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write down when each task of a playbook began, so that a drill can say in which task a request was lost."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_times
type: notification
short_description: When each task began, for the drills
description: Appends a line for each task to the file that MESHDRILL_TASK_TIMES names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "task_times"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._write(path=task.get_path(), task=task.get_name())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._write(path="", task="")

    @staticmethod
    def _write(**seen: str) -> None:
        with open(os.environ["MESHDRILL_TASK_TIMES"], "a", encoding="utf-8") as file:
            file.write(json.dumps({"began": time.time(), **seen}) + "\n")
