# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does the work of module lint_mesh in Ansible's own process: docs/decisions/0014-in-process.md."""

from __future__ import annotations

from ..module_utils._work.lint import lint_mesh
from ..plugin_utils.in_process import InProcess


class ActionModule(InProcess):
    work = lint_mesh
