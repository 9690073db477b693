# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""West without a control plane of its own: east's serves it, through the gateway."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, EVERYTHING, Estate, inventory_with
from ansible_collections.meshops.lifecycle.tests.e2e.lasting import traces


@pytest.fixture(scope="module")
def one_primary(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    estate.remove_app()
    estate.play("teardown", **EVERYTHING).succeeded()
    yield inventory_with(estate, tmp_path_factory.mktemp("inventory"), {"mesh_role": "remote", "mesh_primary": "east"})
    estate.remove_app()


def test_the_remote_cluster_is_served_by_the_primary(one_primary: Estate) -> None:
    one_primary.play("site", verify_traffic=True).succeeded()
    assert one_primary.names("west", "deployments", "-n", "istio-system") == ["istio-eastwestgateway"]
    assert one_primary.names("east", "deployments", "-n", "istio-system") == ["istio-eastwestgateway", "istiod-stable"]
    status = one_primary.play("status").succeeded()
    assert status.lines("west ", "by east"), status.output


def test_a_second_run_changes_nothing(one_primary: Estate) -> None:
    again = one_primary.play("site", verify_traffic=True).succeeded()
    assert again.changed == {"east": 0, "west": 0}, again.output


def test_everything_but_the_root_is_removed_and_again_is_nothing(one_primary: Estate) -> None:
    one_primary.remove_app()
    one_primary.play("teardown", teardown_confirm="shop").succeeded()
    assert {cluster: traces(one_primary, cluster) for cluster in CLUSTERS} == {"east": [], "west": []}
    assert one_primary.names("east", "secrets", "-n", "meshops-system") == ["meshops-root-ca"]
    again = one_primary.play("teardown", teardown_confirm="shop").succeeded()
    assert again.changed == {"east": 0, "west": 0}, again.output
