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
          - With V(command) and V(vault) somebody else has its key and signs the intermediates. Only signing requests go there.
            The keys of the intermediates are made in memory by the task. In check mode nobody is asked to sign.
        type: str
        choices: [generated, secret, inline, file, command, vault]
        default: generated
      kube:
        description:
          - The connection to the trust cluster, with the keys of this module's connection options, C(cluster) and
            C(cluster_uid) among them. Without it the trust cluster is this cluster. It keeps the Lease of the mesh, too, whatever O(root.source) is.
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
        description:
          - The root's certificate, PEM. A CA below the root may sign in its place, where O(root.private_key) is that one's. Then its certificate comes first,
            and those above it, up to the root, behind it. It has to have room for another CA below it. The clusters trust the root.
          - With O(root.source=command) it has to be given, here or as O(root.certificate_file), since it is what clusters trust.
          - With O(root.source=vault) Vault is asked for it where it is not given.
        type: str
      private_key:
        description:
          - The root's private key, PEM without passphrase; keep it in ansible-vault.
          - Without it intermediates that exist are checked against the root, and none can be issued.
        type: str
      certificate_file:
        description: A file with O(root.certificate).
        type: path
      private_key_file:
        description: A file with the root's private key, PEM without passphrase.
        type: path
      chain:
        description:
          - With O(root.source=command) and O(root.source=vault), the CAs between the root and the one that signs, PEM.
          - Not needed where the signer answers with them, as Vault does.
        type: str
      chain_file:
        description: A file with O(root.chain).
        type: path
      command:
        description:
          - With O(root.source=command), the program that signs and its arguments. No shell reads them, and they may be seen by others, so no secret
            belongs in them.
          - It gets a signing request (PKCS 10, PEM) on its standard input, and writes the signed certificate as PEM to its standard output, then those of
            the CAs between it and the root. Any other end than 0 means that it did not sign; the last lines of its standard error are shown.
          - In its environment are E(MESHOPS_CLUSTER), E(MESHOPS_COMMON_NAME), E(MESHOPS_DAYS), E(MESHOPS_NOT_BEFORE) and E(MESHOPS_NOT_AFTER), the latter two
            as C(2026-08-27T12:00:00Z).
        type: list
        elements: str
      timeout:
        description: With O(root.source=command) and O(root.source=vault), how many seconds a signature may take.
        type: int
        default: 60
      vault:
        description:
          - With O(root.source=vault), a PKI mount of HashiCorp Vault 1.11 or later, or of OpenBao. Needs the Python library C(hvac).
          - Its policy has to allow C(update) of C(<mount>/issuer/<issuer_ref>/sign-intermediate), and nothing else.
        type: dict
        suboptions:
          url:
            description: The address, as C(https://vault.example:8200). C(VAULT_ADDR) and C(VAULT_TOKEN) are not looked at.
            type: str
            required: true
          mount:
            description: Where the PKI secrets engine is mounted.
            type: str
            default: pki
          issuer_ref:
            description: The name or ID of the issuer that signs. It may be an intermediate, if Vault or O(root.chain) has what is above it.
            type: str
            default: default
          namespace:
            description: The Vault namespace.
            type: str
          token:
            description: A token; keep it in ansible-vault, or look it up. One of it and O(root.vault.role_id) has to be given.
            type: str
          role_id:
            description: The ID of an AppRole, which gets a token of its own for each signature.
            type: str
          secret_id:
            description: The secret ID of that AppRole.
            type: str
          approle_mount:
            description: Where the AppRole auth method is mounted.
            type: str
            default: approle
          ca_cert:
            description: A file with the CAs that the certificate of Vault's server may be of, PEM, instead of the usual ones.
            type: path
          validate_certs:
            description: Whether to verify the certificate of Vault's server.
            type: bool
            default: true
"""
