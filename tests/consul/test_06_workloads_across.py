# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads of two peered datacenters call each other through their sidecars and through real gateways."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.driven import Progress
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import ADMIN, GATEWAY
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.links import links
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import look
from ansible_collections.meshops.lifecycle.tests.consul.authority import below_another_root, give
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter, until
from ansible_collections.meshops.lifecycle.tests.consul.echo import Echo

CLUSTERS = ("east", "west")


def wish(name: str) -> ControlPlane:
    return ControlPlane(name, "shop", network=name, namespace="consul", provider="consul", version="1.22.3", values={"servers": {"replicas": 1}})


@pytest.fixture(scope="module")
def echoes(make: Make) -> dict[str, Echo]:
    east = make(wish("east"))
    west = make(wish("west"), east.cluster)
    for one in (east, west):
        one.complete("servers")
        one.start_agent()
        one.start_gateway()
        until(lambda one=one: bool(one.get("/v1/catalog/service/mesh-gateway")), lambda one=one: one.pods["consul-mesh-gateway"].log("register"))
    link(east, west)
    return {one.wish.cluster: Echo(one, CLUSTERS, shift) for one, shift in ((east, 0), (west, 100))}


def link(consumer: Datacenter, source: Datacenter) -> None:
    entry = {"name": source.wish.cluster, "kube": {"context": source.wish.cluster}, "server": "https://127.0.0.1:6443"}
    params = {"provider": "consul", "namespace": "consul", "links": [entry], "prune": True, "force": False, "token_timeout": 120}
    links.reconcile(consumer.cluster, params, connect=lambda *_way, **_how: source.cluster, clock=SystemClock())


def test_each_exports_its_service_to_the_other_and_again_orders_nothing(echoes: dict[str, Echo]) -> None:
    for one in echoes.values():
        assert "the entry exported-services default" in one.complete()
        assert one.complete() == []


def test_each_answers_the_other_over_mtls_under_its_own_identity(echoes: dict[str, Echo]) -> None:
    for one in echoes.values():
        one.start()
    for one in echoes.values():
        for target in CLUSTERS:
            one.await_answer(target)


def progress(one: Datacenter) -> Progress:
    rotation = PROVIDERS["consul"].driven_rotation
    assert rotation
    return look(one.cluster, rotation.progress("consul"))


def lacking(one: Datacenter) -> dict[str, str]:
    return {user.name: user.fault or user.behind for user in progress(one).users}


@pytest.mark.parametrize("pod", [GATEWAY, "echo-west-1"])
def test_who_serves_a_peer_has_a_certificate_and_a_bundle_for_each_trust_domain(echoes: dict[str, Echo], pod: str) -> None:
    """The gateway decrypts, because the service speaks HTTP."""
    request = PodRequest("consul", pod, ADMIN, "/config_dump?resource=dynamic_listeners", "GET", None, 30.0, ())
    (answer,) = echoes["west"].datacenter.cluster.ask_all([request])
    assert isinstance(answer, Answer), answer
    assert [word in answer.body for word in (b"certificate_chain", b"trust_bundle", b"trusted_ca")] == [True, True, False]


def test_a_rotation_of_the_root_sees_the_gateway_and_the_exported_service_follow(echoes: dict[str, Echo]) -> None:
    west = echoes["west"].datacenter
    assert lacking(west) == {GATEWAY: "", "echo-west-1": ""}
    give(west, below_another_root())
    until(lambda: not any(lacking(west).values()), lambda: str(lacking(west)))
    seen = progress(west)
    assert (sorted(user.name for user in seen.users), bool(seen.outgoing)) == ([GATEWAY, "echo-west-1"], True)
    echoes["east"].await_answer("west")
    assert lacking(echoes["east"].datacenter) == {GATEWAY: "", "echo-east-1": ""}, "the root of a peer is nothing that its neighbours wait for"
