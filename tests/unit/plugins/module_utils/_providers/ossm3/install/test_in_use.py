# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An Istio that somebody uses is not deleted: the operator would not refuse it."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
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
