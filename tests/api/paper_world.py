# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-ins for controllers on a bare API server: they roll out the operator of the mesh of paper, act as the operator, and run its product."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import install, links, rotation

from .changes import Changes
from .kubelet import kubelet
from .paper_product import Product
from .spaces import ended

SPACE, TOKEN, NODE = "paper-system", "a-token-that-nobody-may-see", "paper"
MERGE = "application/merge-patch+json"
Object = dict[str, Any]


class World:
    """The controllers of one cluster. `order` has what became ready, in order. `port` is that of the kubelet through which requests reach the product.

    Without `gives_address` the gateway gets no address.
    """

    def __init__(self, server: Any, name: str, address: str, port: int) -> None:
        self.cluster: Cluster = connect({"kubeconfig": str(server.kubeconfig), "context": server.context, "cluster": name}, environ={})
        self.name, self.address, self.port = name, address, port
        self.order: list[str] = []
        self.gives_address = True
        self.product = Product(self.cluster, SPACE, TOKEN)
        self._stopped = threading.Event()

    def run(self) -> None:
        changes = Changes()
        while not self._stopped.wait(0.1):
            with suppress(MeshError):
                if not changes.due(self.cluster):
                    continue
            for turn in (self._rollouts, self._meshes, self._gateway, self._runs, self._tokens, self._spaces):
                try:
                    turn()
                except MeshError:
                    changes.again()

    def stop(self) -> None:
        self._stopped.set()

    def clear(self) -> None:
        """Remove everything of the mesh except its namespaces."""
        product = [Ref("v1", "Secret", rotation.TOKEN, SPACE), *map(Ref.of, links.world(SPACE, self.name, self.address))]
        kinds = (("v1", "Secret"), ("v1", "ServiceAccount"), ("v1", "ConfigMap"), ("apps/v1", "Deployment"))
        made = [Ref(version, kind, one["metadata"]["name"], SPACE) for version, kind in kinds for one in self._of(version, kind)]
        mesh = [Ref(install.VERSION, install.KIND, install.MESH, SPACE), Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", install.CRD)]
        root = [Ref("v1", "Secret", name, "meshops-system") for name in ("meshops-root-ca", "meshops-root-ca-next")]
        self.cluster.delete([Ref("v1", "Pod", "control-1", SPACE), *mesh, *made, *product, *root], wait=0)
        self.order, self.product.name, self.product.named = [], "", 0

    def take_address(self) -> None:
        """Take the address of the gateway away, and give it none until `gives_address` is true again."""
        self.gives_address = False
        self._status(f"/api/v1/namespaces/{SPACE}/services/{links.GATEWAY}", {"loadBalancer": {"ingress": None}})

    def there(self) -> dict[str, str]:
        """The version of each object in the mesh's namespace, by kind and name."""
        kinds = (("v1", "Secret"), ("v1", "ServiceAccount"), ("v1", "ConfigMap"), ("v1", "Service"), ("v1", "Pod"), ("apps/v1", "Deployment"),
                 (install.VERSION, install.KIND))  # fmt: skip
        return {f"{kind} {one['metadata']['name']}": one["metadata"]["resourceVersion"] for version, kind in kinds for one in self._of(version, kind)}

    def _of(self, api_version: str, kind: str) -> list[Object]:
        return self.cluster.list(api_version, kind, SPACE)

    def _request(self, method: str, path: str, body: Mapping[str, Any], **how: Any) -> None:
        answer = self.cluster._server.transport.request(method, path, None, body, **how)
        if answer.ok:
            return
        raise MeshError(f"{path}: {answer.body!r}")

    def _status(self, path: str, status: Mapping[str, Any]) -> None:
        self._request("PATCH", f"{path}/status", {"status": status}, content_type=MERGE)

    def _became(self, what: str) -> None:
        if what not in self.order:
            self.order.append(what)

    def _rollouts(self) -> None:
        for one in self._of("apps/v1", "Deployment"):
            generation = one["metadata"]["generation"]
            if (one.get("status") or {}).get("observedGeneration") != generation:
                counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), 1)
                self._status(f"/apis/apps/v1/namespaces/{SPACE}/deployments/{one['metadata']['name']}", {"observedGeneration": generation, **counts})
                self._became("operator")

    def _meshes(self) -> None:
        """Act as the operator: make the mesh's object ready."""
        if not self._of("apps/v1", "Deployment"):
            return
        for one in self._of(install.VERSION, install.KIND):
            generation = one["metadata"]["generation"]
            if (one.get("status") or {}).get("observedGeneration") != generation:
                ready = {"type": "Ready", "status": "True", "reason": "Made", "message": "", "observedGeneration": generation}
                path = f"/apis/{install.VERSION}/namespaces/{SPACE}/papermeshes/{one['metadata']['name']}"
                self._status(path, {"observedGeneration": generation, "conditions": [ready]})
                self._became("mesh")

    def _gateway(self) -> None:
        """If the mesh is installed, give its gateway an address, and make its identity known."""
        if not self._of(install.VERSION, install.KIND):
            return
        for wanted in links.world(SPACE, self.name, self.address):
            status, ref = wanted.pop("status", None), Ref.of(wanted)
            live = self.cluster.get(ref)
            if live is None:
                self.cluster.create(wanted)
            elif status and self.gives_address and not ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
                self._status(f"/api/v1/namespaces/{SPACE}/services/{ref.name}", status)

    def _runs(self) -> None:
        """Run the product: a pod on a node whose kubelet answers for it, and the token that it requires."""
        if not self._of(install.VERSION, install.KIND) or self.cluster.get(Ref("v1", "Pod", "control-1", SPACE)):
            return
        self.cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
        status = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}}}
        self._status(f"/api/v1/nodes/{NODE}", status)
        self.cluster.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": rotation.TOKEN, "namespace": SPACE}, "stringData": {"token": TOKEN}})
        containers = [{"name": "control", "image": "paper"}]
        spec = {"nodeName": NODE, "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0, "containers": containers}
        meta = {"name": "control-1", "namespace": SPACE, "labels": {"paper": "control"}}
        self.cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})

    def _tokens(self) -> None:
        for one in self._of("v1", "Secret"):
            if one.get("type") == "paper/token" and not one.get("data"):
                self._request("PATCH", f"/api/v1/namespaces/{SPACE}/secrets/{one['metadata']['name']}",
                              {"stringData": {"token": f"token of {one['metadata']['name']} for {self.name}"}}, content_type=MERGE)  # fmt: skip

    def _spaces(self) -> None:
        """Act as the namespace controller: remove namespaces that are being deleted and hold nothing that matters."""
        for one in self.cluster.list("v1", "Namespace"):
            if one["metadata"].get("deletionTimestamp") and one["spec"].get("finalizers"):
                ended(self.cluster, one)


@contextmanager
def worlds(servers: Mapping[str, Any]) -> Iterator[dict[str, World]]:
    """The controllers of each server, which run until the end of the block."""
    with ExitStack() as stack:
        found = {}
        for number, (name, server) in enumerate(sorted(servers.items()), 1):
            itself = stack.enter_context(kubelet(server.directory / "pki"))
            found[name] = World(server, name, f"192.0.2.{number}", itself.port)
            itself.answer = found[name].product.answer
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
