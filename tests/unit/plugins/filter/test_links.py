# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters that plan the rotation of the credentials between clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import call

HOSTS = ["east", "west", "edge", "bank"]
VARS: dict[str, dict[str, Any]] = {
    "east": {"mesh_name": "shop", "mesh_kube": {"context": "east"}},
    "west": {"mesh_name": "shop", "mesh_kube": {"context": "west"}, "mesh_cluster_uid": "uid"},
    "edge": {"mesh_name": "shop", "mesh_kube": {"context": "edge"}, "mesh_role": "remote", "mesh_primary": "east"},
    "bank": {"mesh_name": "bank", "mesh_kube": {"context": "bank"}},
}


@pytest.mark.parametrize(("cluster", "names"), [("east", ["west"]), ("west", ["east"]), ("edge", ["east", "west"]), ("bank", [])])
def test_consumers_are_the_other_primaries(cluster: str, names: list[str]) -> None:
    assert [one["name"] for one in call("_link_consumers", HOSTS, VARS, cluster)] == names


def test_a_consumer_comes_with_its_connection_and_its_pin() -> None:
    assert call("_link_consumers", HOSTS, VARS, "east") == [{"name": "west", "kube": {"context": "west"}, "cluster_uid": "uid"}]


def sources(cluster: str, exclude: Sequence[str] = ()) -> list[str]:
    found: dict[str, list[str]] = call("_link_plan", HOSTS, VARS, cluster, "seen", exclude)
    return found["sources"]


def test_the_clusters_that_others_discover_in_the_order_of_the_inventory() -> None:
    assert sources("edge") == ["east", "west", "edge"]
    assert sources("edge", ["west"]) == ["edge"]  # east has nobody left but its own remote
    assert sources("bank") == []


def told(**results: Any) -> dict[str, Any]:
    return {name: {**variables, **({"seen": results[name]} if name in results else {})} for name, variables in VARS.items()}


def test_a_plan_has_the_steps_of_all() -> None:
    results = told(east={"steps": ["east: a"]}, west={"steps": []}, edge={"steps": ["edge: b", "edge: c"]})
    assert call("_link_plan", HOSTS, results, "west", "seen") == {
        "sources": ["east", "west", "edge"], "findings": [], "steps": ["east: a", "edge: b", "edge: c"],
    }  # fmt: skip


def test_a_plan_without_one_of_them_is_none() -> None:
    plan = call("_link_plan", HOSTS, told(east={"steps": []}, west={"failed": True, "msg": "west: no answer."}), "east", "seen")
    assert plan["findings"] == [
        "west cannot be judged: west: no answer.",
        "edge cannot be judged: it is not part of this run, and no cluster may miss; run it without --limit",
    ]
