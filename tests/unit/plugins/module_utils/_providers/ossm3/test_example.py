# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory that is shipped as an example of this mesh."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install import wish_faults
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.member import Member
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3 import OSSM3
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

GROUP = yaml.safe_load((CHECKOUT / "inventories/ossm3/hosts.yml").read_text("utf-8"))["all"]["children"]["shop"]


@pytest.mark.parametrize("name", GROUP["hosts"])
def test_its_clusters_are_without_fault(name: str) -> None:
    variables: dict[str, Any] = {**GROUP["vars"], **GROUP["hosts"][name]}
    member, asked = Member.of(name, {**variables, "mesh_kube": {"context": name}}), OSSM3.install.requirements()
    assert [*member.faults(), *wish_faults.faults(member, variables, OSSM3.defaults, OSSM3.install.stages, asked.platforms, asked.charts)] == []
    wish = wish_faults.wish(member, variables, OSSM3.defaults)
    assert wish
    kinds = [one["kind"] for stage in OSSM3.install.stages(wish) for one in stage.manifests]
    assert {"Istio", "IstioRevisionTag", "HorizontalPodAutoscaler", "PodDisruptionBudget"} <= set(kinds)
