#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gateway_certificates
short_description: Replace the certificates that a cluster's gateways serve
version_added: 0.1.0
description:
  - The module writes each certificate with its key, in one write, into the Secret from which gateways serve it. Then it waits until it has seen, in a TLS
    handshake for each host, that every ready pod of these gateways serves the new certificate.
  - With Istio these are the Secrets that C(credentialName) of Istio's C(Gateway) or C(certificateRefs) of the Gateway API's
    C(Gateway) name.
  - Before the first write, the module refuses certificates that do not fit, with all reasons at once. The key must match the certificate, the chain must be
    complete, the names must cover every host that the certificate serves, and every certificate must be valid now and strong enough.
  - The module does not write a Secret that cert-manager or another controller manages.
author:
  - meshops contributors (@meshops)
notes:
  - A task's options pass through a temporary file unless pipelining is on. Set C(ansible_pipelining) to V(true) if you give keys inline, as the playbooks of
    this collection do.
options:
  certificates:
    description:
      - The certificates to serve. If an entry has no certificate, the mesh's root issues one.
      - With an empty list and O(issue_days), the module renews all certificates that the mesh's root has issued.
    type: list
    elements: dict
    default: []
    suboptions:
      cluster:
        description: The cluster that the entry is for. All other clusters ignore the entry. Without it, the entry is for every cluster.
        type: str
      namespace:
        description: The namespace of the Secret.
        type: str
        required: true
      name:
        description: The name of the Secret.
        type: str
        required: true
      certificate:
        description: The certificate, PEM. The chain may follow it.
        type: str
      private_key:
        description: The certificate's key, PEM. Keep it in ansible-vault.
        type: str
      chain:
        description: The certificates between this certificate and its root, PEM, if they are not in O(certificates[].certificate).
        type: str
      certificate_file:
        description: A file with the certificate, PEM.
        type: path
      private_key_file:
        description: A file with the certificate's key, PEM, not encrypted by ansible-vault.
        type: path
      chain_file:
        description: A file with the certificates between this certificate and its root, PEM.
        type: path
  issue_days:
    description: How many days a certificate is valid that the mesh's root issues because an entry has none. With V(0) it issues none.
    type: int
    default: 0
  min_age:
    description: How many seconds old a certificate that the mesh's root has issued must be before the module issues another one.
    type: int
    default: 3600
  timeout:
    description: For how many seconds to wait until the gateways serve the certificates.
    type: int
    default: 600
  lease:
    description: The mesh's Lease, as M(meshops.lifecycle.lease) returned it, with C(kube) as the connection to its cluster. The module writes nothing unless
      the run holds this Lease.
    type: dict
seealso:
  - module: meshops.lifecycle.certificates_info
  - name: Role rotate
    link: https://github.com/meshops/lifecycle/blob/main/roles/rotate/README.md
    description: The role C(rotate), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._authority
  - meshops.lifecycle._mesh
requirements:
  - cryptography >= 42
"""

EXAMPLES = r"""
- name: Serve a certificate that you bought
  meshops.lifecycle.gateway_certificates:
    kubeconfig: ~/.kube/config
    context: east
    mesh: shop
    certificates:
      - namespace: istio-ingress
        name: shop-example
        certificate: "{{ vault_shop_certificate }}"
        private_key: "{{ vault_shop_key }}"
"""

RETURN = r"""
certificates:
  description:
    - Each C(secret) with its C(action), V(replaced) or V(kept), the C(certificate) that it serves now, a short fingerprint of the one C(before), the
      C(gateways), and the pods that the module saw serve it, C(served_by).
  returned: success
  type: list
  elements: dict
  sample:
    - secret: istio-ingress/shop-tls
      action: replaced
      certificate: {subject: CN=shop.example, fingerprint: 3c0d55e1..., not_after: "2027-02-26T12:00:00Z", key_type: P-256, sans: [shop.example]}
      before: 77b0e9a2
      gateways: [Gateway istio-ingress/shop]
      served_by: ["Pod istio-ingress/gateway-6f7c:8443"]
plan:
  description: What the module did with each Secret, or in check mode would do, a sentence each.
  returned: success
  type: list
  elements: str
  sample: []
seconds:
  description: How many seconds it took until all gateways served the certificates.
  returned: success
  type: float
  sample: 3.2
findings:
  description: What is wrong, or which gateways lag behind, a sentence each.
  returned: when the module refuses, or a gateway lags behind
  type: list
  elements: str
  sample: []
changes:
  description: Each object that the module checked or wrote, with C(object) and C(action).
  returned: success
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Secret istio-ingress/shop-tls}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: updated}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.gateways.gateway_certificates import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
