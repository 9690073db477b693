#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cutover_plane
short_description: Give one control plane of a plane a share of the traffic, in one cluster
version_added: 0.1.0
description:
  - A plane is a part of a mesh by what it does (ingress, egress or application), with a blue and a green control plane. Weights in objects of the
    cluster lead its traffic to one of them, or to both.
  - Without O(share), the module reads which colour gets how much, and writes nothing.
  - With O(test), it asks a colour by its own host first, as the tests of that colour in O(planes) say, and fails if an answer is another one.
  - With O(share), it writes the weights of each object in one patch, and only if the object has not changed since the module read it. An object
    that gives the colour more already is left alone, so a killed run goes on and takes nothing back.
  - Before it writes, the module waits until the control plane of the colour is ready and a pod that receives its traffic is ready.
  - With O(gateways), it gives the gateways of a colour their pods, or takes them. Each Deployment is written in one patch, which keeps in an annotation how
    many pods it had.
  - Refuses before the first write what leaves the share in doubt, such as a rule that leads to a third destination, or rules with different weights.
author:
  - meshops contributors (@meshops)
options:
  planes:
    description: The planes of the cluster by name, in the shape of the inventory variable C(mesh_planes).
    type: dict
    required: true
  plane:
    description: The name of the plane.
    type: str
    required: true
  to:
    description: The colour that is tested or gets the share, V(blue) or V(green), or the revision of that colour.
    type: str
  share:
    description: How many percent of the plane's traffic O(to) gets at least, from 0 to 100. Without it the module writes nothing.
    type: int
  test:
    description: Whether to ask O(to) by its own host first.
    type: bool
    default: false
  back:
    description: Whether O(to) gets traffic back that it had before. Its pods are then enough. They serve on although their control plane is away.
    type: bool
    default: false
  kept:
    description:
      - What the module does about objects that another tool, such as Argo CD, would write back. With V(write) it writes them.
      - With V(wait) it waits until somebody has written the weights where that tool reads them. In check mode it returns what has to be written, as C(kept).
    type: str
    choices: [write, wait]
    default: write
  gateways:
    description:
      - What becomes of the pods of the Deployments that O(planes) declares as C(gateways) of the colour O(to).
      - With V(open) they get as many pods as they had, or as those of the other colour have if these have more. The module waits until all are ready.
      - With V(drain) they lose their pods, and stay for the way back. The module refuses this while an object gives O(to) traffic, while the other colour has
        no pods, and while an autoscaler would give them pods again.
    type: str
    choices: [open, drain]
  wave:
    description: The number of the step. The module returns it for the tasks that follow.
    type: int
    default: 0
  mesh:
    description: The name of the mesh. Needed with O(lease).
    type: str
    default: ''
  timeout:
    description: How many seconds to wait for the control plane and the pods of O(to), and for what O(kept) leaves to others.
    type: int
    default: 120
  lease:
    description: The mesh's Lease, as M(meshops.lifecycle.lease) returned it, with C(kube) as the connection to its cluster. The module writes nothing unless
      the run holds this Lease.
    type: dict
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
  - meshops.lifecycle._mesh
seealso:
  - module: meshops.lifecycle.cutover_trial
  - name: Role cutover
    link: https://github.com/meshops/lifecycle/blob/main/roles/cutover/README.md
    description: The role C(cutover), which calls this module.
"""

EXAMPLES = r"""
- name: Read where the plane of ingress stands
  meshops.lifecycle.cutover_plane:
    kubeconfig: ~/.kube/config
    context: east
    planes: "{{ mesh_planes }}"
    plane: ingress

- name: Test green by its own host, and give it 10 percent
  meshops.lifecycle.cutover_plane:
    kubeconfig: ~/.kube/config
    context: east
    planes: "{{ mesh_planes }}"
    plane: ingress
    to: green
    test: true
    share: 10
"""

RETURN = r"""
state:
  description:
    - What was seen of the plane in the end, as JSON. C(weighed) has what each object gives green, in percent, or the C(fault) that hides it, and the
      C(keeper) that would write it back.
    - C(away) says, by colour, why a control plane does not serve, and C(unready) why the pods of a colour take no traffic. C(doors) has the gateways of each
      colour with the C(replicas) that they are to have.
  returned: success
  type: str
  sample: >-
    {"cluster": "east", "plane": "ingress", "weighed": [{"where": "HTTPRoute istio-ingress/shop", "green": 10, "fault": "", "keeper": "", "coarse": false}],
    "away": {}, "unready": {}, "doors": {"blue": [{"where": "Deployment istio-ingress/blue", "replicas": 2, "keeper": "", "fault": ""}]}}
target:
  description: What O(to) named.
  returned: success
  type: str
  sample: green
share:
  description: The share that O(to) got at least.
  returned: success
  type: int
  sample: 10
step:
  description: The step of a cutover that this task does.
  returned: success
  type: str
  sample: move
wave:
  description: The number of the step.
  returned: success
  type: int
  sample: 1
late:
  description: What does not give the share yet. Empty after a task that succeeded.
  returned: success
  type: list
  elements: str
  sample: []
kept:
  description: What another tool keeps and this module has not written, with C(kind), C(namespace), C(name), C(keeper) and the merge C(patch).
  returned: success
  type: list
  elements: dict
  contains:
    kind: {description: The kind of the object., type: str, sample: Deployment}
    namespace: {description: "Its namespace, if it has one.", type: str, sample: istio-ingress}
    name: {description: Its name., type: str, sample: gateway-green}
    keeper: {description: The tool that would write it back., type: str, sample: Argo CD}
    patch: {description: "The merge patch to commit where that tool reads.", type: dict, sample: {spec: {replicas: 2}}}
seconds:
  description: How long the task took.
  returned: success
  type: float
  sample: 12.4
changes:
  description: Each object that the module wrote, with C(object) and C(action).
  returned: success
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: HTTPRoute istio-ingress/shop}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: updated}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.cutover.cutover_plane import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
