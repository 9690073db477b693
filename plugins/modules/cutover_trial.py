#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cutover_trial
short_description: Prove who injects the proxies of a cluster's pods, before a cutover moves anything
version_added: 0.1.0
description:
  - Asks the API server to create pods, each as a dry run that the API server does not store, and reads the proxies that came back with them.
  - Without O(revision), the module tries a pod of each kind of namespace and pod template that the webhooks of the mesh distinguish. It takes the pod
    from a Deployment, StatefulSet or DaemonSet of that kind.
  - With O(revision), it tries a pod in the namespace O(space), which must name that revision.
  - An API server keeps its connections to a webhook. So the module asks more and more pods at once, until each replica of the control plane has
    injected some of them or O(timeout) is over. A fault starts the proof anew, because a control plane can be ready before its webhook answers.
  - A fault does not fail the task. The role C(cutover) stops at it.
author:
  - meshops contributors (@meshops)
options:
  primary_kube:
    description: The connection to the primary of a remote cluster, with its name as C(cluster). The module asks the control planes there.
    type: dict
  revision:
    description: The revision whose proxies O(space) must get. Without it, each pod must get the proxy that its labels name.
    type: str
  space:
    description: A namespace whose label names O(revision).
    type: str
  requests:
    description: How many pods of each kind the module tries for each replica of the control plane.
    type: int
    default: 5
  timeout:
    description: For how many seconds the module tries again after a fault. It looks for a replica that no pod reaches for 20 seconds at most.
    type: int
    default: 60
seealso:
  - module: meshops.lifecycle.cutover
  - name: Role cutover
    link: https://github.com/meshops/lifecycle/blob/main/roles/cutover/README.md
    description: The role C(cutover), which calls this module.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes.info
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
"""

EXAMPLES = r"""
- name: Try a pod of each kind of namespace
  meshops.lifecycle.cutover_trial:
    kubeconfig: ~/.kube/config
    context: east

- name: Try pods that the revision 1-31-2 injects
  meshops.lifecycle.cutover_trial:
    kubeconfig: ~/.kube/config
    context: east
    revision: 1-31-2
    space: meshops-cutover-target
"""

RETURN = r"""
faults:
  description: What is wrong with pods that came back, a sentence for each. Empty if each pod got the proxy that it should get.
  returned: success
  type: list
  elements: str
  sample: []
notices:
  description: What the trial could not prove, such as a replica that no trial pod reached, or a pod that a quota refused.
  returned: success
  type: list
  elements: str
  sample: []
replicas:
  description: The pods of the control planes whose webhooks answered or should have.
  returned: success
  type: list
  elements: str
  sample: [istio-system/istiod-1-31-2-6f7c, istio-system/istiod-stable-7d9f]
trials:
  description: The kinds of pods.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: Where the pod was tried.
      type: str
      sample: shop
    expected:
      description: The revision that had to inject its proxy.
      type: str
      sample: 1-31-2
    stands_for:
      description: How many workloads are of this kind.
      type: int
      sample: 12
    answered:
      description: How many pods came back with the expected proxy.
      type: int
      sample: 5
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.cutover.cutover_trial import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
