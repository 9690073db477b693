#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: show
short_description: Show lines on the screen as they are
version_added: 0.1.0
description:
  - Puts lines on the screen, without quotes and without commas, so that a table stays a table. AWX shows them in the output of the job.
  - Asks no cluster. The module takes the connection options only because all modules of the collection do.
  - If the callback for the screen writes JSON, the module puts nothing on the screen. The lines are in its result.
  - Where another process does the work of the module, the result is the same, and the lines are on the screen too.
author:
  - meshops contributors (@meshops)
options:
  lines:
    description: The lines.
    type: list
    elements: str
    default: []
  summary:
    description:
      - One line that says the same in short. It comes last. The callback P(meshops.lifecycle.summary#callback) shows it once more, at the end of the run.
    type: str
    default: ""
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
seealso:
  - plugin: meshops.lifecycle.summary
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Show what the run has seen
  run_once: true
  meshops.lifecycle.show:
    lines:
      - CLUSTER  VERDICT
      - east     ok
    summary: 1 cluster is ok
"""

RETURN = r"""
screen:
  description: What the task shows, line by line.
  returned: success
  type: list
  elements: str
  sample: [CLUSTER  VERDICT, east     ok, "", 1 cluster is ok]
summary:
  description: The option O(summary).
  returned: success
  type: str
  sample: 1 cluster is ok
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.report.show import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
