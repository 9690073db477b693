#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: link_rotation
short_description: Replace the credential by which other clusters discover this one
version_added: 0.1.0
description:
  - The module issues a second token and gives it to every cluster that discovers this one. Then it waits until it has seen that each control plane there took
    the token, has synced again, and knows the endpoints and network gateways that it knew before. Only then it revokes the old token.
  - The module reads from the clusters what is left to do. So a repeated run continues a killed run from any point.
  - The module does not replace a token that is younger than O(min_age).
  - Never run the module for two clusters of a mesh at once.
author:
  - meshops contributors (@meshops)
options:
  mesh:
    description: The name of the mesh.
    type: str
    required: true
  server:
    description: The URL at which the pods of other clusters reach this cluster's API server, as given to M(meshops.lifecycle.links).
    type: str
  tls_server_name:
    description: The name to expect in that server's certificate, if it differs from the host of O(server).
    type: str
  ca:
    description: The CA by which other clusters trust that server, as PEM or as the path of a file, as given to M(meshops.lifecycle.links).
    type: str
  consumers:
    description: All clusters that discover this one. The role rotate makes the list from the inventory.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The cluster's name.
        type: str
        required: true
      kube:
        description: The connection to that cluster, with the connection options of this module as keys.
        type: dict
        required: true
      cluster_uid:
        description: The UID that the cluster's namespace C(kube-system) must have.
        type: str
  adopt:
    description: Whether the module takes over links that somebody else made, instead of refusing them.
    type: bool
    default: false
  min_age:
    description: How many seconds old a token must be before the module replaces it.
    type: int
    default: 3600
  may_restart:
    description: Whether the module may restart control planes of versions that are known to lose sight of a cluster when its credential changes.
    type: bool
    default: false
  timeout:
    description: For how many seconds to wait until the control planes have followed.
    type: int
    default: 600
  token_timeout:
    description: How many seconds to wait for the cluster to issue a token.
    type: int
    default: 30
  lease:
    description: The mesh's Lease, as M(meshops.lifecycle.lease) returned it, with C(kube) as the connection to its cluster. The module writes nothing unless
      the run holds this Lease.
    type: dict
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
attributes:
  check_mode:
    support: full
    details: In check mode the module returns the steps that it would do.
  diff_mode:
    support: full
    details: Of a credential, the diff shows only the keys, and which of them changed.
  idempotent:
    support: partial
    details: The module replaces a token again when it has become older than O(min_age).
seealso:
  - module: meshops.lifecycle.links
  - name: Role rotate
    link: https://github.com/meshops/lifecycle/blob/main/roles/rotate/README.md
    description: The role C(rotate), which calls this module.
"""

EXAMPLES = r"""
- name: Replace the token by which east discovers west
  meshops.lifecycle.link_rotation:
    kubeconfig: ~/.kube/config
    context: west
    cluster: west
    mesh: shop
    server: https://api.west.example:6443
    consumers:
      - name: east
        kube: {kubeconfig: ~/.kube/config, context: east}
"""

RETURN = r"""
steps:
  description: What the module did, or in check mode would do. Nothing if the token is young enough.
  returned: success
  type: list
  elements: str
  sample: []
seen:
  description:
    - What each control plane sees of this cluster in the end. Each entry has C(cluster) and C(pod) of the control plane, whether it is C(synced), the number of
      C(services) and C(endpoints) that it knows, and the C(gateways) to this cluster's network.
  returned: when the module did something
  type: list
  elements: dict
  sample: [{cluster: west, pod: istiod-stable-6f7c, synced: true, services: 12, endpoints: 31, gateways: [198.18.0.33]}]
restarted:
  description: The clusters whose control planes the module restarted.
  returned: success
  type: list
  elements: str
  sample: []
seconds:
  description: How many seconds it took.
  returned: success
  type: float
  sample: 8.9
findings:
  description: The control planes that lag behind, a sentence each.
  returned: when a control plane lags behind
  type: list
  elements: str
  sample: []
changes:
  description: Each object that the module checked or wrote, with C(object) and C(action).
  returned: success
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Secret istio-system/istio-remote-secret-west}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: created}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.links.link_rotation import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
