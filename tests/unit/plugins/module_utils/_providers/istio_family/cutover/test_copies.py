# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration that one revision reads: copies of it, and what goes with a revision."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import LABEL, Aim, of_finish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.scene import Scene
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.write import CREATE, PATCH
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.cutover.removal import removal
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.copies import COPY_OF, copies
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.observation import UNLABELLED
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.turning import SECOND_OF
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.writes import writes
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import NAMESPACE, REV, World, api_gateway, deployment, space

FORWARD, BACK = Aim("green", "blue"), Aim("blue", "green")


def routes(name: str, revision: str, **annotations: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "7", "labels": {REV: revision, "team": "a"}, "annotations": annotations}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta, "spec": {"hosts": [name]}, "status": {"seen": True}}


def scene(*objects: dict[str, Any], **more: Any) -> Scene:
    there = World.of([space("shop")], more.pop("workloads", ()), {"prod": "blue"}, VirtualService=list(objects), **more)
    return Scene(there.state(), there.live)


def test_a_copy_is_for_the_target_and_like_its_original() -> None:
    (write,) = copies(scene(routes("a", "blue"), routes("b", "red")), FORWARD, "copy")
    assert (write.how, str(write.ref)) == (CREATE, "VirtualService shop/a-green")
    assert write.body == {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "spec": {"hosts": ["a"]}, "metadata": {
        "name": "a-green", "namespace": "shop", "annotations": {COPY_OF: "a"},
        "labels": {REV: "green", "team": "a", "app.kubernetes.io/managed-by": "meshops.lifecycle"},
    }}  # fmt: skip


def test_an_original_is_the_copy_of_its_copy() -> None:
    both = (routes("a", "blue"), routes("a-green", "green", **{COPY_OF: "a"}))
    assert copies(scene(*both), FORWARD, "copy") == copies(scene(*both), BACK, "copy") == []
    assert [write.ref.name for write in copies(scene(both[1]), Aim("red", "green"), "copy")] == ["a-red"]


def test_other_choices() -> None:
    (write,) = copies(scene(routes("a", "blue")), FORWARD, "unlabel")
    off = {"metadata": {"labels": {REV: None, UNLABELLED: "blue"}}}
    assert (write.how, write.body, write.before and write.before["metadata"]["name"]) == (PATCH, off, "a")
    assert [copies(scene(routes("a", "blue")), FORWARD, choice) for choice in ("refuse", "leave")] == [[], []]
    gateway = api_gateway("shop", "door", {REV: "blue"})
    assert copies(scene(gateways=[gateway]), FORWARD, "copy") == []


def unlabelled(kind: str, name: str, revision: str, **labels: str) -> dict[str, Any]:
    group = "gateway.networking.k8s.io/v1" if name == "api" else "networking.istio.io/v1"
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": "shop", "labels": {UNLABELLED: revision, **labels}}, "spec": {}}


def test_what_lost_its_label_gets_it_back_at_the_end_of_the_way_back() -> None:
    """Before that both revisions read it. What somebody labelled again is theirs, and a Gateway of the Gateway API is no configuration."""
    own = unlabelled("VirtualService", "theirs", "blue", **{REV: "red"})
    world = World.of([space("shop")], (), {"prod": "blue"}, VirtualService=[unlabelled("VirtualService", "a", "blue"), own])
    world.live["Gateway"] = [unlabelled("Gateway", name, "blue") for name in ("door", "api")]
    there = Scene(world.state(), world.live)
    assert copies(there, FORWARD, "unlabel") == []
    assert [str(one) for one in of_finish(there.state, BACK) if one.what == LABEL] == ["label Gateway shop/door", "label VirtualService shop/a"]
    assert [one for one in of_finish(there.state, FORWARD) if one.what == LABEL] == []
    again = [write for order in of_finish(there.state, BACK) if order.what == LABEL for write in writes(order, there, BACK, "")]
    assert [(one.how, one.ref.kind, one.ref.api_version, one.body) for one in again] == [
        (PATCH, kind, "networking.istio.io/v1", {"metadata": {"labels": {REV: "blue", UNLABELLED: None}}}) for kind in ("Gateway", "VirtualService")
    ]  # fmt: skip


def test_a_label_that_was_taken_off_is_forgotten_with_its_revision() -> None:
    gone = removal(scene(unlabelled("VirtualService", "a", "blue"), unlabelled("VirtualService", "b", "red")), "blue", NAMESPACE)
    assert [(str(one.ref), one.body) for one in gone.forgotten] == [("VirtualService shop/a", {"metadata": {"labels": {UNLABELLED: None}}})]
    assert gone.first == []


def test_what_goes_with_a_revision() -> None:
    drained = deployment(NAMESPACE, "door", {REV: "blue"}, annotations={"inject.istio.io/templates": "gateway"})
    drained["spec"]["replicas"] = 0
    drained["metadata"]["annotations"] = {SECOND_OF: "gate"}
    there = scene(routes("a", "green"), routes("a-blue", "blue", **{COPY_OF: "a"}), routes("b", "blue"), workloads=[drained])
    gone = removal(there, "blue", NAMESPACE)
    assert [str(ref) for ref in gone.first] == [f"Deployment {NAMESPACE}/door", "VirtualService shop/a-blue"]
    assert gone.releases == [(NAMESPACE, "istiod-blue")]
    assert str(gone.last[0]) == "MutatingWebhookConfiguration istio-sidecar-injector-blue"


@pytest.mark.parametrize("annotations", [{}, {COPY_OF: "a"}])
def test_what_a_user_labelled_and_the_last_of_an_object_stay(annotations: dict[str, str]) -> None:
    assert removal(scene(routes("a-blue", "blue", **annotations)), "blue", NAMESPACE).first == []
