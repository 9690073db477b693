# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is next for a Gateway of the Gateway API, in every state that a run may leave, in both directions."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.following import unfinished
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.gateway_orders import is_stood_in, of_gateways
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import GATEWAY_API, NAMED, ClusterState, Following, MeshWorkload
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Aim, of_rejoining
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.plan import CutoverWish, wave_late
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.refusals import LEAVE, REFUSE, Allowed, refusals
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.skew import SkewRules, stands_in
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.waves import GATEWAYS, Wave
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.way import way
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.versions import VERSIONS

FORWARD, BACK = Aim("green", "blue"), Aim("blue", "green")
BLUE, GREEN = Following(NAMED, "blue", "blue"), Following(NAMED, "green", "green")
DOOR = MeshWorkload("a", "Gateway", "door", BLUE, 2, {"blue": 2}, {"blue": 2}, own=True, gateway=GATEWAY_API, deployment="door-istio", reached="door-istio")
SECOND = replace(DOOR, name="door-second", following=GREEN, made={"green": 2}, connected={"green": 2}, second_of="door", service="door", deployment="x")
ASLEEP: dict[str, Any] = {"replicas": 0, "asleep": 2, "stood_in": True, "made": {}, "connected": {}}
RULES = SkewRules("Istio", handover=((1, 29, 5),), stand_in=(1, 26))


def planes(blue: str = "1.28.0", green: str = "1.29.0") -> list[ControlPlaneRevision]:
    return [ControlPlaneRevision("blue", blue, 1, 1), ControlPlaneRevision("green", green, 1, 1)]


def cluster(*gateways: MeshWorkload, **more: Any) -> ClusterState:
    return ClusterState("east", **{"revisions": planes(), "default_revision": "blue", "workloads": gateways, **more})


def following(first: MeshWorkload, by: Following) -> MeshWorkload:
    return replace(first, following=by)


def ordered(aim: Aim, *gateways: MeshWorkload, **more: Any) -> list[str]:
    return [str(order) for order in of_gateways(cluster(*gateways, **more), ["a/door"], aim)]


DRAINED = replace(SECOND, replicas=0, lacks=("its pods",))


@pytest.mark.parametrize(
    ("gateways", "forward", "back"),
    [
        ([DOOR], "raise Gateway a/door", ""),
        ([replace(DOOR, stood_in=True)], "raise Gateway a/door", "remove Gateway a/door"),
        ([DOOR, replace(SECOND, lacks=("HTTPRoute a/b",))], "raise Gateway a/door", "drain Gateway a/door-second"),
        ([DOOR, SECOND], "drain Gateway a/door", "drain Gateway a/door-second"),
        ([replace(DOOR, **ASLEEP), SECOND], "hand over Gateway a/door", "rejoin Gateway a/door"),
        ([following(replace(DOOR, **ASLEEP), GREEN), SECOND], "rejoin Gateway a/door", "hand over Gateway a/door"),
        ([following(DOOR, GREEN), SECOND], "drain Gateway a/door-second", "drain Gateway a/door"),
        ([following(DOOR, GREEN), DRAINED], "remove Gateway a/door", "raise Gateway a/door"),
        ([following(replace(DOOR, stood_in=True), GREEN)], "remove Gateway a/door", "raise Gateway a/door"),
        ([following(DOOR, GREEN)], "", "raise Gateway a/door"),
        ([replace(DOOR, replicas=0)], "hand over Gateway a/door", ""),
        ([replace(DOOR, deployment="")], "hand over Gateway a/door", ""),
    ],
)
def test_one_order_follows_from_what_stands(gateways: list[MeshWorkload], forward: str, back: str) -> None:
    for aim, wanted in ((FORWARD, forward), (BACK, back)):
        assert ordered(aim, *gateways) == ([wanted] if wanted else [])


def test_where_both_revisions_keep_its_configuration_the_label_changes() -> None:
    both = ("blue", "green")
    assert ordered(FORWARD, DOOR, keeping=both) == ["hand over Gateway a/door"]
    assert ordered(FORWARD, DOOR, keeping=("green",)) == ["raise Gateway a/door"]
    assert ordered(FORWARD, DOOR, SECOND, keeping=both) == ["drain Gateway a/door"], "what was begun goes on"
    assert not is_stood_in(cluster(DOOR, keeping=both), DOOR, FORWARD)


def test_a_wave_is_not_through_while_a_second_one_stands_and_the_step_rejoin_is_not_about_it() -> None:
    state = cluster(following(replace(DOOR, made={"green": 2}, connected={"green": 2}), GREEN), SECOND)
    wave = Wave(1, GATEWAYS, services={"east": ("a/door",)})
    assert wave_late(state, wave, FORWARD) == ["Gateway a/door-second still stands in for door"]
    assert of_rejoining(state, FORWARD) == []


def said(state: ClusterState, gitops: str = REFUSE, version: str = "") -> list[str]:
    return refusals([state], FORWARD, CutoverWish(), RULES, VERSIONS, Allowed(gitops=gitops, version=version))


def test_what_can_have_a_second_one_is_not_refused() -> None:
    assert said(cluster(DOOR)) == []
    assert said(cluster(replace(DOOR, **ASLEEP), SECOND)) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"unable": "its name is too long"}, "its name is too long"),
        ({"deployment": ""}, "the mesh runs no pods for it that a second Gateway could have, too"),
        ({"keeper": "Argo CD"}, r"would write back \(Gateway a/door \(Argo CD\)\)"),
        ({"kept": ("HTTPRoute a/web (Flux)",)}, r"would write back \(HTTPRoute a/web \(Flux\)\)"),
    ],
)
def test_what_cannot_is_refused_and_says_why(change: dict[str, Any], why: str) -> None:
    found = [one for one in said(cluster(replace(DOOR, **change)), gitops="hook") if "would lose traffic" in one]
    assert len(found) == 1
    assert found[0].startswith("east: Gateway a/door would lose traffic while the revision changes, because Istio 1.29.0 drops its configuration, and ")
    assert found[0].endswith("make a second Gateway for green yourself, or leave gateways out with cutover_gateways: never.")
    assert re.search(why, found[0])
    assert said(cluster(replace(DOOR, **change)), gitops=LEAVE) == ([] if {"keeper", "kept"} & {*change} else found)


def test_a_target_that_is_too_old_for_it_is_named() -> None:
    old = cluster(DOOR, revisions=planes("1.26.0", "1.25.3"))
    assert any("a second one cannot serve behind the same Service with Istio 1.25.3" in one for one in said(old))
    assert [stands_in(RULES, version) for version in ("1.25.9", "1.26.0", "latest")] == [False, True, True]
    assert not stands_in(SkewRules("other"), "1.31.0")


def test_the_plan_says_so_and_knows_what_a_target_will_keep_that_is_not_installed_yet() -> None:
    line = "    moves while a second Gateway stands in: Gateway a/door"
    alone = cluster(DOOR, revisions=planes("1.29.5")[:1], keeping=("blue",))
    for version, told in (("1.29.0", True), ("1.29.5", False)):
        made = way("prod", [alone], {"to": "green", "former": "blue", "version": version}, RULES, VERSIONS)
        assert ((line in made["table"]), made["findings"]) == (told, [])


def test_status_calls_it_half_done() -> None:
    (found,) = [one for one in unfinished(cluster(DOOR, SECOND, revisions=planes()[:1]), {}) if "half done" in one]
    assert found.startswith("a cutover is half done: 1 second Gateway stood in (Gateway a/door-second); run meshops.lifecycle.cutover again")
