#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Identify a cluster, and check versions, clocks, rights and owners in it
version_added: 0.1.0
description:
  - Reads in one call what you need to know before you change a mesh - the identity of the cluster, the versions of its API server and nodes, how far the clocks
    differ, which permissions are missing, and who owns the custom resource definitions of a mesh.
author:
  - meshops contributors (@meshops)
seealso:
  - module: meshops.lifecycle.controller_info
  - name: Role preflight
    link: https://github.com/meshops/lifecycle/blob/main/roles/preflight/README.md
    description: The role C(preflight), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
options:
  kube:
    description:
      - The connection to the cluster to read, with the connection options of this module as keys.
      - Without it the module reads the cluster of its own connection.
    type: dict
  permissions:
    description:
      - What the credential must be allowed to do. RV(denied) lists the permissions that it lacks.
    type: list
    elements: dict
    default: []
    suboptions:
      verb:
        description: The verb, such as V(get) or V(patch).
        type: str
        required: true
      group:
        description: The API group; empty for the core group.
        type: str
        default: ''
      resource:
        description: The plural name, with a subresource if you mean one, such as V(pods/portforward).
        type: str
        required: true
      namespace:
        description: Empty means all namespaces, or an object without one.
        type: str
      name:
        description: The name of one object; empty means all.
        type: str
  crds:
    description:
      - API groups, each with the groups below it, such as V(istio.io). RV(crds) describes their custom resource definitions.
    type: list
    elements: str
    default: []
  spaces:
    description: Namespaces that the run will use. RV(spaces) describes those that exist.
    type: list
    elements: str
    default: []
  supply:
    description:
      - A kind of mesh. RV(supply) then lists what in the cluster names a registry or chart repository of that mesh which shuts down, and RV(stray) what
        leads pods astray.
    type: str
  namespace:
    description:
      - The namespace of the control plane. O(supply) looks there for the templates of its sidecars.
      - Without it the module takes the usual namespace of this kind of mesh.
    type: str
  wish:
    description:
      - The control plane that the run will install. RV(refused) says what stages of its install will refuse.
      - The role preflight makes it from the inventory, with the keys that module M(meshops.lifecycle.stage_orders) takes.
    type: dict
    default: {}
  wish_state:
    description: With V(absent), RV(refused) says what stages of the removal of O(wish) will refuse.
    type: str
    choices: [present, absent]
    default: present
  claims:
    description:
      - Objects that the run will write here, and that somebody else may have. RV(claimed) describes those that are not free.
      - The role preflight makes the list from the inventory.
    type: list
    elements: dict
    default: []
    suboptions:
      api_version:
        description: The object's C(apiVersion).
        type: str
        required: true
      kind:
        description: The object's kind.
        type: str
        required: true
      name:
        description: The object's name.
        type: str
        required: true
      namespace:
        description: The object's namespace, if it lives in one.
        type: str
      release:
        description: The Helm release that will write the object, as namespace and name. Without it this collection writes the object by server-side apply.
        type: str
      rivals:
        description: A label selector. The module also looks at objects of the same kind and namespace that it selects.
        type: str
      key:
        description: An object under another name that O(claims[].rivals) selects and that has this key in its C(data) serves the same purpose.
        type: str
      adopt:
        description: Whether the run takes the object over from an owner who only left it there.
        type: bool
        default: false
      completed_by:
        description: The field manager of a control plane that only fills in fields of the object, and therefore does not count as an owner.
        type: str
      label:
        description: A label that says where the object leads.
        type: str
      value:
        description: The value that O(claims[].label) will have. An object that has another value was led elsewhere.
        type: str
"""

EXAMPLES = r"""
- name: Check the cluster before the first write
  meshops.lifecycle.cluster_info:
    kubeconfig: ~/.kube/config
    context: east
    cluster_uid: 876bef94-e750-4fc6-8ab4-fbec04e1431a
    permissions:
      - verb: create
        resource: secrets
        namespace: istio-system
    crds:
      - istio.io
  register: east

- name: Name the missing permissions
  ansible.builtin.assert:
    that: not east.denied
    fail_msg: "The credential may not {{ east.denied | map(attribute='sentence') | join(', ') }}."
"""

RETURN = r"""
name:
  description: The name of the cluster in messages.
  returned: success
  type: str
  sample: east
server:
  description: The URL of the cluster's API server.
  returned: success
  type: str
  sample: https://10.0.0.1:6443
uid:
  description: The UID of the cluster's namespace C(kube-system), for O(cluster_uid).
  returned: success
  type: str
  sample: 876bef94-e750-4fc6-8ab4-fbec04e1431a
version:
  description: The version of the API server.
  returned: success
  type: dict
  sample: {git_version: v1.34.4, major: 1, minor: 34}
nodes:
  description: How many nodes the cluster has, the versions of their kubelets, and by how many minor versions the oldest kubelet is behind the API server.
  returned: success; null if the credential may not list nodes
  type: dict
  sample: {count: 3, kubelet_versions: [v1.33.1, v1.34.4], skew: 1}
openshift:
  description: Whether the cluster is an OpenShift cluster.
  returned: success
  type: bool
  sample: false
clock_skew_seconds:
  description: The local clock minus the clock of the API server, exact to about a second.
  returned: success
  type: float
  sample: 0.4
denied:
  description: The entries of O(permissions) that the credential lacks.
  returned: success
  type: list
  elements: dict
  sample:
    - verb: create
      group: ''
      resource: secrets
      namespace: istio-system
      name: null
      sentence: create secrets in namespace istio-system
claimed:
  description: The entries of O(claims) that somebody else owns, and objects that serve the same purpose under another name.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: Kind, namespace and name.
      type: str
      sample: ServiceAccount istio-system/istio-reader-service-account
    owner:
      description: The owner of the object.
      type: str
      sample: the field manager kubectl-client-side-apply
    how:
      description:
        - V(left) if no owner looks after it, so that the run could take it over, and V(taken) if the run will take it over.
        - V(kept) if its owner would undo changes to it, V(released) if it belongs to another Helm release.
        - V(rival) if it serves the same purpose under another name.
        - V(led) if its O(claims[].label) has another value, which is then the RV(claimed[].owner).
      type: str
      sample: left
refused:
  description:
    - Why stages of the install of O(wish) will refuse it, because of what the cluster runs. A datacenter of Consul that is a secondary cannot become a primary,
      for example.
    - Empty if permissions are missing, because the answers would not be whole.
  returned: success
  type: list
  elements: str
  sample: ["Its primary is north, and Consul gives no datacenter another one (east): all of its data would have to go. Correct mesh_primary."]
crds:
  description: The custom resource definitions of the groups of O(crds), and who made them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The definition's name, such as V(gateways.networking.istio.io).
      type: str
      sample: gateways.networking.istio.io
    release:
      description: The Helm release that the definition belongs to, as namespace and name; null if none.
      type: str
      sample: istio-system/istio-base
    managed_by:
      description: The definition's label C(app.kubernetes.io/managed-by).
      type: str
      sample: Helm
    operators:
      description: The operators of the Operator Lifecycle Manager that brought the definition.
      type: list
      elements: str
      sample: [servicemeshoperator3.openshift-operators]
    keeper:
      description: The controller that would undo changes to the definition. Empty if none is known.
      type: str
      sample: Argo CD
    bundle:
      description: For definitions of the Gateway API, the version of its bundle.
      type: str
      sample: v1.5.1
    channel:
      description: For definitions of the Gateway API, its channel.
      type: str
      sample: standard
    managers:
      description: The field managers of the definition's C(spec).
      type: list
      elements: str
      sample: [helm]
    stored_versions:
      description: The versions in which the API server stores objects.
      type: list
      elements: str
      sample: [v1]
spaces:
  description: The namespaces of O(spaces) that exist.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The namespace's name.
      type: str
      sample: istio-system
    labels:
      description: The namespace's labels.
      type: dict
      sample: {kubernetes.io/metadata.name: istio-system, topology.istio.io/network: onprem}
    ends:
      description: Whether the namespace is being deleted.
      type: bool
      sample: false
stray:
  description:
    - What leads pods astray, as half sentences, if the kind of mesh has revisions. What is left of a revision without a control plane, tags and labels that
      lead nowhere or to two places, and pods that run without a proxy in an injected namespace.
    - Empty without O(supply). What the credential may not read is named.
  returned: success
  type: list
  elements: str
  sample:
    - the revision tag prod leads to 1-30-2, which is not installed; lead it elsewhere or delete it
supply:
  description: What names a registry or chart repository that shuts down; null without O(supply).
  returned: success
  type: dict
  contains:
    named:
      description: Each object, once for each place that it names.
      type: list
      elements: dict
      sample:
        - place: registry.istio.io
          kind: Deployment
          where: istio-system/istiod
          text: registry.istio.io/release/pilot:1.30.2
    unread:
      description: The kinds that the credential may not list.
      type: list
      elements: str
      sample: [DaemonSet]
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.health.cluster_info import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
