#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cutover_info
short_description: Read which revision of the control plane each namespace, workload and proxy of a cluster follows
version_added: 0.1.0
description:
  - Reads the webhooks, tags, namespaces, workloads and pods of a cluster, and judges by the live selectors of the webhooks which revision injects the proxy of
    a new pod. Then asks every control plane pod which proxies it serves, and whether they are in sync.
  - Does not conclude anything from what an earlier run wrote down, and writes nothing.
author:
  - meshops contributors (@meshops)
options:
  primary_kube:
    description:
      - The connection to the primary of a remote cluster, with its name as C(cluster). The module asks the control planes there which proxies they serve.
      - Leave it out if a control plane of the mesh runs in the cluster itself.
    type: dict
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
seealso:
  - module: meshops.lifecycle.mesh_info
  - module: meshops.lifecycle.rotation_info
  - name: Role cutover
    link: https://github.com/meshops/lifecycle/blob/main/roles/cutover/README.md
    description: The role C(cutover), which calls this module.
"""

EXAMPLES = r"""
- name: Read who follows which revision
  meshops.lifecycle.cutover_info:
    kubeconfig: ~/.kube/config
    context: east
  register: revisions

- name: Show how many namespaces, workloads and proxies each revision has
  ansible.builtin.debug:
    var: revisions.follows
"""

RETURN = r"""
cluster:
  description: The cluster's name.
  returned: success
  type: str
  sample: east
served_by:
  description: The cluster whose control plane serves this one. Empty if a control plane runs here.
  returned: success
  type: str
  sample: ''
revisions:
  description: The control planes, with C(name), C(version), C(desired) and C(ready) replicas, and the C(reason) if replicas are missing.
  returned: success
  type: list
  elements: dict
  sample: [{name: stable, version: 1.31.3, desired: 1, ready: 1, reason: ''}]
tags:
  description: The revision tags, with C(name), the revision for which the C(webhook) injects, and the revision to which the C(service) leads.
  returned: success
  type: list
  elements: dict
  sample: [{name: default, webhook: stable, service: stable}]
default_revision:
  description: The revision that validates what users write. Empty if no webhook does.
  returned: success
  type: str
  sample: stable
led:
  description: From which C(former) revision to which C(target) the cutover leads that is under way, or the last one led. Several if notes contradict each
    other. Empty if no cutover led anything, or if the former revision is not installed any more.
  returned: success
  type: list
  elements: dict
  sample: [{former: blue, target: stable}]
follows:
  description:
    - By revision, how many C(namespaces) and C(workloads) follow it, for how many pods it C(made) the proxy, and how many proxies it has C(served) with
      configuration.
  returned: success
  type: dict
  sample: {stable: {namespaces: 14, workloads: 40, made: 212, served: 212}}
turned:
  description: The namespaces that a cutover turned to another revision and has not finished.
  returned: success
  type: list
  elements: str
  sample: [shop]
pinned:
  description: The Gateways that a cutover holds at the former revision until their turn comes.
  returned: success
  type: list
  elements: str
  sample: []
plain:
  description: The pods that run without a proxy although a new pod in their place would get one, by namespace and name.
  returned: success
  type: list
  elements: str
  sample: [shop/cart-7d9f]
silent:
  description: Control plane pods that did not say which proxies they serve.
  returned: success
  type: list
  elements: str
  sample: []
state:
  description: All that a cutover decides by, as JSON. The filters of the role C(cutover) read it.
  returned: success
  type: str
  sample: >-
    {"cluster":"east","default_revision":"stable","revisions":[{"revision":"stable","version":"1.31.3","desired":1,"ready":1}],
    "tags":[{"name":"default","webhook":"stable","service":"stable"}],"objects":[],"unlabelled":[],"leftovers":[],"leaders":[],
    "spaces":{"shop":{"following":0}},
    "workloads":{"shop":[{"kind":"Deployment","name":"cart","made":{"stable":2},"connected":{"stable":2},"following":0}]},
    "rules":[{"rule":"enabled","pointer":"default","revision":"stable"}]}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.cutover.cutover_info import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
