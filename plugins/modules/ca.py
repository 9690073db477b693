#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca
short_description: Make sure that a cluster has an issuing CA of the mesh's root
version_added: 0.1.0
description:
  - Keeps the CA that a cluster's control plane was given, if it is valid and of the mesh's root, whoever made it.
  - Where there is none, issues an intermediate of the mesh's root and gives it to the control plane.
    For Istio that is the Secret C(cacerts).
  - Where another CA signs in the control plane's place, as cert-manager's istio-csr does, nothing is written, and a warning says so.
  - An expired intermediate that this module issued is replaced by one of the same root. What the cluster trusts stays as it is. Nothing is replaced while
    somebody holds the Lease of the mesh, as a rotation does.
  - A cluster gets no first CA while a rotation of a generated root is under way.
  - One whose Secret another controller keeps is not replaced, for it would be written back.
  - Refuses everything else before the first write, with all reasons at once. A CA of another root is never replaced,
    for that would cut every workload off; it takes a rotation.
  - A root that does not exist yet is generated once and kept as a Secret on the trust cluster. Tasks for several
    clusters may run at the same time.
  - Private keys are made and used in memory. They are never returned, logged or written to disk.
author:
  - meshops contributors (@meshops)
notes:
  - A task's options pass through a temporary file unless pipelining is on. Set C(ansible_pipelining) to V(true) where
    O(root.private_key) is given, as the playbooks of this collection do.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._authority
requirements:
  - cryptography >= 42
  - hvac >= 2.0, where O(root.source=vault)
"""

EXAMPLES = r"""
- name: Give west an intermediate of a root that is generated on east
  meshops.lifecycle.ca:
    kubeconfig: ~/.kube/config
    context: west
    cluster: west
    mesh: shop
    trust_domain: shop.example
    root:
      kube: {kubeconfig: ~/.kube/config, context: east, cluster: east}

- name: Issue from a root that is kept in ansible-vault
  meshops.lifecycle.ca:
    kubeconfig: ~/.kube/config
    context: west
    mesh: shop
    root:
      source: inline
      certificate: "{{ vault_root_certificate }}"
      private_key: "{{ vault_root_private_key }}"

- name: Have it signed by a command that talks to an HSM
  meshops.lifecycle.ca:
    kubeconfig: ~/.kube/config
    context: west
    mesh: shop
    root:
      source: command
      command: [/usr/local/bin/sign-mesh-ca, --slot, "3"]
      certificate_file: /etc/pki/mesh/root.pem

- name: Have it signed by HashiCorp Vault
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
  description: Whether the CA was V(kept) or V(issued), or V(left) to who signs in the control plane's place, as cert-manager's istio-csr does.
  returned: success
  type: str
root:
  description:
    - The root that the cluster's CA leads to, with C(subject), C(fingerprint), C(not_after), C(key_type) and others.
    - Nothing in check mode where it would be made.
  returned: success
  type: dict
intermediate:
  description: The certificate of the cluster's CA, with the same facts. Nothing in check mode where it would be made.
  returned: success
  type: dict
chain:
  description: Whether the signatures from the intermediate up to the root were verified.
  returned: success
  type: bool
trust:
  description: Fingerprints of the root that the cluster C(signs_under) and of those that it C(trusts).
  returned: success
  type: dict
expiry:
  description: Of C(root) and C(intermediate), the C(days) left, and a C(level) of V(ok), V(warn), V(critical) or V(expired).
  returned: success
  type: dict
source:
  description: The fingerprint of the mesh's root, as the option O(root) gives it.
  returned: success
  type: str
present:
  description: Whether the cluster holds a CA now.
  returned: success
  type: bool
changes:
  description: Each object that was looked after, with C(object) and C(action).
  returned: success
  type: list
  elements: dict
findings:
  description: What speaks against the CA input, a sentence each.
  returned: when it is refused
  type: list
  elements: str
reasons:
  description: The names of the reasons for C(findings), in the same order.
  returned: when it is refused
  type: list
  elements: str
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.trust.ca import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
