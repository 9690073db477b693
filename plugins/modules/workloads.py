#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workloads
short_description: Give workloads the proxy of a mesh whose product injects none
version_added: 0.1.0
description:
  - Adds the containers of a sidecar to the Deployments, StatefulSets and DaemonSets that serve the named services, by a server-side apply with a field manager
    of its own. What users wrote into these workloads stays as it is, and they may go on to write it with their own tools.
  - Makes what a sidecar needs before it starts, such as an identity of its service, with a credential that is good for nothing else.
  - Takes all of it from workloads of the same O(set) that O(services) does not name any more.
  - Changes some workloads at a time and waits until their pods are new. A workload that a PodDisruptionBudget forbids to restart stays for the next run.
  - Refuses before the first write, with the name of each workload, a service without a workload, a workload of two services or without room for the
    sidecar, and a workload that another controller manages.
author:
  - meshops contributors (@meshops)
options:
  wish:
    description: What is wanted of the cluster's control plane, as the roles of this collection make it from the inventory.
    type: dict
    required: true
  services:
    description: All services of the set.
    type: list
    elements: dict
    default: []
    suboptions:
      service:
        description: The name of the service in the mesh.
        type: str
        required: true
      namespace:
        description: The namespace of its workloads.
        type: str
        required: true
      port:
        description: The port on the loopback of the pods at which the workloads serve it.
        type: int
        required: true
      kind:
        description: The kind of the workloads. With O(services[].labels) the module takes all kinds without it.
        type: str
        choices: [Deployment, DaemonSet, StatefulSet]
      name:
        description: The name of the one workload that serves it.
        type: str
      labels:
        description: The labels of the workloads that serve it. Give these or O(services[].name).
        type: dict
      protocol:
        description: The protocol that it speaks, such as V(http). The module sets it in the mesh unless users did.
        type: str
      health_path:
        description: A path that answers with HTTP status 200 while the workload is healthy. Without it the mesh checks the sidecar alone.
        type: str
      upstreams:
        description: The services that the workloads call, each through a port of their loopback.
        type: list
        elements: dict
        suboptions:
          service:
            description: The name of the other service.
            type: str
            required: true
          port:
            description: The port on the loopback at which the workloads call it.
            type: int
            required: true
          cluster:
            description: The cluster of the other service. Without it, it is this cluster.
            type: str
      callers:
        description: The services that may call it. The module allows them in the mesh unless users denied them.
        type: list
        elements: dict
        suboptions:
          service:
            description: The name of the calling service.
            type: str
            required: true
          cluster:
            description: The cluster of the calling service. Without it, it is this cluster.
            type: str
  set:
    description: A name for all services together. A task removes nothing from workloads of another set.
    type: str
    default: inventory
  wait_timeout:
    description: How many seconds to wait for each step, such as the new pods of some workloads.
    type: int
    default: 300
seealso:
  - module: meshops.lifecycle.probe
  - name: Role workloads
    link: https://github.com/meshops/lifecycle/blob/main/roles/workloads/README.md
    description: The role C(workloads), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
attributes:
  check_mode:
    support: full
    details: The API server judges each workload. A workload that an earlier task of the play would make is named in RV(notices).
  diff_mode:
    support: full
    details: The diff shows only the keys of a credential, and which of them changed.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Give the shop its sidecar
  meshops.lifecycle.workloads:
    kubeconfig: ~/.kube/config
    context: east
    wish: {cluster: east, mesh: shop, provider: consul, namespace: consul}
    services:
      - service: shop
        namespace: shop
        labels: {app: shop}
        port: 8080
        protocol: http
        health_path: /healthz
        upstreams:
          - {service: stock, port: 9000}
"""

RETURN = r"""
changes:
  description: Each object and what became of it.
  returned: success
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Deployment shop/shop}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: created}
ordered:
  description: What the module had the product do, or would in check mode.
  returned: success
  type: list
  elements: str
  sample: []
notices:
  description: What may lose requests although nothing is wrong with the services, such as a container that ends at once.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.workloads.workloads import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
