#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_config
short_description: Make a set of Kubernetes objects so, on one cluster
version_added: 0.1.0
description:
  - Brings a whole set of objects to a cluster by server-side apply, and writes only what differs.
  - Namespaces and custom resource definitions come first. Objects of those definitions wait until they are served, webhook configurations come last.
  - A field that left the manifests since the last run is removed from the object; fields of other owners are left alone.
  - A field that the API does not know is an error and is not silently dropped.
author:
  - meshops contributors (@meshops)
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
options:
  manifests:
    description:
      - The objects, each as a complete manifest.
      - What only an API server says of an object that it holds (C(uid), C(resourceVersion), C(generation), C(creationTimestamp), C(managedFields),
        C(status)) is left out, and so is what C(kubectl) noted as last applied.
        What C(kubectl get -o yaml) printed of one cluster can so be brought to another.
        It is refused with C(ownerReferences), whose UIDs are of that cluster, and when it was being deleted.
      - With O(state=absent) C(apiVersion), C(kind), C(metadata.name) and, if it has one, C(metadata.namespace) are enough.
      - This or O(src) is required; with both, the set is all of them.
    type: list
    elements: dict
  src:
    description:
      - Files of manifests, as YAML (any number of documents) or as JSON, on the host that executes the module.
        The objects in a C(List) are taken one by one.
      - Recommended for large sets. It is faster than O(manifests), which Ansible templates value by value. Nothing in the files is templated.
      - Dates, and numbers with colons, are text as they are for C(kubectl). Only types that JSON has too are allowed.
      - A key that is given twice is an error.
      - A file that cannot be read, that is encrypted by C(ansible-vault), that is not valid YAML, or of which a document is not a mapping, is
        an error that names the file and the place. Nothing is written then.
    type: list
    elements: path
  state:
    description:
      - V(present) creates and updates the objects.
      - V(absent) deletes them in reverse order. Objects that are not there, or whose kind is not served, are fine.
    type: str
    choices: [present, absent]
    default: present
  force:
    description:
      - Take fields that another field manager owns. Without it such a conflict is an error that names the manager and the field.
    type: bool
    default: false
  wait:
    description:
      - With O(state=present), wait until Deployments, DaemonSets and StatefulSets of the set are rolled out.
      - With O(state=absent), wait until the objects are gone, finalizers included.
      - Also wait for all of O(wait_for). Without O(wait) nothing is waited for.
      - If it takes too long, the message names each object that is late, with what it lacks, its last condition and its recent warning events.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait; with O(state=absent), for each step of the order.
    type: int
    default: 300
  wait_for:
    description:
      - What else has to be true, of objects of the set or of any others, all at the same time.
      - Each entry names an object and one of C(condition), C(field), C(rollout) and C(absent); without any of them the object is to exist.
      - A condition, and a field of the status, counts only if it is about the object as it is now. An earlier C(observedGeneration), of the
        condition or of the status, does not count.
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
      condition:
        description: An entry of C(status.conditions).
        type: dict
        suboptions:
          type:
            description: The type of the condition.
            type: str
            required: true
          status:
            description: The status it must have.
            type: str
            default: 'True'
          reason:
            description: The reason it must give. Any if not given.
            type: str
      field:
        description: Any field.
        type: dict
        suboptions:
          path:
            description:
              - Where it is, as in C(status.phase), C(spec.ports[0].name), C(status.parents[0].conditions[type=Accepted].status) or
                C(metadata.annotations["example.com/seen"]). The JSONPath that C(kubectl wait) takes is understood too.
            type: str
            required: true
          value:
            description: The value it must have. Any value that is not empty if not given.
            type: raw
          absent:
            description: The field must not be there, or be empty.
            type: bool
            default: false
      rollout:
        description: A Deployment, DaemonSet or StatefulSet is to be rolled out.
        type: bool
        default: false
      absent:
        description: The object is to be gone, finalizers included.
        type: bool
        default: false
  prune:
    description:
      - Removes what an earlier run made as part of the same set and what is no longer in O(manifests).
      - Every object of the set carries the label C(meshops.lifecycle/set). Only objects with that label, of the kinds and in the namespaces that
        are named here, are ever removed. A manifest outside of them is refused.
      - The label has to be of this collection's own writing. What a controller made after an object, with a copy of its labels, stays, and so does
        what a controller owns.
      - Looked at with O(state=present) only.
    type: dict
    suboptions:
      set:
        description: The name of the set.
        type: str
        required: true
      kinds:
        description: The kinds of which the set may hold objects.
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
        description: The namespaces in which the set may hold objects. None are needed for kinds that live in no namespace.
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

- name: Let the routes of the shop be these, and no others
  meshops.lifecycle.mesh_config:
    kubeconfig: ~/.kube/config
    context: east
    manifests: "{{ shop_routes }}"
    prune:
      set: shop-routes
      kinds:
        - {api_version: networking.istio.io/v1, kind: VirtualService}
      namespaces: [shop]

- name: Open the gateway, and go on when it is programmed and has an address
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

- name: Bring the objects of a file
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
