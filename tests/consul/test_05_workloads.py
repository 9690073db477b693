# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A workload with our sidecar in a real Consul: it registers with a token of its own, answers over mTLS, and takes its registration back when it ends."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import Datacenter, until
from ansible_collections.meshops.lifecycle.tests.consul.echo import Echo

WISH = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", values={"servers": {"replicas": 1}})


@pytest.fixture(scope="module")
def echo(make: Make) -> Echo:
    made = make(WISH)
    made.complete("servers")
    made.start_agent()
    return Echo(made, ("east",))


@pytest.fixture
def east(echo: Echo) -> Datacenter:
    return echo.datacenter


def test_what_a_service_needs_is_ordered_once(echo: Echo) -> None:
    assert echo.complete() == [
        "the token of the service consul/meshops-echo", "the entry service-defaults meshops-echo", "the entry service-intentions meshops-echo",
    ]  # fmt: skip
    assert echo.complete() == []


def test_the_sidecar_answers_over_mtls_with_the_identity_of_its_service(echo: Echo) -> None:
    echo.start()
    echo.await_answer("east")


def test_the_token_may_be_its_service_and_nothing_else(east: Datacenter) -> None:
    token = base64.b64decode(east.find("Secret", "meshops-echo-consul")["data"]["token"]).decode()
    allowed = {name: east.ask("PUT", "/v1/agent/service/register", body={"Name": name, "ID": "by-hand"}, token=token)[0] for name in ("meshops-echo", "stock")}
    east.ask("PUT", "/v1/agent/service/deregister/by-hand")
    assert allowed == {"meshops-echo": 200, "stock": 403}
    assert east.ask("GET", "/v1/acl/tokens", token=token)[0] == 403


def test_a_pod_that_ends_takes_its_registration_back(east: Datacenter) -> None:
    until(lambda: [one["Service"]["ID"] for one in east.get("/v1/health/service/meshops-echo?passing")] == ["echo-east-1"], lambda: "it is not healthy", 30)
    east.pods.pop("echo-east-1").end()
    until(lambda: not east.get("/v1/health/service/meshops-echo"), lambda: "the registration is still there", 10)
    assert not east.get("/v1/health/connect/meshops-echo")


def test_a_service_that_nobody_names_loses_its_token(echo: Echo) -> None:
    assert echo.complete(leaving=True) == ["the token of the service consul/meshops-echo"]
    assert not [one for one in echo.datacenter.get("/v1/acl/tokens") if "meshops-echo" in one["Description"]]
    assert echo.complete(leaving=True) == []
