# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A datacenter of real Consul servers, an agent and a gateway with a real Envoy, on loopback addresses of this machine, as our manifests describe them.

To the collection it is a cluster: its objects are those of a stand-in for an API server, and requests to its pods are answered by the real programs.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Greeting
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import datacenter as kinds
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import gateway, install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import AGENT, GATEWAY, SERVER
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install import due
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust import ca
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from meshlab import images, programs

from .pods import Node, Pod

PATIENCE = 180.0
NOWHERE = "127.255.255.254"
Object = dict[str, Any]


class Real(FakeCluster):
    """The cluster of a datacenter. `places` are the addresses of its pods."""

    places: dict[str, str]

    def ask_all(self, questions: Sequence[PodRequest]) -> list[Answer | MeshError]:
        return [self._asked(question) for question in questions]

    def _asked(self, question: PodRequest) -> Answer | MeshError:
        connection = self._connection(question)
        try:
            connection.request(question.method, question.path, question.body, dict(question.headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        except OSError as error:
            return MeshError(f"{self.name}: Pod {question.pod} is silent ({error}).")
        finally:
            connection.close()

    def _connection(self, question: PodRequest) -> http.client.HTTPConnection:
        place = self.places.get(question.pod, NOWHERE)
        if not question.tls:
            return http.client.HTTPConnection(place, question.port, timeout=30)
        context = ssl.create_default_context(cadata=question.tls.ca.decode())
        context.check_hostname = False  # the connection goes to an address, and the certificate has a name
        return http.client.HTTPSConnection(place, question.port, timeout=30, context=context)

    def greet_all(self, greetings: Sequence[Greeting]) -> list[bytes | MeshError]:
        return [self._greeted(greeting) for greeting in greetings]

    def _greeted(self, greeting: Greeting) -> bytes | MeshError:
        """Return the certificate that a port shows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if greeting.alpn:
            context.set_alpn_protocols(list(greeting.alpn))
        try:
            with (
                socket.create_connection((self.places.get(greeting.pod, NOWHERE), greeting.port), 10) as plain,
                context.wrap_socket(plain, server_hostname=greeting.server_name or None) as secure,
            ):
                return ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True) or b"").encode()
        except OSError as error:
            return MeshError(f"{self.name}: {greeting.pod}:{greeting.port} showed no certificate ({error}).")


@dataclass
class Datacenter:
    """One datacenter. `number` distinguishes the addresses of several."""

    wish: ControlPlane
    number: int
    folder: Path
    trust: Real | None = None
    pods: dict[str, Pod] = field(default_factory=dict)
    cluster: Real = field(init=False)

    def __post_init__(self) -> None:
        self.cluster = Real(name=self.wish.cluster, uid=f"{self.number:08d}-0000-4000-8000-000000000001")
        self.cluster.places = {}
        self.trust = self.trust or self.cluster

    def address(self, host: int) -> str:
        # Two runs on one machine do not meet.
        return f"127.{2 + os.getpid() % 250}.{self.number}.{host}"

    @property
    def entrance(self) -> str:
        return f"{self.address(50)}:8443"

    def give_trust(self, root: Mapping[str, Any] | None = None, mesh: str = "shop") -> None:
        """Make the CA and all Secrets, as the module `ca` does."""
        given = {"source": "generated", "kube": {"context": "east"}, "namespace": "meshops-system", "name": "meshops-root-ca", **(root or {})}
        params = {"provider": "consul", "mesh": mesh, "trust_domain": "shop.example", "namespace": self.wish.namespace, "network": None,
                  "key_type": "P-256", "intermediate_days": 730, "root_days": 3650, "root": given}  # fmt: skip
        ca.reconcile(self.cluster, params, connect=lambda *_way, **_how: self.trust, clock=SystemClock())

    def apply(self) -> None:
        """Write the objects of all stages."""
        self.cluster.apply([one for stage in install.stages(self.wish) for one in stage.manifests])

    def find(self, kind: str, name: str) -> Object:
        version = "apps/v1" if kind in ("StatefulSet", "DaemonSet", "Deployment") else "v1"
        live = self.cluster.get(Ref(version, kind, name, self.wish.namespace))
        assert live, f"{kind} {name} is missing"
        return live

    def run(self, kind: str, workload: str, name: str, host: int, start: bool = True) -> Pod:
        """Make a pod of a workload, and start it."""
        template = self.find(kind, workload)["spec"]["template"]
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        node = Node(f"node-{self.wish.cluster}", self.address(100), self.folder / "nodes", (programs.build(programs.PROGRAMS["consul"]), images.envoy().parent))
        there = {f"{SERVER}.{self.wish.namespace}.svc": self.address(1)}
        pod = Pod(name, self.address(host), template, self.find, folder, node, there)
        self.pods[name], self.cluster.places[name] = pod, pod.address
        self._write_pod(pod)
        if start:
            pod.start()
        return pod

    def _write_pod(self, pod: Pod) -> None:
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "podIP": pod.address, "hostIP": self.address(100)}
        metadata = {"name": pod.name, "namespace": self.wish.namespace, "labels": pod.template["metadata"]["labels"]}
        self.cluster.backend.seed({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}, "status": status})

    def start_servers(self) -> None:
        replicas = self.find("StatefulSet", SERVER)["spec"]["replicas"]
        for pod in [self.run("StatefulSet", SERVER, f"{SERVER}-{number}", number + 1) for number in range(replicas)]:
            self.await_ready(pod)

    def await_ready(self, pod: Pod) -> None:
        """Wait for the readiness probe of the manifest. A new leader knows the token of the management a moment later."""
        probe = pod.spec["containers"][0]["readinessProbe"]
        until(lambda: pod.succeeds(probe), lambda: f"{pod.name} knows no leader:\n{pod.log('consul')[-3000:]}")
        if kinds.kind(self.wish) != kinds.SECONDARY:
            until(lambda: self.ask("GET", "/v1/agent/self")[0] == 200, lambda: str(self.ask("GET", "/v1/agent/self")))

    def complete(self, stage: str) -> list[str]:
        """Order what a stage lacks, and return the names of the orders."""
        wanted = next(one.then for one in install.stages(self.wish) if one.name == stage)
        assert wanted
        return due.complete(self.cluster, wanted, PATIENCE, SystemClock()).ordered

    def start_agent(self) -> None:
        self.run("DaemonSet", AGENT, AGENT, 100)

    def start_gateway(self) -> None:
        """Start the gateway, which registers with the agent. Its address is what a load balancer would have been given."""
        self.cluster.apply([gateway.address(self.wish, {"wan": self.entrance})])
        # Consul looks whether an interface has the address of a gateway, and the loopback interface has only its first one.
        subprocess.run(["ip", "address", "replace", f"{self.address(50)}/32", "dev", "lo"], check=True)
        self.run("Deployment", GATEWAY, GATEWAY, 50)

    def get(self, path: str, key: str = "management", server: int = 0, **more: Any) -> Any:
        """Ask a server as a person with the token of the management does."""
        status, body = self.ask("GET", path, key, server, **more)
        assert status == 200, f"GET {path}: {status} {body}"
        return json.loads(body)

    def ask(self, method: str, path: str, key: str = "management", server: int = 0, body: Any = None, token: str = "") -> tuple[int, str]:
        known = self.find("Secret", "consul-tokens" if key != "replication" else "consul-federation")["data"]
        headers = (("X-Consul-Token", token or base64.b64decode(known[key]).decode()),)
        text = None if body is None else json.dumps(body).encode()
        request = PodRequest(self.wish.namespace, f"{SERVER}-{server}", 8500, path, method, text, 30.0, headers)
        (answer,) = self.cluster.ask_all([request])
        assert isinstance(answer, Answer), answer
        return answer.status, answer.body.decode()

    def end(self) -> None:
        for pod in reversed(self.pods.values()):
            pod.end("kill")
        subprocess.run(["ip", "address", "delete", f"{self.address(50)}/32", "dev", "lo"], check=False, capture_output=True)


def until(holds: Callable[[], bool], why: Callable[[], str], patience: float = PATIENCE) -> None:
    ends = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < ends, why()
        time.sleep(0.3)
