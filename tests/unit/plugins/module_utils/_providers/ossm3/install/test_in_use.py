# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An Istio that somebody uses is not deleted: the operator would not refuse it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install import install, node_agents
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install.in_use import others, refused
from ansible_collections.meshops.lifecycle.tests.unit.support import sail

WISH = ControlPlane("east", "shop", version="1.30.3", revision="stable", namespace=sail.SPACE)


def pod(space: str, revision: str, phase: str = "Running") -> dict[str, Any]:
    meta = {"name": "web-1", "namespace": space, "annotations": {"istio.io/rev": revision} if revision else {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {"phase": phase}}


def refusal(*objects: dict[str, Any], wish: ControlPlane = WISH) -> str:
    return refused(wish).judge(sail.live(*objects), Answers()).refusal


def test_a_pod_with_its_proxy_is_named() -> None:
    told = refusal(sail.revision(), pod("shop", "stable"))
    assert told.startswith("Istio stable is in use, and the operator would delete it at once: shop/web-1 has its proxy.")


def test_nobody_else_holds_it() -> None:
    echo = pod("meshops-probe", "stable")
    echo["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "meshops.lifecycle"}
    others = (pod("shop", ""), pod("shop", "other"), pod(sail.SPACE, "stable"), pod("shop", "stable", "Succeeded"), echo)
    assert refusal(sail.revision(), *others) == ""


def test_other_revisions_of_the_same_namespace_go_with_it() -> None:
    based = ControlPlane("east", "shop", version="1.30.3", revision="default-v1-30-3", namespace=sail.SPACE)
    former = sail.revision("default-v1-30-2", "v1.30.2", owner="default")
    assert "Istio default is in use" in refusal(former, pod("shop", "default-v1-30-2"), wish=based)
    elsewhere = sail.revision("other")
    elsewhere["spec"]["namespace"] = "elsewhere"
    assert refusal(elsewhere, pod("shop", "other"), wish=based) == ""


def own(name: str, space: str = sail.SPACE) -> dict[str, Any]:
    one = sail.istio(name)
    one["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "meshops.lifecycle"}
    one["spec"]["namespace"] = space
    return one


def test_what_else_of_ours_is_in_the_namespace_goes_first() -> None:
    """That of a plane, or the one to which a cutover has moved while the inventory still names the other."""
    there = (own("stable"), own("1-31-0"), own("apart", "elsewhere"), sail.istio("theirs"), sail.revision(), sail.revision("1-31-0"))
    due = others(WISH).judge(sail.live(*there), Answers())
    assert [str(ref) for ref in due.removes] == ["Istio 1-31-0"]
    assert not due.refusal
    assert "1-31-0" in others(WISH).judge(sail.live(own("stable"), sail.revision(), sail.revision("1-31-0")), Answers()).fault
    assert others(WISH).judge(sail.live(own("stable"), sail.revision()), Answers()).complete
    used = others(WISH).judge(sail.live(*there, pod("shop", "1-31-0")), Answers())
    assert used.refusal
    assert not used.removes


PLUGIN_SPACE, AGENTS_SPACE = ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("istio-cni", "ztunnel"))
APART = own("apart", "elsewhere")


def removes(look: Look[Due], *objects: dict[str, Any]) -> list[str]:
    return [str(ref) for ref in look.judge(sail.live(*objects), Answers()).removes]


def test_the_network_plugin_stays_for_another_mesh() -> None:
    """On OpenShift no pod of that mesh would start any more."""
    look = node_agents.plugin(WISH)
    assert removes(look, sail.cni(), PLUGIN_SPACE, APART) == []
    assert removes(look, sail.cni(), PLUGIN_SPACE, sail.istio("theirs")) == []
    assert removes(look, sail.cni(), PLUGIN_SPACE, own("1-31-0")) == ["IstioCNI default"], "it goes with this mesh"
    assert removes(look, sail.cni(), PLUGIN_SPACE) == ["IstioCNI default"]
    assert removes(look, PLUGIN_SPACE) == ["Namespace istio-cni"]
    ending = {**PLUGIN_SPACE, "metadata": {"name": "istio-cni", "deletionTimestamp": "2026-11-28T08:00:00Z"}}
    assert look.judge(sail.live(), Answers()).complete and look.judge(sail.live(ending), Answers()).complete
    (stage,) = [one for one in install.teardown(replace(WISH, platform="openshift")) if one.name == "network plugin"]
    assert stage.then and removes(stage.then, sail.cni(), APART) == []


def test_ztunnel_stays_with_the_istio_that_it_names() -> None:
    wish = replace(WISH, values={"ztunnel": {}})
    look = node_agents.ztunnel(wish)

    def agents(istio: str) -> dict[str, Any]:
        return sail.made("ZTunnel", "default", {"namespace": "ztunnel", "targetRef": {"kind": "Istio", "name": istio}})

    assert removes(look, agents("other"), AGENTS_SPACE, APART) == []
    assert removes(look, agents("stable"), AGENTS_SPACE, APART) == ["ZTunnel default"]
    assert removes(look, AGENTS_SPACE, APART) == ["Namespace ztunnel"]
    assert look.judge(sail.live(APART), Answers()).complete


def test_no_stage_takes_away_what_the_meshes_of_a_cluster_share_without_a_look() -> None:
    wish = replace(WISH, platform="openshift", values={"ztunnel": {}})
    taken = [Ref.of(one) for stage in install.teardown(wish) for one in stage.manifests]
    assert not [str(ref) for ref in taken if ref.kind in ("IstioCNI", "ZTunnel") or ref.name in ("istio-cni", "ztunnel")]
