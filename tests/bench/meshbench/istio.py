# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let istioctl install on API servers without nodes: its manifests, and a status that says the pods run."""

from __future__ import annotations

import copy
import json
import subprocess
from functools import cache

import yaml
from meshlab.apionly import ApiServer

from .contestants import ISTIO_PROFILE
from .workload import Manifest

NAMESPACE = "istio-system"
HASH = {"pod-template-hash": "bench"}


@cache
def istio_set() -> list[Manifest]:
    """The objects that `istioctl install` applies, without those that it makes afterwards for the default revision."""
    told = subprocess.run(["istioctl", "manifest", "generate", *ISTIO_PROFILE], capture_output=True, text=True, check=True).stdout
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    return [home, *(one for one in yaml.load_all(told, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if one)]


def ready_replica_set(deployment: Manifest) -> Manifest:
    """istioctl waits for the pods of the Deployment's newest ReplicaSet: the one with the same template."""
    meta, template = deployment["metadata"], copy.deepcopy(deployment["spec"]["template"])
    template["metadata"]["labels"] = {**template["metadata"].get("labels", {}), **HASH}
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": meta["name"], "uid": meta["uid"], "controller": True}
    return {
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": f"{meta['name']}-bench", "namespace": meta["namespace"], "labels": template["metadata"]["labels"], "ownerReferences": [owner]},
        "spec": {"replicas": deployment["spec"]["replicas"], "selector": {"matchLabels": {**deployment["spec"]["selector"]["matchLabels"], **HASH}},
                 "template": template},
    }


def say_ready(server: ApiServer, namespace: str = NAMESPACE) -> None:
    """Report readiness as the controllers would when the pods run."""
    for deployment in server.api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments")["items"]:
        made, count = ready_replica_set(deployment), deployment["spec"]["replicas"]
        create = ["kubectl", f"--kubeconfig={server.kubeconfig}", "create", "-f", "-"]
        subprocess.run(create, input=json.dumps(made), text=True, capture_output=True, check=True)
        counts = {"replicas": count, "readyReplicas": count, "availableReplicas": count}
        base = f"/apis/apps/v1/namespaces/{namespace}"
        server.api.patch(f"{base}/replicasets/{made['metadata']['name']}/status", {"status": counts})
        told = {**counts, "updatedReplicas": count, "observedGeneration": deployment["metadata"]["generation"]}
        server.api.patch(f"{base}/deployments/{deployment['metadata']['name']}/status", {"status": told})
