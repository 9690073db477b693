#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stage_orders
short_description: Have a mesh do what a stage of its install orders
version_added: 0.1.0
description:
  - Some meshes keep state of their own beside the objects of Kubernetes. Consul keeps its policies, tokens and configuration. A stage of an install orders what
    its mesh still lacks of this state. It may also have objects that follow from live ones, such as the address of a Service.
  - The module looks at what is due, writes the objects, sends the orders, and looks again until nothing is due. An order that the mesh does not accept yet is
    sent again. After O(wait_timeout) seconds the module fails and names what is still due.
  - What would make the mesh lose for good what it keeps is refused unless a snapshot of the last day is in the directory C(backups) of O(wish), where module
    M(meshops.lifecycle.snapshot) saved it. Consul loses its own tokens, intentions and entries when a datacenter joins a federation.
  - The module remembers nothing, and every order may come twice. So a repeated run continues a killed run from any point.
  - The requests go through the API server of the cluster to a pod, so the mesh needs no port that is open to others.
author:
  - meshops contributors (@meshops)
options:
  wish:
    description:
      - What is wanted of the control plane. The roles control_plane and gateways make it from the inventory.
      - Its keys are C(cluster), C(mesh), C(provider), C(namespace), C(version), C(role) and all others that these roles give it.
    type: dict
    required: true
  part:
    description: The part of the mesh.
    type: str
    choices: [control_plane, gateways]
    required: true
  stage:
    description: The name of the stage.
    type: str
    required: true
  state:
    description: V(present) is a stage of an install, and V(absent) is one of a teardown.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description: For how many seconds to go on until nothing is due.
    type: int
    default: 600
seealso:
  - module: meshops.lifecycle.mesh_config
  - name: Role control_plane
    link: https://github.com/meshops/lifecycle/blob/main/roles/control_plane/README.md
    description: The role C(control_plane), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
attributes:
  check_mode:
    support: full
    details: In check mode the module looks once and returns what it would order first. What a later order depends on, such as the policy of a token, may not be
      there yet, so a real run may order more. A warning says so if the mesh does not answer.
  diff_mode:
    support: partial
    details: The diff shows objects, and what the mesh keeps and will keep where that is no secret. RV(ordered) names all that the mesh was asked for.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Have Consul get its policies and tokens
  meshops.lifecycle.stage_orders:
    kubeconfig: ~/.kube/config
    context: east
    cluster: east
    wish: {provider: consul, cluster: east, mesh: shop, namespace: consul}
    part: control_plane
    stage: servers
"""

RETURN = r"""
ordered:
  description: What the mesh was asked for, or in check mode would be asked for first.
  returned: always
  type: list
  elements: str
  sample: [the policy meshops-agent, the token of the agent]
changes:
  description: Each object that the module checked or wrote, with C(object) and C(action).
  returned: always
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Secret consul/consul-tokens}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: created}
findings:
  description: What is still due, half a sentence each.
  returned: when something is still due after O(wait_timeout) seconds
  type: list
  elements: str
  sample: []
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.install.stage_orders import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
