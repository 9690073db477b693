# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes with a revision, and that nothing of another one does."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.cutover import retirement
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.cutover.rules import RULES
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import NAMESPACE, REV, deployment, injector


def test_the_names_are_those_of_the_chart() -> None:
    assert str(retirement.leftovers(NAMESPACE, "blue")[0]).endswith(injector("blue")["metadata"]["name"])
    assert [ref.name for ref in retirement.leftovers(NAMESPACE, "default")] == [
        "istio-sidecar-injector", "istio-validator-istio-system", "istio", "istio-sidecar-injector", "values",
    ]  # fmt: skip
    assert retirement.leftovers("mesh", "blue")[0].name == "istio-sidecar-injector-blue-mesh"
    assert (retirement.release("default"), retirement.release("blue")) == ("istiod", "istiod-blue")


def test_a_gateway_goes_only_when_it_has_no_pods_and_is_of_that_revision() -> None:
    serving, drained = deployment(NAMESPACE, "door", {REV: "blue"}), deployment(NAMESPACE, "old", {REV: "blue"})
    drained["spec"]["replicas"] = 0
    scaler = {"metadata": {"name": "any", "namespace": NAMESPACE}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "old"}}}
    shared, alone = budget("shared", {"app": "old"}), budget("alone", {"app": "old", REV: "blue"})
    live = {"Deployment": [serving, drained], "HorizontalPodAutoscaler": [scaler], "PodDisruptionBudget": [shared, alone]}
    names = [(NAMESPACE, "door"), (NAMESPACE, "old"), (NAMESPACE, "none")]
    assert [str(ref) for ref in retirement.gateways(live, "blue", names)] == [
        f"HorizontalPodAutoscaler {NAMESPACE}/any", f"PodDisruptionBudget {NAMESPACE}/alone", f"Deployment {NAMESPACE}/old",
    ]  # fmt: skip
    assert retirement.gateways(live, "green", names) == []


def budget(name: str, picks: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"selector": {"matchLabels": picks}}}


def test_the_first_patches_that_hand_a_gateway_over() -> None:
    assert RULES.handover == ((1, 29, 5), (1, 30, 2))
