# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of whole clusters, as files, and what they must hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.stage import Stage
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import install
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, PRIMARY, SECONDARY, SMALL, WISHES
from ansible_collections.meshops.lifecycle.tests.unit.support.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", WISHES)
def test_the_stages_of(name: str) -> None:
    steps = [step for stage in install.stages(WISHES[name]) for step in stage.steps()]
    assert_golden(GOLDEN / f"{name}.stages.yml", steps)


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.stages.yml" for name in WISHES}


def workloads(wish: ControlPlane) -> Iterator[dict[str, Any]]:
    yield from (one for stage in install.stages(wish) for one in stage.manifests if "template" in one.get("spec", {}))


def containers(wish: ControlPlane) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for workload in workloads(wish):
        spec = workload["spec"]["template"]["spec"]
        yield from ((spec, container) for container in [*spec["initContainers"], *spec["containers"]])


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_each_mount_has_its_volume(wish: ControlPlane) -> None:
    claims = {claim["metadata"]["name"] for one in workloads(wish) for claim in one["spec"].get("volumeClaimTemplates", [])}
    for spec, container in containers(wish):
        volumes = {volume["name"] for volume in spec["volumes"]} | claims
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_what_a_pod_writes_and_must_not_show_lies_in_memory(wish: ControlPlane) -> None:
    for spec, container in containers(wish):
        writable = {mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")} - {"data"}
        assert all(volume["emptyDir"] == {"medium": "Memory"} for volume in spec["volumes"] if volume["name"] in writable)


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_the_secrets_that_pods_take_are_waited_for(wish: ControlPlane) -> None:
    waited = {condition.ref.name for condition in install.stages(wish)[0].ready}
    taken = {volume["secret"]["secretName"] for spec, _one in containers(wish) for volume in spec["volumes"] if "secret" in volume}
    sources = [each.get("valueFrom", {}) for _spec, one in containers(wish) for each in one.get("env", [])]
    taken |= {source["secretKeyRef"]["name"] for source in sources if "secretKeyRef" in source}
    assert taken <= waited


def test_a_secondary_is_given_neither_a_ca_nor_a_management_token() -> None:
    text = json.dumps(list(workloads(SECONDARY)))
    assert "consul-connect-ca" not in text
    assert "MANAGEMENT" not in text
    assert "REPLICATION" in text


def named(stages: list[Stage]) -> list[str]:
    return [stage.name for stage in stages]


def test_agents_are_left_out_on_request() -> None:
    assert named(install.stages(PEER)) == ["namespace", "servers", "restarts", "agents", "declared", "entrance", "gateway"]
    assert named(install.stages(SMALL)) == ["namespace", "servers", "restarts", "without agents", "declared", "entrance", "gateway", "without agents"]


def test_without_agents_the_gateway_asks_a_server() -> None:
    known = {wish.cluster: json.dumps(list(workloads(wish))) for wish in (PEER, SMALL)}
    assert "https://$(HOST_IP):8501" in known["east"]
    assert "client.east.consul" in known["east"]
    assert "https://consul-server.mesh.svc:8501" in known["edge"]
    assert "server.edge.consul" in known["edge"]


def test_only_a_federation_exposes_its_servers_through_the_gateway() -> None:
    exposing = [wish.cluster for wish in (PEER, PRIMARY, SECONDARY) if "-expose-servers" in json.dumps(list(workloads(wish)))]
    assert exposing == ["east", "west"]


def test_another_source_is_refused_by_name() -> None:
    elsewhere = ControlPlane("east", "shop", namespace="consul", charts={"source": "operator"})
    with pytest.raises(Refused, match=r"^east: mesh_charts.source is operator, but Consul comes from one of repository, oci, directory, manifests"):
        install.stages(elsewhere)


def test_everything_that_is_written_is_claimed() -> None:
    claimed = {str(claim.ref) for claim in install.claims(PEER)}
    assert "StatefulSet consul/consul-server" in claimed
    assert "Deployment consul/consul-mesh-gateway" in claimed
    assert "Namespace consul" not in claimed
    assert not [name for name in {str(claim.ref) for claim in install.claims(PEER, gateway=False)} if "gateway" in name]
