# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules that read or make the CA of a cluster, or the root of a mesh."""

    DOCUMENTATION = r"""
options:
  mesh:
    description: The name of the mesh. It is a label of the Secrets that the module makes, and part of the name of a generated root.
    type: str
    required: true
  trust_domain:
    description: The mesh's trust domain, which is the organization in the certificates that the module issues.
    type: str
    default: cluster.local
  network:
    description: The network of this cluster. If the module makes the namespace of the control plane, the namespace gets the network as a label.
    type: str
  key_type:
    description:
      - The key type of the certificates that the module issues and of a generated root. The kind of mesh says which types it can use and which one is the
        default. Istio can use V(P-256), V(RSA-2048), V(RSA-3072) and V(RSA-4096), and its default is V(P-256).
      - The module refuses every other type before it writes anything.
    type: str
  intermediate_days:
    description: How many days an intermediate is valid. It never outlives the root.
    type: int
    default: 730
  root_days:
    description: How many days a generated root is valid.
    type: int
    default: 3650
  root:
    description: Where the mesh's root comes from.
    type: dict
    suboptions:
      source:
        description:
          - With V(generated) the root is the Secret O(root.name) on the trust cluster. The module makes the Secret if it does not exist.
          - With V(secret) the root is that Secret, which must exist. Its keys may be C(root-cert.pem) and C(root-key.pem), C(tls.crt) and C(tls.key), or
            C(ca-cert.pem) and C(ca-key.pem).
          - With V(inline) the root is O(root.certificate) and O(root.private_key).
          - With V(file) the root is O(root.certificate_file) and O(root.private_key_file).
          - With V(command) and V(vault) somebody else has the root's key and signs the intermediates. The module sends only signing requests there. The task
            makes the keys of the intermediates in memory. In check mode the module asks no signer.
        type: str
        choices: [generated, secret, inline, file, command, vault]
        default: generated
      kube:
        description:
          - The connection to the trust cluster, with the keys of this module's connection options, C(cluster) and C(cluster_uid) among them. Without it the
            trust cluster is this cluster. The trust cluster also keeps the Lease of the mesh, whatever O(root.source) is.
        type: dict
      namespace:
        description: The namespace of the Secret. Anybody who may read Secrets there can sign with the mesh's root.
        type: str
        default: meshops-system
      name:
        description: The name of the Secret.
        type: str
        default: meshops-root-ca
      certificate:
        description:
          - The root's certificate, PEM. A CA below the root may sign in its place, if O(root.private_key) is the key of that CA. Then put its certificate
            first, and behind it the certificates above it, up to the root. Its path length must allow another CA below it. The clusters trust the root.
          - With O(root.source=command) you must give it, here or as O(root.certificate_file), because it is what clusters trust.
          - With O(root.source=vault) the module asks Vault for it if you do not give it.
        type: str
      private_key:
        description:
          - The root's private key, PEM without passphrase. Keep it in ansible-vault.
          - Without it the module checks existing intermediates against the root, and can issue none.
        type: str
      certificate_file:
        description: A file with O(root.certificate).
        type: path
      private_key_file:
        description: A file with the root's private key, PEM without passphrase.
        type: path
      chain:
        description:
          - With O(root.source=command) and O(root.source=vault), the CAs between the root and the CA that signs, PEM.
          - Not needed if the signer sends them, as Vault does.
        type: str
      chain_file:
        description: A file with O(root.chain).
        type: path
      command:
        description:
          - With O(root.source=command), the program that signs and its arguments. No shell reads them, and others may see them, so put no secret into them.
          - The program gets a signing request (PKCS 10, PEM) on its standard input. It writes the signed certificate as PEM to its standard output, then the
            certificates of the CAs between that certificate and the root. Any exit code other than 0 means that it did not sign. The module shows the last
            lines of its standard error.
          - Its environment has E(MESHOPS_CLUSTER), E(MESHOPS_COMMON_NAME), E(MESHOPS_DAYS), E(MESHOPS_NOT_BEFORE) and E(MESHOPS_NOT_AFTER). The last two have
            the form C(2026-08-27T12:00:00Z).
        type: list
        elements: str
      timeout:
        description: With O(root.source=command) and O(root.source=vault), how many seconds a signature may take.
        type: int
        default: 60
      vault:
        description:
          - With O(root.source=vault), a PKI mount of HashiCorp Vault 1.11 or later, or of OpenBao. Needs the Python library C(hvac).
          - The policy must allow C(update) of C(<mount>/issuer/<issuer_ref>/sign-intermediate), and nothing else.
        type: dict
        suboptions:
          url:
            description: The address, such as C(https://vault.example:8200). The module does not read C(VAULT_ADDR) and C(VAULT_TOKEN).
            type: str
            required: true
          mount:
            description: The path where the PKI secrets engine is mounted.
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
            description: A token. Keep it in ansible-vault, or look it up. Give it or O(root.vault.role_id).
            type: str
          role_id:
            description: The ID of an AppRole. The module logs in with it for each signature.
            type: str
          secret_id:
            description: The secret ID of that AppRole.
            type: str
          approle_mount:
            description: The path where the AppRole auth method is mounted.
            type: str
            default: approle
          ca_cert:
            description: A file with the CAs that may have signed the certificate of the Vault server, PEM, instead of the usual CAs.
            type: path
          validate_certs:
            description: Whether to verify the certificate of the Vault server.
            type: bool
            default: true
"""
