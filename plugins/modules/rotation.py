#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation
short_description: Do one step of a certificate rotation in one cluster
version_added: 0.1.0
description:
  - With O(step=introduce) the cluster comes to trust the target beside every root that is in use in the mesh.
  - With O(step=reissue) it signs with an intermediate of the target and still trusts what it trusted.
  - With O(step=soak) nothing is done for a while, under the Lease.
  - With O(step=retire) it no longer trusts what the rotation brought or replaces, O(leaving). Other roots stay.
  - With O(step=finish) what was kept to turn back is removed.
  - A step writes the cluster's CA in one piece, and only if there is something to write. Then it waits until every control plane, every namespace's
    trust bundle and every proxy of the cluster was seen to live by it, and mends what lags by the least means that works.
  - What would cut somebody off is refused before the first write.
author:
  - meshops contributors (@meshops)
options:
  step:
    description: The step.
    type: str
    choices: [introduce, reissue, soak, retire, finish]
    required: true
  target:
    description: The fingerprint of the root to end with, from M(meshops.lifecycle.rotation_target). Needed but for O(step=soak).
    type: str
  target_certificate:
    description: That root's certificate, PEM, where no bundle of the mesh holds it yet.
    type: str
    default: ''
  clusters:
    description: What was seen of every cluster of the mesh, from the filter P(meshops.lifecycle.mesh_rotation_clusters#filter). Needed but for O(step=soak).
    type: list
    elements: dict
  leaving:
    description: Fingerprints of the roots that are given up with O(step=retire), from M(meshops.lifecycle.rotation_target).
    type: list
    elements: str
    default: []
  moment:
    description: When the rotation was planned, from M(meshops.lifecycle.rotation_target). What expires later has not expired. It is now if not given.
    type: str
  soak:
    description: With O(step=soak), for how many seconds.
    type: int
    default: 0
  stale:
    description: Fingerprints of intermediates that are to be replaced although they are of the target.
    type: list
    elements: str
    default: []
  recover:
    description:
      - The mesh's root has expired. A cluster under it is not introduced to anything first, since it takes nothing; with O(step=reissue) it comes to
        trust the target and to sign under it in one write.
    type: bool
    default: false
  may_restart:
    description: Whether workloads and control planes may be restarted where nothing less brings them the new trust.
    type: bool
    default: false
  timeout:
    description: How many seconds everything in the cluster has to follow.
    type: int
    default: 600
  primary:
    description:
      - What was seen of the cluster that serves this one, from the filter P(meshops.lifecycle.mesh_rotation_primary#filter). Everything here is measured by
        that cluster's CA then, and the CA that lies here without anybody's reading it is brought to be as that one is.
      - Nothing where a control plane of the mesh runs in the cluster itself.
    type: dict
    default: {}
  lease:
    description: The mesh's Lease, as M(meshops.lifecycle.lease) returned it, with C(kube) as the way to its cluster. Nothing is written without holding it.
    type: dict
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._authority
requirements:
  - cryptography >= 42
  - hvac >= 2.0, where O(root.source=vault)
seealso:
  - module: meshops.lifecycle.rotation_info
  - module: meshops.lifecycle.rotation_target
"""

EXAMPLES = r"""
- name: Trust the new root beside the old one
  meshops.lifecycle.rotation:
    kubeconfig: ~/.kube/config
    context: west
    mesh: shop
    step: introduce
    target: "{{ chosen.fingerprint }}"
    target_certificate: "{{ chosen.certificate }}"
    clusters: "{{ groups['all'] | meshops.lifecycle.mesh_rotation_clusters(hostvars, inventory_hostname, 'seen') }}"
    root:
      kube: {kubeconfig: ~/.kube/config, context: east, cluster: east}
"""

RETURN = r"""
standing:
  description:
    - What the cluster's CA says after the step. Fingerprints of the root that it C(signs_under), of its C(signer), and of the roots that it C(trusts).
    - C(marks) are roots without a key that stand in the bundle only to change it. C(epoch) is that of the Lease under which it was written.
  returned: success
  type: dict
laggards:
  description: Who does not live by it, a sentence each. Empty after a step.
  returned: success
  type: list
  elements: str
issuers:
  description: Fingerprints of the roots that certificates in use lead to.
  returned: success
  type: list
  elements: str
mended:
  description: What was done about laggards.
  returned: success
  type: list
  elements: str
seconds:
  description: How long the step took until everybody had followed.
  returned: success
  type: float
changes:
  description: Each object that was written, with C(object) and C(action).
  returned: success
  type: list
  elements: dict
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.rotation.rotation import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
