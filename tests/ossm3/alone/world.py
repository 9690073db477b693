# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster has beside the Sail operator, on a bare API server: controllers, a load balancer, and istiods of which only the debug port answers.

Deployments are said to be available by the stand-in's own play `rollouts`. No pod runs, so nothing is injected, and no request crosses.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.api.changes import Changes
from ansible_collections.meshops.lifecycle.tests.api.kubelet import kubelet
from ansible_collections.meshops.lifecycle.tests.api.spaces import ended

SPACE, NODE = "istio-system", "node"
BUNDLE = "istio-ca-root-cert"
MERGE = "application/merge-patch+json"
# The stand-ins, two API servers and a playbook may share one core.
LIMITS = {"request_timeout": 120, "patience": 300}
Object = dict[str, Any]


class World:
    """The controllers of one cluster. `port` is that of the kubelet through which requests reach istiods."""

    def __init__(self, server: Any, name: str, address: str, port: int) -> None:
        self.cluster: Cluster = connect({"kubeconfig": str(server.kubeconfig), "context": server.context, "cluster": name, **LIMITS}, environ={})
        self.name, self.address, self.port = name, address, port
        self._stopped = threading.Event()

    def run(self) -> None:
        changes = Changes()
        while not self._stopped.wait(0.1):
            for turn in (self._node, self._tokens, self._addresses, self._istiods, self._bundles, self._endings):
                try:
                    if turn is self._node and not changes.due(self.cluster):
                        break
                    turn()
                except MeshError:  # somebody was faster, or the server ends
                    changes.again()

    def stop(self) -> None:
        self._stopped.set()

    def answer(self, request: bytes) -> bytes:
        """As every istiod of the cluster says it at its debug port."""
        peers = self.linked()
        told = {
            b"/debug/clusterz": [{"id": self.name, "syncStatus": "synced"}, *({"id": one, "syncStatus": "synced"} for one in peers)],
            b"/debug/networkz": [{"Network": one, "Cluster": one, "Addr": "192.0.2.9", "Port": 15443} for one in peers],
            b"/debug/syncz": [],
        }
        body = json.dumps(told.get(request.split()[1], [])).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def linked(self) -> list[str]:
        secrets = self.cluster.list("v1", "Secret", SPACE, labels={"istio/multiCluster": "true"})
        return sorted(one["metadata"]["name"].removeprefix("istio-remote-secret-") for one in secrets)

    def _request(self, method: str, path: str, body: Mapping[str, Any], **how: Any) -> None:
        answer = self.cluster._server.transport.request(method, path, None, body, **how)
        if not answer.ok:
            raise MeshError(f"{path}: {answer.body!r}")

    def _status(self, path: str, status: Mapping[str, Any]) -> None:
        self._request("PATCH", f"{path}/status", {"status": status}, content_type=MERGE)

    def _node(self) -> None:
        if self.cluster.get(Ref("v1", "Node", NODE)) is None:
            self.cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
            ready = [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]
            status = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}}}
            self._status(f"/api/v1/nodes/{NODE}", {**status, "conditions": ready, "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}})

    def _tokens(self) -> None:
        for one in self.cluster.list("v1", "Secret", fields="type=kubernetes.io/service-account-token"):
            if not (one.get("data") or {}).get("token"):
                told = {"token": f"eyJ.{self.name}.{one['metadata']['name']}", "ca.crt": "a CA"}
                data = {key: base64.b64encode(value.encode()).decode() for key, value in told.items()}
                self.cluster.amend(one, {"data": data}, exact=False)

    def _addresses(self) -> None:
        for one in self.cluster.list("v1", "Service"):
            if one["spec"].get("type") == "LoadBalancer" and not ((one.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
                meta = one["metadata"]
                self._status(f"/api/v1/namespaces/{meta['namespace']}/services/{meta['name']}", {"loadBalancer": {"ingress": [{"ip": self.address}]}})

    def _istiods(self) -> None:
        """A pod for each Deployment of istiod whose replica is ready."""
        ready = {one["metadata"]["name"]: one for one in self.cluster.list("apps/v1", "Deployment", SPACE, labels={"app": "istiod"})
                 if (one.get("status") or {}).get("readyReplicas")}  # fmt: skip
        there = {one["metadata"]["name"]: one for one in self.cluster.list("v1", "Pod", SPACE, labels={"app": "istiod"})}
        for name in (one for one in there if one.removesuffix("-1") not in ready):
            self._request("DELETE", f"/api/v1/namespaces/{SPACE}/pods/{name}", {"gracePeriodSeconds": 0})
        for name, one in ready.items():
            if f"{name}-1" not in there:
                self._start(f"{name}-1", one)

    def _start(self, name: str, deployment: Object) -> None:
        template = deployment["spec"]["template"]
        (container,) = template["spec"]["containers"]
        spec = {"nodeName": NODE, "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False, "containers": [container]}
        self.cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": SPACE, "labels": template["metadata"]["labels"]},
                             "spec": spec})  # fmt: skip
        state = {"name": container["name"], "ready": True, "restartCount": 0, "image": container["image"], "imageID": "x", "state": {"running": {}}}
        self._status(f"/api/v1/namespaces/{SPACE}/pods/{name}",
                     {"phase": "Running", "containerStatuses": [state], "conditions": [{"type": "Ready", "status": "True"}]})  # fmt: skip

    def _bundles(self) -> None:
        """The roots of its CA, which an istiod hands out to all namespaces, and leaves there when it goes."""
        held = ((self.cluster.get(Ref("v1", "Secret", "cacerts", SPACE)) or {}).get("data") or {}).get("root-cert.pem")
        if not held or not self.cluster.list("v1", "Pod", SPACE, labels={"app": "istiod"}):
            return
        roots = base64.b64decode(held).decode()
        have = {one["metadata"]["namespace"] for one in self.cluster.list("v1", "ConfigMap", fields=f"metadata.name={BUNDLE}")
                if one["data"]["root-cert.pem"] == roots}  # fmt: skip
        for space in self.cluster.list("v1", "Namespace"):
            name = space["metadata"]["name"]
            if name not in have and not name.startswith("kube-") and not space["metadata"].get("deletionTimestamp"):
                meta = {"name": BUNDLE, "namespace": name, "labels": {"istio.io/config": "true"}}
                self.cluster.apply([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"root-cert.pem": roots}}])

    def _endings(self) -> None:
        """Act as the controller of namespaces: what lies in one that ends goes, and then the namespace."""
        for one in self.cluster.list("v1", "Namespace"):
            if not one["metadata"].get("deletionTimestamp") or not one["spec"].get("finalizers"):
                continue
            name = one["metadata"]["name"]
            for plural in ("configmaps", "secrets", "serviceaccounts"):
                self._request("DELETE", f"/api/v1/namespaces/{name}/{plural}", {})
            ended(self.cluster, one)


@contextmanager
def worlds(servers: Mapping[str, Any]) -> Iterator[dict[str, World]]:
    """The controllers of each server, which run until the end of the block."""
    with ExitStack() as stack:
        found = {}
        for number, (name, server) in enumerate(sorted(servers.items()), 1):
            itself = stack.enter_context(kubelet(server.directory / "pki"))
            found[name] = World(server, name, f"192.0.2.{number}", itself.port)
            itself.answer = found[name].answer
        threads = [threading.Thread(target=world.run, daemon=True) for world in found.values()]
        for thread in threads:
            thread.start()
        try:
            yield found
        finally:
            for world in found.values():
                world.stop()
            for thread in threads:
                thread.join(10)
