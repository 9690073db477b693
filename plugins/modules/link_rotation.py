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
  - Issues a second token, gives it to every cluster that discovers this one, and sees that each of their control planes took it, has synced
    again, and knows the endpoints and network gateways that it knew before. Only then the old token is revoked.
  - What is to be done is read from the clusters, so a run that was killed is gone on with, wherever it was.
  - A token that is younger than O(min_age) is not replaced.
  - Never run it for two clusters of a mesh at once.
author:
  - meshops contributors (@meshops)
options:
  provider:
    description: The mesh.
    type: str
    choices: [istio]
    default: istio
  mesh:
    description: The name of the mesh.
    type: str
    required: true
  namespace:
    description: The namespace of the control plane, the same in all clusters.
    type: str
    default: istio-system
  server:
    description: URL of this cluster's API server as the pods of others reach it, as M(meshops.lifecycle.links) was given it.
    type: str
  tls_server_name:
    description: The name to expect in that server's certificate, where it differs from the host of O(server).
    type: str
  ca:
    description: The CA by which that server is trusted, as PEM or as the path of a file, as M(meshops.lifecycle.links) was given it.
    type: str
  consumers:
    description: All clusters that discover this one, from the filter P(meshops.lifecycle.mesh_consumers#filter).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The cluster's name.
        type: str
        required: true
      kube:
        description: The connection to it, with the connection options of this module as keys.
        type: dict
        required: true
      cluster_uid:
        description: UID that its namespace kube-system must have.
        type: str
  adopt:
    description: Whether links that somebody else made are taken over, instead of being refused.
    type: bool
    default: false
  min_age:
    description: How many seconds old a token has to be to be replaced.
    type: int
    default: 3600
  may_restart:
    description: Whether control planes of versions that are known to lose sight of a cluster then may be restarted.
    type: bool
    default: false
  timeout:
    description: How many seconds the control planes have to follow.
    type: int
    default: 600
  token_timeout:
    description: Seconds to wait for the cluster to issue a token.
    type: int
    default: 30
  lease:
    description: The mesh's Lease, as M(meshops.lifecycle.lease) returned it, with C(kube) as the way to its cluster. Nothing is written without holding it.
    type: dict
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
attributes:
  check_mode:
    support: full
    details: The steps to come are returned.
  diff_mode:
    support: full
    details: Of a credential only the keys are shown, and which of them changed.
  idempotent:
    support: partial
    details: A token that has become older than O(min_age) is replaced again.
seealso:
  - module: meshops.lifecycle.links
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
  description: What was done, or in check mode would be; nothing where the token is young enough.
  returned: success
  type: list
  elements: str
seen:
  description:
    - What each control plane sees of this cluster in the end. Its C(cluster) and C(pod), whether it is C(synced), the number of C(services) and
      C(endpoints), and the C(gateways) to its network.
  returned: when something was done
  type: list
  elements: dict
restarted:
  description: The clusters whose control planes were restarted.
  returned: success
  type: list
  elements: str
seconds:
  description: How long it took.
  returned: success
  type: float
findings:
  description: Who lags behind, a sentence each.
  returned: when somebody does
  type: list
  elements: str
changes:
  description: What was written, object by object.
  returned: success
  type: list
  elements: dict
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.links.link_rotation import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
