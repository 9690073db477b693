# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed at any moment and repeated ends in the same state.

One installation is killed again and again, each time further on; then it is run to its end and compared with the
first one, which nobody disturbed.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, EVERYTHING, Estate
from ansible_collections.meshops.lifecycle.tests.e2e.lasting import First, lasting

# Where it is killed: the task, and how many seconds into it.
POINTS = [
    ("Give the cluster an intermediate", 0.4),
    ("Give the cluster an intermediate", 1.2),
    ("Compare the Helm releases with what is wanted", 0.0),
    ("Bring the Helm releases up to date", 1.5),  # Helm installs the first
    ("Bring the Helm releases up to date", 3.0),
    ("Bring the Helm releases up to date", 5.0),  # the control plane starts
    ("Write the objects of the control plane", 0.5),
    ("Bring the gateway's Helm release up to date", 1.5),
    ("Open the gateway", 0.8),
    ("Link the cluster with all others", 0.6),
    ("Link the cluster with all others", 1.2),
    ("Run an echo server", 1.0),
]


@pytest.fixture(scope="module")
def undisturbed(estate: Estate, first: First, without_app: None) -> dict[str, dict[str, Any]]:
    """What the first run left. All of it is removed now."""
    first.run.succeeded()
    assert all(len(objects) > 30 for objects in first.state.values())
    estate.play("teardown", **EVERYTHING).succeeded()
    return first.state


def test_killed_again_and_again_it_ends_in_the_same_state(estate: Estate, undisturbed: dict[str, dict[str, Any]]) -> None:
    killed = []
    for task, after in POINTS:
        estate.play_until("site", task, after, verify_traffic=True, mesh_pending_grace=3)
        killed.append(task)
    assert len(killed) == len(POINTS)
    estate.play("site", verify_traffic=True, mesh_pending_grace=3).succeeded()
    for cluster, expected in undisturbed.items():
        state = lasting(estate, cluster)
        assert sorted(state) == sorted(expected)
        different = {name: (expected[name], state[name]) for name in expected if state[name] != expected[name]}
        assert different == {}
    again = estate.play("site", verify_traffic=True).succeeded()
    assert again.changed == dict.fromkeys(CLUSTERS, 0)
