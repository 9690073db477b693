# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes with a revision, and that nothing of another one does."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import INGRESS, Following, MeshWorkload
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.cutover.removal import release
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import retirement
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.rules import RULES
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.turning import SECOND_OF
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import NAMESPACE, REV, deployment, injector


def test_the_names_are_those_of_the_chart() -> None:
    assert str(retirement.leftovers(NAMESPACE, "blue")[0]).endswith(injector("blue")["metadata"]["name"])
    assert [ref.name for ref in retirement.leftovers(NAMESPACE, "default")] == [
        "istio-sidecar-injector", "istio-validator-istio-system", "istio", "istio-sidecar-injector", "values",
    ]  # fmt: skip
    assert retirement.leftovers("mesh", "blue")[0].name == "istio-sidecar-injector-blue-mesh"
    assert (release("default"), release("blue")) == ("istiod", "istiod-blue")


def gateways(live: dict[str, Any], revision: str) -> list[str]:
    workloads = [MeshWorkload(NAMESPACE, "Deployment", one["metadata"]["name"], Following(), one["spec"]["replicas"], gateway=INGRESS)
                 for one in live["Deployment"]]  # fmt: skip
    drained, serving = [one for one in workloads if one.drained], {(NAMESPACE, one.name) for one in workloads if one.replicas}
    gone = MeshWorkload(NAMESPACE, "Deployment", "none", Following(), 0, gateway=INGRESS)
    return [str(ref) for ref in retirement.gateways(live, revision, [*drained, gone], serving)]


def gateway(name: str, revision: str, replicas: int, first: str = "") -> dict[str, Any]:
    one = deployment(NAMESPACE, name, {REV: revision, "app": name.partition("-")[0]})
    one["metadata"] |= {"annotations": {SECOND_OF: first}} if first else {}
    one["spec"]["replicas"] = replicas
    return one


def test_a_gateway_goes_only_when_it_has_no_pods_and_is_of_that_revision() -> None:
    """And only if its second one serves."""
    serving, drained, second = gateway("door", "blue", 1), gateway("old", "blue", 0), gateway("old-green", "green", 1, first="old")
    scaler = {"metadata": {"name": "any", "namespace": NAMESPACE}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "old"}}}
    shared, alone = budget("shared", {"app": "old"}), budget("alone", {"app": "old", REV: "blue"})
    live = {"Deployment": [serving, drained, second], "HorizontalPodAutoscaler": [scaler], "PodDisruptionBudget": [shared, alone]}
    assert gateways(live, "blue") == [
        f"HorizontalPodAutoscaler {NAMESPACE}/any", f"PodDisruptionBudget {NAMESPACE}/alone", f"Deployment {NAMESPACE}/old",
    ]  # fmt: skip
    assert gateways(live, "green") == []
    live["Deployment"] = [serving, drained]
    assert gateways(live, "blue") == [], "nobody serves in its place"


def test_a_second_one_without_pods_goes_when_its_first_one_serves_whatever_its_revision_is() -> None:
    live = {"Deployment": [gateway("door", "green", 1), gateway("door-green", "green", 0, first="door"), gateway("door-blue", "blue", 0, first="door")]}
    assert gateways(live, "blue") == [f"Deployment {NAMESPACE}/door-green", f"Deployment {NAMESPACE}/door-blue"]
    live["Deployment"][0]["spec"]["replicas"] = 0
    assert gateways(live, "blue") == [f"Deployment {NAMESPACE}/door-blue"]


def budget(name: str, picks: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"selector": {"matchLabels": picks}}}


def test_the_first_patches_that_hand_a_gateway_over() -> None:
    assert RULES.handover == ((1, 29, 5), (1, 30, 2))
