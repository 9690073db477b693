#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_info
short_description: Read what a cluster's CA, control planes, trust bundles and proxies hold
version_added: 0.1.0
description:
  - Reads the CA of a cluster, then asks everything that uses it what it really holds. Each control plane pod shows the certificate that it serves in a TLS
    handshake. Each proxy reports its trust bundle and its certificate. The module reads the trust bundle of each namespace.
  - Names the laggards. A laggard still holds something else than the CA gives. The module concludes nothing from what an earlier run wrote, and writes
    nothing.
  - No private key leaves the module.
author:
  - meshops contributors (@meshops)
options:
  mesh:
    description: The name of the mesh. The module reports a fault if the CA was made for another mesh.
    type: str
  limit:
    description: How many laggards, and how many entries of each other list of pods or proxies, to return. The module counts all laggards.
    type: int
    default: 50
  primary:
    description:
      - The facts about the cluster that serves this one, as this module returns them there. The module then measures everything here by that
        cluster's CA.
      - Leave it empty if a control plane of the mesh runs in the cluster itself.
    type: dict
    default: {}
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
requirements:
  - cryptography >= 42
seealso:
  - module: meshops.lifecycle.ca_info
  - module: meshops.lifecycle.certificates_info
  - name: Role rotate
    link: https://github.com/meshops/lifecycle/blob/main/roles/rotate/README.md
    description: The role C(rotate), which calls this module.
"""

EXAMPLES = r"""
- name: Read which roots the proxies of east hold
  meshops.lifecycle.rotation_info:
    kubeconfig: ~/.kube/config
    context: east
  register: trust

- name: Name the laggards
  ansible.builtin.debug:
    var: trust.laggards
"""

RETURN = r"""
cluster:
  description: The cluster's name.
  returned: success
  type: str
  sample: east
uid:
  description: The UID of the namespace kube-system, which distinguishes a cluster from one that was rebuilt under its name.
  returned: success
  type: str
  sample: 2f6d3a52-6c1e-4a57-9d40-0a6d5f1c9b11
clock_skew_seconds:
  description: The local clock minus the clock of the API server, exact to about a second.
  returned: success
  type: float
  sample: 0.4
standing:
  description:
    - Fingerprints of the root that the CA C(signs_under), of its own certificate (C(signer)), of the roots that it C(trusts), and of C(marks), roots without a
      key that are in the bundle only to change it. C(epoch) is the epoch of the Lease under which the CA was written.
    - Empty if the cluster holds no CA.
  returned: success
  type: dict
  contains:
    signs_under: {description: The fingerprint of the root that the CA leads to., type: str, sample: 9f31c2d4...}
    signer: {description: The fingerprint of the CA's own certificate., type: str, sample: 51aa07be...}
    trusts: {description: Fingerprints of the roots that it hands out., type: list, elements: str, sample: [9f31c2d4...]}
    marks: {description: Fingerprints of roots without a key that are only to change the bundle., type: list, elements: str, sample: []}
    epoch: {description: The epoch of the Lease under which the CA was written., type: int, sample: 7}
previous:
  description: The same facts about the former CA, as long as the cluster keeps one.
  returned: success
  type: dict
  contains:
    signs_under: {description: The fingerprint of the root that the CA leads to., type: str, sample: 9f31c2d4...}
    signer: {description: The fingerprint of the CA's own certificate., type: str, sample: 51aa07be...}
    trusts: {description: Fingerprints of the roots that it hands out., type: list, elements: str, sample: [9f31c2d4...]}
    marks: {description: Fingerprints of roots without a key that are only to change the bundle., type: list, elements: str, sample: []}
    epoch: {description: The epoch of the Lease under which the CA was written., type: int, sample: 7}
root:
  description: The root that the CA leads to, with C(subject), C(fingerprint), C(not_after) and others.
  returned: success
  type: dict
  contains:
    subject: {description: The subject., type: str, sample: "CN=shop root,O=shop.example"}
    fingerprint: {description: SHA-256 of the certificate in hexadecimal., type: str, sample: 9f31c2d4...}
    not_after: {description: When it expires., type: str, sample: "2036-11-18T09:30:00Z"}
    key_type: {description: The type of its key., type: str, sample: P-256}
intermediate:
  description: The CA's own certificate, with the same facts as RV(root).
  returned: success
  type: dict
  contains:
    subject: {description: The subject., type: str, sample: "CN=Intermediate CA east,O=shop.example"}
    fingerprint: {description: SHA-256 of the certificate in hexadecimal., type: str, sample: 51aa07be...}
    not_after: {description: When it expires., type: str, sample: "2028-11-20T09:30:00Z"}
    key_type: {description: The type of its key., type: str, sample: P-256}
roots:
  description: Every root of the CA's trust bundle, with the same facts as RV(root), its C(pem), and whether it is a C(mark).
  returned: success
  type: list
  elements: dict
  sample:
    - subject: CN=shop root,O=shop.example
      fingerprint: 9f31c2d4...
      not_after: '2036-11-18T09:30:00Z'
      key_type: P-256
      pem: "-----BEGIN CERTIFICATE-----\n..."
      mark: false
bundle_pem:
  description: The CA's trust bundle, byte for byte.
  returned: success
  type: str
  sample: "-----BEGIN CERTIFICATE-----\n..."
added_pem:
  description: The roots that proxies get beside that bundle, PEM. With Istio C(meshConfig.caCertificates) names them.
  returned: success
  type: str
  sample: ""
served_by:
  description:
    - The name of the O(primary) by which the module measured the cluster. RV(standing), RV(root), RV(intermediate), RV(roots), RV(bundle_pem) and
      RV(added_pem) then describe the CA of the primary.
  returned: success
  type: str
  sample: ''
unread:
  description:
    - With a O(primary), the standing of the CA in the cluster itself, if it has one. Also whether a former CA is C(kept), and whether the CA in the cluster
      C(trails), which means that it differs from the CA of the primary. Null without either.
  returned: success
  type: dict
  sample: {cluster: far, signs_under: 9f31c2d4..., signer: 51aa07be..., trusts: [9f31c2d4...], marks: [], epoch: 7, kept: false, trails: false}
driven:
  description: Whether the product of the mesh drives the rotation itself.
  returned: success
  type: bool
  sample: false
alone:
  description: Whether the clusters of the mesh share no root.
  returned: success
  type: bool
  sample: false
outgoing:
  description:
    - Fingerprints of roots that workloads still trust although no certificate of theirs is in use.
    - A product that drives the rotation itself drops them by itself.
  returned: success
  type: list
  elements: str
  sample: []
ignored:
  description:
    - Roots that the control plane goes on handing out although the CA holds others. A running control plane takes another CA only if one of the two bundles
      contains the other one.
    - At its next restart the control plane takes the CA after all. The role P(meshops.lifecycle.rotate#role) gives it the roots of both.
    - Each has the facts of RV(roots).
  returned: success
  type: list
  elements: dict
  sample: []
expired:
  description: The proxies whose certificate, or a CA above it, has expired.
  returned: success
  type: list
  elements: str
  sample: []
expired_count:
  description: The number of all such proxies.
  returned: success
  type: int
  sample: 0
quirks:
  description: What the versions of the control planes do wrong in a rotation or need for it, a sentence each with its source.
  returned: success
  type: list
  elements: str
  sample: []
faults:
  description: Why the module cannot measure the cluster by its CA, a sentence each.
  returned: success
  type: list
  elements: str
  sample: []
issuers:
  description: Fingerprints of the roots that certificates in use lead to.
  returned: success
  type: list
  elements: str
  sample: [9f31c2d4...]
holders:
  description: How many control planes, trust bundles and proxies the module saw, by the keys C(control plane), C(trust bundle) and C(proxy).
  returned: success
  type: dict
  sample: {control plane: 1, trust bundle: 14, proxy: 212}
laggards:
  description: The laggards, which hold something else than the CA gives or which the module could not see, a sentence each.
  returned: success
  type: list
  elements: str
  sample: []
laggard_count:
  description: The number of all laggards.
  returned: success
  type: int
  sample: 0
lagging:
  description: The laggards with C(kind), C(namespace), C(name), C(workload), whether each takes a new trust bundle while it runs (C(online)), and a sentence
    about it (C(says)).
  returned: success
  type: list
  elements: dict
  sample:
    - kind: proxy
      namespace: shop
      name: shop-7d9f
      workload: Deployment/shop
      online: true
      says: trusts 9f31c2d4 and should trust 51aa07be, 9f31c2d4
online:
  description: Whether a new trust bundle reaches every control plane and every proxy without a restart.
  returned: success
  type: bool
  sample: true
offline:
  description: The workloads that need a restart for a new trust bundle, as namespace, kind and name.
  returned: success
  type: list
  elements: str
  sample: []
planes:
  description:
    - The control planes, with C(name), C(revision), C(version), C(desired) and C(ready) replicas, and whether they take a new trust bundle while they run
      (C(online)). Also whether they issue certificates themselves (C(signs)), or which CA does C(instead).
  returned: success
  type: list
  elements: dict
  sample: [{name: istiod-stable, revision: stable, version: 1.31.3, desired: 1, ready: 1, online: true, signs: true, instead: ""}]
in_charge:
  description: What else keeps the CA, such as istio-csr, a Certificate of cert-manager or an ExternalSecret. You must then rotate the CA there. Empty if
    nothing else keeps it.
  returned: success
  type: str
  sample: ''
unseen:
  description: Proxies that the control plane serves and that are not pods of the cluster, such as virtual machines, by namespace and name.
  returned: success
  type: list
  elements: str
  sample: []
silent:
  description: Control plane pods that did not say which proxies they serve.
  returned: success
  type: list
  elements: str
  sample: []
ids:
  description: The names by which control planes know the cluster.
  returned: success
  type: list
  elements: str
  sample: [east]
linked:
  description: The other clusters to which the control plane is linked, by the IDs that it uses for them.
  returned: success
  type: list
  elements: str
  sample: [west]
elsewhere:
  description: The proxies that the control plane serves in other clusters, by the ID of the cluster.
  returned: success
  type: dict
  sample: {far: [shop/cart-7d9f]}
node_proxies:
  description: Pods that are the proxies of whole nodes, as those of Istio's ambient mode. The module cannot ask them.
  returned: success
  type: list
  elements: str
  sample: [istio-system/ztunnel-x2x4]
foreign:
  description: Pods with a container called C(istio-proxy) that does not belong to the mesh.
  returned: success
  type: list
  elements: str
  sample: [tools/debug-0]
unselected:
  description: Namespaces with a trust bundle that the mesh's configuration leaves out, as Istio's C(discoverySelectors) do. The module does not measure them.
  returned: success
  type: list
  elements: str
  sample: [batch]
stranded:
  description: The namespaces of RV(unselected) in which proxies of the mesh run.
  returned: success
  type: list
  elements: str
  sample: [batch]
by_hand:
  description: Proxies that take no new trust bundle while they run, and whose pods no workload would make again.
  returned: success
  type: list
  elements: str
  sample: [shop/import-1]
meshes:
  description: The mesh configurations of the control planes, as YAML.
  returned: success
  type: list
  elements: str
  sample: ["trustDomain: cluster.local\n..."]
leaf_expires:
  description: When the first of the certificates in use expires.
  returned: success
  type: str
  sample: '2026-11-27T12:00:00Z'
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.rotation.rotation_info import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
