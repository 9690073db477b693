# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two clusters whose pods reach each other: one network, so no gateway is needed and none is installed. By Helm 4, where all other files have Helm 3."""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Iterator

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, Estate, inventory_with
from ansible_collections.meshops.lifecycle.tests.e2e.least import account


@pytest.fixture(scope="module")
def one_network(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """The lab with pod networks that are routed to each other, and put back afterwards. Both times the clusters are made again, so nothing has to be
    removed."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("PATH", estate.lab("path", "helm4", "--build").strip(), prepend=os.pathsep)
    flat = inventory_with(estate, tmp_path_factory.mktemp("inventory"), {"mesh_network": "onprem"})
    estate.lab("up", "--flat", "east,west")
    theirs = account(flat, tmp_path_factory.mktemp("account"))  # of the new clusters
    flat.variables["mesh_kube"] = {"kubeconfig": str(theirs), "context": "{{ inventory_hostname }}"}
    yield flat
    estate.lab("up", "--flat", "")
    monkeypatch.undo()


def test_requests_cross_without_a_gateway(one_network: Estate) -> None:
    one_network.play("site", verify_traffic=True).succeeded()
    for cluster in ("east", "west"):
        assert one_network.names(cluster, "deployments", "-n", "istio-system") == ["istiod-stable"]
        assert one_network.names(cluster, "secrets", "-n", "istio-system", "-l", "istio/multiCluster=true") != []


def test_a_second_run_changes_nothing(one_network: Estate) -> None:
    again = one_network.play("site", verify_traffic=True).succeeded()
    assert again.changed == {"east": 0, "west": 0}, again.output


def test_helm_4_changes_a_value_and_is_in_no_conflict_with_istiod(one_network: Estate) -> None:
    """istiod has set the failurePolicy and the CA of the webhooks that the chart upgrades."""
    changed = one_network.play("control_plane", mesh_cluster_values={"istiod": {"meshConfig": {"enableTracing": False}}}).succeeded()
    assert all(count > 0 for count in changed.changed.values()), changed.output
    for cluster in CLUSTERS:
        hook = one_network.get(cluster, "validatingwebhookconfiguration", "istio-validator-stable-istio-system")["webhooks"][0]
        assert (hook["failurePolicy"], bool(hook["clientConfig"].get("caBundle"))) == ("Fail", True)
        newest = sorted(one_network.names(cluster, "secrets", "-n", "istio-system", "-l", "owner=helm,name=istiod-stable,status=deployed"))[-1]
        packed = one_network.get(cluster, "secret", newest, "-n", "istio-system")["data"]["release"]
        record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(packed))))
        assert record["apply_method"] == "csa", "as Helm 3 does, which may be the next to upgrade it"
