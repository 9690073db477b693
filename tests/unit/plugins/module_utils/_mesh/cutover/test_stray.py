# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What leads pods astray, as preflight says it: the sentences of a cutover's refusals, and not too many of them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.leftover import Leftover
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import NAMED, ClusterState, Following, Space
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.stray import strays
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.revision_tag import Tag

BLUE = Following(NAMED, "blue", "blue")


def state(**more: Any) -> ClusterState:
    return ClusterState("east", **{"revisions": [ControlPlaneRevision("blue", "1.31.0", 1, 1)], "tags": [Tag("prod", "blue", "blue")], **more})


def test_a_mesh_at_rest_has_nothing_astray() -> None:
    assert strays(state(spaces=[Space("a", BLUE)])) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tags": [Tag("prod", "red", "red")]}, "the revision tag prod leads to red, which is not installed; lead it elsewhere or delete it"),
        ({"spaces": [Space("a", BLUE, both=True)]}, "namespace a has labels of two rules for injection, of which one wins silently; remove one of them"),
        ({"spaces": [Space("a", Following(NAMED, "blu"))]},
         "namespace a follows blu, which is neither a revision nor a tag, so its pods start without a proxy; mend the label"),
        ({"spaces": [Space("a", BLUE, plain=("web-1",))]}, "a pod of namespace a runs without a proxy (web-1); restart what has none first"),
        ({"spaces": [Space("a", BLUE, plain=("w1", "w2"))]}, "2 pods of namespace a run without a proxy (w1, w2); restart what has none first"),
    ],
)  # fmt: skip
def test_what_leads_pods_astray(change: dict[str, Any], said: str) -> None:
    assert strays(state(**change)) == [said]


def test_what_is_left_of_a_revision_without_a_control_plane() -> None:
    (said,) = strays(state(leftovers=[Leftover("MutatingWebhookConfiguration istio-sidecar-injector-red", "red", injects=True)]))
    assert said.startswith("of the revision red, which has no control plane, these objects are left: MutatingWebhookConfiguration istio-sidecar-injector-red")
    assert "pods that its webhook matches do not start" in said


def test_a_remote_cluster_does_not_know_which_revisions_there_are() -> None:
    assert strays(state(revisions=(), tags=[Tag("prod", "red", "")])) == []


def test_of_many_of_a_kind_the_first_are_named() -> None:
    said = strays(state(spaces=[Space(f"n{number}", BLUE, both=True) for number in range(9)]))
    assert len(said) == 6
    assert said[-1] == "4 more like the last one"
