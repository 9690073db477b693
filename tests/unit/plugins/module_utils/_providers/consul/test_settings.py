# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of an inventory are read as a whole, and all faults are named at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Settings
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, SMALL


def test_defaults_hold_where_nothing_is_set() -> None:
    made = Settings.of(PEER)
    assert (made.servers.replicas, made.agents.enabled, made.gateway.type, made.connect.leaf_ttl) == (3, True, "LoadBalancer", "72h")
    assert (Settings.of(SMALL).servers.replicas, Settings.of(SMALL).gateway.service["node_port"]) == (1, 30443)


@pytest.mark.parametrize(("values", "says"), [
    pytest.param({"servers": {"replica": 3}}, r"mesh_values.servers has the unknown key replica \(known keys are replicas, storage,", id="an unknown key"),
    pytest.param({"servers": {"replicas": "3"}}, "mesh_values.servers.replicas is not a number", id="a text"),
    pytest.param({"servers": {"replicas": True}}, "mesh_values.servers.replicas is not a number", id="a truth value"),
    pytest.param({"agents": {"enabled": 1}}, "mesh_values.agents.enabled is not true or false", id="a number"),
    pytest.param({"gateway": {"service": "NodePort"}}, "mesh_values.gateway.service is not a dictionary", id="no dictionary"),
    pytest.param({"servers": {"replicas": 2}}, "replicas is 2, but a Raft quorum takes 1, 3, 5 or 7 servers", id="an even number"),
    pytest.param({"gateway": {"service": {"type": "ClusterIP"}}}, "type is ClusterIP, but it must be LoadBalancer, NodePort or HostPort", id="no way in"),
    pytest.param({"gateway": {"service": {"ports": []}}}, "has the unknown keys ports", id="an unknown key of the Service"),
    pytest.param({"gateway": {"service": {"type": "NodePort", "node_port": "30443"}}}, "node_port is not a number", id="a node port as text"),
    pytest.param({"gateway": {"replicas": 0}}, "so nothing would cross", id="no gateway"),
])
def test_a_fault_is_named_with_its_place(values, says) -> None:
    with pytest.raises(Refused, match=rf"^east: .*{says}.*Correct mesh_values"):
        Settings.of(replace(PEER, values=values))


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(Refused, match="colour.*replicas is not a number"):
        Settings.of(replace(PEER, values={"servers": {"colour": "red"}, "gateway": {"replicas": "two"}}))
