#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca
short_description: Ensure that a cluster has an issuing CA of the mesh's root
version_added: 0.1.0
description:
  - Keeps the CA of a cluster's control plane if it is valid and of the mesh's root, whoever made it.
  - If the cluster has no CA, issues an intermediate of the mesh's root and gives it to the control plane. With Istio the intermediate lies in the Secret
    C(cacerts).
  - If another CA signs in the control plane's place, as cert-manager's istio-csr does, the module writes nothing, and a warning says so.
  - Replaces an expired intermediate that this module issued by another intermediate of the same root. What the cluster trusts stays as it is. The module
    replaces nothing while somebody holds the Lease of the mesh, as a rotation does.
  - Gives a cluster no first CA while a rotation of a generated root is under way.
  - Does not replace an intermediate whose Secret another controller manages, because that controller would undo the change.
  - Refuses everything else before the first write, with all reasons at once. The module never replaces a CA of another root, because that would cut every
    workload off. Rotate the root instead.
  - With O(root.source=generated), generates the root if it does not exist, and keeps it as a Secret on the trust cluster. Tasks for several clusters may run at
    the same time. Only one of them makes the root.
  - The module makes and uses private keys in memory. It never returns, logs or writes them to disk.
author:
  - meshops contributors (@meshops)
notes:
  - A task's options pass through a temporary file unless pipelining is on. Set C(ansible_pipelining) to V(true) if you give O(root.private_key), as the
    playbooks of this collection do.
seealso:
  - module: meshops.lifecycle.ca_info
  - module: meshops.lifecycle.rotation
  - name: Role trust
    link: https://github.com/meshops/lifecycle/blob/main/roles/trust/README.md
    description: The role C(trust), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._authority
  - meshops.lifecycle._mesh
requirements:
  - cryptography >= 42
  - hvac >= 2.0, with O(root.source=vault)
"""

EXAMPLES = r"""
- name: Give west an intermediate of a root that the module generates on east
  meshops.lifecycle.ca:
    kubeconfig: ~/.kube/config
    context: west
    cluster: west
    mesh: shop
    trust_domain: shop.example
    root:
      kube: {kubeconfig: ~/.kube/config, context: east, cluster: east}

- name: Issue an intermediate from a root in ansible-vault
  meshops.lifecycle.ca:
    kubeconfig: ~/.kube/config
    context: west
    mesh: shop
    root:
      source: inline
      certificate: "{{ vault_root_certificate }}"
      private_key: "{{ vault_root_private_key }}"

- name: Let a command that talks to an HSM sign the intermediate
  meshops.lifecycle.ca:
    kubeconfig: ~/.kube/config
    context: west
    mesh: shop
    root:
      source: command
      command: [/usr/local/bin/sign-mesh-ca, --slot, "3"]
      certificate_file: /etc/pki/mesh/root.pem

- name: Let HashiCorp Vault sign the intermediate
  meshops.lifecycle.ca:
    kubeconfig: ~/.kube/config
    context: west
    mesh: shop
    root:
      source: vault
      vault:
        url: https://vault.example:8200
        mount: pki_mesh
        role_id: "{{ vault_role_id }}"
        secret_id: "{{ vault_secret_id }}"
"""

RETURN = r"""
action:
  description: Whether the module V(kept) or V(issued) the CA, or V(left) it to the CA that signs in the control plane's place, as cert-manager's istio-csr
    does.
  returned: success
  type: str
  sample: issued
root:
  description:
    - The root that the cluster's CA leads to, with C(subject), C(fingerprint), C(not_after), C(key_type) and others.
    - Nothing in check mode if the run would make it.
  returned: success
  type: dict
  contains:
    subject: {description: The subject., type: str, sample: "CN=shop root,O=shop.example"}
    fingerprint: {description: SHA-256 of the certificate in hexadecimal., type: str, sample: 9f31c2d4...}
    not_after: {description: When it expires., type: str, sample: "2036-11-18T09:30:00Z"}
    key_type: {description: The type of its key., type: str, sample: P-256}
intermediate:
  description: The certificate of the cluster's CA, with the same facts. Nothing in check mode if the run would make it.
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
  description: The fingerprint of the mesh's root, as the option O(root) gives it.
  returned: success
  type: str
  sample: 9f31c2d4...
present:
  description: Whether the cluster holds a CA now.
  returned: success
  type: bool
  sample: true
changes:
  description: Each object that the module checked or wrote, with C(object) and C(action).
  returned: success
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Secret istio-system/cacerts}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: created}
findings:
  description: What is wrong with the root or with the cluster's CA, a sentence each.
  returned: when the module refuses
  type: list
  elements: str
  sample: []
reasons:
  description: The names of the reasons for C(findings), in the same order.
  returned: when the module refuses
  type: list
  elements: str
  sample: []
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.trust.ca import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
