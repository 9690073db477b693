#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rotation_info
short_description: Read a cluster's CA, and what its control planes, trust bundles and proxies hold
version_added: 0.1.0
description:
  - Reads the CA of a cluster, then asks everything that uses it what it really holds. Each control plane pod shows the certificate that it serves in a TLS
    handshake. Each proxy reports its trust bundle and its certificate. The module reads the trust bundle of each namespace.
  - Names each laggard, which still holds something else than the CA gives. Does not conclude anything from what an earlier run applied, and writes nothing.
  - No private key leaves the module.
author:
  - meshops contributors (@meshops)
options:
  mesh:
    description: The name of the mesh. A CA that was made for another mesh is a fault.
    type: str
  limit:
    description: How many laggards to name. The module counts all of them.
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
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
requirements:
  - cryptography >= 42
seealso:
  - module: meshops.lifecycle.ca_info
  - module: meshops.lifecycle.certificates_info
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
uid:
  description: The UID of the namespace kube-system, which distinguishes a cluster from one that was rebuilt under its name.
  returned: success
  type: str
clock_skew_seconds:
  description: The local clock minus the clock of the API server, exact to about a second.
  returned: success
  type: float
standing:
  description:
    - Fingerprints of the root that the CA C(signs_under), of its own certificate (C(signer)), of the roots that it C(trusts), and of C(marks), roots without a
      key that are in the bundle only to change it. C(epoch) is the epoch of the Lease under which the CA was written.
    - Nothing if the cluster holds no CA.
  returned: success
  type: dict
previous:
  description: The same of the former CA, as long as the cluster keeps one.
  returned: success
  type: dict
root:
  description: The root that the CA leads to, with C(subject), C(fingerprint), C(not_after) and others.
  returned: success
  type: dict
intermediate:
  description: The certificate of the CA, with the same facts.
  returned: success
  type: dict
roots:
  description: Every root of the CA's trust bundle, with the same facts, its C(pem), and whether it is a C(mark).
  returned: success
  type: list
  elements: dict
bundle_pem:
  description: The CA's trust bundle, byte for byte.
  returned: success
  type: str
added_pem:
  description: The roots that C(meshConfig.caCertificates) gives to proxies beside that bundle, PEM.
  returned: success
  type: str
served_by:
  description:
    - The O(primary) by which the module measured the cluster. C(standing), C(root), C(intermediate), C(roots), C(bundle_pem) and C(added_pem) then describe the
      primary.
  returned: success
  type: str
unread:
  description:
    - With a O(primary), the standing of the CA in the cluster itself, if it has one, whether a former CA is C(kept), and whether it C(trails), which means that
      it differs from the CA of the primary.
  returned: success
  type: dict
driven:
  description: Whether the product of the mesh drives the rotation itself.
  returned: success
  type: bool
alone:
  description: Whether the clusters of the mesh share no root.
  returned: success
  type: bool
ignored:
  description:
    - Roots that the control plane goes on handing out, although the CA holds others. The control plane takes a CA only if the CA holds all that it hands out,
      or a part of it.
    - At its next restart the control plane takes the CA after all. C(rotate) gives it both.
  returned: success
  type: list
  elements: dict
expired:
  description: The proxies whose certificate, or a CA above it, has expired.
  returned: success
  type: list
  elements: str
expired_count:
  description: The number of all of them.
  returned: success
  type: int
quirks:
  description: What the control planes' versions get wrong in a rotation or need for it, a sentence each with its source.
  returned: success
  type: list
  elements: str
faults:
  description: Why the module cannot measure by the CA, a sentence each.
  returned: success
  type: list
  elements: str
holders:
  description: How many of each kind the module saw, C(control plane), C(trust bundle) and C(proxy).
  returned: success
  type: dict
laggards:
  description: The laggards, which hold something else than the CA gives or which the module could not see, a sentence each.
  returned: success
  type: list
  elements: str
laggard_count:
  description: The number of all of them.
  returned: success
  type: int
lagging:
  description: The laggards with C(kind), C(namespace), C(name), C(workload), whether each takes a new bundle C(online), and what it C(says).
  returned: success
  type: list
  elements: dict
online:
  description: Whether a new trust bundle reaches all of them without a restart.
  returned: success
  type: bool
offline:
  description: The workloads that need a restart for a new trust bundle, as namespace, kind and name.
  returned: success
  type: list
  elements: str
planes:
  description:
    - The control planes, with C(name), C(revision), C(version), C(desired) and C(ready) replicas, whether they take a new bundle C(online), and whether they
      issue certificates themselves (C(signs)) or which CA does C(instead).
  returned: success
  type: list
  elements: dict
in_charge:
  description: What else keeps the CA, such as istio-csr, a Certificate of cert-manager or an ExternalSecret, so that you must rotate it there. Empty if nothing
    else keeps it.
  returned: success
  type: str
unseen:
  description: Proxies that the control plane serves and that are not pods of the cluster, such as virtual machines, by namespace and name.
  returned: success
  type: list
  elements: str
silent:
  description: Control plane pods that did not say which proxies they serve.
  returned: success
  type: list
  elements: str
ids:
  description: The names by which control planes know the cluster.
  returned: success
  type: list
  elements: str
linked:
  description: The other clusters that the control plane is linked to, by the ID that it has for them.
  returned: success
  type: list
  elements: str
elsewhere:
  description: The proxies of other clusters that the control plane serves, by the cluster's ID.
  returned: success
  type: dict
ambient:
  description: Pods of ambient nodes, which the module cannot ask.
  returned: success
  type: list
  elements: str
foreign:
  description: Pods with a container called C(istio-proxy) that does not belong to the mesh.
  returned: success
  type: list
  elements: str
unselected:
  description: Namespaces with a trust bundle that the mesh's configuration leaves out, as Istio's C(discoverySelectors) do. The module does not measure them.
  returned: success
  type: list
  elements: str
stranded:
  description: Such namespaces in which proxies of the mesh run.
  returned: success
  type: list
  elements: str
by_hand:
  description: Proxies that take no new bundle while they run and that no workload would recreate.
  returned: success
  type: list
  elements: str
meshes:
  description: The mesh configurations of the control planes, as YAML.
  returned: success
  type: list
  elements: str
leaf_expires:
  description: When the first of all certificates in use expires.
  returned: success
  type: str
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.rotation.rotation_info import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
