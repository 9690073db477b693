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
  - Brings certificates and keys into the Secrets that gateways serve them from, each in one write, and waits until every ready pod of these gateways was
    seen to serve them in a TLS handshake for each host.
  - For Istio these are the Secrets named by C(credentialName) of its C(Gateway), and by C(certificateRefs) of the Gateway API's.
  - What does not fit is refused before the first write, with all reasons at once. The key has to match, the chain to lead on, the names to cover every
    host that is served with it, and all of it to be valid now and strong enough.
  - A Secret that cert-manager or another controller keeps is left to it.
author:
  - meshops contributors (@meshops)
notes:
  - A task's options pass through a temporary file unless pipelining is on. Set C(ansible_pipelining) to V(true) where keys are given inline, as the
    playbooks of this collection do.
options:
  certificates:
    description:
      - What is to be served. Where an entry gives no certificate, the mesh's root issues one.
      - With an empty list and O(issue_days), all that the mesh's root has issued are issued anew.
    type: list
    elements: dict
    default: []
    suboptions:
      cluster:
        description: The cluster that the entry is for. All others pass over it. Without it, it is for every cluster.
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
        description: The certificate, PEM. The chain may stand behind it.
        type: str
      private_key:
        description: Its key, PEM. Keep it in ansible-vault.
        type: str
      chain:
        description: The certificates above it, PEM, where they do not stand in O(certificates[].certificate).
        type: str
      certificate_file:
        description: A file with the certificate, PEM.
        type: path
      private_key_file:
        description: A file with its key, PEM, not encrypted by ansible-vault.
        type: path
      chain_file:
        description: A file with the certificates above it, PEM.
        type: path
  issue_days:
    description: For how many days the mesh's root issues certificates where none is given. With V(0) it issues none.
    type: int
    default: 0
  min_age:
    description: How many seconds old a certificate that the root has issued must be to be issued anew.
    type: int
    default: 3600
  timeout:
    description: How many seconds the gateways have to serve them.
    type: int
    default: 600
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
"""

EXAMPLES = r"""
- name: Serve the certificate that was bought
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
    - Each Secret with its C(action), V(replaced) or V(kept), the C(certificate) that is served now, a short fingerprint of the one C(before), the
      C(gateways) and the pods that were seen to serve it, C(served_by).
  returned: success
  type: list
  elements: dict
plan:
  description: The same as sentences.
  returned: success
  type: list
  elements: str
seconds:
  description: How long it took until all served them.
  returned: success
  type: float
findings:
  description: What speaks against it, or who lags behind, a sentence each.
  returned: when it is refused, or somebody lags behind
  type: list
  elements: str
changes:
  description: What was written, object by object.
  returned: success
  type: list
  elements: dict
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.gateways.gateway_certificates import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
