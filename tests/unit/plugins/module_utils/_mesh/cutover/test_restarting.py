# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many workloads start anew at once, and which of them have to wait."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.restarting import PodsOf, RestartPace, startable


def pods(name: str, namespace: str = "shop", **labels: str) -> PodsOf:
    return PodsOf(namespace, "Deployment", name, {"app": name, **labels})


def budget(allowed: int | None, namespace: str = "shop", **labels: str) -> dict[str, Any]:
    status = {} if allowed is None else {"disruptionsAllowed": allowed}
    return {"metadata": {"name": "any", "namespace": namespace}, "spec": {"selector": {"matchLabels": labels}}, "status": status}


def names(*args: Any) -> list[str]:
    return [one.name for one in startable(*args)]


def test_no_more_at_once_than_wanted() -> None:
    waiting = [pods(name) for name in "abcd"]
    assert names(waiting, [], RestartPace(2), []) == ["a", "b"]
    assert names(waiting[1:], waiting[:1], RestartPace(2), []) == ["b"]
    assert names(waiting[2:], waiting[:2], RestartPace(2), []) == []


def test_no_more_in_the_namespaces_of_a_pattern() -> None:
    waiting = [pods("a", "bank-1"), pods("b", "bank-2"), pods("c", "shop"), pods("d", "shop")]
    assert names(waiting, [], RestartPace(9, {"bank-*": 1}), []) == ["a", "c", "d"]
    assert names(waiting[1:], waiting[:1], RestartPace(9, {"bank-*": 1, "*": 2}), []) == ["c"]


@pytest.mark.parametrize(("allowed", "chosen"), [(None, ["b"]), (0, ["b"]), (1, ["a", "b"]), (2, ["a", "b"])])
def test_a_budget_with_nothing_left_holds_up_its_own_workload_only(allowed: int | None, chosen: list[str]) -> None:
    assert names([pods("a"), pods("b")], [], RestartPace(), [budget(allowed, app="a")]) == chosen


def test_workloads_that_share_a_budget_share_what_it_allows() -> None:
    waiting = [pods(name, tier="front") for name in "abc"]
    assert names(waiting, [], RestartPace(), [budget(2, tier="front")]) == ["a", "b"]
    assert names(waiting[1:], waiting[:1], RestartPace(), [budget(2, tier="front")]) == ["b"]
    assert names(waiting, [], RestartPace(), [budget(0, "bank", tier="front")]) == ["a", "b", "c"]
