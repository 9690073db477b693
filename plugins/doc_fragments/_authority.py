# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules that look at, or make, a cluster's issuing CA."""

    DOCUMENTATION = r"""
options:
  provider:
    description: The mesh.
    type: str
    choices: [istio]
    default: istio
  mesh:
    description: The name of the mesh. It marks the Secrets that are made, and is part of the name of a generated root.
    type: str
    required: true
  trust_domain:
    description: The mesh's trust domain, the organization in the certificates that are issued.
    type: str
    default: cluster.local
  namespace:
    description: The namespace of the control plane.
    type: str
    default: istio-system
  network:
    description: The network of this cluster, for the label of a namespace that has to be made.
    type: str
  key_type:
    description:
      - The kind of key of what is issued and generated, one of V(P-256), V(RSA-2048), V(RSA-3072) and V(RSA-4096).
      - V(Ed25519) is refused, for Envoy does not take it.
    type: str
    default: P-256
  intermediate_days:
    description: How long an intermediate is valid. It never outlives the root.
    type: int
    default: 730
  root_days:
    description: How long a generated root is valid.
    type: int
    default: 3650
  root:
    description: Where the mesh's root comes from.
    type: dict
    suboptions:
      source:
        description:
          - With V(generated) it is the Secret O(root.name) on the trust cluster. It is made if it is not there.
          - With V(secret) it is that Secret, which has to be there. Its keys may be C(root-cert.pem) and
            C(root-key.pem), C(tls.crt) and C(tls.key), or C(ca-cert.pem) and C(ca-key.pem).
          - With V(inline) it is O(root.certificate) and O(root.private_key).
          - With V(file) it is O(root.certificate_file) and O(root.private_key_file).
        type: str
        choices: [generated, secret, inline, file]
        default: generated
      kube:
        description:
          - The connection to the trust cluster, with the keys of this module's connection options, C(cluster) and
            C(cluster_uid) among them. Without it the trust cluster is this cluster.
        type: dict
      namespace:
        description: The namespace of the Secret. Whoever reads Secrets there holds the mesh's root.
        type: str
        default: meshops-system
      name:
        description: The name of the Secret.
        type: str
        default: meshops-root-ca
      certificate:
        description: The root's certificate, PEM.
        type: str
      private_key:
        description:
          - The root's private key, PEM without passphrase; keep it in ansible-vault.
          - Without it intermediates that exist are checked against the root, and none can be issued.
        type: str
      certificate_file:
        description: A file with the root's certificate, PEM.
        type: path
      private_key_file:
        description: A file with the root's private key, PEM without passphrase.
        type: path
"""
