# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every manifest that we write for Consul, held against its schema by a real API server, which stores it as written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.health import probe
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import gateway, install
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER, WISHES

from .journal import Journal, said, writes

SETS: dict[str, list[dict[str, Any]]] = {
    **{name: [one for stage in install.stages(wish) for one in stage.manifests] for name, wish in WISHES.items()},
    "openshift": [one for stage in install.stages(replace(WISHES["secondary"], platform="openshift")) for one in stage.manifests],
    "address": [gateway.address(PEER, {"wan": "192.0.2.1:8443"})],
    "probe": probe.manifests(ProbeWish("east", "", ("east", "west"))),
}


@pytest.fixture(scope="module")
def cluster(admin: dict[str, Any]) -> Cluster:
    return connect(admin, environ={})


@pytest.mark.parametrize("name", SETS)
def test_a_server_that_is_strict_takes_and_is_not_written_to_again(cluster: Cluster, api_server: Any, name: str) -> None:
    made = SETS[name]
    spaces = {one["metadata"]["namespace"] for one in made if "namespace" in one["metadata"]}
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}} for space in spaces])
    try:
        first, journal = cluster.apply(made), Journal(api_server)
        journal.read()
        second, written = cluster.apply(made), [said(event) for event in writes(journal.read())]
    finally:
        cluster.delete([Ref.of(each) for each in made if each["kind"] != "Namespace"])
    assert {change.action for change in first} <= {"created", "updated", "unchanged"}
    assert ({change.action for change in second}, written) == ({"unchanged"}, [])


def test_what_a_teardown_names_can_be_deleted(cluster: Cluster) -> None:
    made = [one for stage in install.teardown(PEER) for one in stage.manifests]
    assert {change.action for change in cluster.delete([Ref.of(each) for each in made])} <= {"deleted", "unchanged"}
