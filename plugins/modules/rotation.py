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
  - The target is the root with which the rotation ends.
  - With O(step=introduce) the cluster trusts the target, and goes on trusting every root that the mesh uses.
  - With O(step=reissue) the cluster signs with an intermediate of the target, and goes on trusting the same roots.
  - With O(step=soak) the module only waits. It renews the Lease meanwhile and fails if another run has taken the Lease.
  - With O(step=retire) the cluster stops trusting O(leaving), the roots that the rotation brought or replaces. Other roots stay.
  - With O(step=finish) the module removes the former CA, which an earlier step kept for turning back.
  - The module writes the cluster's CA only if it differs, with Istio in one write. Then it waits until it has seen that every control plane, every namespace's
    trust bundle and every proxy of the cluster has followed. It helps laggards by the least means that works.
  - Before the first write, the module refuses a step that would cut a workload off.
author:
  - meshops contributors (@meshops)
options:
  step:
    description: The step to do.
    type: str
    choices: [introduce, reissue, soak, retire, finish]
    required: true
  target:
    description: The fingerprint of the target. All steps except O(step=soak) need it.
    type: str
  target_certificate:
    description: The certificate of the target, PEM, if no bundle of the mesh has it yet.
    type: str
    default: ''
  clusters:
    description: The facts about every cluster of the mesh, as M(meshops.lifecycle.rotation_info) and the steps before return them. All steps except
      O(step=soak) need them.
    type: list
    elements: dict
  leaving:
    description: Fingerprints of the roots that the clusters give up with O(step=retire), from M(meshops.lifecycle.rotation_target).
    type: list
    elements: str
    default: []
  moment:
    description: When the rotation was planned, from M(meshops.lifecycle.rotation_target). The module treats what expires after this moment as not expired.
      Without it the moment is now.
    type: str
  soak:
    description: With O(step=soak), how many seconds to wait.
    type: int
    default: 0
  stale:
    description: Fingerprints of intermediates to replace although the target has signed them.
    type: list
    elements: str
    default: []
  recover:
    description:
      - Whether the mesh's root has expired. A cluster under an expired root does not take another trust bundle, so the module does nothing there with
        O(step=introduce). With O(step=reissue) the cluster comes to trust the target and to sign under it in one write.
    type: bool
    default: false
  may_restart:
    description: Whether the module may restart workloads and control planes that follow only after a restart.
    type: bool
    default: false
  timeout:
    description: For how many seconds to wait until everything in the cluster has followed.
    type: int
    default: 600
  primary:
    description:
      - The facts about the cluster that serves this one, as this module returned them there. The module then measures everything here by
        that cluster's CA. Nothing reads the CA in this cluster, and the module makes it match the CA of the primary.
      - Leave it empty if a control plane of the mesh runs in the cluster itself.
    type: dict
    default: {}
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
  - hvac >= 2.0, with O(root.source=vault)
seealso:
  - module: meshops.lifecycle.rotation_info
  - module: meshops.lifecycle.rotation_target
  - name: Role rotate
    link: https://github.com/meshops/lifecycle/blob/main/roles/rotate/README.md
    description: The role C(rotate), which calls this module.
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
    clusters: "{{ ansible_play_hosts | map('extract', hostvars, 'seen') }}"
    root:
      kube: {kubeconfig: ~/.kube/config, context: east, cluster: east}
"""

RETURN = r"""
standing:
  description:
    - What the cluster's CA says after the step. It has fingerprints of the root that the CA C(signs_under), of its own certificate (C(signer)), and of the
      roots that it C(trusts).
    - C(marks) are roots without a key that are in the bundle only to change it. C(epoch) is the epoch of the Lease under which the CA was written.
  returned: with every step except V(soak) and V(finish)
  type: dict
  contains:
    signs_under: {description: The fingerprint of the root that the CA leads to., type: str, sample: 9f31c2d4...}
    signer: {description: The fingerprint of the CA's own certificate., type: str, sample: 51aa07be...}
    trusts: {description: Fingerprints of the roots that it hands out., type: list, elements: str, sample: [9f31c2d4...]}
    marks: {description: Fingerprints of roots without a key that are only to change the bundle., type: list, elements: str, sample: []}
    epoch: {description: The epoch of the Lease under which the CA was written., type: int, sample: 7}
laggards:
  description: The laggards, a sentence each. After a step that succeeded there are none.
  returned: with every step except V(soak) and V(finish)
  type: list
  elements: str
  sample: []
issuers:
  description: Fingerprints of the roots that certificates in use lead to.
  returned: with every step except V(soak) and V(finish)
  type: list
  elements: str
  sample: [9f31c2d4...]
step:
  description: The step that the module did.
  returned: with every step except V(soak) and V(finish)
  type: str
  sample: introduce
mended:
  description: What the module did to help laggards, a sentence each.
  returned: with every step except V(soak) and V(finish)
  type: list
  elements: str
  sample: []
seconds:
  description: How many seconds it took until everything had followed.
  returned: success
  type: float
  sample: 21.3
changes:
  description: Each object that the module wrote, with C(object) and C(action).
  returned: with every step except V(soak)
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Secret istio-system/cacerts}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: updated}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.rotation.rotation import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
