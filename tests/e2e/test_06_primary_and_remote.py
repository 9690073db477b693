# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""West without a control plane of its own: east's serves it, through the gateway."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate


@pytest.fixture(scope="module")
def one_primary(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    directory = tmp_path_factory.mktemp("inventory")
    for name in ("hosts.yml", "group_vars/shop.yml", "host_vars/east.yml", "host_vars/west.yml"):
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((estate.inventory / name).read_text())
    west = directory / "host_vars" / "west.yml"
    west.write_text(yaml.safe_dump({**yaml.safe_load(west.read_text()), "mesh_role": "remote", "mesh_primary": "east"}))
    estate.play("teardown", teardown_confirm="shop", teardown_config=True, teardown_root=True).succeeded()
    remote = Estate(directory)
    yield remote
    remote.play("teardown", teardown_confirm="shop", teardown_config=True, teardown_root=True).succeeded()


def test_the_remote_cluster_is_served_by_the_primary(one_primary: Estate) -> None:
    one_primary.play("site", verify_traffic=True).succeeded()
    assert one_primary.names("west", "deployments", "-n", "istio-system") == ["istio-eastwestgateway"]
    assert one_primary.names("east", "deployments", "-n", "istio-system") == ["istio-eastwestgateway", "istiod-stable"]
    status = one_primary.play("status").succeeded()
    assert status.lines("west ", "by east"), status.output


def test_a_second_run_changes_nothing(one_primary: Estate) -> None:
    again = one_primary.play("site", verify_traffic=True).succeeded()
    assert again.changed == {"east": 0, "west": 0}, again.output
