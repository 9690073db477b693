# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the operator has brought a revision to run: passing messages are waited for, and what it gives up ends the run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install.running import plugin, revision
from ansible_collections.meshops.lifecycle.tests.unit.support import sail

WISH = ControlPlane("east", "shop", version="1.30.3", revision="stable", namespace=sail.SPACE)


def judged(*objects: dict[str, Any], wish: ControlPlane = WISH) -> Due:
    return revision(wish).judge(sail.live(*objects), Answers())


def test_it_runs() -> None:
    assert judged(sail.istio(), sail.revision(), sail.istiod()).complete


def test_an_older_operator_says_nothing_of_dependencies() -> None:
    said = sail.HEALTHY[:2]
    assert judged(sail.istio(said=said), sail.revision(said=said), sail.istiod()).complete


@pytest.mark.parametrize(("objects", "told"), [
    pytest.param([], "Istio stable does not exist yet", id="nothing"),
    pytest.param([sail.made("Istio", "stable", {"version": "v1.30.3"})], "has not been judged", id="no status"),
    pytest.param([sail.istio(observedGeneration=0)], "has not been judged by the operator yet", id="an older generation"),
    pytest.param([sail.istio(said=sail.UNJUDGED)], "has not been judged by the operator yet", id="the first status of a generation"),
    pytest.param([sail.istio(said=sail.STARTING)], "IstiodNotReady: istiod Deployment is scaled to zero replicas", id="istiod starts"),
    pytest.param([sail.istio(said=sail.PASSING)], "the object has been modified", id="a conflict"),
    pytest.param([sail.istio(active="other")], "has the active revision other, not stable", id="another revision"),
    pytest.param([sail.istio()], "IstioRevision stable does not exist yet", id="no revision"),
    pytest.param([sail.istio(), sail.revision(generation=2, observedGeneration=1)], "IstioRevision stable has not been judged", id="changed in place"),
    pytest.param([sail.istio(), sail.revision()], "Deployment istio-system/istiod-stable: it does not exist", id="no istiod"),
    pytest.param([sail.istio(), sail.revision(), sail.istiod(generation=2, observed=1)], "its controller has not seen the change yet", id="istiod of before"),
    pytest.param([sail.istio(), sail.revision(), sail.istiod(ready=0)], "0 of 1 replicas are ready", id="istiod is not ready"),
])  # fmt: skip
def test_what_passes_is_waited_for(objects: list[dict[str, Any]], told: str) -> None:
    due = judged(*objects)
    assert told in due.fault
    assert not due.refusal


def test_what_the_operator_gives_up_ends_the_run() -> None:
    due = judged(sail.istio(said=sail.GIVEN_UP), sail.revision(), sail.istiod())
    assert due.refusal.startswith("the operator gives up Istio stable: validation error")
    assert due.refusal.endswith("Mend what is named, and run again.")
    missing = (("Reconciled", "False", "ReconcileError", "error reconciling resource: validation error: namespace \"x\" doesn't exist"),)
    assert "gives up IstioRevision stable" in judged(sail.istio(said=sail.UNJUDGED), sail.revision(said=missing)).refusal


def test_what_is_wrong_with_another_version_is_mended_by_this_run() -> None:
    """Before the first write the Istio is still as it was, and what the operator gave up then refuses nothing."""
    due = judged(sail.istio(version="v1.27.0", said=sail.GIVEN_UP))
    assert (due.refusal, due.fault) == ("", "Istio stable is not written yet")


def test_a_remote_cluster_has_no_istiod() -> None:
    assert judged(sail.istio(), sail.revision(), wish=replace(WISH, role="remote", primary="west")).complete


def agents(generation: int = 1, observed: int = 1) -> dict[str, Any]:
    status = {"observedGeneration": observed, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
    meta = {"name": "istio-cni-node", "namespace": "istio-cni", "generation": generation}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta, "spec": {}, "status": status}


def of_plugin(*objects: dict[str, Any], version: str = "1.30.3") -> Due:
    return plugin(replace(WISH, version=version, platform="openshift")).judge(sail.live(*objects), Answers())


def test_the_plugin_is_made_once_and_runs() -> None:
    (made,) = of_plugin().manifests
    assert (made["kind"], made["metadata"]["name"], made["spec"]) == ("IstioCNI", "default", {"namespace": "istio-cni", "version": "v1.30.3"})
    assert of_plugin(sail.cni(), agents()).complete


def test_the_plugin_is_never_older_than_it_was() -> None:
    assert of_plugin(sail.cni("v1.31.0"), agents()).complete
    (made,) = of_plugin(sail.cni("v1.29.0")).manifests
    assert made["spec"]["version"] == "v1.30.3"


def test_the_plugin_is_waited_for_or_given_up() -> None:
    assert "has not been judged" in of_plugin(sail.cni(said=sail.UNJUDGED)).fault
    assert "DaemonSet istio-cni-node" in of_plugin(sail.cni(), agents(2)).fault
    assert of_plugin(sail.cni(said=sail.GIVEN_UP)).refusal.startswith("the operator gives up IstioCNI default")
