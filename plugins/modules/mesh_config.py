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
  - Namespaces come first, then custom resource definitions until they are served, then everything else.
  - A field that left the manifests since the last run is removed from the object; fields of other owners are left alone.
  - A field that the API does not know is an error and is not silently dropped.
author:
  - meshops contributors (@meshops)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
options:
  manifests:
    description:
      - The objects, each as a complete manifest.
      - With O(state=absent) C(apiVersion), C(kind), C(metadata.name) and, if it has one, C(metadata.namespace) are enough.
    type: list
    elements: dict
    required: true
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
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait; with O(state=absent), for each step of the order.
    type: int
    default: 300
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

- name: Bring the objects of a file
  meshops.lifecycle.mesh_config:
    manifests: "{{ lookup('ansible.builtin.file', 'mesh.yml') | from_yaml_all | list }}"
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

from typing import Any

from ..module_utils._kube.cluster import Cluster
from ..module_utils._mesh.change import Ref, as_result
from ..module_utils._mesh.condition import Condition
from ..module_utils._module.run import run

WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet")


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    """Waits also when nothing changed: an earlier run may have been killed while it waited."""
    manifests, timeout = params["manifests"], params["wait_timeout"] if params["wait"] else 0
    if params["state"] == "absent":
        return as_result(cluster.delete([Ref.of(manifest) for manifest in manifests], wait=timeout))
    changes = cluster.apply(manifests, force=params["force"])
    if params["wait"]:
        cluster.settle([Condition(change.ref, "rollout") for change in changes if change.ref.kind in WORKLOADS], timeout)
    return as_result(changes)


def main() -> None:
    run(
        reconcile,
        argument_spec={
            "manifests": {"type": "list", "elements": "dict", "required": True},
            "state": {"choices": ["present", "absent"], "default": "present"},
            "force": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 300},
        },
    )


if __name__ == "__main__":
    main()
