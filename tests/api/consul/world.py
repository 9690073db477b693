# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-ins for the controllers and the kubelet of a cluster in which Consul is installed, on a bare API server. Pods exist, and nothing runs in them."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import PROXY

from ..kubelet import kubelet
from .product import SIDECAR, Datacenter, Object, Product, kept, value

SPACE, APP, SYSTEM, NODE = "consul", "shop", "meshops-system", "consul"
MERGE = "application/merge-patch+json"
KINDS = {"v1": ("ConfigMap", "Secret", "Service", "ServiceAccount"), "apps/v1": ("DaemonSet", "Deployment", "StatefulSet"),
         "policy/v1": ("PodDisruptionBudget",)}  # fmt: skip
_COUNTS = ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")
_ON_NODES = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberReady", "numberAvailable")
_LONGEST = 2.0  # seconds without a look, if nobody tells of a write
_DRAWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# When a run ended, how many held the Lease before, and how often pods of a DaemonSet got another template, which the API server counts.
_DIFFERS = ("meshops.lifecycle/finished", "meshops.lifecycle/epoch", "deprecated.daemonset.template.generation")
_GIVEN = ("clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort")


class World:
    """One cluster. `address` is the one that its mesh gateway gets. The controllers look after each write of a run, which tells them at the socket `poke`."""

    def __init__(self, cluster: Cluster, product: Product, address: str, port: int = 0) -> None:
        self.cluster, self.product, self.address, self.port, self.longest = cluster, product, address, port, _LONGEST
        self._stopped, self._lock = threading.Event(), threading.Lock()

    @property
    def datacenter(self) -> Datacenter:
        return self.product.datacenters[self.cluster.name]

    def run(self, poke: socket.socket) -> None:
        while not self._stopped.is_set():
            poke.settimeout(self.longest)
            with suppress(TimeoutError):
                poke.recv(1)
            with self._lock:
                self._look()

    def _look(self) -> None:
        """Look once. What the API server refuses is tried again; any other error is a fault of the stand-in, and would leave runs waiting for ever."""
        try:
            self.turn()
        except MeshError:
            return
        except Exception as error:
            with self.product.lock:
                self.datacenter.problems.append(f"{self.cluster.name}: its controllers failed: {error!r}")

    def stop(self) -> None:
        self._stopped.set()

    def turn(self) -> None:
        self._there = [pod for space in (SPACE, APP) for pod in self.cluster.list("v1", "Pod", space)]
        for kind in ("StatefulSet", "DaemonSet", "Deployment"):
            for one in self.cluster.list("apps/v1", kind):
                self._serve(kind, one)
        for one in self.cluster.list("v1", "Service", SPACE):
            if one["spec"].get("type") == "LoadBalancer" and not ((one.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
                self._report(f"/api/v1/namespaces/{SPACE}/services/{one['metadata']['name']}", {"loadBalancer": {"ingress": [{"ip": self.address}]}})

    def _serve(self, kind: str, one: Object) -> None:
        """Bring the pods of a workload up to its template, as its controller does. A StatefulSet only replaces pods that somebody deleted."""
        meta, template = one["metadata"], one["spec"]["template"]
        revision = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]
        wanted = int(one["spec"].get("replicas") or 1) if kind != "DaemonSet" else 1
        if component := _component(template):
            self._pods(kind, one, component, revision, wanted)
        if str((one.get("status") or {}).get("observedGeneration")) != str(meta["generation"]):
            counts = dict.fromkeys(_ON_NODES if kind == "DaemonSet" else _COUNTS, wanted)
            more: Object = {"numberMisscheduled": 0} if kind == "DaemonSet" else {}
            more |= {"updateRevision": revision, "currentRevision": revision} if kind == "StatefulSet" else {}
            path = f"/apis/apps/v1/namespaces/{meta['namespace']}/{kind.lower()}s/{meta['name']}"
            self._report(path, {"observedGeneration": meta["generation"], **counts, **more})

    def _pods(self, kind: str, one: Object, component: str, revision: str, wanted: int) -> None:
        template, space = one["spec"]["template"], str(one["metadata"]["namespace"])
        labels = {**(template["metadata"].get("labels") or {}), "controller-revision-hash": revision}
        there = {str(pod["metadata"]["name"]): pod for pod in self._there if (pod["metadata"]["namespace"], _component(pod)) == (space, component)}
        for number in range(wanted):
            name = f"{one['metadata']['name']}-{number}"
            live = there.get(name)
            if live and kind != "StatefulSet" and live["metadata"]["labels"]["controller-revision-hash"] != revision:
                self._end(name, space)
                live = None
            if live is None:
                meta = {"name": name, "namespace": space, "labels": labels}
                self._start(meta, component, template["spec"]["containers"])

    def _end(self, name: str, space: str) -> None:
        with self.product.lock:
            self.datacenter.ends(name)
        self.cluster.delete([Ref("v1", "Pod", name, space)])

    def _start(self, meta: Object, component: str, containers: list[Object]) -> None:
        name = str(meta["name"])
        with self.product.lock:
            self.datacenter.ends(name)
            self.datacenter.starts(name, component)
        spec = {"nodeName": NODE, "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0,
                "containers": [{"name": one["name"], "image": one["image"]} for one in containers]}  # fmt: skip
        self.cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "hostIP": self.address}
        self._report(f"/api/v1/namespaces/{meta['namespace']}/pods/{name}", status)

    def _report(self, path: str, status: Object) -> None:
        answer = self.cluster._server.transport.request("PATCH", f"{path}/status", body={"status": status}, content_type=MERGE)
        if not answer.ok:
            raise MeshError(f"{path}: {answer.body!r}")

    def begin(self) -> None:
        """Make the node that the API server reaches, the namespaces of users, and a workload that is to get a sidecar."""
        self.cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
        here = [{"type": "InternalIP", "address": "127.0.0.1"}]
        self._report(f"/api/v1/nodes/{NODE}", {"addresses": here, "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}}})
        for space in (APP, SYSTEM):
            self.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
        made = {"query": {"fieldManager": "somebody", "force": "true"}, "content_type": "application/apply-patch+yaml"}
        assert self.cluster._server.transport.request("PATCH", f"/apis/apps/v1/namespaces/{APP}/deployments/web", body=workload(), **made).ok

    def clear(self) -> None:
        """Remove everything but namespaces, which nobody removes here."""
        with self._lock:
            made = [Ref(version, kind, one["metadata"]["name"], space) for version, kinds in KINDS.items() for kind in kinds
                    for space in (SPACE, APP, SYSTEM) for one in self.cluster.list(version, kind, space, metadata_only=True)]  # fmt: skip
            pods = [Ref("v1", "Pod", one["metadata"]["name"], space) for space in (SPACE, APP)
                    for one in self.cluster.list("v1", "Pod", space, metadata_only=True)]  # fmt: skip
            self.cluster.delete([*made, *pods, Ref("v1", "Node", NODE)])

    def objects(self) -> dict[str, Any]:
        """Return what the API server keeps, without what differs from run to run. Of Secrets these are the names of their keys."""
        kinds = [(version, kind, space) for version, names in KINDS.items() for kind in names for space in (SPACE, APP, SYSTEM)]
        found = [one | {"kind": kind} for version, kind, space in kinds for one in self.cluster.list(version, kind, space)]
        return {f"{one['kind']} {one['metadata']['namespace']}/{one['metadata']['name']}": _shape(one) for one in found}

    def values(self) -> dict[str, Any]:
        """Return what Secrets hold, which each rotation changes somewhere."""
        return {f"{space}/{one['metadata']['name']}": one.get("data") for space in (SPACE, APP, SYSTEM) for one in self.cluster.list("v1", "Secret", space)}

    def changes(self) -> dict[str, int]:
        """Return how often each workload got another specification. Its pods restart when their template is part of it."""
        found = [one | {"kind": kind} for kind in KINDS["apps/v1"] for space in (SPACE, APP) for one in self.cluster.list("apps/v1", kind, space)]
        return {f"{one['kind']} {one['metadata']['namespace']}/{one['metadata']['name']}": int(one["metadata"]["generation"]) for one in found}

    def state(self) -> dict[str, Any]:
        return {**self.objects(), "Consul": kept(self.datacenter)}


def workload() -> Object:
    labels = {"app": "web"}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": APP}, "spec": spec}


def _component(described: Object) -> str:
    """Return what a pod, or the template of one, is to Consul; empty for one of which it knows nothing."""
    labels = described["metadata"].get("labels") or {}
    return SIDECAR if PROXY in labels else str(labels.get("component") or "")


def _shape(live: Object) -> Object:
    meta, secret = live["metadata"], live["kind"] == "Secret"
    noted = {key: _DRAWN.sub("drawn", text) for key, text in (meta.get("annotations") or {}).items() if key not in _DIFFERS}
    data = sorted(live.get("data") or {}) if secret else live.get("data")
    return {"labels": meta.get("labels") or {}, "annotations": noted, "data": data, "spec": _scrubbed(live.get("spec"))}


def _scrubbed(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {key: _scrubbed(inner) for key, inner in part.items() if key not in _GIVEN}
    if isinstance(part, list):
        return [_scrubbed(inner) for inner in part]
    return _DRAWN.sub("drawn", part) if isinstance(part, str) else part


class Certificates:
    """The TLS contexts of pods, by what they serve. A context reads files only. Many pods are asked at once, each in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made, self.lock = folder, dict[bytes, ssl.SSLContext](), threading.Lock()

    def of(self, datacenter: Datacenter, pod: str, port: int) -> ssl.SSLContext | None:
        served = datacenter.used.get(pod, {}).get(port)
        if not served or not served[0]:
            return None
        with self.lock:
            if served[0] not in self.made:
                context, file = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self.folder / f"{datacenter.name}-{len(self.made)}.pem"
                file.write_bytes(served[0] + served[1])
                context.load_cert_chain(file)
                self.made[served[0]] = context
            return self.made[served[0]]


@contextmanager
def world(server: Any, cluster: Cluster, product: Product, address: str, folder: Path) -> Iterator[World]:
    """The controllers of one API server, which run until the end of the block."""
    certificates = Certificates(folder)
    with kubelet(server.directory / "pki") as itself:
        name = cluster.name
        itself.speaks = lambda pod, request: product.answer(name, pod, request)
        itself.serves = lambda pod, port: certificates.of(product.datacenters[name], pod, port)
        made = World(cluster, product, address, itself.port)
        made.begin()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as poke:
            poke.bind(str(folder / f"{name}.poke"))
            thread = threading.Thread(target=made.run, args=(poke,), daemon=True)
            thread.start()
            try:
                yield made
            finally:
                made.stop()
                thread.join(10)
                made.clear()


def held_in(cluster: Cluster) -> Any:
    """Return how a datacenter reads the Secrets of its cluster."""
    return lambda secret, key: value(cluster.get(Ref("v1", "Secret", secret, SPACE)), key)
