#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_info
short_description: What runs of a mesh in a cluster
version_added: 0.1.0
description:
  - Reads control planes, gateways, links, certificates and proxies of one cluster.
  - Which clusters are synced, which networks are reachable and which proxies are served is asked of every control plane pod itself,
    over the API server. Nothing is assumed from what was once applied.
  - With O(wait) it waits until everything is as O(expected), and fails with a sentence for each thing that is not.
author:
  - meshops contributors (@meshops)
options:
  provider:
    description: The mesh.
    type: str
    choices: [istio]
    default: istio
  namespace:
    description: The namespace of the control plane.
    type: str
    default: istio-system
  expected:
    description:
      - What the inventory wants of this cluster. Without it there are facts and no findings.
      - The filter P(meshops.lifecycle.mesh_expected#filter) makes it from the inventory.
    type: dict
    suboptions:
      revision:
        description: The revision that must run. Any if it is empty.
        type: str
        default: ""
      network:
        description: The cluster's network.
        type: str
        default: ""
      role:
        description: Whether a control plane runs here (primary) or another cluster's serves it (remote).
        type: str
        choices: [primary, remote]
        default: primary
      gateway:
        description: Whether an east-west gateway is needed.
        type: bool
        default: true
      remotes:
        description: The clusters that must be discovered and synced, each with its network.
        type: dict
        default: {}
  wait:
    description: Whether to wait until there are no findings, and to fail if they remain.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait.
    type: int
    default: 120
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.info
"""

EXAMPLES = r"""
- name: Wait until the control plane of the revision stable is ready
  meshops.lifecycle.mesh_info:
    kubeconfig: ~/.kube/config
    context: east
    expected: {revision: stable, gateway: false}
    wait: true
"""

RETURN = r"""
findings:
  description: What is not as expected, a sentence each, the worst first.
  returned: success
  type: list
  elements: str
planes:
  description: The control planes, with C(revision), C(version), C(desired) and C(ready) replicas and the C(reason) why one is not ready.
  returned: success
  type: list
  elements: dict
remotes:
  description: What each control plane pod says of each remote cluster, with C(pod), C(cluster) and C(status).
  returned: success
  type: list
  elements: dict
gateways:
  description: The gateways between networks, with C(name), C(namespace), C(network), C(desired), C(ready) and C(addresses).
  returned: success
  type: list
  elements: dict
links:
  description: The clusters that there is a link to.
  returned: success
  type: list
  elements: str
reachable_networks:
  description: The networks that every control plane pod knows a gateway of.
  returned: success
  type: list
  elements: str
proxies:
  description: The proxies served here, with C(name), C(namespace), C(version) and the kinds of configuration that are C(stale).
  returned: success
  type: list
  elements: dict
served_by:
  description: Of a remote cluster, the primary that serves it.
  returned: success
  type: str
trust:
  description: The C(root) and the C(intermediate) of this cluster, with C(subject), C(fingerprint) and C(not_after) among others.
  returned: success
  type: dict
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..module_utils._kube import cluster as kube
from ..module_utils._kube.cluster import Answer, Cluster
from ..module_utils._mesh.change import Ref
from ..module_utils._mesh.errors import NotReady
from ..module_utils._mesh.health import Expected, Health, findings
from ..module_utils._mesh.question import Question, Read
from ..module_utils._module.run import run
from ..module_utils._pki.x509 import certificates
from ..module_utils._providers import PROVIDERS


def reconcile(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    mesh = PROVIDERS[params["provider"]]
    expected = Expected(**params["expected"]) if params["expected"] else None
    deadline = time.monotonic() + params["wait_timeout"]
    while True:
        health = _health(cluster, mesh, params["namespace"])
        told = findings(health, expected) if expected else []
        if not told or not params["wait"] or cluster.dry_run:
            break
        if time.monotonic() > deadline:
            raise NotReady(f"After {params['wait_timeout']} s: {' '.join(told)}", findings=told)
        time.sleep(0.5)
    return {"changed": False, **health.as_dict(), "findings": told, "trust": _trust(cluster, mesh, params["namespace"])}


def _health(cluster: Cluster, mesh: Any, namespace: str) -> Health:
    observation = mesh.capability("observation")
    reads = observation.reads(namespace)
    with ThreadPoolExecutor(max_workers=8) as pool:
        listed = list(pool.map(lambda read: _list(cluster, read), reads))
    live: dict[str, list[dict[str, Any]]] = {}
    for read, objects in zip(reads, listed, strict=True):
        live.setdefault(read.kind, []).extend(objects)
    questions: list[Question] = observation.questions(live)
    answers = cluster.ask_all([kube.Question(q.namespace, q.pod, q.port, q.path) for q in questions])
    told = {question: _text(answer) for question, answer in zip(questions, answers, strict=True)}
    return observation.health(cluster.name, live, told)


def _list(cluster: Cluster, read: Read) -> list[dict[str, Any]]:
    return cluster.list(read.api_version, read.kind, read.namespace, labels=read.labels, metadata_only=read.metadata_only)


def _text(answer: Any) -> str | None:
    """What a pod said; None where it did not answer, which is a finding and no failure."""
    if isinstance(answer, Answer) and answer.status == 200:
        return answer.body.decode()
    return None


def _trust(cluster: Cluster, mesh: Any, namespace: str) -> dict[str, Any]:
    """Only the certificates are taken out of the Secret, never a key."""
    trust = mesh.capability("trust")
    secret = cluster.get(Ref("v1", "Secret", trust.SECRET_NAME, namespace))
    chain = trust.public(secret) if secret else {}
    found = {part: certificates(pem) for part, pem in chain.items()}
    return {part: held[0].facts() for part, held in found.items() if held}


def main() -> None:
    expected = dict(
        revision=dict(default=""),
        network=dict(default=""),
        role=dict(choices=["primary", "remote"], default="primary"),
        gateway=dict(type="bool", default=True),
        remotes=dict(type="dict", default={}),
    )
    run(
        reconcile,
        argument_spec=dict(
            provider=dict(choices=sorted(PROVIDERS), default="istio"),
            namespace=dict(default="istio-system"),
            expected=dict(type="dict", options=expected),
            wait=dict(type="bool", default=False),
            wait_timeout=dict(type="int", default=120),
        ),
    )


if __name__ == "__main__":
    main()
