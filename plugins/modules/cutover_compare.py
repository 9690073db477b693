#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cutover_compare
short_description: Compare two revisions of a control plane before a cutover
version_added: 0.1.0
description:
  - Compares the mesh configs of both revisions, the mesh, cluster and network that they name, and the roots under which they sign.
  - Asks the target whether it would accept each object with which users configured the mesh. The API server validates a copy of each, and stores none.
  - Lists, by node, the images of both revisions that not every node is known to have. Nodes that are not ready or take no pods do not count. A node lists only
    its largest images, so this is no proof. Whether a node reaches a registry is not tried.
  - A difference does not fail the task. The role C(cutover) stops at it.
author:
  - meshops contributors (@meshops)
options:
  target:
    description: The revision to which the cutover leads.
    type: str
    required: true
  former:
    description: The revision that served before.
    type: str
    required: true
  allowed:
    description: Values by chart that the target has and the former revision need not have. Those of C(meshConfig) may differ between the mesh configs.
    type: dict
    default: {}
  images:
    description: With V(known) the images are not looked at, because you know that each node has them or reaches their registry.
    type: str
    choices: [said, known]
    default: said
seealso:
  - module: meshops.lifecycle.cutover_info
  - name: Role cutover
    link: https://github.com/meshops/lifecycle/blob/main/roles/cutover/README.md
    description: The role C(cutover), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
"""

EXAMPLES = r"""
- name: Compare the new revision with the one that serves
  meshops.lifecycle.cutover_compare:
    kubeconfig: ~/.kube/config
    context: east
    target: 1-31-2
    former: 1-30-4
    allowed:
      istiod:
        meshConfig:
          accessLogFile: /dev/stdout
"""

RETURN = r"""
differences:
  description:
    - What keeps the target from taking the place of the former revision, a sentence for each.
    - Paths in a mesh config are named without their values, because a mesh config can hold a token.
  returned: success
  type: list
  elements: str
  sample: []
notices:
  description: What could not be compared, and images that some nodes have to pull.
  returned: success
  type: list
  elements: str
  sample: []
analysed:
  description: How many objects the target was asked about.
  returned: success
  type: int
  sample: 214
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.cutover.cutover_compare import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
