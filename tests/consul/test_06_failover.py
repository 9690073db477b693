# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the drill brings into two datacenters, in real ones on loopback: requests stay inside, cross, and go to the other side when their own servers end."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import ServiceSet
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.workloads import workloads
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install import due
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.links import links
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import PATIENCE, Datacenter, until
from meshdrill import consul_scenery
from meshlab import programs

CLUSTERS = ("east", "west")
Pair = dict[str, Datacenter]


def wish(name: str, mesh: str) -> ControlPlane:
    values: dict[str, Any] = {"servers": {"replicas": 1}, "entries": {"declared": consul_scenery.entries(CLUSTERS, name, mesh)}}
    made = ControlPlane(name, "shop", network=name, namespace="consul", provider="consul", version="1.22.3", values=values)
    if mesh == consul_scenery.PEERING:
        return made
    return replace(made, serves_remotes=True) if name == CLUSTERS[0] else replace(made, role="remote", primary=CLUSTERS[0])


@pytest.fixture(scope="module", params=[consul_scenery.PEERING, consul_scenery.FEDERATION])
def pair(make: Make, request: pytest.FixtureRequest) -> Iterator[Pair]:
    """The one pair ends before the other begins: their clients have the same ports on this machine."""
    made: Pair = {}
    for name in CLUSTERS:
        wanted, trust = wish(name, request.param), made["east"].cluster if made else None
        one = make(replace(wanted, primary_address=made["east"].entrance) if wanted.role == "remote" else wanted, trust)
        one.complete("servers")
        one.start_agent()
        one.start_gateway()
        until(lambda one=one: bool(one.get("/v1/catalog/service/mesh-gateway", key(one))), lambda one=one: one.pods["consul-mesh-gateway"].log("register"))
        made[name] = one
    if request.param == consul_scenery.PEERING:
        _peer(made)
    for name, one in made.items():
        if one.wish.role == "primary":
            one.complete("declared")
        _bring(one, name)
    yield made
    for one in made.values():
        one.end()


def key(one: Datacenter) -> str:
    """The token that may ask: a secondary has one of its primary."""
    return "management" if one.wish.role == "primary" else "replication"


def _peer(made: Pair) -> None:
    entry = {"name": "west", "kube": {"context": "west"}, "server": "https://127.0.0.1:6443"}
    params = {"provider": "consul", "namespace": "consul", "links": [entry], "prune": True, "force": False, "token_timeout": 120}
    links.reconcile(made["east"].cluster, params, connect=lambda *_way, **_how: made["west"].cluster, clock=SystemClock())
    for one in made.values():
        until(lambda one=one: [each["State"] for each in one.get("/v1/peerings")] == ["ACTIVE"], lambda one=one: str(one.get("/v1/peerings")))


def _bring(one: Datacenter, name: str) -> None:
    """Servers in both, and a client in the first: the ports of a second one would be the same on this machine."""
    services = ServiceSet.of(name, "default", [{**service, "namespace": "consul"} for service in consul_scenery.workloads(CLUSTERS, name)])
    due.complete(one.cluster, workloads.due(one.wish, services), PATIENCE, SystemClock())
    deployments = {each["metadata"]["name"]: each for each in consul_scenery.objects(CLUSTERS, name, 10) if each["kind"] == "Deployment"}
    for host, service in enumerate(services.services, 60):
        if service.service == "client" and name != CLUSTERS[0]:
            continue
        one.cluster.apply([_joined(one, deployments[service.name], service)])
        one.run("Deployment", service.name, f"{service.name}-1", host)


def _joined(one: Datacenter, own: dict[str, Any], service: Any) -> dict[str, Any]:
    """The Deployment with its sidecar as the API server would merge them. The client of this test is the test itself."""
    own = {**own, "metadata": {**own["metadata"], "namespace": "consul"}}
    added, template = workloads.joined(one.wish, service, own)["spec"]["template"]["spec"], own["spec"]["template"]
    (container,) = template["spec"]["containers"]
    binary = str(programs.build(programs.PROGRAMS["traffic"]) / "traffic")
    runs = [] if service.service == "client" else [container | {"command": [binary]}]
    return {**own, "spec": {**own["spec"], "template": {**template, "spec": {**added, "containers": [*runs, *added["containers"]]}}}}


def asked(name: str) -> tuple[int, str]:
    """The answer to one request of a flow, through the sidecar of the client, over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", consul_scenery.UPSTREAMS[name][2], timeout=10)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)
    finally:
        connection.close()


@pytest.mark.parametrize("name", list(consul_scenery.UPSTREAMS))
def test_each_flow_of_the_drill_is_answered(pair: Pair, name: str) -> None:
    until(lambda: asked(name)[0] == 200, lambda: f"{asked(name)}\n{pair['east'].pods['client-1'].log('consul-envoy')[-2000:]}")


@pytest.mark.parametrize(("name", "server"), [("inside-pooled", "pooled-1"), ("inside-handshake", "fresh-1")])
def test_when_the_own_server_ends_the_others_answer_and_nothing_is_lost(pair: Pair, name: str, server: str) -> None:
    until(lambda: asked(name)[0] == 200, lambda: str(asked(name)))
    gone = pair["east"].pods.pop(server)
    # In the order of a pod's end: the registration goes first, and application and Envoy serve on for some seconds.
    gone.processes.pop("consul-life").terminate()
    answers = [asked(name)[0] for _each in range(100)]
    until(lambda: not pair["east"].get(f"/v1/health/connect/{server.removesuffix('-1')}"), lambda: "it is still registered")
    answers += [asked(name)[0] for _each in range(100)]
    gone.end()
    answers += [asked(name)[0] for _each in range(100)]
    assert answers == [200] * 300
