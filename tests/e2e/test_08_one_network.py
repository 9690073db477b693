# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two clusters whose pods reach each other: one network, so no gateway is needed and none is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate


@pytest.fixture(scope="module")
def one_network(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """The lab with its pod networks routed to each other, and put back afterwards."""
    directory = tmp_path_factory.mktemp("inventory")
    for name in ("hosts.yml", "group_vars/shop.yml", "host_vars/east.yml", "host_vars/west.yml"):
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (estate.inventory / name).read_text()
        target.write_text(text.replace("mesh_network: cloud", "mesh_network: onprem"))
    estate.lab("up", "--flat", "east,west")
    flat = Estate(directory)
    flat.play("teardown", teardown_confirm="shop", teardown_config=True, teardown_root=True).succeeded()
    yield flat
    flat.play("teardown", teardown_confirm="shop", teardown_config=True, teardown_root=True).succeeded()
    estate.lab("up", "--flat", "")


def test_requests_cross_without_a_gateway(one_network: Estate) -> None:
    one_network.play("site", verify_traffic=True).succeeded()
    for cluster in ("east", "west"):
        assert one_network.names(cluster, "deployments", "-n", "istio-system") == ["istiod-stable"]
        assert one_network.names(cluster, "secrets", "-n", "istio-system", "-l", "istio/multiCluster=true") != []


def test_a_second_run_changes_nothing(one_network: Estate) -> None:
    again = one_network.play("site", verify_traffic=True).succeeded()
    assert again.changed == {"east": 0, "west": 0}, again.output
