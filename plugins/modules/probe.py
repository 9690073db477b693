#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Prove that requests cross between the clusters of a mesh, over mTLS
version_added: 0.1.0
description:
  - Lets this cluster's probe workload ask the probe workload of each other cluster, through its own sidecar, and reads the answers.
  - An answer counts if it comes from the cluster that the module asked, and if the server saw the caller's identity in a client certificate.
  - The role verify makes the workloads and applies them with M(meshops.lifecycle.mesh_config). In a mesh whose product injects no sidecar, they get it by
    M(meshops.lifecycle.workloads).
author:
  - meshops contributors (@meshops)
options:
  targets:
    description: The clusters to ask.
    type: list
    elements: str
    required: true
  clusters:
    description: All clusters of the mesh, for a task that asks only some of them. Without it they are those in O(targets).
    type: list
    elements: str
  requests:
    description: How many answers in a row each target must give.
    type: int
    default: 5
  namespace:
    description: The namespace of the probe workloads.
    type: str
    default: meshops-probe
  trust_domain:
    description: The trust domain of the mesh.
    type: str
    default: cluster.local
  wait_timeout:
    description: How many seconds every target has to give its answers.
    type: int
    default: 60
seealso:
  - module: meshops.lifecycle.mesh_info
  - name: Role verify
    link: https://github.com/meshops/lifecycle/blob/main/roles/verify/README.md
    description: The role C(verify), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh.provider
"""

EXAMPLES = r"""
- name: Ask west from east
  meshops.lifecycle.probe:
    kubeconfig: ~/.kube/config
    context: east
    targets: [west]
"""

RETURN = r"""
answers:
  description: How many answers each target gave, by target.
  returned: success
  type: dict
  sample: {west: 5}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.health.probe import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
