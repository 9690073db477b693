# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module brings declared entries into a stand-in for Consul: check mode and diff show them, a kill loses nothing, and a refusal is told before a write."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.modules import stage_orders
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.keeper import Keeper
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.objects.test_store import DEFAULTS, WHOLE, WORLDS, contents
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.running import running
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

WISH = {"provider": "consul", "cluster": "east", "mesh": "shop", "network": "on-prem", "namespace": "consul", "version": "1.22.3"}


def ordered(keeper: Keeper, *declared: dict[str, Any], dies: int = -1, dry_run: bool = False) -> dict[str, Any]:
    cluster = running(dry_run=dry_run, store=keeper)
    cluster.dies = dies
    wish = {**WISH, "values": {"entries": {"declared": list(declared)}}}
    return stage_orders.reconcile(cluster, {"wish": wish, "part": "control_plane", "stage": "declared", "state": "present", "wait_timeout": 5}, clock=Ticking())


def test_check_mode_shows_what_a_run_does_and_writes_nothing() -> None:
    keeper = Keeper()
    would, log = ordered(keeper, *WHOLE, dry_run=True), list(keeper.log)
    did = ordered(keeper, *WHOLE)
    assert (would, log) == (did, [])
    assert did["diff"][0] == {
        "before_header": "the entry service-defaults/web", "after_header": "the entry service-defaults/web (created)",
        "before": {}, "after": {"Kind": "service-defaults", "Name": "web", "Protocol": "http"},
    }  # fmt: skip
    again = ordered(keeper, *WHOLE)
    assert (again["changed"], again["diff"]) == (False, [])


def test_what_is_removed_is_shown() -> None:
    ordered(keeper := Keeper(), DEFAULTS)
    (diff,) = ordered(keeper)["diff"]
    assert (diff["after_header"], diff["before"]["Protocol"], diff["after"]) == ("the entry service-defaults/web (deleted)", "http", {})


@pytest.mark.parametrize("world", WORLDS)
def test_a_killed_run_is_finished_by_the_next(world: str) -> None:
    before, after = WORLDS[world]
    ordered(first := Keeper(), *before)
    whole = deepcopy(first)
    whole.log.clear()
    ordered(whole, *after)
    for write in range(1, len(whole.log) + 1):
        keeper = deepcopy(first)
        with pytest.raises(KeyboardInterrupt):
            ordered(keeper, *after, dies=write)
        ordered(keeper, *after)
        assert contents(keeper) == contents(whole)


def test_a_refusal_comes_before_the_first_write() -> None:
    keeper = Keeper()
    keeper.put("service-router", "web", Routes=[])
    with pytest.raises(Refused, match="service-router/web is there already, written by somebody else"):
        ordered(keeper, *WHOLE)
    assert keeper.log == []


def test_what_consul_says_of_an_entry_is_told() -> None:
    keeper = Keeper()
    keeper.put("service-splitter", "api", Splits=[{"Weight": 100, "ServiceSubset": "lost"}])
    with pytest.raises(NotReady, match=r"the entry service-defaults/web \(PUT was answered with HTTP 403: ACL not found"):
        ordered(keeper, DEFAULTS)
