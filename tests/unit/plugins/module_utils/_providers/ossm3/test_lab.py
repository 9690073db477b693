# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's inventory of this mesh: without fault, and the same lab as that of the mesh by charts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install import wish_faults
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.member import Member
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3 import OSSM3
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

HERE, CHARTS = CHECKOUT / "inventories/lab-ossm3", CHECKOUT / "inventories/lab"
OTHERWISE = {"mesh_provider", "mesh_version", "mesh_charts"}


def read(place: Path, name: str) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((place / name).read_text("utf-8"))
    return told


@pytest.mark.parametrize("cluster", ["east", "west"])
def test_each_cluster_is_without_fault_and_its_stages_can_be_made(cluster: str) -> None:
    variables = {**read(HERE, "group_vars/shop.yml"), **read(HERE, f"host_vars/{cluster}.yml"), "mesh_kube": {"context": cluster}}
    member, asked = Member.of(cluster, variables), OSSM3.install.requirements()
    assert [*member.faults(), *wish_faults.faults(member, variables, OSSM3.defaults, OSSM3.install.stages, asked.platforms, asked.charts)] == []
    wish = wish_faults.wish(member, variables, OSSM3.defaults)
    assert wish
    (istio,) = [one for stage in OSSM3.install.stages(wish) for one in stage.manifests if one["kind"] == "Istio"]
    assert istio["spec"]["values"]["pilot"]["env"] == {
        "ISTIO_MULTIROOT_MESH": "true", "PILOT_ENABLE_METADATA_EXCHANGE": "false", "PILOT_ENABLE_ALPN_FILTER": "false",
    }  # fmt: skip


def test_it_differs_from_the_lab_s_other_inventory_only_in_what_installs() -> None:
    ours, theirs = (read(place, "group_vars/shop.yml") for place in (HERE, CHARTS))
    assert {name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)} == OTHERWISE
    for name in ("hosts.yml", "host_vars/east.yml", "host_vars/west.yml"):
        assert read(HERE, name) == read(CHARTS, name)
