# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What does the work of controllers beside a bare API server: rolls out the operator of the mesh of paper, and is that operator."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import install, links

SPACE = "paper-system"
MERGE = "application/merge-patch+json"
Object = dict[str, Any]


class World:
    """The controllers of one cluster. `order` has what became ready or went, as it happened."""

    def __init__(self, server: Any, name: str, address: str) -> None:
        self.cluster: Cluster = connect({"kubeconfig": str(server.kubeconfig), "context": server.context, "cluster": name}, environ={})
        self.name, self.address = name, address
        self.order: list[str] = []
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(0.1):
            for turn in (self._rollouts, self._meshes, self._gateway, self._tokens, self._spaces):
                with suppress(MeshError):
                    turn()

    def stop(self) -> None:
        self._stopped.set()

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
        """The operator: it is there, so its object becomes ready."""
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
        """Only where the mesh is: its gateway gets an address, and its identity is known."""
        if not self._of(install.VERSION, install.KIND):
            return
        for wanted in links.world(SPACE, self.name, self.address):
            status, ref = wanted.pop("status", None), Ref.of(wanted)
            live = self.cluster.get(ref)
            if live is None:
                self.cluster.create(wanted)
            elif status and not ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
                self._status(f"/api/v1/namespaces/{SPACE}/services/{ref.name}", status)

    def _tokens(self) -> None:
        for one in self._of("v1", "Secret"):
            if one.get("type") == "paper/token" and not one.get("data"):
                self._request("PATCH", f"/api/v1/namespaces/{SPACE}/secrets/{one['metadata']['name']}",
                              {"stringData": {"token": f"token of {one['metadata']['name']} for {self.name}"}}, content_type=MERGE)  # fmt: skip

    def _spaces(self) -> None:
        """As the namespace controller: what is being deleted and holds nothing that matters goes."""
        for one in self.cluster.list("v1", "Namespace"):
            if one["metadata"].get("deletionTimestamp") and one["spec"].get("finalizers"):
                path = f"/api/v1/namespaces/{one['metadata']['name']}/finalize"
                self._request("PUT", path, {**one, "spec": {"finalizers": []}})


@contextmanager
def worlds(servers: Mapping[str, Any]) -> Iterator[dict[str, World]]:
    """One for each server, at work until the end of the block."""
    found = {name: World(server, name, f"192.0.2.{number}") for number, (name, server) in enumerate(sorted(servers.items()), 1)}
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
