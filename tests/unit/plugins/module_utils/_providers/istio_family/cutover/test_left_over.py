# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of a revision without a control plane, and who leads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.leader import Leader, astray
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.leftover import Leftover
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.leftover import left_over as said
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import ClusterState
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.revision_tag import Tag
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.copies import COPY_OF
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.leaders import leaders
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.left_over import left_over
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import HOOKS, NAMESPACE, REV, World, injector

VALIDATORS = "ValidatingWebhookConfiguration"


def labelled(name: str, revision: str, **annotations: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": NAMESPACE, "labels": {REV: revision}, "annotations": annotations}}


def route(name: str, revision: str, **annotations: str) -> dict[str, Any]:
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", **labelled(name, revision, **annotations)}


def world() -> World:
    """green alone, and all that blue can leave."""
    there = World.of([], [], {"prod": "green"}, validator="green", planes={"green": "1.31.0"})
    there.live[HOOKS].append(injector("blue"))
    there.live[VALIDATORS].append({"metadata": {"name": f"istio-validator-blue-{NAMESPACE}", "labels": {REV: "blue"}}})
    there.live["ConfigMap"] = [labelled(name, revision) for revision in ("blue", "green") for name in (f"istio-{revision}", f"values-{revision}")]
    there.live["ConfigMap"].append({"metadata": {"name": "istio-ca-root-cert", "namespace": NAMESPACE}})
    there.live["VirtualService"] = [
        {"metadata": {"name": "istiod-vs-blue", "namespace": NAMESPACE}}, {"metadata": {"name": "istiod-vs-green", "namespace": NAMESPACE}},
        route("a-green", "green"), route("a-blue", "blue", **{COPY_OF: "a"}), route("b-blue", "blue", **{COPY_OF: "b"}), route("c", "blue"),
    ]  # fmt: skip
    return there


def test_all_that_a_revision_without_a_control_plane_left_is_seen_and_nothing_else() -> None:
    """Not the last copy of an object, nor what a user has labelled."""
    left = left_over(world().live, NAMESPACE, {"green"})
    assert [(one.name, one.injects) for one in left] == [
        (f"{HOOKS} istio-sidecar-injector-blue", True),
        (f"{VALIDATORS} istio-validator-blue-{NAMESPACE}", False),
        (f"VirtualService {NAMESPACE}/istiod-vs-blue", False),
        (f"ConfigMap {NAMESPACE}/istio-blue", False),
        (f"ConfigMap {NAMESPACE}/values-blue", False),
        (f"VirtualService {NAMESPACE}/a-blue", False),
    ]
    assert {(one.revision, one.removable) for one in left} == {("blue", True)}
    assert left_over(world().live, NAMESPACE, {"green", "blue"}) == []


@pytest.mark.parametrize("kind", [HOOKS, VALIDATORS, "ConfigMap", "VirtualService"])
def test_each_of_them_alone_is_enough(kind: str) -> None:
    live = world().live
    for other in (HOOKS, VALIDATORS, "ConfigMap", "VirtualService"):
        if other != kind:
            live[other] = [one for one in live[other] if "blue" not in str(one["metadata"])]
    assert {one.revision for one in left_over(live, NAMESPACE, {"green"})} == {"blue"}


def test_a_tag_that_leads_to_nobody_is_left_to_its_owner() -> None:
    there = World.of([], [], {"old": "grey"}, planes={"green": "1.31.0"}, validator="grey")
    assert left_over(there.live, NAMESPACE, {"green"}) == [Leftover(f"{HOOKS} istio-revision-tag-old", "grey", True, False)]


def test_people_are_told_what_is_left_and_what_to_do() -> None:
    (told,) = said(left_over(world().live, NAMESPACE, {"green"}))
    assert told.startswith(f"of the revision blue, which has no control plane, these objects are left: {HOOKS} istio-sidecar-injector-blue, ")
    assert told.endswith("and 1 more; pods that its webhook matches do not start; run meshops.lifecycle.cutover to the revision that serves, which removes it, "
                         "or install the revision")  # fmt: skip
    assert said([Leftover("hook", "grey", True, False)])[0].endswith("; delete what nobody needs")


def test_they_pass_through_json() -> None:
    state = ClusterState("east", leftovers=tuple(left_over(world().live, NAMESPACE, {"green"})), leaders=(Leader("istio-leader", "istiod-blue-1", "blue"),))
    assert ClusterState.of(json.loads(json.dumps(state.facts()))) == state


def lock(name: str, holder: str, key: str) -> dict[str, Any]:
    record = json.dumps({"holderIdentity": holder, "holderKey": key, "leaseDurationSeconds": 30})
    return {"metadata": {"name": name, "namespace": NAMESPACE, "annotations": {"control-plane.alpha.kubernetes.io/leader": record}}}


def test_who_leads() -> None:
    """A key of istiod in another cluster has a mark. A lock that was given back, and any other ConfigMap, has no holder."""
    odd = {"metadata": {"name": "odd", "annotations": {"control-plane.alpha.kubernetes.io/leader": "["}}}
    maps = [lock("istio-leader", "istiod-green-1", "green"), lock("istio-analyze-leader", "istiod-1", "^blue"), lock("istio-status-leader", "", "blue"),
            lock("other", "somebody", ""), odd, labelled("istio-blue", "blue")]  # fmt: skip
    assert leaders(maps) == [Leader("istio-analyze-leader", "istiod-1", "blue"), Leader("istio-leader", "istiod-green-1", "green")]


def test_a_lock_that_did_not_move_with_the_default_tag_is_named() -> None:
    known = [Leader(name, f"istiod-{revision}-1", revision)
             for name, revision in (("istio-leader", "blue"), ("istio-status-leader", "blue"), ("istio-analyze-leader", "green"))]  # fmt: skip
    way = "green takes them over by itself within a minute, or when blue ends"
    versions = {"blue": "1.30.1", "green": "1.31.0"}
    assert astray(known, [Tag("default", "green", "green")], "default", versions) == [
        f"the revision blue still leads istio-leader, istio-status-leader (pod istiod-blue-1); {way}"
    ]
    assert astray(known, [Tag("prod", "green", "green")], "default", versions) == [], "nobody is preferred"
    assert astray(known[:2], [Tag("default", "blue", "blue")], "default", versions) == []
    assert astray([Leader("istio-leader", "gone", "grey")], [Tag("default", "green", "green")], "default", versions) == [], "its holder is gone"
