#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca_info
short_description: Read a cluster's issuing CA, and report what is wrong with it
version_added: 0.1.0
description:
  - Reads the CA of a cluster's control plane and the mesh's root, and says what M(meshops.lifecycle.ca) would do.
  - Returns each fault of the CA or the root as a finding and does not fail. So you know all faults on all clusters before the first write on any cluster.
author:
  - meshops contributors (@meshops)
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._authority
  - meshops.lifecycle._mesh
requirements:
  - cryptography >= 42
  - hvac >= 2.0, with O(root.source=vault)
seealso:
  - module: meshops.lifecycle.ca
  - name: Role trust
    link: https://github.com/meshops/lifecycle/blob/main/roles/trust/README.md
    description: The role C(trust), which calls this module.
"""

EXAMPLES = r"""
- name: Read the CA of west and the root on east
  meshops.lifecycle.ca_info:
    kubeconfig: ~/.kube/config
    context: west
    cluster: west
    mesh: shop
    root:
      kube: {kubeconfig: ~/.kube/config, context: east, cluster: east}
  register: west_ca
"""

RETURN = r"""
action:
  description: What M(meshops.lifecycle.ca) would do, one of V(keep), V(issue), V(leave) and V(refuse).
  returned: success
  type: str
  sample: keep
findings:
  description: What is wrong with the CA input, a sentence each.
  returned: success
  type: list
  elements: str
  sample: []
reasons:
  description: The names of the reasons for C(findings), in the same order.
  returned: success
  type: list
  elements: str
  sample: []
present:
  description: Whether the cluster holds a CA.
  returned: success
  type: bool
  sample: true
root:
  description: The root that the cluster's CA leads to, with C(subject), C(fingerprint), C(not_after) and others.
  returned: success
  type: dict
  contains:
    subject: {description: The subject., type: str, sample: "CN=shop root,O=shop.example"}
    fingerprint: {description: SHA-256 of the certificate in hexadecimal., type: str, sample: 9f31c2d4...}
    not_after: {description: When it expires., type: str, sample: "2036-11-18T09:30:00Z"}
    key_type: {description: The type of its key., type: str, sample: P-256}
intermediate:
  description: The certificate of the cluster's CA, with the same facts.
  returned: success
  type: dict
  contains:
    subject: {description: The subject., type: str, sample: "CN=Intermediate CA east,O=shop.example"}
    fingerprint: {description: SHA-256 of the certificate in hexadecimal., type: str, sample: 51aa07be...}
    not_after: {description: When it expires., type: str, sample: "2028-11-20T09:30:00Z"}
    key_type: {description: The type of its key., type: str, sample: P-256}
chain:
  description: Whether the module verified the signatures from the intermediate up to the root.
  returned: success
  type: bool
  sample: true
trust:
  description: Fingerprints of the root that the cluster C(signs_under) and of the roots that it C(trusts).
  returned: success
  type: dict
  sample: {signs_under: 9f31c2d4..., trusts: [9f31c2d4...]}
expiry:
  description: For C(root) and C(intermediate), the C(days) left, and a C(level) of V(ok), V(warn), V(critical) or V(expired).
  returned: success
  type: dict
  sample: {root: {days: 3650, level: ok}, intermediate: {days: 730, level: ok}}
source:
  description: The fingerprint of the mesh's root, as the option O(root) gives it. Nothing if the root does not exist yet.
  returned: success
  type: str
  sample: 9f31c2d4...
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.trust.ca_info import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
