# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The orders of a stage, sent to a stand-in for Consul's store."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, NotReady
from ansible_collections.meshops.lifecycle.plugins.modules import stage_orders
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.running import ALL, Running, running
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.store import Store
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

WISH = {"provider": "consul", "cluster": "east", "mesh": "shop", "network": "on-prem", "namespace": "consul", "version": "1.22.3"}


def ordered(cluster: Running, stage: str = "servers", part: str = "control_plane", state: str = "present", **more: Any) -> dict[str, Any]:
    params = {"wish": WISH, "part": part, "stage": stage, "state": state, "wait_timeout": 5, **more}
    return stage_orders.reconcile(cluster, params, clock=Ticking())


def test_the_stage_of_a_plan_is_what_it_takes() -> None:
    steps = FILTERS["_plan"](WISH, "control_plane")["stages"]
    (step,) = [one for one in steps if one["kind"] == "orders" and one["name"] == "servers"]
    assert steps.index(step) > steps.index(next(one for one in steps if one["name"] == "servers" and one["kind"] == "manifests"))
    assert (step["wish"], {"wish" in one for one in steps if one["kind"] != "orders"}) == (WISH, {False})
    assert ordered(running(), step["name"], step["part"], wish=step["wish"])["ordered"] == ALL


def test_a_second_run_changes_nothing() -> None:
    cluster = running()
    first, second = ordered(cluster), ordered(cluster)
    assert (first["changed"], first["warnings"]) == (True, [])
    assert (second["changed"], second["ordered"], second["changes"]) == (False, [], [])


def test_check_mode_sends_nothing_and_warns_of_a_mesh_that_does_not_answer() -> None:
    cluster = running(dry_run=True)
    assert ordered(cluster)["ordered"] == ALL[:2]
    assert cluster.store == Store()
    silent = ordered(running(dry_run=True, store=Store(expected="another token")))
    assert silent["changed"] is False
    told = ("east: what the stage servers orders cannot be told yet: the server consul-server-0 did not list its mesh and policies and proxy-defaults and "
            "tokens, because it denies the token 'management' of the Secret consul/consul-tokens (HTTP 403); if this Secret was made anew since the servers "
            "started, bring back the former one.")
    assert silent["warnings"] == [told]


def test_a_stage_that_orders_nothing_is_left_alone() -> None:
    cluster = running()
    assert ordered(cluster, "agents") == {"changed": False, "changes": [], "diff": [], "ordered": [], "warnings": []}
    assert cluster.store == Store()


def test_a_failure_tells_what_was_ordered_before_it_and_no_secret() -> None:
    cluster = running()
    cluster.refused_from = 3
    with pytest.raises(NotReady, match=r"^east: after 5 s there is still something to do: the token of the agent \(PUT was answered with HTTP 503\)") as late:
        ordered(cluster)
    assert (late.value.facts["ordered"], late.value.facts["changed"]) == (ALL[:2], True)
    assert MANAGEMENT not in json.dumps(late.value.facts) + str(late.value)


@pytest.mark.parametrize(("how", "says"), [
    pytest.param({"stage": "nosuch"}, "^east: the part control_plane has no stage 'nosuch'; its stages are namespace, ", id="no such stage"),
    pytest.param({"wish": {**WISH, "verson": "1"}}, "^east: the wish for the control plane has the unknown keys verson", id="a typing error"),
])
def test_what_cannot_be_is_refused_before_anything_is_asked(how: dict[str, Any], says: str) -> None:
    cluster = running()
    with pytest.raises(MeshError, match=says):
        ordered(cluster, **how)
    assert cluster.store == Store()
