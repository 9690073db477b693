# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The orders of a stage of Consul, through a real API server to a stand-in for Consul's HTTP API: killed at each of them, in check mode, and refused.

The stand-in keeps policies, tokens and entries as Consul's documentation says. It was not compared with a real Consul.
"""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.modules import stage_orders
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.running import ALL
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.store import Store
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT, server, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace

from .conftest import Play, Step
from .journal import Journal, writes
from .kubelet import kubelet
from .rotation.play import task

SPACE, NODE = "consul-orders", "consul"
WISH = {"provider": "consul", "cluster": "east", "mesh": "shop", "network": "on-prem", "namespace": SPACE, "version": "1.22.3"}
OPTIONS = {"wish": WISH, "part": "control_plane", "stage": "servers", "wait_timeout": 20}
ALONE = "import json, sys; from ansible_collections.meshops.lifecycle.tests.api.test_stage_orders import alone; alone(json.loads(sys.argv[1]))"
SECRETS = (MANAGEMENT, "t0ken-of-agents", "t0ken-of-gateways")


@dataclass(frozen=True)
class Asked:
    path: str
    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


@dataclass
class Consul:
    """Consul's HTTP API. `before` and `after` are called with the number of a write, before it is stored and before it is answered."""

    store: Store = field(default_factory=Store)
    before: Callable[[int], None] = lambda _number: None
    after: Callable[[int], None] = lambda _number: None
    writes: int = 0
    status: int = 200
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: bytes) -> bytes:
        head, _gap, body = request.partition(b"\r\n\r\n")
        (method, path, _version), *headers = [line.split(" ", 2) for line in head.decode().split("\r\n")]
        given = tuple((name[:-1].title(), " ".join(rest)) for name, *rest in headers)
        with self.lock:
            asked = Asked(path, method, given, body or None)
            said = self._written(asked) if method == "PUT" else self.store.answer(asked)
        status = 403 if said is None else self.status if method == "PUT" else 200
        text = (said or "ACL not found").encode()
        return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n" % (status, len(text)) + text

    def _written(self, asked: Asked) -> str | None:
        if self.status != 200:
            return f"rejected: {asked.body!r}"
        self.writes += 1
        self.before(self.writes)
        said = self.store.answer(asked)
        self.after(self.writes)
        return said


def alone(connection: dict[str, Any]) -> None:
    """The module in a process of its own, to be killed."""
    print(json.dumps(task(stage_orders, {**connection, **OPTIONS})))


@dataclass
class Scene:
    connection: dict[str, Any]
    cluster: Cluster
    consul: Consul

    def run(self) -> dict[str, Any]:
        return task(stage_orders, {**self.connection, **OPTIONS})

    def start(self) -> subprocess.Popen[str]:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        words = [sys.executable, "-c", ALONE, json.dumps(self.connection)]
        return subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)


@pytest.fixture
def scene(api_server: Any, admin: dict[str, Any]) -> Iterator[Scene]:
    """A ready server of Consul on a node whose kubelet answers for it, and the tokens that were chosen before it ran."""
    cluster = connect({"kubeconfig": str(api_server.kubeconfig), "context": api_server.context, "cluster": "east"}, environ={})
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
    pod = copy.deepcopy(server())
    status = pod.pop("status")
    containers = [{"name": "consul", "image": "consul"}]
    spec = {"nodeName": NODE, "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0, "containers": containers}
    pod |= {"apiVersion": "v1", "kind": "Pod", "spec": spec}
    secret = {"apiVersion": "v1", "kind": "Secret", **copy.deepcopy(tokens())}
    for one in (pod, secret):
        one["metadata"]["namespace"] = SPACE
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": SPACE}}
    refs = [Ref.of(node), Ref.of(pod), Ref.of(secret)]
    with kubelet(api_server.directory / "pki") as itself:
        consul = Consul()
        itself.answer = consul.answer
        cluster.delete(refs, wait=0)
        cluster.apply([namespace(SPACE), account])
        for one in (node, secret, pod):
            cluster.create(one)
        running = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": itself.port}}}
        for path, body in ((f"/api/v1/nodes/{NODE}", running), (f"/api/v1/namespaces/{SPACE}/pods/{pod['metadata']['name']}", status)):
            assert cluster._server.transport.request("PATCH", f"{path}/status", body={"status": body}, content_type="application/merge-patch+json").ok
        yield Scene(admin, cluster, consul)
        cluster.delete(refs, wait=0)


def test_check_mode_names_the_first_orders_and_sends_none_and_then_all_are_sent_once(scene: Scene, play: Play, api_server: Any) -> None:
    journal, stores = Journal(api_server), []
    journal.read()
    steps = [Step("stage_orders", OPTIONS, check) for check in (True, False, True, False)]
    played = play(steps[0], lambda: stores.append(copy.deepcopy(scene.consul.store)), *steps[1:])
    assert [result["ordered"] for result in played.results] == [ALL[:2], ALL, [], []]
    assert [result["changed"] for result in played.results] == [True, True, False, False]
    assert (stores, scene.consul.writes) == ([Store()], len(ALL))
    assert not [secret for secret in SECRETS if secret in played.output]
    assert not writes(journal.read()), "the orders go to Consul alone"


@pytest.mark.parametrize("stored", [False, True], ids=["before it is stored", "before it is answered"])
@pytest.mark.parametrize("number", range(1, len(ALL) + 1))
def test_killed_at_an_order_and_run_again_it_ends_the_same(scene: Scene, number: int, stored: bool) -> None:
    run = scene.start()

    def end(at: int) -> None:
        if at == number:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait(60)
            if not stored:
                raise ConnectionError

    setattr(scene.consul, "after" if stored else "before", end)
    output, _nothing = run.communicate(timeout=120)
    assert run.returncode == -signal.SIGKILL, output
    scene.consul.before = scene.consul.after = lambda _number: None
    rest = scene.run()
    assert rest["ordered"] == ALL[number - (0 if stored else 1) :], "what was stored is not ordered again"
    assert not scene.run()["changed"]
    store = scene.consul.store
    assert (len(store.policies), len(store.tokens), sorted(store.entries)) == (2, 2, ["mesh", "proxy-defaults"])


def test_a_consul_that_takes_no_order_is_named_with_what_is_due_and_nothing_secret(scene: Scene, play: Play) -> None:
    scene.consul.status = 500
    (late,) = play(Step("stage_orders", {**OPTIONS, "wait_timeout": 2})).results
    assert late["failed"]
    assert "east: after " in late["msg"]
    assert "still something to do: the policy meshops-agent (PUT was answered with HTTP 500)" in late["msg"]
    assert (late["ordered"], late["changed"]) == ([], False)
    assert not [secret for secret in SECRETS if secret in json.dumps(late)]
