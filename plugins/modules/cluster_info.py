#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Say which cluster this is, and what we may do there
version_added: 0.1.0
description:
  - Reads what has to be known before a mesh is touched, in one call - the identity of the cluster, versions of its API server and nodes,
    how far the clocks are apart, which permissions are missing and who owns the custom resource definitions of a mesh.
author:
  - meshops contributors (@meshops)
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
options:
  kube:
    description: The connection to the cluster to look at, with the connection options of this module as keys, where it is another one.
    type: dict
  permissions:
    description:
      - What the credential must be allowed to do. RV(denied) lists those of them that it is not.
    type: list
    elements: dict
    default: []
    suboptions:
      verb:
        description: As in V(get) or V(patch).
        type: str
        required: true
      group:
        description: The API group; empty for the core group.
        type: str
        default: ''
      resource:
        description: The plural name, with a subresource if one is meant, as in V(pods/portforward).
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
      - API groups, each with the groups below it, as in V(istio.io). RV(crds) tells about their custom resource definitions.
    type: list
    elements: str
    default: []
  spaces:
    description: Namespaces that will be worked in. RV(spaces) tells about those that are there.
    type: list
    elements: str
    default: []
  supply:
    description:
      - A mesh. RV(supply) then lists what in the cluster names a place of that mesh's charts and images which its makers take away.
    type: str
    choices: [istio]
  namespace:
    description: The namespace of the control plane, where O(supply) looks for the templates of its sidecars.
    type: str
    default: istio-system
  claims:
    description:
      - Objects that are to be written here, and that somebody else may have. RV(claimed) tells about those that are not free.
      - The filter P(meshops.lifecycle.mesh_claims#filter) makes them.
    type: list
    elements: dict
    default: []
    suboptions:
      api_version:
        description: The object's C(apiVersion).
        type: str
        required: true
      kind:
        description: Its kind.
        type: str
        required: true
      name:
        description: Its name.
        type: str
        required: true
      namespace:
        description: Its namespace, if it lives in one.
        type: str
      release:
        description: The Helm release that will write it, as namespace and name. Without it this collection writes it by server-side apply.
        type: str
      rivals:
        description: A label selector. Objects of the same kind and namespace that it selects are looked at too.
        type: str
      key:
        description: One of them that holds this key in its C(data), under another name, does the same as the object.
        type: str
      adopt:
        description: Whether it is taken over from somebody who only left it there.
        type: bool
        default: false
"""

EXAMPLES = r"""
- name: Look before we leap
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

- name: Say what is missing
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
  description: The URL of its API server.
  returned: success
  type: str
  sample: https://10.0.0.1:6443
uid:
  description: The UID of its namespace C(kube-system), for O(cluster_uid).
  returned: success
  type: str
  sample: 876bef94-e750-4fc6-8ab4-fbec04e1431a
version:
  description: The version of the API server.
  returned: success
  type: dict
  sample: {git_version: v1.34.4, major: 1, minor: 34}
nodes:
  description: How many nodes it has, the versions of their kubelets, and by how many minor versions the oldest is behind the API server.
  returned: success; null if nodes may not be listed
  type: dict
  sample: {count: 3, kubelet_versions: [v1.33.1, v1.34.4], skew: 1}
openshift:
  description: Whether it is an OpenShift cluster.
  returned: success
  type: bool
clock_skew_seconds:
  description: The local clock minus the clock of the API server, good to about a second.
  returned: success
  type: float
denied:
  description: Those of O(permissions) which the credential does not have.
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
  description: Those of O(claims) that somebody else has, and objects that do the same under another name.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: Kind, namespace and name.
      type: str
      sample: ServiceAccount istio-system/istio-reader-service-account
    owner:
      description: Whose it is.
      type: str
      sample: the field manager kubectl-client-side-apply
    how:
      description:
        - V(left) where nobody minds it, so that it can be taken over, and V(taken) where it will be.
        - V(kept) where its owner would write it back, V(released) where it is of another Helm release.
        - V(rival) where it does the same under another name.
      type: str
crds:
  description: The custom resource definitions of the groups of O(crds), and who made them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: As in V(gateways.networking.istio.io).
      type: str
    release:
      description: The Helm release it belongs to, as namespace and name; null if none.
      type: str
      sample: istio-system/istio-base
    managed_by:
      description: Its label C(app.kubernetes.io/managed-by).
      type: str
      sample: Helm
    operators:
      description: The operators of the Operator Lifecycle Manager it came with.
      type: list
      elements: str
    keeper:
      description: The controller that would write back what is changed in it. Empty if none is known.
      type: str
    bundle:
      description: Of the Gateway API's, the version of its bundle.
      type: str
      sample: v1.5.1
    channel:
      description: Of the Gateway API's, its channel.
      type: str
      sample: standard
    managers:
      description: The field managers of its C(spec).
      type: list
      elements: str
      sample: [helm]
    stored_versions:
      description: The versions in which objects are stored.
      type: list
      elements: str
      sample: [v1]
spaces:
  description: Those of the namespaces of O(spaces) that are there.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The namespace's name.
      type: str
    labels:
      description: Its labels.
      type: dict
    ends:
      description: Whether it is being deleted.
      type: bool
supply:
  description: What names a place that goes away; null if O(supply) was not asked for.
  returned: success
  type: dict
  contains:
    named:
      description: Each object once for each of the places.
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
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.health.cluster_info import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
