#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: links
short_description: Make a cluster's control plane discover other clusters
version_added: 0.1.0
description:
  - Brings the whole set of a cluster's links to the wish in one call, whether there are two clusters or two hundred.
  - Connects to each of the other clusters, takes the credential that their reader account has (it is made where it is missing), and
    stores it in this cluster where the control plane looks for it. No credential ever leaves the call.
  - Refuses, by name and before the first write, clusters of which one does not trust what another signs, and links whose Secret another controller keeps.
author:
  - meshops contributors (@meshops)
options:
  provider:
    description: The mesh.
    type: str
    choices: [istio]
    default: istio
  namespace:
    description: The namespace of the control plane, the same in all clusters.
    type: str
    default: istio-system
  links:
    description:
      - All clusters that this one is to discover.
      - The filter P(meshops.lifecycle.mesh_links#filter) makes the list from the inventory.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The other cluster's name, as its control plane knows it.
        type: str
        required: true
      kube:
        description: The connection to the other cluster, with the connection options of this module as keys.
        type: dict
        required: true
      cluster_uid:
        description: UID that the other cluster's namespace kube-system must have.
        type: str
      server:
        description:
          - URL of the other API server as this cluster's pods reach it. The URL of O(links[].kube) if it is not given.
          - One that is no C(https) URL, or that leads each pod to itself, is refused.
        type: str
      tls_server_name:
        description: The name to expect in the other API server's certificate, where it differs from the host of O(links[].server).
        type: str
      ca:
        description:
          - The CA by which the other API server is trusted at O(links[].server), as PEM or as the path of a file.
          - If it is not given, the CA that the other cluster puts beside its tokens. Where O(links[].server) is not given either, also that of O(links[].kube).
        type: str
      unread:
        description:
          - Why O(links[].kube) is not known, where the inventory lacks what it is made of. Nobody is asked then, and the other cluster counts as not reached.
        type: str
      required:
        description:
          - Whether the task fails when the other cluster is not reached.
          - If V(false), a link that is there stays as it is and a warning names it.
        type: bool
        default: true
  prune:
    description: Whether to remove links that this collection made and that are not in O(links).
    type: bool
    default: true
  force:
    description:
      - Take over links of these names that another field manager owns, such as one that somebody applied with C(kubectl).
        Without it that is an error which names the manager.
    type: bool
    default: false
  token_timeout:
    description: Seconds to wait for another cluster to issue a credential.
    type: int
    default: 30
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Of a credential only the keys are shown, and which of them changed.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Let east discover west
  meshops.lifecycle.links:
    kubeconfig: ~/.kube/config
    context: east
    links:
      - name: west
        kube: {kubeconfig: ~/.kube/config, context: west}
        server: https://api.west.example:6443
"""

RETURN = r"""
linked:
  description: The clusters that this one discovers now.
  returned: success
  type: list
  elements: str
postponed:
  description: The clusters that were not reached and are not required, each with the reason.
  returned: success
  type: dict
changes:
  description: What was written, object by object.
  returned: success
  type: list
  elements: dict
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.links.links import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
