#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stepped_rotation
short_description: Do one step of a rotation of something else than the CA in one cluster
version_added: 0.1.0
description:
  - A mesh may have more to rotate than its CA, such as a key that its servers share. The kind of mesh says which values such a rotation renews and which steps
    it has.
  - With O(step=begin) the module draws the values that all clusters share. It keeps them in a Secret on the trust cluster until the rotation is over. Only
    one task of a play does this.
  - With O(step=prepare) the Secrets of the cluster get the new values beside those in use, and with O(step=settle) in their place. Other steps ask the
    product until it has followed.
  - Where a CA gets a successor, O(step=trust) has its owners trust both, O(step=issue) gives them certificates of the next one, and O(step=drop) takes the
    former one from what they trust.
  - With O(step=finish) the rotation is over. Only one task of a play does this, after all clusters are through.
  - The module reads how far a rotation is. A run that was killed goes on when it is repeated.
  - The module never returns or logs a value.
author:
  - meshops contributors (@meshops)
options:
  kind:
    description: What to rotate. The module refuses a kind that the mesh does not have and names those that it has.
    type: str
    required: true
  step:
    description: The step to do. With V(look) the module changes nothing and says what each step lacks.
    type: str
    default: look
  timeout:
    description: For how many seconds to wait until the product has followed.
    type: int
    default: 600
  may_restart:
    description: Whether workloads of users may restart, one after the other, if they take the new value only when they start. Without it the module
      refuses a rotation that needs this.
    type: bool
    default: false
  lease:
    description: The mesh's Lease, as M(meshops.lifecycle.lease) returned it, with C(kube) as the connection to its cluster. The module writes nothing unless
      the run holds this Lease.
    type: dict
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._authority
  - meshops.lifecycle._mesh
requirements:
  - cryptography >= 42
seealso:
  - module: meshops.lifecycle.rotation
  - module: meshops.lifecycle.lease
  - name: Role rotate
    link: https://github.com/meshops/lifecycle/blob/main/roles/rotate/README.md
    description: The role C(rotate), which calls this module.
"""

EXAMPLES = r"""
- name: Put the new values beside those in use
  meshops.lifecycle.stepped_rotation:
    kubeconfig: ~/.kube/config
    context: west
    provider: consul
    mesh: shop
    kind: gossip
    step: prepare
    root:
      kube: {kubeconfig: ~/.kube/config, context: east, cluster: east}
"""

RETURN = r"""
cluster:
  description: The name of the cluster.
  returned: with O(step=look)
  type: str
  sample: east
under_way:
  description: Whether a rotation of this kind has begun and is not over.
  returned: with O(step=look)
  type: bool
  sample: false
age:
  description: How many seconds ago the latest rotation of this kind was over. None if there was none, or if one is under way.
  returned: with O(step=look)
  type: float
  sample: 3600.0
steps:
  description: Each C(step) of the rotation with what it C(says), whether the former values still work when it C(returns), and what it C(lacks) in this cluster.
  returned: with O(step=look)
  type: list
  elements: dict
  sample: [{step: install, says: add the new gossip key to the keyring of every node, returns: true, lacks: []}]
refusals:
  description: Why the rotation cannot be done in this cluster, a sentence each.
  returned: with O(step=look)
  type: list
  elements: str
  sample: []
step:
  description: The step that the module did.
  returned: with every step except V(look)
  type: str
  sample: install
lacks:
  description: What the step lacks, a sentence each. After a step that succeeded there is nothing.
  returned: with every step except V(look)
  type: list
  elements: str
  sample: []
ordered:
  description: What the module asked the product for, by name.
  returned: with every step except V(look)
  type: list
  elements: str
  sample: []
seconds:
  description: How many seconds the step took.
  returned: with every step except V(look)
  type: float
  sample: 5.1
changes:
  description: Each object that the module wrote, with C(object) and C(action).
  returned: with every step except V(look)
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Secret consul/consul-gossip}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: created}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.rotation.stepped_rotation import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
