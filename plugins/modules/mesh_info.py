#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_info
short_description: Read what a mesh runs in a cluster
version_added: 0.1.0
description:
  - Reads control planes, gateways, links, certificates and proxies of one cluster.
  - Asks every control plane pod itself, over the API server, which clusters are synced, which networks are reachable and which proxies it serves. Does not
    conclude anything from what an earlier run applied.
  - With O(wait) the module waits until everything is as O(expected), and fails with a sentence for each thing that is not.
author:
  - meshops contributors (@meshops)
options:
  expected:
    description:
      - What the inventory wants of this cluster. Without it the module returns facts and no findings.
      - The filter P(meshops.lifecycle.mesh_expected#filter) makes it from the inventory.
    type: dict
    suboptions:
      revision:
        description: The revision that must run. If it is empty, any revision will do.
        type: str
        default: ""
      network:
        description: The cluster's network.
        type: str
        default: ""
      role:
        description: Whether the cluster runs a control plane (primary) or another cluster's control plane serves it (remote).
        type: str
        choices: [primary, remote]
        default: primary
      gateway:
        description: Whether the cluster needs an east-west gateway.
        type: bool
        default: true
      remotes:
        description: The clusters that this cluster must discover and sync, each with its network.
        type: dict
        default: {}
      tags:
        description:
          - The revision tags that must lead to the revision. With it, the webhook and the Service of each tag must also agree, and the revision that validates
            what users write must run.
          - Without it the module judges no tag, for example while a control plane is being installed.
        type: list
        elements: str
  config:
    description: Whether to count what the mesh's users have here, configuration objects and workloads in O(namespace), without what this collection made.
    type: bool
    default: false
  leftovers_of:
    description:
      - The name of a revision that you are removing. The module lists what its control plane wrote into the cluster's namespaces, because nothing else removes
        these objects. Of a mesh without revisions the name is empty.
      - The list is empty while the cluster has another control plane of the mesh, because that one uses the same objects.
    type: str
  notices:
    description:
      - Whether to look for what works today and will not for long. RV(notices) names workloads and templates that use a registry which shuts down, versions out
        of support, a Kubernetes version that the mesh's version does not support, and proxies whose version is too far from that of their control plane.
    type: bool
    default: false
  followers:
    description:
      - Whether to read which revision each namespace follows. RV(followed) counts them. RV(notices) then also names a cutover that was left half done, labels
        that name neither a revision nor a tag, and control planes that nothing follows.
      - It also names objects of a revision that has no control plane, and work that another revision leads than the one of the default tag. A mesh without
        revisions has nothing of it.
    type: bool
    default: false
  planes:
    description:
      - The planes that the inventory declares for this cluster, in the shape of the inventory variable C(mesh_planes). RV(shares) says who gets how much of the
        traffic of each, and RV(notices) names a cutover of a plane that was left half done.
    type: dict
    default: {}
  snapshots:
    description:
      - The directory, on the machine that runs the module, in which M(meshops.lifecycle.snapshot) stores. RV(notices) then says how old the last snapshot
        of the cluster is. It has no effect with a kind of mesh that has no snapshots.
    type: path
  mesh:
    description: The name of the mesh, by which the module finds its O(snapshots).
    type: str
    default: ""
  led:
    description: Registries that shut down and that the nodes themselves lead to a mirror. O(notices) says nothing about these.
    type: list
    elements: str
    default: []
  wait:
    description: Whether to wait until there are no findings, and to fail if findings remain.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait. A fault that a person must repair, such as an image that does not exist, ends the wait after 30 seconds.
    type: int
    default: 120
seealso:
  - plugin: meshops.lifecycle.mesh_expected
    plugin_type: filter
  - name: Role status
    link: https://github.com/meshops/lifecycle/blob/main/roles/status/README.md
    description: The role C(status), which calls this module.
  - name: Role verify
    link: https://github.com/meshops/lifecycle/blob/main/roles/verify/README.md
    description: The role C(verify), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
"""

EXAMPLES = r"""
- name: Wait until the control plane of the revision stable is ready
  meshops.lifecycle.mesh_info:
    kubeconfig: ~/.kube/config
    context: east
    expected: {revision: stable, gateway: false}
    wait: true
"""

RETURN = r"""
findings:
  description: What differs from O(expected), a sentence each, the worst first.
  returned: success
  type: list
  elements: str
  sample: []
planes:
  description:
    - The control planes, with C(revision), C(version), C(desired) and C(ready) replicas, the C(reason) why one is not ready, and whether a person must repair
      it (C(lasting)).
  returned: success
  type: list
  elements: dict
  sample: [{revision: stable, version: 1.31.3, desired: 1, ready: 1, reason: '', lasting: false}]
remotes:
  description: What each control plane pod says of each remote cluster, with C(pod), C(cluster) and C(status).
  returned: success
  type: list
  elements: dict
  sample: [{pod: istiod-stable-6f7c, cluster: west, status: synced}]
answered:
  description: The control plane pods that said which clusters they discover.
  returned: success
  type: list
  elements: str
  sample: [istiod-stable-6f7c]
unanswered:
  description: The questions that a control plane pod did not answer, as pod and path.
  returned: success
  type: list
  elements: str
  sample: []
gateways:
  description: The gateways between networks, with C(name), C(namespace), C(network), C(desired), C(ready) and C(addresses).
  returned: success
  type: list
  elements: dict
  sample: [{name: istio-eastwestgateway, namespace: istio-system, network: onprem, desired: 1, ready: 1, addresses: [198.18.0.33]}]
links:
  description: The clusters to which this cluster has a link.
  returned: success
  type: list
  elements: str
  sample: [west]
reachable_networks:
  description: The networks for which every control plane pod knows a gateway. Null with a mesh that knows nothing of networks.
  returned: success
  type: list
  elements: str
  sample: [cloud]
proxies:
  description: The proxies that the control plane serves here, with C(name), C(namespace), C(version), the kinds of configuration that are C(stale), and the
    C(revision) of the control plane.
  returned: success
  type: list
  elements: dict
  sample: [{name: cart-7d9f, namespace: shop, version: 1.31.3, stale: [], revision: stable}]
tags:
  description: The revision tags, with C(name), the revisions to which C(webhook) and C(service) lead, the name of the Service that a tag C(lacks), and the
    revisions from which a cutover led each half (C(webhook_from) and C(service_from)), if one did.
  returned: success
  type: list
  elements: dict
  sample: [{name: default, webhook: stable, service: stable}]
kept:
  description: What parts of the mesh another tool, such as Argo CD, Flux or an operator, manages or tracks, as half sentences with what to do.
  returned: success
  type: list
  elements: str
  sample: []
faults:
  description: What is wrong with that which only this mesh has, such as a quorum of its servers, as half sentences. They are part of the C(findings).
  returned: success
  type: list
  elements: str
  sample: []
quorum:
  description: For a mesh whose control plane is a quorum of servers, the name of their C(leader), how many of them vote (C(voters)), and their C(role) beside
    those of other clusters, such as C(peer), C(primary) or C(secondary). Null for other meshes.
  returned: success
  type: dict
  sample: {leader: consul-server-1, voters: 3, role: peer}
agents:
  description: For a mesh with an agent on each node, on how many nodes it should be (C(desired)) and is C(ready), the C(reason) why it is not, and whether a
    person must repair it (C(lasting)). Null if there are no agents.
  returned: success
  type: dict
  sample: {desired: 3, ready: 3, reason: "", lasting: false}
catalogues:
  description: For a mesh whose control plane is a quorum of servers, what they see of each other C(cluster), which is how many C(services), or null if they
    cannot read that, and the services that entries here send requests to and that are C(lacking) there. Empty for other meshes.
  returned: success
  type: list
  elements: dict
  contains:
    cluster: {description: The other cluster., type: str, sample: west}
    services: {description: How many services are seen there., type: int, sample: 12}
    lacking: {description: What is not among them., type: list, elements: str, sample: [web]}
followed:
  description:
    - By C(revisions), how many C(namespaces) follow each and how many C(proxies) it serves.
    - How many namespaces a cutover has C(turned) and not finished, and how many Gateways it holds at a revision (C(pinned)).
    - Who does the work that only one control plane may do (C(leaders)), each C(lock) with its C(holder), which is a pod, and the C(revision) of the pod.
  returned: if O(followers=true) and the mesh has revisions
  type: dict
  sample: {revisions: {stable: {namespaces: 14, proxies: 212}}, turned: 0, pinned: 0, leaders: []}
shares:
  description:
    - For each of O(planes), its C(plane), C(role) and C(colours), each with C(revision) and C(shares), which are what objects give it of the traffic, in
      percent. There is more than one share while a cutover is half done.
    - C(away) says why its control plane does not serve, C(unready) why its pods take no traffic. C(gateways) is how many pods its gateways are to have.
  returned: if O(planes) declares any and the mesh has revisions
  type: list
  elements: dict
  sample: [{plane: ingress, role: ingress, colours: [{colour: blue, revision: blue, shares: [100], away: "", unready: "", gateways: 2}]}]
default_revision:
  description: The revision that validates what users write. Empty if no revision does.
  returned: success
  type: str
  sample: stable
served_by:
  description: For a remote cluster, the primary that serves it.
  returned: success
  type: str
  sample: ''
config:
  description: By kind, how many objects the mesh's users have.
  returned: success and O(config)
  type: dict
  sample: {VirtualService: 12, PeerAuthentication: 1}
leftovers:
  description: The objects that a revision left in the cluster's namespaces, for O(meshops.lifecycle.mesh_config#module:manifests) with C(state=absent).
  returned: success and O(leftovers_of)
  type: list
  elements: dict
  sample: []
notices:
  description: The notices, a sentence each. A notice is no fault yet.
  returned: success and O(notices)
  type: list
  elements: str
  sample: ["east: Istio 1.29 has been out of support since 2026-10-12; choose a supported version: 1.30 or 1.31 (as of 2026-11-26)."]
trust:
  description: The C(root) and the C(intermediate) of this cluster, with C(subject), C(fingerprint) and C(not_after) among others. Of a mesh that keeps its
    CA in a store of its own they are those with which its servers say that they sign, if they say so.
  returned: success
  type: dict
  sample: {root: {subject: CN=shop, fingerprint: 9f31c2d4, not_after: "2036-11-18T12:00:00Z"}}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.health.mesh_info import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
