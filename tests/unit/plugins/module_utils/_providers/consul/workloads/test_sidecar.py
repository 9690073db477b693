# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sidecars of workloads, as files, and what they must hold."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.workloads.service_wish import ServiceWish, Upstream
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.health import probe
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.workloads import sidecar, workloads
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, SECONDARY, SMALL
from ansible_collections.meshops.lifecycle.tests.unit.support.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden"
PLAIN = ServiceWish("shop", "shop", 8080, "Deployment", "shop")
RICH = ServiceWish(
    "shop", "shop", 8080, "StatefulSet", "shop", health_path="/healthz?full=1",
    upstreams=(Upstream("stock", 9000), Upstream("stock", 9001, "west"), Upstream("stock", 9002, "east")),
)  # fmt: skip


def workload(kind: str = "Deployment", **pod: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "shop", "image": "shop:1", "ports": [{"containerPort": 8443}]}], **pod}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "shop", "namespace": "shop"}, "spec": {"template": {"spec": spec}}}


PROBE = probe.services(ProbeWish("east", "", ("west", "east")))[0]
CASES = {
    "plain": (PEER, PLAIN, workload()),
    "peer": (PEER, RICH, workload("StatefulSet")),
    "secondary": (SECONDARY, RICH, workload("StatefulSet")),
    "probe": (PEER, PROBE, probe.manifests(ProbeWish("east", "", ("west", "east")))[-1]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_sidecar_of(name: str) -> None:
    assert_golden(GOLDEN / f"{name}.yml", [workloads.joined(*CASES[name])])


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.yml" for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_nothing_of_the_workload_is_named(name: str) -> None:
    """A server-side apply of this part must own nothing of the user's."""
    wish, service, live = CASES[name]
    pod = workloads.joined(wish, service, live)["spec"]["template"]["spec"]
    assert set(pod) == {"initContainers", "containers", "volumes"}
    assert all(one["name"].startswith("consul-") for kind in pod.values() for one in kind)


@pytest.mark.parametrize("name", CASES)
def test_the_token_is_a_file_and_the_bootstrap_lies_in_memory(name: str) -> None:
    pod = workloads.joined(*CASES[name])["spec"]["template"]["spec"]
    volumes = {one["name"]: one for one in pod["volumes"]}
    for one in (*pod["initContainers"], *pod["containers"]):
        writable = [mount["name"] for mount in one["volumeMounts"] if not mount.get("readOnly")]
        assert [volumes[volume]["emptyDir"] for volume in writable] == [{"medium": "Memory"}]
        assert not [each for each in one.get("env", []) if "valueFrom" in each and "secretKeyRef" in each["valueFrom"]]
    envoy = next(one for one in pod["containers"] if one["name"] == "consul-envoy")
    assert "consul-identity" not in json.dumps(envoy)


@pytest.mark.parametrize("name", CASES)
def test_the_registration_is_json_whatever_the_pod_is_called(name: str) -> None:
    wish, service, _live = CASES[name]
    text = json.dumps(sidecar.registration(wish, service)).replace("$(POD_NAME)", "shop-1").replace("$(POD_IP)", "192.0.2.7")
    made = json.loads(text)["service"]
    assert (made["id"], made["address"], made["connect"]["sidecar_service"]["proxy"]["local_service_port"]) == ("shop-1", "192.0.2.7", service.port)
    assert "$" not in text


def test_the_registration_is_taken_back_while_envoy_still_serves() -> None:
    pod = workloads.joined(*CASES["plain"])["spec"]["template"]["spec"]
    envoy, life = pod["containers"]
    assert envoy["lifecycle"]["preStop"]["exec"]["command"][-1] == "sleep 5"
    assert "lifecycle" not in life, "it hears SIGTERM at once, when Envoy's hook begins"
    assert life["command"][-1].startswith("trap 'consul services deregister")


def test_openshift_chooses_the_user() -> None:
    pod = workloads.joined(dataclasses.replace(PEER, platform="openshift"), PLAIN, workload())
    assert "runAsUser" not in json.dumps(pod)


@pytest.mark.parametrize(("case", "says"), [
    pytest.param((dataclasses.replace(PEER, charts={"source": "oci"}), PLAIN, workload()),
                 r" runs as the ServiceAccount default, but .*, and the service is shop\. Give the", id="an account of a chart"),
    pytest.param((SMALL, PLAIN, workload()), "mesh_values.agents.enabled is false", id="no agents"),
    pytest.param((PEER, PLAIN, workload(terminationGracePeriodSeconds=5)), "gives its pods 5 s to end, but its", id="no time to drain"),
    pytest.param((PEER, ServiceWish("shop", "shop", 20000, name="shop"), workload()), "both take port 20000", id="the port of the sidecar"),
    pytest.param((PEER, ServiceWish("shop", "shop", 8080, name="shop", upstreams=(Upstream("stock", 8443),)), workload()), "port 8443", id="an upstream"),
])
def test_what_cannot_work_is_refused_by_name(case: Any, says: str) -> None:
    with pytest.raises(Refused, match=rf"^{case[0].cluster}: Deployment shop/shop.*{says}"):
        workloads.joined(*case)
