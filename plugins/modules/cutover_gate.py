#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cutover_gate
short_description: Read how a cluster does after a wave of a cutover
version_added: 0.1.0
description:
  - Reads what of a wave is not moved, which pods run without a proxy, what configuration proxies rejected, and how the probes of the cutover do.
  - Asks gates of the user's from this machine, such as a query of Prometheus.
  - The probes are the echo servers in the namespaces C(meshops-cutover-target) and C(meshops-cutover-former). Each asks those of the other namespace in
    all clusters, through its own sidecar and the gateways between the clusters, once to see that mTLS holds, and then many times to measure.
  - A bad reading does not fail the task. The role C(cutover) judges the readings of all clusters together.
author:
  - meshops contributors (@meshops)
options:
  primary_kube:
    description: The connection to the primary of a remote cluster, with its name as C(cluster). The module asks the control planes there.
    type: dict
  target:
    description: The revision to which the cutover leads.
    type: str
    required: true
  former:
    description: The revision that served before.
    type: str
    required: true
  wave:
    description: The number of the wave that was moved; 0 before the first wave and after the last. After the step C(finish), see O(finished).
    type: int
    default: 0
  spaces:
    description: The namespaces of the wave in this cluster. Pods without a proxy count there; in all namespaces if O(wave=0).
    type: list
    elements: str
    default: []
  services:
    description: The Services of gateways that the wave moved in this cluster, as C(namespace/name).
    type: list
    elements: str
    default: []
  finished:
    description: Whether the step C(finish) is through. Then no namespace and no proxy of the cluster may be the former revision's, whatever the wave was.
    type: bool
    default: false
  probes:
    description: What the probes do. Without it they are not asked.
    type: dict
    suboptions:
      targets:
        description: The clusters to ask, which are all clusters of the mesh.
        type: list
        elements: str
        default: []
      requests:
        description: How many requests a probe measures on each path, 20 a second. With 0 the probes are not asked.
        type: int
        default: 50
      timeout:
        description: How many seconds one of these requests may take. One that takes longer counts as not answered.
        type: float
        default: 5.0
      trust_domain:
        description: The trust domain of the mesh.
        type: str
        default: cluster.local
      gateway:
        description:
          - Whether the probes also ask through gateways. The gateway of the probes' own, which follows the target, passes requests on to workloads of the
            former revision.
          - The Services of ingress gateways that take plain HTTP, by the names of their ports, are asked for a host that nobody serves. The first reading
            keeps the status of their answers, and later on only the same status counts as an answer. Nothing is written to these gateways.
        type: bool
        default: true
      destinations:
        description:
          - Whether the probes' proxies have to know the same endpoints behind each service, and the target's to accept the identities that the former
            revision's accepts. One of each revision is asked by its admin port, and for up to 30 seconds again, because they hear of a new pod one after
            the other.
          - A service that only the target knows, or that is the probes' own, does not count. Of gateways at port 15443 only the port counts where both
            revisions know some, because control planes look up the names of load balancers by themselves.
        type: bool
        default: true
  gates:
    description: Gates of the user's. One that cannot be asked has failed.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the gate is called in the result.
        type: str
        required: true
      prometheus:
        description: A query of Prometheus. Each of its samples must be within the bounds, and there must be at least one.
        type: dict
        suboptions:
          url:
            description: The address of Prometheus, to which the module adds C(/api/v1/query). A user or password in it is refused.
            type: str
            required: true
          query:
            description: The query. It returns a scalar or a vector. Add C(or vector(0)) if no sample means zero.
            type: str
            required: true
          most:
            description: The largest value that passes.
            type: float
          least:
            description: The smallest value that passes.
            type: float
          headers:
            description: Headers of the request, such as one with a token. Their values never appear in output.
            type: dict
          ca:
            description: A file with the CA of the server, on this machine. Without it, the CAs of this machine count.
            type: path
      http:
        description: A page. A redirection is not followed.
        type: dict
        suboptions:
          url:
            description: The address of the page. A user or password in it is refused.
            type: str
            required: true
          status:
            description: The statuses that pass.
            type: list
            elements: int
            default: [200]
          contains:
            description: A text that the page must contain.
            type: str
          most_seconds:
            description: How many seconds the whole answer may take. Without it the limit is 10 seconds.
            type: float
          headers:
            description: Headers of the request, such as one with a token. Their values never appear in output.
            type: dict
          ca:
            description: A file with the CA of the server, on this machine. Without it, the CAs of this machine count.
            type: path
  since:
    description: The RV(reading) from before the first wave, to which this one is compared. Without it, this is the first.
    type: dict
    default: {}
  timeout:
    description: For how many seconds the first reading waits until the new probes reach each other.
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
- name: Read how the cluster does after the second wave
  meshops.lifecycle.cutover_gate:
    kubeconfig: ~/.kube/config
    context: east
    target: 1-31-2
    former: 1-30-4
    wave: 2
    spaces: [shop, stock]
    probes:
      targets: [east, west]
    gates:
      - name: few errors
        prometheus:
          url: https://prometheus.example.com
          query: sum(rate(istio_requests_total{response_code=~"5.."}[1m])) or vector(0)
          most: 0.1
          headers:
            Authorization: "Bearer {{ token }}"
    since: "{{ before.reading }}"
"""

RETURN = r"""
reading:
  description: What was read.
  returned: success
  type: dict
  contains:
    cluster:
      description: The cluster's name.
      type: str
      sample: east
    wave:
      description: The number of the wave.
      type: int
      sample: 2
    late:
      description: What of the wave is not moved, as half sentences.
      type: list
      elements: str
      sample: []
    plain:
      description: Pods without a proxy that should have one.
      type: list
      elements: str
      sample: [shop/cart-7d9f]
    rejected:
      description: How much configuration proxies of the target rejected since O(since), by kind.
      type: dict
      sample: {cds: 0, lds: 0}
    counted:
      description: How much they rejected since their control planes started.
      type: dict
      sample: {cds: 2, lds: 0}
    probes:
      description:
        - What the probes measured, with C(path), C(sent), C(answered), C(slowest), which is the 99th percentile in seconds, and C(fault).
        - C(answer) is the status that counts for the Service of a gateway.
        - C(others) says what came instead of answers, and how often.
      type: list
      elements: dict
      sample:
        - path: "from the target to the former revision, east to west"
          sent: 50
          answered: 49
          slowest: 0.021
          fault: ""
          answer: ""
          others: "503 (1)"
    gates:
      description: What the gates said, with C(name), C(passed), C(value) and C(fault).
      type: list
      elements: dict
      sample: [{name: errors of the shop, passed: true, value: "0.0004", fault: ""}]
    astray:
      description: Where the target sends requests otherwise than the former revision, as half sentences.
      type: list
      elements: str
      sample: []
    faults:
      description: What could not be read.
      type: list
      elements: str
      sample: []
notices:
  description: The Services of gateways whose first answers differ, or come from nobody, so that later ones would show nothing. A sentence each.
  returned: success
  type: list
  elements: str
  sample: []
since:
  description: The option O(since). Empty if this is the first reading.
  returned: success
  type: dict
  sample: {}
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.cutover.cutover_gate import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
