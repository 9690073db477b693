# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operator of a cluster would not install is refused before the first write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install.operator import able, noticed
from ansible_collections.meshops.lifecycle.tests.unit.support import sail

WISH = ControlPlane("east", "shop", version="1.30.3", revision="stable", tags=("default",), namespace=sail.SPACE)
BASED = replace(WISH, revision="default-v1-30-3")


def refusal(wish: ControlPlane, *objects: dict[str, Any]) -> str:
    return able(wish).judge(sail.live(sail.crd(), *objects), Answers()).refusal


def test_an_empty_cluster_with_an_operator_is_let_pass() -> None:
    assert refusal(WISH) == refusal(BASED) == refusal(replace(WISH, version="")) == ""


def test_a_second_run_is_let_pass() -> None:
    assert refusal(WISH, sail.istio(), sail.revision(), sail.tag(), sail.cni(), sail.subscription()) == ""
    based = (sail.istio("default", strategy="RevisionBased"), sail.revision("default-v1-30-3", owner="default"), sail.tag(target="default-v1-30-3"))
    assert refusal(BASED, *based) == ""


def test_without_an_operator_nothing_would_happen() -> None:
    told = able(WISH).judge({}, Answers()).refusal
    assert told == "the API server does not serve istios.sailoperator.io, so no operator would install Istio; run meshops.lifecycle.operator first."


def test_a_version_that_the_operator_does_not_know_is_refused() -> None:
    assert refusal(replace(WISH, version="1.99.0")).startswith("the operator does not know Istio v1.99.0 (the newest that it knows is v1.31.0-beta.1)")


def test_a_version_past_its_end_is_refused_though_the_api_server_takes_it() -> None:
    past = replace(WISH, version="1.27.0")
    assert "past its end of life" in refusal(past, sail.subscription())
    assert refusal(past, sail.subscription("servicemeshoperator3.v3.2.9")) == ""
    assert refusal(past) == "", "an operator from a chart has no Subscription, and nobody knows its line"


def test_openshift_has_to_fit_the_operator() -> None:
    history = [{"state": "Partial", "version": "4.20.1"}, {"state": "Completed", "version": "4.15.9"}]
    version = {"apiVersion": "config.openshift.io/v1", "kind": "ClusterVersion", "metadata": {"name": "version"}, "status": {"history": history}}
    wish = replace(WISH, platform="openshift")
    assert refusal(wish, sail.subscription(), version).startswith("OpenShift is 4.15, and OpenShift Service Mesh 3.4 wants 4.16 or newer")
    assert refusal(replace(wish, version="1.24.6"), sail.subscription("servicemeshoperator3.v3.0.15"), version).startswith("the operator does not know")
    history[1]["version"] = "4.19.2"
    assert refusal(wish, sail.subscription(), version) == ""


@pytest.mark.parametrize(("objects", "wish", "told"), [
    ([sail.tag("stable", "other")], WISH, "IstioRevisionTag stable has the name of the revision"),
    ([sail.revision(owner="other")], WISH, "IstioRevision stable belongs to Istio other"),
    ([sail.istio(strategy="RevisionBased")], WISH, "Istio stable has the update strategy RevisionBased, and mesh_revision stable with mesh_version 1.30.3"),
    ([sail.istio("default")], BASED, "Istio default has the update strategy InPlace"),
    ([sail.tag(target="other")], WISH, "IstioRevisionTag default leads to other, and an install of another revision would move every new pod"),
])  # fmt: skip
def test_what_the_cluster_has_otherwise_is_refused(objects: list[dict[str, Any]], wish: ControlPlane, told: str) -> None:
    assert refusal(wish, *objects).startswith(told)


def test_an_istio_stays_in_its_namespace() -> None:
    there = sail.istio()
    there["spec"]["namespace"] = "mesh"
    assert refusal(WISH, there).startswith("Istio stable is for the namespace mesh, which cannot change")


def test_an_istio_that_a_tool_keeps_is_left_to_it() -> None:
    there = sail.istio()
    there["metadata"]["labels"] = {"kustomize.toolkit.fluxcd.io/name": "mesh"}
    there["metadata"]["managedFields"] = [{"manager": "kustomize-controller", "fieldsV1": {"f:spec": {}}}]
    assert "Istio stable is managed by Flux" in refusal(WISH, there)


def test_a_tag_that_follows_its_istio_would_move_with_the_version() -> None:
    """Seen: such a tag moved 1.4 s after the version changed, and with it every new pod."""
    former = sail.istio("default", "v1.30.2", "RevisionBased")
    follows = sail.tag(target="default", kind="Istio", leads="default-v1-30-2")
    told = refusal(replace(BASED, tags=()), former, follows)
    assert told.startswith("IstioRevisionTag default follows Istio default, so every new pod would get default-v1-30-3 at once")
    assert "let it name IstioRevision default-v1-30-2 first" in told
    assert refusal(replace(BASED, tags=()), former, sail.tag(target="default-v1-30-2")) == ""


def test_a_version_for_upgrades_is_noticed() -> None:
    assert noticed(sail.live(sail.subscription()), "1.29.0")
    assert noticed(sail.live(), "1.29.0") == noticed(sail.live(sail.subscription()), "1.30.3") == []
