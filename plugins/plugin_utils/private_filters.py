# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All private filters. `plugins/filter/_private.py` is a symbolic link to this file: see filters.py.

Ansible loads the link as a module of its own name, so what is imported here is imported through the folder `plugin_utils`.
"""

from __future__ import annotations

from typing import Any

from ..plugin_utils.deciding import (
    claims,
    cutover,
    cutover_gate,
    cutover_planes,
    cutover_story,
    install,
    inventory,
    lint,
    operators,
    preflight,
    refusals,
    report,
    rotation,
    verdicts,
)

DECIDING = (
    claims, cutover, cutover_gate, cutover_planes, cutover_story, install, inventory, lint, operators, preflight, refusals, report, rotation, verdicts,
)  # fmt: skip


class FilterModule:
    """The filters that only the roles and playbooks of this collection call."""

    def filters(self) -> dict[str, Any]:
        return {name: code for file in DECIDING for name, code in file.FilterModule().filters().items()}
