# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed at any moment and repeated ends in the same state.

One installation is killed again and again, each time further on; then it is run to its end and compared with an
undisturbed one. What is compared are the wishes as stored (specs, data keys, labels), not what differs in every
installation: keys, tokens, addresses, times.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

KINDS = "deployments,services,secrets,configmaps,serviceaccounts,roles,rolebindings,gateways.networking.istio.io,virtualservices.networking.istio.io"
WIDE = "namespaces,clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations,crds"

# Where it is killed: the task, and how many seconds into it.
POINTS = [
    ("Give the cluster an intermediate", 0.4),
    ("Give the cluster an intermediate", 1.2),
    ("Compare the Helm releases with the wish", 0.0),
    ("Bring the Helm releases to the wish", 1.5),
    ("Bring the Helm releases to the wish", 3.0),
    ("Wait until the control plane is ready", 1.0),
    ("Set the namespace's network", 0.5),
    ("Bring the gateway's Helm release to the wish", 1.5),
    ("Open the gateway", 0.8),
    ("Link the cluster with all others", 0.6),
    ("Link the cluster with all others", 1.2),
    ("Run an echo server", 1.0),
]


def _state(estate: Estate, cluster: str) -> dict[str, Any]:
    inside = estate.get(cluster, KINDS, "-n", "istio-system")["items"]
    wide = [item for item in estate.get(cluster, WIDE)["items"] if _of_mesh(item["metadata"]["name"])]
    return {f"{item['kind']}/{item['metadata']['name']}": _lasting(item) for item in [*inside, *wide] if not _record(item)}


def _of_mesh(name: str) -> bool:
    return "istio" in name or "meshops" in name


def _record(item: dict[str, Any]) -> bool:
    """Helm's own history: a run that was killed adds to it."""
    return item.get("type") == "helm.sh/release.v1"


def _lasting(item: dict[str, Any]) -> dict[str, Any]:
    spec = dict(item.get("spec", {}))
    for given in ("clusterIP", "clusterIPs", "finalizers", "conversion", "versions"):
        spec.pop(given, None)
    for port in spec.get("ports", []) if isinstance(spec.get("ports"), list) else []:
        port.pop("nodePort", None)
    annotations = sorted(item["metadata"].get("annotations", {}))
    return {
        "labels": item["metadata"].get("labels", {}),
        "annotations": [name for name in annotations if not name.startswith("deployment.kubernetes.io")],
        "spec": spec,
        "data": sorted(item.get("data") or {}),
        "rules": item.get("rules"),
        "webhooks": [hook["name"] for hook in item.get("webhooks", [])],
    }


@pytest.fixture(scope="module")
def undisturbed(estate: Estate) -> dict[str, dict[str, Any]]:
    estate.play("site", verify_traffic=True).succeeded()
    state = {cluster: _state(estate, cluster) for cluster in ("east", "west")}
    assert all(len(objects) > 30 for objects in state.values())
    estate.play("teardown", teardown_confirm="shop", teardown_config=True, teardown_root=True).succeeded()
    return state


def test_killed_again_and_again_it_ends_in_the_same_state(estate: Estate, undisturbed: dict[str, dict[str, Any]]) -> None:
    killed = []
    for task, after in POINTS:
        estate.play_until("site", task, after, verify_traffic=True, mesh_pending_grace=3)
        killed.append(task)
    assert len(killed) == len(POINTS)
    estate.play("site", verify_traffic=True, mesh_pending_grace=3).succeeded()
    for cluster, expected in undisturbed.items():
        state = _state(estate, cluster)
        assert sorted(state) == sorted(expected)
        different = {name: (expected[name], state[name]) for name in expected if state[name] != expected[name]}
        assert different == {}
    again = estate.play("site", verify_traffic=True).succeeded()
    assert again.changed == {"east": 0, "west": 0}
