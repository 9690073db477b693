#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cutover
short_description: Do one step of a cutover between two revisions of the control plane in one cluster
version_added: 0.1.0
description:
  - With O(step=acquaint) control planes of the target that started before the target was installed in another cluster are restarted, because they expect
    the workloads of that cluster in another trust domain than the former revision does. O(step=prepare) begins with this.
  - With O(step=prepare) the target can read the configuration that only the former revision reads, as O(objects) says.
  - With O(step=move) the namespaces O(spaces) or the gateways behind O(services) come to follow the target. Gateways of the Gateway API are held back while
    their namespace turns, then each namespace is turned by one patch, and then whatever runs there is started anew.
  - A Gateway of the Gateway API changes its label. Where one of both versions drops its configuration meanwhile, a second Gateway stands in behind the same
    Service until the first one has pods of the target, and is removed then.
  - An injected gateway gets a second Deployment behind its Service. The first one keeps no pods as soon as the Service sends traffic to the second one, and
    stays for the way back, which is the same step with O(target) and O(former) exchanged.
  - With O(step=finish) tags, the default rule and, last of all, the validation of configuration lead to the target, and namespaces get their own labels back.
  - With O(step=turn_back) tags, the default rule and validation lead to the target again after the step C(finish) led them away from it, with O(target) and
    O(former) exchanged as on any way back. Namespaces that follow one of them name the revision of their proxies first, so only those workloads move that
    follow a tag or the default rule by their own template. O(step=move) turns back what the waves moved. Tags and validation that led to O(former) before
    the cutover stay there. RV(notices) names them.
  - With O(step=soak) the module only waits, under the Lease.
  - With O(step=rejoin) each gateway that serves from a second Deployment serves from its first one again, which is the one that a Helm release or a
    repository knows. The first one comes in by the target, with one patch of its replicas and the label of its template, and the second one keeps no pods
    as soon as the Service sends traffic to the first one. A Deployment whose selector names its revision cannot come in again, so its second one stays.
  - With O(step=retire_first) and O(step=retire_last) the module removes what goes with the former revision, before and after its Helm releases.
    It removes nothing while a gateway serves from a second Deployment and could serve from its first one. Where the default tag leads to the target, it waits
    up to a minute for the target to take over the locks of work that only one control plane does.
  - A step derives from the live objects what is still to do, so a killed step goes on when it is run again. It makes each write only if the object still is
    what was read, and waits until every proxy that it moved is made by the target, served by it and nobody else, in sync and ready.
  - Restarts O(parallel) workloads at once, and waits for disruption budgets. Evicts the pods of workloads whose update strategy is C(OnDelete) one by one, and
    restarts a Rollout of Argo by its C(spec.restartAt).
author:
  - meshops contributors (@meshops)
options:
  step:
    description: The step.
    type: str
    choices: [acquaint, prepare, move, finish, turn_back, soak, rejoin, retire_first, retire_last]
    required: true
  mesh:
    description: The name of the mesh.
    type: str
    required: true
  target:
    description: The revision to follow. All steps except O(step=soak) need it.
    type: str
  former:
    description: The revision that served before. All steps except O(step=soak) need it.
    type: str
  wave:
    description: The number of the wave, for the result.
    type: int
    default: 0
  spaces:
    description: With O(step=move), the namespaces to move.
    type: list
    elements: str
    default: []
  services:
    description: With O(step=move), the Services of the gateways to move, as C(namespace/name), instead of namespaces.
    type: list
    elements: str
    default: []
  back:
    description:
      - With O(step=move), whether a wave is turned back whose gates failed, with O(target) and O(former) exchanged as on any way back.
      - Only what this cutover moved goes back then, by the notes that it left. That is not a tag that led to O(former) before, nor what follows such a tag or
        named O(former) by itself. RV(notices) names these tags where O(by=tags). The notes go with it.
    type: bool
    default: false
  by:
    description: With V(tags) the first wave moves the tags, so that no namespace is written that follows a tag. With V(namespaces) each wave turns its own.
    type: str
    choices: [namespaces, tags]
    default: namespaces
  gateways:
    description: With V(never) the step O(step=finish) passes over gateways that still serve for the former revision.
    type: str
    choices: [first, last, never]
    default: last
  objects:
    description: With O(step=prepare) and O(step=turn_back), whether objects with the label of the former revision get a copy for the target, or lose the label.
      The step O(step=finish) of the way back puts a label back that was taken off. Copies go with their revision.
    type: str
    choices: [copy, unlabel, refuse, leave]
    default: copy
  kept:
    description: With V(wait) the module does not write labels that another tool keeps, but waits until they are as they have to be. RV(kept) lists them.
    type: str
    choices: [write, wait]
    default: write
  parallel:
    description: How many workloads start anew at once.
    type: int
    default: 20
  budgets:
    description: How many workloads start anew at once in the namespaces that match a pattern.
    type: dict
    default: {}
  clusters:
    description: With O(step=retire_first) and O(step=retire_last), the states of all clusters of the mesh, as M(meshops.lifecycle.cutover_info) returned them.
    type: list
    elements: str
    default: []
  soak:
    description: With O(step=soak), how many seconds to wait.
    type: int
    default: 0
  timeout:
    description: How many seconds the step may take.
    type: int
    default: 600
  primary_kube:
    description:
      - The connection to the primary of a remote cluster, with its name as C(cluster). While a step waits, the module asks the control planes there again and
        again which proxies they serve.
    type: dict
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
  - module: meshops.lifecycle.cutover_info
  - module: meshops.lifecycle.cutover_trial
  - name: Role cutover
    link: https://github.com/meshops/lifecycle/blob/main/roles/cutover/README.md
    description: The role C(cutover), which calls this module.
notes:
  - A gateway that leaves ends its pods as Kubernetes ends any pod. So that no request is lost, its pods need a C(preStop) pause that is longer than load
    balancers and nodes need to stop sending traffic there, and C(terminationGracePeriodSeconds) beyond it. Open connections are drained for
    C(terminationDrainDuration).
  - A HorizontalPodAutoscaler leaves a Deployment without replicas alone, unless its C(minReplicas) is 0.
"""

EXAMPLES = r"""
- name: Move two namespaces to the revision green
  meshops.lifecycle.cutover:
    kubeconfig: ~/.kube/config
    context: east
    mesh: shop
    step: move
    target: green
    former: blue
    spaces: [shop, bank]

- name: Move them back
  meshops.lifecycle.cutover:
    kubeconfig: ~/.kube/config
    context: east
    mesh: shop
    step: move
    target: blue
    former: green
    spaces: [shop, bank]
"""

RETURN = r"""
step:
  description: The step.
  returned: always
  type: str
  sample: move
wave:
  description: The number of the wave.
  returned: always
  type: int
  sample: 2
late:
  description: What is not through, a sentence each. Empty after a step.
  returned: always
  type: list
  elements: str
  sample: []
restarted:
  description: How many rollouts and evictions the module asked for.
  returned: always
  type: int
  sample: 3
kept:
  description: With O(kept=wait), what another tool has to write. C(kind), C(namespace) and C(name) of the object, its C(keeper), and the merge C(patch).
  returned: always
  type: list
  elements: dict
  contains:
    kind: {description: The kind of the object., type: str, sample: Namespace}
    namespace: {description: "Its namespace, if it has one.", type: str, sample: ""}
    name: {description: Its name., type: str, sample: shop}
    keeper: {description: The tool that would write it back., type: str, sample: Argo CD}
    patch: {description: "The merge patch to commit where that tool reads.", type: dict, sample: {metadata: {labels: {istio.io/rev: green}}}}
notices:
  description: With O(step=rejoin), the Helm releases of other tools whose values still name the former revision, a sentence each. With O(step=turn_back)
    and O(back), the tags that are not led back.
  returned: always
  type: list
  elements: str
  sample: []
releases:
  description: With O(step=retire_first), the Helm releases to remove, with C(name) and C(namespace).
  returned: success
  type: list
  elements: dict
  sample: [{name: istiod-stable, namespace: istio-system}]
state:
  description: All that was seen after the step, as M(meshops.lifecycle.cutover_info) returns it. Other values of that module are returned, too.
  returned: success
  type: str
  sample: >-
    {"cluster":"east","default_revision":"stable","revisions":[{"revision":"stable","version":"1.31.3","desired":1,"ready":1}],
    "tags":[{"name":"default","webhook":"stable","service":"stable"}],"objects":[],"unlabelled":[],"leftovers":[],"leaders":[],
    "spaces":{"shop":{"following":0}},
    "workloads":{"shop":[{"kind":"Deployment","name":"cart","made":{"stable":2},"connected":{"stable":2},"following":0}]},
    "rules":[{"rule":"enabled","pointer":"default","revision":"stable"}]}
seconds:
  description: How long the step took until all had followed.
  returned: success
  type: float
  sample: 41.7
changes:
  description: Each object that the module wrote, with C(object) and C(action).
  returned: always
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Namespace shop}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: updated}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.cutover.cutover import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
