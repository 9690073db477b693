# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where HashiCorp's chart makes sidecars, a workload gets annotations. Nothing here shows that its webhook reads them: it cannot be had here."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads import part
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import ServiceSet
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.health import probe
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.workloads import injected, workloads
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.services import Services
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, SECONDARY
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.workloads.test_due import SHOP
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.workloads.test_sidecar import RICH, workload
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import server, tokens

CHART = {"source": "repository"}
EAST, WEST = (dataclasses.replace(wish, charts=CHART) for wish in (PEER, SECONDARY))
OWN = workload("StatefulSet", serviceAccountName="shop")
SET = ServiceSet("inventory", (SHOP,))


@pytest.mark.parametrize(("wish", "upstreams"), [
    pytest.param(EAST, "stock:9000,stock.svc.west.peer:9001,stock:9002", id="peer"),
    pytest.param(WEST, "stock:9000,stock:9001,stock.svc.east.dc:9002", id="secondary"),
])
def test_pods_ask_for_a_sidecar_and_for_the_ports_that_they_call(wish: ControlPlane, upstreams: str) -> None:
    made = workloads.joined(wish, RICH, OWN)
    assert made["spec"] == {"template": {"metadata": {"annotations": {
        "consul.hashicorp.com/connect-inject": "true",
        "consul.hashicorp.com/transparent-proxy": "false",
        "consul.hashicorp.com/connect-service-port": "8080",
        "consul.hashicorp.com/connect-service-upstreams": upstreams,
    }}}}  # fmt: skip


def test_the_rules_for_workloads_hold_without_containers_of_ours() -> None:
    made = workloads.joined(EAST, RICH, OWN)
    assert list(part.faults("east", OWN, made)) == []
    assert part.notices("east", OWN, made) == [
        "east: StatefulSet shop/shop: shop has no preStop hook. Unless it serves on for some seconds after SIGTERM, requests fail when a pod ends.",
    ]


def test_the_echo_server_of_the_probe_can_be_one_of_them() -> None:
    wish = ProbeWish("east", "", ("west", "east"))
    made = {one["kind"]: one for one in probe.manifests(wish)}
    (service,) = probe.services(wish)
    asked = workloads.joined(EAST, service, made["Deployment"])["spec"]["template"]["metadata"]["annotations"]
    assert asked[injected.UPSTREAMS] == "meshops-echo:9000,meshops-echo.svc.west.peer:9001"
    assert made["Service"]["metadata"]["name"] == service.service
    assert made["Service"]["spec"]["selector"].items() <= made["Deployment"]["spec"]["template"]["metadata"]["labels"].items()


class TestDue:
    def judged(self, store: Services, *services: dict[str, Any]) -> Due:
        live = {"Pod": [server(0)], "Secret": [tokens()], "Service": list(services)}
        wanted = workloads.due(EAST, SET)
        return wanted.judge(live, {question: store.answer(question) for question in wanted.questions(live)})

    def test_tokens_and_secrets_are_the_controllers_and_entries_are_ours(self) -> None:
        due = self.judged(Services(), {"metadata": {"name": "shop", "namespace": "shop"}})
        entries = ["the entry service-defaults shop", "the entry service-intentions shop", "the entry exported-services default"]
        assert [order.what for order in due.orders] == entries
        assert (due.manifests, due.fault) == ([], "")

    def test_a_service_that_nobody_made_is_named(self) -> None:
        assert self.judged(Services()).fault.startswith("the Service shop/shop is missing: HashiCorp's controller registers a pod only")
