# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who follows what, counted, and what a report says of a cutover half done."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.following import followed, unfinished
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import (
    GATEWAY_API,
    NAMED,
    TAG,
    ClusterState,
    Following,
    MeshWorkload,
    Space,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.revision_tag import Tag

BLUE, GREEN, BY_TAG = Following(NAMED, "blue", "blue"), Following(NAMED, "green", "green"), Following(TAG, "prod", "blue")


def state(*spaces: Space, **more: Any) -> ClusterState:
    planes = [ControlPlaneRevision(name, "1.31.0", 1, 1) for name in ("blue", "green")]
    return ClusterState("east", **{"revisions": planes, "tags": [Tag("prod", "blue", "blue")], "default_revision": "blue", "spaces": spaces, **more})


def test_how_many_follow_each_revision() -> None:
    told = followed(state(Space("a", BLUE), Space("b", GREEN, BY_TAG), Space("c", Following())), {"blue": 5, "": 1})
    assert told == {"revisions": {"blue": {"namespaces": 1, "proxies": 5}, "green": {"namespaces": 1, "proxies": 0}}, "turned": 1, "pinned": 0, "leaders": []}


def test_a_mesh_at_rest_has_nothing_to_say() -> None:
    assert unfinished(state(Space("a", BLUE), Space("b", GREEN)), {}) == []


@pytest.mark.parametrize("number", [1, 7])
def test_a_cutover_half_done(number: int) -> None:
    spaces = [Space(f"n{one}", GREEN, BY_TAG) for one in range(number)]
    names = "n0" if number == 1 else "n0, n1, n2, n3, n4 and 2 more"
    told = f"a cutover to green is half done, with {number} namespace{'s' if number > 1 else ''} turned there and not given the former labels back ({names})"
    assert unfinished(state(*spaces), {}) == [f"{told}; run meshops.lifecycle.cutover again, to go on or to turn it back"]


def tag(name: str, webhook: str, service: str, webhook_from: str = "", service_from: str = "") -> Tag:
    return Tag(name, webhook, service, webhook_from=webhook_from, service_from=service_from)


GONE, HALF = tag("prod", "green", "green", "blue", "blue"), tag("next", "blue", "green", "", "blue")


@pytest.mark.parametrize(
    ("tags", "proxies", "said"),
    [
        ([GONE], {}, "1 tag led to green (prod)"),
        ([GONE, tag("late", "blue", "blue")], {"blue": 3}, "1 tag led to green (prod), 1 tag not led there (late), 3 proxies still served by blue"),
        ([HALF, tag("old", "green", "green")], {"green": 2}, "1 tag led there by one half only (next)"),
        ([tag("hook", "green", "", "blue"), GONE], {"blue": 1}, "2 tags led to green (hook, prod), 1 proxy still served by blue"),
    ],
)
def test_a_cutover_by_tags_half_done(tags: list[Tag], proxies: dict[str, int], said: str) -> None:
    way = "run meshops.lifecycle.cutover with cutover_to: green to go on, or with cutover_to: blue to turn it back"
    assert unfinished(state(tags=tags, spaces=[Space("a", GREEN)]), proxies)[0] == f"a cutover from blue to green is half done, with {said}; {way}"
    assert unfinished(state(tags=tags, spaces=[Space("a", GREEN)], default_revision="green"), {"blue": 1})[:1] == [], "its end"


def test_namespaces_that_name_their_revision_are_a_cutover_half_done() -> None:
    (told,) = unfinished(state(Space("a", GREEN, led_from="blue"), Space("b", BLUE), Space("c", GREEN)), {})
    assert told.startswith("a cutover from blue to green is half done, with 1 tag not led there (prod), 1 namespace that named blue before (a); run")


def test_gateways_that_a_cutover_holds() -> None:
    held = MeshWorkload("a", "Gateway", "door", BLUE, gateway=GATEWAY_API, pinned=True)
    (told,) = unfinished(state(Space("a", BLUE), Space("b", GREEN), workloads=[held]), {})
    assert told.startswith("a cutover is half done: it holds 1 Gateway at a revision (Gateway a/door); run meshops.lifecycle.cutover again")
    assert followed(state(workloads=[held]), {})["pinned"] == 1


def test_a_label_that_leads_nowhere() -> None:
    (told,) = unfinished(state(Space("a", Following(NAMED, "gren")), Space("b", GREEN)), {})
    assert told.startswith("namespace a follows gren, which is neither a revision nor a tag, so its pods start without a proxy")


@pytest.mark.parametrize(
    ("change", "idle"),
    [({}, True), ({"spaces": [Space("b", GREEN)]}, False), ({"tags": [Tag("new", "green", "")]}, False), ({"default_revision": "green"}, False)],
)
def test_a_control_plane_that_nothing_follows(change: dict[str, Any], idle: bool) -> None:
    known = state(**{"spaces": [Space("a", BLUE)], **change})
    told = "the control plane green runs, and no namespace, tag or proxy follows it; to remove it, run meshops.lifecycle.cutover with cutover_to: blue"
    assert (told in unfinished(known, {})) == idle
    assert unfinished(known, {"green": 1, "blue": 1}) == []


def test_nobody_validates() -> None:
    (told,) = unfinished(state(Space("a", BLUE), Space("b", GREEN), default_revision=""), {})
    assert told == "no revision validates what users write; set mesh_default_revision and run meshops.lifecycle.control_plane"
    assert unfinished(state(revisions=[], default_revision=""), {}) == []
