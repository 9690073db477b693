# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A workload with our sidecar in a real Consul: it registers with a token of its own, answers over mTLS, and takes its registration back when it ends."""

from __future__ import annotations

import base64
import http.client
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import ServiceSet
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.health import probe
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.workloads import workloads
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install import due
from ansible_collections.meshops.lifecycle.tests.consul.conftest import Make
from ansible_collections.meshops.lifecycle.tests.consul.datacenter import PATIENCE, Datacenter, until
from meshlab import programs

WISH = ControlPlane("east", "shop", network="on-prem", namespace="consul", provider="consul", version="1.22.3", values={"servers": {"replicas": 1}})
ASKS = ProbeWish("east", "", ("east",), namespace="consul")
SET = ServiceSet("probe", tuple(probe.services(ASKS)))


@pytest.fixture(scope="module")
def east(make: Make) -> Datacenter:
    made = make(WISH)
    made.complete("servers")
    made.start_agent()
    return made


def completed(east: Datacenter, services: ServiceSet, leaving: bool = False) -> list[str]:
    wanted = (workloads.spare if leaving else workloads.due)(WISH, services)
    return due.complete(east.cluster, wanted, PATIENCE, SystemClock()).ordered


def joined() -> dict[str, Any]:
    """The echo server's Deployment as the API server would merge it."""
    own = probe.manifests(ASKS)[-1]
    added = workloads.joined(WISH, SET.services[0], own)["spec"]["template"]
    template = own["spec"]["template"]
    echo = template["spec"]["containers"][0] | {"command": [str(programs.build(programs.PROGRAMS["fortio"]) / "fortio")]}
    spec = {**template["spec"], **added["spec"], "containers": [echo, *added["spec"]["containers"]]}
    return {**own, "spec": {**own["spec"], "template": {"metadata": template["metadata"], "spec": spec}}}


def fetched() -> tuple[int, str]:
    """Ask the service through the sidecar's port for it, which Consul opens on the loopback address of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", SET.services[0].upstreams[0].port, timeout=10)
    try:
        connection.request("GET", "/debug")
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)
    finally:
        connection.close()


def test_what_a_service_needs_is_ordered_once(east: Datacenter) -> None:
    assert completed(east, SET) == [
        "the token of the service consul/meshops-echo", "the entry service-defaults meshops-echo", "the entry service-intentions meshops-echo",
    ]  # fmt: skip
    assert completed(east, SET) == []


def test_the_sidecar_answers_over_mtls_with_the_identity_of_its_service(east: Datacenter) -> None:
    east.cluster.apply([joined()])
    pod = east.run("Deployment", "echo-east", "echo-east-1", 60)
    until(lambda: fetched()[0] == 200, lambda: f"{fetched()}\n{pod.log('consul-envoy')[-3000:]}")
    status, body = fetched()
    assert probe.fault(ASKS, "east", status, f" on echo-east - request from \n{body}") is None


def test_the_token_may_be_its_service_and_nothing_else(east: Datacenter) -> None:
    token = base64.b64decode(east.find("Secret", "meshops-echo-consul")["data"]["token"]).decode()
    allowed = {name: east.ask("PUT", "/v1/agent/service/register", body={"Name": name, "ID": "by-hand"}, token=token)[0] for name in ("meshops-echo", "stock")}
    east.ask("PUT", "/v1/agent/service/deregister/by-hand")
    assert allowed == {"meshops-echo": 200, "stock": 403}
    assert east.ask("GET", "/v1/acl/tokens", token=token)[0] == 403


def test_a_pod_that_ends_takes_its_registration_back(east: Datacenter) -> None:
    assert [one["Service"]["ID"] for one in east.get("/v1/health/service/meshops-echo?passing")] == ["echo-east-1"]
    east.pods.pop("echo-east-1").end()
    until(lambda: not east.get("/v1/health/service/meshops-echo"), lambda: "the registration is still there", 10)
    assert not east.get("/v1/health/connect/meshops-echo")


def test_a_service_that_nobody_names_loses_its_token(east: Datacenter) -> None:
    assert completed(east, ServiceSet("probe"), leaving=True) == ["the token of the service consul/meshops-echo"]
    assert not [one for one in east.get("/v1/acl/tokens") if "meshops-echo" in one["Description"]]
    assert completed(east, ServiceSet("probe"), leaving=True) == []
