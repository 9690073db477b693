#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_config
short_description: Apply a set of Kubernetes objects to one cluster, or delete it
version_added: 0.1.0
description:
  - Writes a whole set of objects to a cluster by server-side apply. Writes only what differs.
  - Writes namespaces and custom resource definitions first. Objects of those definitions wait until the API server serves the definitions. Writes webhook
    configurations last.
  - Removes a field from the object if it has left the manifests since the last run. Leaves fields of other owners alone.
  - Fails if the API does not know a field. It does not drop the field silently.
author:
  - meshops contributors (@meshops)
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
options:
  manifests:
    description:
      - The objects, each as a complete manifest.
      - The module leaves out what only an API server sets on an object that it holds (C(uid), C(resourceVersion), C(generation), C(creationTimestamp),
        C(managedFields), C(status)), and what C(kubectl) noted as last applied. So you can take the output of C(kubectl get -o yaml) for one cluster and apply
        it to another. The module refuses an object with C(ownerReferences), whose UIDs belong to the first cluster, and an object that was being deleted.
      - With O(state=absent) C(apiVersion), C(kind), C(metadata.name) and, if the object has one, C(metadata.namespace) are enough.
      - Give this or O(src). With both, the set is all of them.
    type: list
    elements: dict
  src:
    description:
      - Files of manifests, as YAML (any number of documents) or as JSON, on the host that executes the module. The module takes the objects in a C(List) one by
        one.
      - Recommended for large sets. It is faster than O(manifests), which Ansible templates value by value. Ansible templates nothing in the files.
      - Dates, and numbers with colons, are text, as for C(kubectl). The files may hold only types that JSON has too.
      - A duplicate key is an error.
      - A file that the module cannot read, that C(ansible-vault) encrypted, that is not valid YAML, or that has a document which is not a mapping, is an error.
        The message names the file and the place. The module then writes nothing.
    type: list
    elements: path
  state:
    description:
      - V(present) creates and updates the objects.
      - V(absent) deletes them in reverse order. It ignores objects that do not exist, or whose kind the server does not serve.
    type: str
    choices: [present, absent]
    default: present
  force:
    description:
      - Take over fields that another field manager owns. Without it such a conflict is an error that names the manager and the field.
    type: bool
    default: false
  wait:
    description:
      - With O(state=present), wait until Deployments, DaemonSets and StatefulSets of the set are rolled out.
      - With O(state=absent), wait until the objects are gone, finalizers included.
      - Also wait for all of O(wait_for). Without O(wait) the module waits for nothing.
      - If the wait takes too long, the message names each late object, with what it lacks, its last condition and its recent warning events.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait; with O(state=absent), for each step of the order.
    type: int
    default: 300
  wait_for:
    description:
      - What else must be true, of objects of the set or of any others, all at the same time.
      - Each entry names an object and one of C(condition), C(field), C(rollout) and C(absent). With none of them the object must exist.
      - A condition, and a field of the status, counts only if it describes the object as it is now. It does not count if the condition or the status has an
        earlier C(observedGeneration).
      - Check mode waits for nothing.
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
      condition:
        description: An entry of C(status.conditions).
        type: dict
        suboptions:
          type:
            description: The type of the condition.
            type: str
            required: true
          status:
            description: The status that the condition must have.
            type: str
            default: 'True'
          reason:
            description: The reason that the condition must give. Without it any reason will do.
            type: str
      field:
        description: Any field.
        type: dict
        suboptions:
          path:
            description:
              - Where the field is, as in C(status.phase), C(spec.ports[0].name), C(status.parents[0].conditions[type=Accepted].status) or
                C(metadata.annotations["example.com/seen"]). The module also understands the JSONPath that C(kubectl wait) takes.
            type: str
            required: true
          value:
            description: The value that the field must have. Without it any value that is not empty will do.
            type: raw
          absent:
            description: The field must not be there, or be empty.
            type: bool
            default: false
      rollout:
        description: The object, a Deployment, DaemonSet or StatefulSet, must be rolled out.
        type: bool
        default: false
      absent:
        description: The object must be gone, finalizers included.
        type: bool
        default: false
  prune:
    description:
      - Remove what an earlier run made as part of the same set and what is no longer in O(manifests).
      - Every object of the set has the label C(meshops.lifecycle/set). The module only ever removes objects with that label, of the kinds and in the namespaces
        that you name here. It refuses a manifest outside of them.
      - The module counts the label only if this collection wrote it. Objects that a controller made after an object, with a copy of its labels, stay. So do
        objects that a controller owns.
      - Counts only with O(state=present).
    type: dict
    suboptions:
      set:
        description: The name of the set.
        type: str
        required: true
      kinds:
        description: The kinds of objects that the set may hold.
        type: list
        elements: dict
        required: true
        suboptions:
          api_version:
            description: The kind's C(apiVersion).
            type: str
            required: true
          kind:
            description: The kind.
            type: str
            required: true
      namespaces:
        description: The namespaces in which the set may hold objects. Kinds that live in no namespace need none.
        type: list
        elements: str
        default: []
seealso:
  - module: kubernetes.core.k8s
"""

EXAMPLES = r"""
- name: Require mTLS in the whole mesh
  meshops.lifecycle.mesh_config:
    kubeconfig: ~/.kube/config
    context: east
    manifests:
      - apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata:
          name: default
          namespace: istio-system
        spec:
          mtls:
            mode: STRICT

- name: Write the shop's routes, and remove all others of the set
  meshops.lifecycle.mesh_config:
    kubeconfig: ~/.kube/config
    context: east
    manifests: "{{ shop_routes }}"
    prune:
      set: shop-routes
      kinds:
        - {api_version: networking.istio.io/v1, kind: VirtualService}
      namespaces: [shop]

- name: Open the gateway, and wait until it is programmed and has an address
  meshops.lifecycle.mesh_config:
    kubeconfig: ~/.kube/config
    context: east
    manifests: ["{{ shop_gateway }}"]
    wait_for:
      - api_version: gateway.networking.k8s.io/v1
        kind: Gateway
        name: shop
        namespace: shop
        condition: {type: Programmed}
      - api_version: gateway.networking.k8s.io/v1
        kind: Gateway
        name: shop
        namespace: shop
        field: {path: 'status.addresses[0].value'}

- name: Write the objects of a file
  meshops.lifecycle.mesh_config:
    src: "{{ playbook_dir }}/mesh.yml"
"""

RETURN = r"""
changes:
  description: Every object of the set and what became of it.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: Kind, namespace and name.
      type: str
      sample: PeerAuthentication istio-system/default
    action:
      description: One of V(created), V(updated), V(deleted) and V(unchanged).
      type: str
      sample: created
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.objects.mesh_config import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
