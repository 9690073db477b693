# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two revisions on an API server where no pod runs: webhooks that inject, controllers that make pods, and istiods that say which proxies they made."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import REV, injector, tag
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_live import synced

from .istio_crds import istio_crds
from .kubelet import kubelet
from .test_cutover_info import istiod, labelled, pod, report, workload
from .test_trials import VALIDATOR, Webhook, hooked, rule, selector

NAMESPACE = "istio-system"
SPACES = {NAMESPACE: {}, "shop": {REV: "blue"}, "bank": {REV: "prod"}}
GATEWAY = {"inject.istio.io/templates": "gateway"}
_PODS = rule("", "pods")


@dataclass
class CutoverMesh:
    """`plain` are pods that became ready without a proxy. It acts as somebody else than the modules."""

    cluster: Cluster
    server: Any
    options: dict[str, Any]
    plain: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ended.wait(0.1):
            try:
                self.control()
            except (MeshError, AssertionError):  # somebody was faster, or the server ends
                continue

    @contextmanager
    def acting(self) -> Iterator[None]:
        thread = threading.Thread(target=self.run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.ended.set()
            thread.join(10)

    def control(self) -> None:
        pods = [one for one in self.cluster.list("v1", "Pod") if one["metadata"]["namespace"] in SPACES]
        for kind in ("Deployment", "StatefulSet"):
            for owner in self.cluster.list("apps/v1", kind):
                if owner["metadata"]["namespace"] in SPACES and not owner["metadata"]["name"].startswith("istiod-"):
                    self._follow(owner, [one for one in pods if _owned(one, owner)])
        for budget in self.cluster.list("policy/v1", "PodDisruptionBudget", "shop"):
            self._report(budget, "policy/v1", disruptionsAllowed=1, currentHealthy=2, desiredHealthy=1, expectedPods=2)
        self._endpoints()

    def _follow(self, owner: Mapping[str, Any], pods: list[dict[str, Any]]) -> None:
        meta, spec = owner["metadata"], owner["spec"]
        digest = "x" if owner["kind"] == "StatefulSet" else hashlib.sha256(json.dumps(spec["template"], sort_keys=True).encode()).hexdigest()[:8]
        new = [one for one in pods if one["metadata"]["labels"]["digest"] == digest]
        for number in range(spec["replicas"]):
            name = f"{meta['name']}-{number}" if digest == "x" else f"{meta['name']}-{digest}-{number}"
            if name not in [one["metadata"]["name"] for one in new]:
                self._make(owner, name, digest)
        for one in [each for each in pods if each not in new] + new[spec["replicas"] :]:
            self.cluster._server.transport.request("DELETE", f"/api/v1/namespaces/{meta['namespace']}/pods/{one['metadata']['name']}")
        counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), spec["replicas"])
        self._report(owner, "apps/v1", **counts)

    def _make(self, owner: Mapping[str, Any], name: str, digest: str) -> None:
        meta, template = owner["metadata"], owner["spec"]["template"]
        references = [{"apiVersion": "apps/v1", "kind": owner["kind"], "name": meta["name"], "uid": meta["uid"], "controller": True}]
        made = pod(meta["namespace"], name)
        made["metadata"] |= {"labels": {**template["metadata"]["labels"], "digest": digest}, "ownerReferences": references}
        change = self.cluster.create(made)
        after = (change.after if change else None) or {}
        if REV not in (after.get("metadata", {}).get("annotations") or {}):
            self.plain.append(name)
        report(self.cluster, f"/api/v1/namespaces/{meta['namespace']}/pods/{name}", phase="Running", conditions=[{"type": "Ready", "status": "True"}])

    def _report(self, live: Mapping[str, Any], api: str, **status: Any) -> None:
        meta = live["metadata"]
        wanted = {**status, "observedGeneration": meta["generation"]}
        if any((live.get("status") or {}).get(key) != value for key, value in wanted.items()):
            report(self.cluster, f"/apis/{api}/namespaces/{meta['namespace']}/{live['kind'].lower()}s/{meta['name']}", **wanted)

    def _endpoints(self) -> None:
        pods = self.cluster.list("v1", "Pod", NAMESPACE, labels={"app": "door"})
        endpoints = [{"addresses": ["192.0.2.1"], "conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": one["metadata"]["name"]}} for one in pods]
        labels = {"kubernetes.io/service-name": "door"}
        self.cluster.apply([labelled("EndpointSlice", "discovery.k8s.io/v1", "door-1", NAMESPACE, labels=labels, addressType="IPv4", endpoints=endpoints)])

    def said(self, revision: str) -> bytes:
        """What an istiod answers: all proxies that its revision made."""
        metas = [one["metadata"] for one in self.cluster.list("v1", "Pod")]
        rows = [synced(f"{meta['name']}.{meta['namespace']}") for meta in metas if (meta.get("annotations") or {}).get(REV) == revision]
        body = json.dumps(rows).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def made(self) -> set[str]:
        """The revisions that made the proxies of the pods that are there."""
        pods = [one["metadata"] for one in self.cluster.list("v1", "Pod") if one["metadata"].get("ownerReferences")]
        return {meta["annotations"].get(REV, "") for meta in pods}


def _owned(one: Mapping[str, Any], owner: Mapping[str, Any]) -> bool:
    return any(each["uid"] == owner["metadata"]["uid"] for each in one["metadata"].get("ownerReferences") or [])


def _configuration(live: dict[str, Any], webhook: Webhook) -> dict[str, Any]:
    """With the selectors of the chart, and reached by a URL, because no Service leads anywhere here."""
    rest = {"clientConfig": webhook.client, "rules": [_PODS], "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 5}
    kept = ("name", "namespaceSelector", "objectSelector", "failurePolicy")
    hooks = [{**rest, **{key: each[key] for key in kept}} for each in live["webhooks"]]
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": live["metadata"], "webhooks": hooks}


def _objects(webhooks: Mapping[str, Webhook]) -> list[dict[str, Any]]:
    service, tagging = tag("prod", "blue")
    hooks = [_configuration(injector(name), webhooks[name]) for name in webhooks] + [_configuration(tagging, webhooks["blue"])]
    validating = {"rules": [rule("networking.istio.io", "*")]}
    own = [hooked("ValidatingWebhookConfiguration", f"istio-validator-{name}", VALIDATOR, one, name, objectSelector=selector(name), **validating)
           for name, one in webhooks.items()]  # fmt: skip
    default = hooked("ValidatingWebhookConfiguration", "istiod-default-validator", "validation.istio.io", webhooks["blue"], "blue", **validating)
    store = workload("shop", "store", "StatefulSet")
    store["spec"] |= {"replicas": 2, "updateStrategy": {"type": "OnDelete"}}
    budget = labelled("PodDisruptionBudget", "policy/v1", "store", "shop", spec={"minAvailable": 1, "selector": {"matchLabels": {"app": "store"}}})
    door = workload(NAMESPACE, "door", **{REV: "blue"})
    door["spec"]["template"]["metadata"]["annotations"] = GATEWAY
    aimed = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "door"}
    scaler = labelled("HorizontalPodAutoscaler", "autoscaling/v2", "door", NAMESPACE, spec={"minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": aimed})
    serving = labelled("Service", "v1", "door", NAMESPACE, spec={"selector": {"app": "door"}, "ports": [{"port": 80}]})
    route = labelled("VirtualService", "networking.istio.io/v1", "web", "shop", labels={REV: "blue"}, spec={"hosts": ["web"]})
    values = labelled("ConfigMap", "v1", "istio-blue", NAMESPACE, labels={REV: "blue"}, data={"mesh": ""})
    planes = [istiod(name) for name in webhooks]
    for plane in planes:
        plane["metadata"]["namespace"] = NAMESPACE
    return [*hooks, *own, default, service, serving, route, values, *planes, workload("shop", "a"), workload("bank", "b"), store, budget, door, scaler]


def running(mesh: CutoverMesh, revision: str, port: int) -> None:
    """An istiod on a node of its own, whose kubelet is reached at the port."""
    cluster, name = mesh.cluster, f"istiod-{revision}-1"
    cluster.apply([labelled("Node", "v1", revision)])
    here = [{"type": "InternalIP", "address": "127.0.0.1"}]
    report(cluster, f"/api/v1/nodes/{revision}", addresses=here, daemonEndpoints={"kubeletEndpoint": {"Port": port}})
    made = pod(NAMESPACE, name, nodeName=revision)
    made["metadata"]["labels"] = {"app": "istiod", REV: revision, "sidecar.istio.io/inject": "false"}
    cluster.create(made)
    state = {"name": "app", "ready": True, "restartCount": 0, "image": "x", "imageID": "x", "state": {"running": {}}}
    ready = [{"type": "Ready", "status": "True"}]
    report(cluster, f"/api/v1/namespaces/{NAMESPACE}/pods/{name}", phase="Running", containerStatuses=[state], conditions=ready)
    report(cluster, f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/istiod-{revision}", replicas=1, readyReplicas=1)


@contextmanager
def cutover_mesh(cluster: Cluster, server: Any, options: dict[str, Any], folder: Path) -> Iterator[CutoverMesh]:
    mesh = CutoverMesh(cluster, server, options)
    with ExitStack() as stack:
        webhooks = {}
        for revision in ("blue", "green"):
            webhooks[revision] = Webhook(folder / f"{revision}.pem")
            webhooks[revision].revision, webhooks[revision].refused = revision, {"*"}
            stack.callback(webhooks[revision].server.shutdown)
        cluster.apply([labelled("Namespace", "v1", name, labels=labels) for name, labels in SPACES.items()])
        cluster.apply([istio_crds()["virtualservices.networking.istio.io"], *(labelled("ServiceAccount", "v1", "default", name) for name in SPACES)])
        cluster.apply(_objects(webhooks))
        for revision in webhooks:
            node = stack.enter_context(kubelet(server.directory / "pki"))
            node.answer = lambda _request, name=revision: mesh.said(name)  # type: ignore[misc]
            running(mesh, revision, node.port)
        stack.enter_context(mesh.acting())
        yield mesh


__all__ = ["NAMESPACE", "CutoverMesh", "cutover_mesh", "running"]
