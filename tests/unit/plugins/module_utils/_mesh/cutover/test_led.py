# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From which revision a mesh was led, over clusters that stand apart. That it is known after each write of a run is tested with the runs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.led import led
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import INGRESS, NAMED, ClusterState, Following, MeshWorkload, Space
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Aim
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision

BLUE, GREEN = Following(NAMED, "blue", "blue"), Following(NAMED, "green", "green")
FORWARD, BACK, EARLIER = Aim("green", "blue"), Aim("blue", "green"), Aim("blue", "red")


def state(cluster: str, validates: str, came_from: str = "", **more: Any) -> ClusterState:
    planes = [ControlPlaneRevision(name, "1.31.0", 1, 1) for name in ("red", "blue", "green")]
    return ClusterState(cluster, **{"revisions": planes, "default_revision": validates, "default_from": came_from, **more})


FINISHED, BEFORE, UNTOUCHED = state("east", "green", "blue"), state("west", "blue", "red"), state("west", "blue")
MOVING = state("west", "blue", "red", spaces=[Space("a", GREEN, led_from="blue"), Space("b", BLUE)])
RETURNING = state("west", "green", "blue", spaces=[Space("a", BLUE, led_from="green"), Space("b", GREEN, led_from="blue")])


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([UNTOUCHED], []),
        ([FINISHED], [FORWARD]),
        ([BEFORE], [EARLIER]),
        ([FINISHED, UNTOUCHED], [FORWARD]),
        ([FINISHED, BEFORE], [FORWARD]),
        ([MOVING], [FORWARD]),
        ([FINISHED, MOVING], [FORWARD]),
        ([RETURNING], [BACK]),
        ([FINISHED, RETURNING], [BACK]),
        ([FINISHED, state("west", "blue", "green")], [BACK, FORWARD]),
    ],
)
def test_the_cutover_under_way_is_meant_else_the_last_one(states: list[ClusterState], told: list[Aim]) -> None:
    assert led(states) == led(states[::-1]) == told


def test_a_cluster_without_a_validator_is_judged_by_those_of_the_others() -> None:
    """A remote cluster has none. Its first wave was the only one."""
    remote = state("west", "", spaces=[Space("a", GREEN, led_from="blue")])
    assert led([remote, state("east", "blue", "red")]) == [FORWARD]


def test_what_has_no_pods_any_more_and_what_is_not_installed_say_nothing() -> None:
    """The first Deployment of a gateway keeps the note of the cutover before."""
    drained = MeshWorkload("mesh", "Deployment", "door", BLUE, 0, gateway=INGRESS, led_from="green")
    assert led([state("east", "green", "blue", workloads=[drained])]) == [FORWARD]
    assert led([state("east", "green", "blue", revisions=[ControlPlaneRevision("green", "1.31.0", 1, 1)])]) == []
