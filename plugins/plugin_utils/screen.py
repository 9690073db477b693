# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put lines on the screen of whoever started the run. Ansible passes them on from the process of a task, and AWX keeps them as events."""

from __future__ import annotations

from collections.abc import Sequence

from ansible import constants
from ansible.utils.display import Display

_FOR_PROGRAMS = ("json", "jsonl")


def show(lines: Sequence[str]) -> None:
    """Show the lines together, except among the output of a callback that writes for programs."""
    callback = str(constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK"))
    if lines and callback.rpartition(".")[2] not in _FOR_PROGRAMS:
        Display().display("\n".join(lines))


def mention(line: str) -> None:
    """Show a line beside the output, which then is what it would be without."""
    Display().display(line, stderr=True)
