# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarts in waves that heed disruption budgets, on a cluster in memory."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Change, Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation import patches
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.restart import restart
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster

PATCH = patches.restarted("2026-08-27T12:00:00Z")


def ref(name: str) -> Ref:
    return Ref("apps/v1", "Deployment", name, "shop")


def deployment(name: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name, "tier": "web"}}, "spec": {"containers": [{"name": "app", "image": "app"}]}}
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"replicas": 1, "template": template}}


def budget(allowed: int | None, **labels: str) -> dict[str, Any]:
    status = {} if allowed is None else {"disruptionsAllowed": allowed}
    metadata = {"name": "budget", "namespace": "shop"}
    spec = {"selector": {"matchLabels": labels}} if labels else {"selector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec, "status": status}


def patched(cluster: FakeCluster) -> list[str]:
    return [request.rsplit("/", 1)[-1] for request in cluster.writes]


@pytest.mark.parametrize(
    ("found", "restarted"),
    [
        ([], ["a", "b"]),
        ([budget(1, app="a")], ["a", "b"]),
        ([budget(0, app="a")], ["b"]),
        ([budget(None, app="a")], ["b"]),
        ([budget(0, app="a", tier="db")], ["a", "b"]),
        ([budget(0, tier="web")], []),
        # Its expressions are not read, so it may be about anything.
        ([budget(0)], []),
    ],
    ids=["none", "allows one", "allows none", "says nothing", "of others", "of all", "of expressions"],
)
def test_what_a_budget_forbids_is_left_for_later(found: list[dict[str, Any]], restarted: list[str]) -> None:
    cluster = FakeCluster(deployment("a"), deployment("b"), *found)
    changes: list[Change] = []
    held_back = restart(cluster, [ref("a"), ref("b")], PATCH, 1, lambda: None, changes)
    assert patched(cluster) == restarted
    assert [change.ref.name for change in changes] == restarted
    assert [one.name for one in held_back] == [name for name in ("a", "b") if name not in restarted]


def test_what_was_restarted_is_known_even_if_it_does_not_come_up() -> None:
    cluster, changes = FakeCluster(deployment("a"), react=lambda _live: None), list[Change]()
    with pytest.raises(NotReady, match="Deployment shop/a"):
        restart(cluster, [ref("a")], PATCH, 0, lambda: None, changes)
    assert [change.ref.name for change in changes] == ["a"]


def test_in_waves_with_a_question_before_each() -> None:
    names = [f"app-{number:02}" for number in range(17)]
    cluster, asked = FakeCluster(*map(deployment, names)), list[int]()
    restart(cluster, [ref(name) for name in names], PATCH, 1, lambda: asked.append(len(cluster.writes)), [])
    assert asked == [0, 8, 16]
    assert patched(cluster) == names


def test_nothing_is_restarted_once_the_lease_is_lost() -> None:
    cluster = FakeCluster(deployment("a"))

    def lost() -> None:
        raise Refused("east: the Lease is lost.")

    with pytest.raises(Refused, match="the Lease is lost"):
        restart(cluster, [ref("a")], PATCH, 1, lost, [])
    assert cluster.writes == []


def test_what_is_gone_is_let_go() -> None:
    assert restart(FakeCluster(), [ref("gone")], PATCH, 1, lambda: None, []) == []
