# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.stuck import GRACE, Patience, Stuck, why

DEPLOYMENT: dict[str, Any] = {"kind": "Deployment", "metadata": {"name": "istiod"}, "status": {}}


def pod(waiting: dict[str, str] | None = None, template: str = "new", made: str = "2026-01-02T00:00:00Z", **status: Any) -> dict[str, Any]:
    container = {"name": "discovery", "state": {"waiting": waiting} if waiting else {"running": {}}, **status.pop("container", {})}
    metadata = {"name": f"{template}-1", "creationTimestamp": made, "labels": {"pod-template-hash": template}}
    return {"metadata": metadata, "status": {"containerStatuses": [container], **status}}


def unscheduled() -> dict[str, Any]:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available: 2 Insufficient cpu."}
    return {"metadata": {"name": "a"}, "status": {"phase": "Pending", "conditions": [condition]}}


@pytest.mark.parametrize(("found", "told"), [
    pytest.param(
        pod({"reason": "ImagePullBackOff", "message": "Back-off pulling image x:1"}), Stuck("ImagePullBackOff Back-off pulling image x:1", True), id="image",
    ),
    pytest.param(
        pod({"reason": "CreateContainerConfigError", "message": 'secret "cacerts" not found'}),
        Stuck('CreateContainerConfigError secret "cacerts" not found', True), id="a Secret that is not there",
    ),
    pytest.param(
        pod({"reason": "CrashLoopBackOff", "message": "back-off 10s"}, container={"lastState": {"terminated": {"reason": "Error", "exitCode": 255}}}),
        Stuck("CrashLoopBackOff container discovery ended with Error (255)", True), id="a program that ends",
    ),
    pytest.param(unscheduled(), Stuck("Unschedulable 0/2 nodes are available: 2 Insufficient cpu."), id="a node may still come"),
    pytest.param(pod({"reason": "ContainerCreating"}), Stuck("ContainerCreating"), id="at work"),
    pytest.param(pod({"reason": "PodInitializing"}), None, id="at work on what comes before"),
    pytest.param(pod(), None, id="running"),
])  # fmt: skip
def test_what_keeps_a_pod(found: dict[str, Any], told: Stuck | None) -> None:
    assert why(DEPLOYMENT, [found]) == told


def test_pods_that_are_not_let_be_made() -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": 'pods "istiod-x" is forbidden: exceeded quota: small'}
    refused = {**DEPLOYMENT, "status": {"conditions": [{"type": "Progressing", "status": "True"}, condition]}}
    assert why(refused, []) == Stuck('FailedCreate pods "istiod-x" is forbidden: exceeded quota: small', True)
    assert why(DEPLOYMENT, []) is None


def test_what_is_lasting_is_told_before_what_is_not() -> None:
    broken = pod({"reason": "InvalidImageName"})
    assert why(DEPLOYMENT, [pod({"reason": "ContainerCreating"}), broken]) == Stuck("InvalidImageName", True)


def test_pods_of_an_earlier_template_and_those_that_go_keep_nobody() -> None:
    """Somebody may be repairing just these pods with the new template."""
    old = pod({"reason": "ImagePullBackOff"}, template="old", made="2026-01-01T00:00:00Z")
    going = pod({"reason": "ImagePullBackOff"}, made="2026-01-03T00:00:00Z")
    going["metadata"]["deletionTimestamp"] = "2026-01-03T00:00:01Z"
    assert why(DEPLOYMENT, [old, pod(), going]) is None


def test_patience_ends_only_with_what_stays() -> None:
    patience = Patience()
    looks = [(0.0, True), (GRACE - 1, True), (GRACE, False), (GRACE + 1, True), (2 * GRACE, True)]
    assert [patience.over(lasting, now) for now, lasting in looks] == [False] * 5
    assert patience.over(True, 2 * GRACE + 1)
