# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many pods the east-west gateway gets, also in the middle of a cutover."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3 import OSSM3
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install import gateway_size

NAME, SPACE = "istio-eastwestgateway", "istio-system"
WISH = ControlPlane("east", "shop", network="lan", revision="stable", namespace=SPACE, values={"gateway": {"replicaCount": 3}})


def deployment(name: str = NAME, replicas: int | None = 1, ready: int | None = None, second: bool = False) -> dict[str, Any]:
    ready = (1 if replicas is None else replicas) if ready is None else ready
    counts = {"replicas": replicas, "updatedReplicas": ready, "readyReplicas": ready, "availableReplicas": ready, "observedGeneration": 1}
    notes = {"annotations": {"meshops.lifecycle/cutover-second-of": NAME}} if second else {}
    spec = {} if replicas is None else {"replicas": replicas}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": SPACE, "generation": 1, **notes}, "spec": spec,
            "status": counts}  # fmt: skip


def due(*there: dict[str, Any], wish: ControlPlane = WISH) -> Due:
    look = gateway_size.size(wish)
    assert look
    return look.judge({kind: [one for one in there if one["kind"] == kind] for kind in ("Deployment", "HorizontalPodAutoscaler")}, Answers())


@pytest.mark.parametrize("has", [None, 1, 5])
def test_it_gets_as_many_as_the_values_say(has: int | None) -> None:
    (patch,) = due(deployment(replicas=has)).patches
    assert patch[1] == {"spec": {"replicas": 3}} and patch[0].name == NAME
    assert due(deployment(replicas=3)).complete


def test_a_run_waits_until_they_serve() -> None:
    assert due(deployment(replicas=3, ready=1)).fault.startswith("Deployment istio-system/istio-eastwestgateway: ")


def test_what_another_deployment_replaces_stays_without_pods() -> None:
    """The cutover gives it its pods when it serves again, as many as the other one has."""
    assert due(deployment(replicas=0), deployment(f"{NAME}-green", 3, second=True)).complete


def test_what_was_scaled_to_nothing_by_hand_comes_back() -> None:
    assert due(deployment(replicas=0)).patches
    assert due(deployment(replicas=0), deployment(f"{NAME}-green", 0, second=True)).patches


def test_what_somebody_scales_is_left_to_the_scaler() -> None:
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "theirs", "namespace": SPACE}, "spec": spec}
    assert due(deployment(replicas=7), scaler).complete
    assert due(deployment(replicas=7), {**scaler, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "other"}}}).patches


def test_before_there_is_a_gateway_nothing_is_due() -> None:
    assert due().complete


def test_nobody_is_asked_where_the_values_say_nothing_or_an_autoscaler_decides() -> None:
    scaled = replace(WISH, values={"gateway": {"replicaCount": 3, "autoscaling": {"minReplicas": 2}}})
    for wish in (replace(WISH, values={}), scaled):
        assert gateway_size.size(wish) is None
        assert [stage for stage in OSSM3.install.stages(wish) if stage.name == "size of the gateway"] == []
    assert [stage.part for stage in OSSM3.install.stages(WISH) if stage.name == "size of the gateway"] == ["gateways"]
