# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents leave when nobody needs them: no sidecar, and no gateway."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import agentless, agents, gateway, install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import AGENT, PROXY
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Settings
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.due import Completed, complete
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

WITHOUT = replace(PEER, values={"agents": {"enabled": False}})
AGENTS = [("DaemonSet", "apps/v1"), ("ConfigMap", "v1"), ("ServiceAccount", "v1")]


def running(*more: dict[str, Any], gateway_of: Any = PEER, dry_run: bool = False) -> FakeCluster:
    """A datacenter with agents, and with the gateway of a wish."""
    objects = [*agents.manifests(PEER, Settings.of(PEER)), gateway.deployment(gateway_of, Settings.of(gateway_of))]
    return FakeCluster(namespace("consul"), namespace("store"), *objects, *more, dry_run=dry_run)


def pod(name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "store", "labels": {PROXY: "shop"}, **more}}


def run(cluster: FakeCluster) -> Completed:
    return complete(cluster, agentless.due(WITHOUT), 5, Ticking())


def there(cluster: FakeCluster) -> list[str]:
    return [kind for kind, version in AGENTS if cluster.get(Ref(version, kind, AGENT, "consul"))]


def test_agents_stay_while_the_gateway_registers_with_them() -> None:
    cluster = running()
    assert not run(cluster).changed
    assert len(there(cluster)) == 3


def test_they_leave_when_it_registers_with_the_servers() -> None:
    cluster = running(gateway_of=WITHOUT)
    assert {str(one.ref.kind) for one in run(cluster).changes if one.changed} == {kind for kind, _version in AGENTS}
    assert there(cluster) == []
    assert not run(cluster).changed


def test_check_mode_removes_none() -> None:
    cluster = running(gateway_of=WITHOUT, dry_run=True)
    assert run(cluster).changed
    assert len(there(cluster)) == 3


def test_a_sidecar_that_needs_them_is_named_before_anything_is_removed() -> None:
    cluster = running(*(pod(f"shop-{number}") for number in range(5)), gateway_of=WITHOUT)
    with pytest.raises(Refused, match=r"^east: mesh_values.agents.enabled is false, but .* \(store/shop-0, store/shop-1, store/shop-2 and 2 more\). Take"):
        run(cluster)
    assert len(there(cluster)) == 3


def test_a_pod_that_ends_needs_nobody() -> None:
    assert run(running(pod("shop-0", deletionTimestamp="2026-11-27T00:00:00Z"), gateway_of=WITHOUT)).changed


def test_sidecars_do_not_matter_where_there_are_no_agents() -> None:
    assert not run(FakeCluster(namespace("consul"), namespace("store"), pod("shop-0"))).changed


def test_an_install_looks_before_and_after_the_gateway_moves_and_not_where_agents_are_wanted() -> None:
    stages = [(one.part, one.name) for one in install.stages(WITHOUT)]
    assert stages[-2:] == [("gateways", "gateway"), ("gateways", "without agents")]
    assert ("control_plane", "without agents") in stages
    assert "without agents" not in [one.name for one in install.stages(PEER)]
