# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the certificates of servers and agents. Servers and agents are stand-ins: this was not run against a real Consul."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Greeting
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded, encoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import AGENT, AGENT_TLS, SERVER, SERVER_TLS, selector
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.quorums import BACK, OLD, READY, Servers
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.quorums import pod as server_pod
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT
from ansible_collections.meshops.lifecycle.tests.unit.support.stepping import Fuse, Killed, Steps, Stopped, fused

SPACE = "mesh"
CA = issue.new_root("agents", "shop", "P-256", datetime.now(UTC), 365)
FORMER = {name: issue.new_leaf(CA, [f"{name}.consul"], "shop", "P-256", datetime.now(UTC), 30) for name in ("server", "client")}
HELD = {"server": SERVER_TLS, "client": AGENT_TLS}
PORTS = {"server": (8300, 8501, 8503), "client": (8501, 8503)}
AIM = Ref("v1", "Secret", "shop-rotation-agents", "meshops-system")


def client_pod(number: int) -> dict[str, Any]:
    meta = {"name": f"{AGENT}-{number}", "namespace": SPACE, "labels": selector("client")}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}


def held(component: str) -> dict[str, Any]:
    leaf = FORMER[component]
    data = {"tls.crt": leaf.certificate, "tls.key": leaf.key, "ca.crt": CA.certificate}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": HELD[component], "namespace": SPACE}, "type": "Opaque",
            "data": {key: encoded(value) for key, value in data.items()}}  # fmt: skip


class Datacenter(Servers):
    """Three servers and two client agents with certificates in use. `deaf` are ports that take no certificate when an agent reloads.

    The kubelet brings a Secret into its pods `arrives` seconds after the step that waits for it began.
    """

    def __init__(self, deaf: Sequence[int] = (), arrives: float = 4.0) -> None:
        self.revision, self.deaf, self.arrives = OLD, deaf, arrives
        self.reloads: list[str] = []
        self.made: dict[str, str] = {}
        self.daemons = 0
        self.used = {f"{SERVER}-{number}": dict.fromkeys(PORTS["server"], FORMER["server"].certificate) for number in range(3)}
        self.used |= {f"{AGENT}-{number}": dict.fromkeys(PORTS["client"], FORMER["client"].certificate) for number in range(2)}
        super().__init__(*(server_pod(number) for number in range(3)), revision=OLD)
        self.backend.react = self.react
        status = {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
        daemons = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": AGENT, "namespace": SPACE, "labels": selector("client"), "generation": 1}}
        authority = root_secret.secret(CA, "shop-consul-agents-ca", "meshops-system", "shop")
        for one in (held("server"), held("client"), *map(client_pod, range(2)), {**daemons, "spec": {"template": {}}, "status": status}, authority):
            self.backend.seed(one)

    def react(self, live: dict[str, Any]) -> None:
        """Play the controllers: a StatefulSet that replaces nothing by itself, and a DaemonSet that does."""
        noted = (((live.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("annotations") or {}
        mark = noted.get("meshops.lifecycle/renewed-agents")
        if live["kind"] == "StatefulSet" and mark:
            self.revision = f"for-{mark}"
            live["status"] = {**live["status"], "updateRevision": self.revision, "observedGeneration": live["metadata"].get("generation")}
        if live["kind"] == "DaemonSet" and mark:
            self.daemons += 1
            live["status"] = {**live["status"], "observedGeneration": live["metadata"].get("generation")}
            for number in range(2):
                self.load(f"{AGENT}-{number}", "client")

    def now_held(self, component: str, key: str = "tls.crt") -> bytes:
        return decoded(((self.get(Ref("v1", "Secret", HELD[component], SPACE)) or {}).get("data") or {}).get(key))

    def load(self, name: str, component: str, deaf: Sequence[int] = ()) -> None:
        self.used[name] |= {port: self.now_held(component) for port in PORTS[component] if port not in deaf}

    def pass_time(self, passed: float) -> None:
        for name, begun in self.away.items():
            number = self.names.index(name)
            if passed >= begun + BACK and not self.live(name):
                self.made[name] = self.revision
                self.backend.seed(server_pod(number, self.revision, ready=False))
                self.load(name, "server")
            if passed >= begun + READY:
                self.backend.seed(server_pod(number, self.made.get(name, OLD)))

    def said(self, question: PodRequest) -> Answer | MeshError:
        if question.path != "/v1/agent/reload":
            return super().said(question)
        if dict(question.headers).get("X-Consul-Token") != MANAGEMENT:
            return Answer(403, b"Permission denied")
        self.reloads.append(question.pod)
        component = "server" if question.pod.startswith(SERVER) else "client"
        assert bool(question.tls) == (component == "client")
        if self.clock.passed >= self.arrives:
            self.load(question.pod, component, self.deaf)
        return Answer(200, b"")

    def greet_all(self, greetings: Sequence[Greeting]) -> list[bytes | MeshError]:
        silent = MeshError("east: nothing listens there.")
        return [self.used[one.pod][one.port] if self.live(one.pod) else silent for one in greetings]

    def settled(self) -> None:
        """Every port shows the certificate of its Secret, which is new and of the same CA, and nothing else is left."""
        for component in HELD:
            new = self.now_held(component)
            assert new != FORMER[component].certificate
            assert self.now_held(component, "ca.crt") == CA.certificate
            live = self.get(Ref("v1", "Secret", HELD[component], SPACE)) or {}
            assert sorted(live["data"]) == ["ca.crt", "tls.crt", "tls.key"]
            shown = {port for name, ports in self.used.items() if name.startswith(SERVER) == (component == "server") for port in ports.values()}
            assert shown == {new}


class Turning(Steps):
    """Steps on the clock of the servers, so that their restarts take time."""

    def task(self, name: str, step: str, dry_run: bool = False) -> dict[str, Any]:
        cluster = self.clusters[name]
        begun = cluster.clock.passed
        self.meanwhile = lambda passed: (
            setattr(cluster.clock, "passed", begun + passed),
            cluster.pass_time(begun + passed),  # type: ignore[func-returns-value]
        )
        return super().task(name, step, dry_run)


def steps(cluster: Datacenter, timeout: int = 90) -> Steps:
    return Turning({"east": cluster}, "consul", "agents", SPACE, timeout=timeout)


def test_a_reload_is_enough_where_all_ports_take_it() -> None:
    cluster = Datacenter()
    planned = steps(cluster).run()
    assert planned["steps"] == ["prepare", "settle", "reload", "restart"]
    cluster.settled()
    assert (cluster.restarted, cluster.daemons) == ([], 0)
    assert set(cluster.reloads) == set(cluster.used)


def test_a_port_that_does_not_take_it_has_the_servers_restarted_in_order_the_leader_last() -> None:
    """The stand-in fails if a server restarts while another one does not vote."""
    cluster = Datacenter(deaf=[8503])
    steps(cluster).run()
    cluster.settled()
    assert (cluster.restarted, cluster.daemons) == ([f"{SERVER}-0", f"{SERVER}-2", f"{SERVER}-1"], 1)


def test_a_second_run_writes_and_asks_nothing() -> None:
    cluster = Datacenter(deaf=[8300])
    steps(cluster).run()
    before = (len(cluster.writes), len(cluster.reloads), len(cluster.restarted))
    assert steps(cluster).run(3600)["done"]
    assert (len(cluster.writes), len(cluster.reloads), len(cluster.restarted)) == before


@pytest.mark.parametrize("deaf", [(), (8300, 8503)], ids=["reloaded", "restarted"])
def test_a_run_that_is_killed_after_any_write_goes_on(deaf: Sequence[int]) -> None:
    whole = Datacenter(deaf)
    counted = Fuse()
    fused(whole.transport, lambda: counted)
    steps(whole).run()
    assert counted.burnt == (11 if deaf else 6), counted
    for number in range(1, counted.burnt + 1):
        cluster, fuse = Datacenter(deaf), Fuse(number)
        fused(cluster.transport, lambda fuse=fuse: fuse)
        with pytest.raises(Killed):
            steps(cluster).run()
        fuse.left = None
        steps(cluster).run(3600)
        cluster.settled()
        assert len(cluster.restarted) <= 3, "no server restarts twice"


def test_a_certificate_that_never_arrives_stops_it_and_restarts_nobody() -> None:
    cluster = Datacenter(arrives=10_000)
    with pytest.raises(Stopped, match=rf"{SERVER}-0 does not show its new certificate on port 8501 yet"):
        steps(cluster, timeout=20).run()
    assert cluster.restarted == []


def test_no_key_and_no_token_is_shown() -> None:
    cluster = Datacenter(deaf=[8503], arrives=10_000)
    turning = steps(cluster, timeout=5)
    with pytest.raises(Stopped) as stopped:
        turning.run()
    cluster.arrives, turning.timeout = 0, 90
    turning.run(3600)
    shown = json.dumps(turning.results, default=repr) + str(stopped.value)
    secrets = [MANAGEMENT, *(key.decode().splitlines()[1] for key in (CA.key, FORMER["server"].key, cluster.now_held("server", "tls.key")))]
    assert not [one for one in secrets if one in shown or encoded(one.encode()) in shown]
