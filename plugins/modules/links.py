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
  - Writes the whole set of a cluster's links in one call, for two clusters or two hundred.
  - Connects to each of the other clusters, takes the credential of their reader account (and makes the account if it does not exist), and stores the credential
    in this cluster where the control plane looks for it. No credential ever leaves the call.
  - Refuses, by name and before the first write, two clusters if one does not trust what the other signs, and links whose Secret another controller manages.
author:
  - meshops contributors (@meshops)
options:
  links:
    description:
      - All clusters that this cluster must discover.
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
        description: The UID that the other cluster's namespace C(kube-system) must have.
        type: str
      server:
        description:
          - The URL at which this cluster's pods reach the other API server. Without it, the module takes the URL of O(links[].kube).
          - The module refuses a URL that is not C(https), or that leads each pod to itself.
        type: str
      tls_server_name:
        description: The name to expect in the other API server's certificate, if it differs from the host of O(links[].server).
        type: str
      ca:
        description:
          - The CA by which this cluster trusts the other API server at O(links[].server), as PEM or as the path of a file.
          - Without it, the module takes the CA that the other cluster puts beside its tokens. Without O(links[].server) too, it adds the CA of O(links[].kube).
        type: str
      unread:
        description:
          - Why O(links[].kube) is unknown, if the inventory lacks a part of it. The module then asks no cluster, and the other cluster counts as not reached.
        type: str
      required:
        description:
          - Whether the task fails if it does not reach the other cluster.
          - If V(false), an existing link stays as it is and a warning names it.
        type: bool
        default: true
  consumers:
    description:
      - The clusters that may discover this one. What this cluster gave any other one for a link is removed, see O(prune).
      - By default these are the clusters in O(links). A remote cluster discovers none and is discovered by others, so name them.
    type: list
    elements: str
  prune:
    description:
      - Whether to remove links that this collection made and that are not in O(links), and what the cluster gave others for links to it, such as an account of
        their own. If the mesh keeps links in its product, such as a peering of Consul, the module ends them there first.
    type: bool
    default: true
  force:
    description:
      - Take over links of these names that another field manager owns, such as a link that somebody applied with C(kubectl). Without it such a link is an error
        that names the manager.
    type: bool
    default: false
  token_timeout:
    description: How many seconds to wait for another cluster to issue a credential.
    type: int
    default: 30
seealso:
  - module: meshops.lifecycle.link_rotation
  - plugin: meshops.lifecycle.mesh_links
    plugin_type: filter
  - name: Role federate
    link: https://github.com/meshops/lifecycle/blob/main/roles/federate/README.md
    description: The role C(federate), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: The diff shows only the keys of a credential, and which of them changed.
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
  sample: [west]
postponed:
  description: The clusters that the module did not reach and does not require, each with the reason.
  returned: success
  type: dict
  sample: {}
ordered:
  description: What the mesh's product was asked for, or in check mode would be asked for first.
  returned: success
  type: list
  elements: str
  sample: []
changes:
  description: Each object and what became of it.
  returned: success
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Secret istio-system/istio-remote-secret-west}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: created}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.links.links import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
