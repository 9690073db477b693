# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operator says of its objects, beside what runs."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import Expected, HealthFacts, findings, lasting
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.health.health import facts
from ansible_collections.meshops.lifecycle.tests.unit.support import sail


def seen(*objects: dict[str, Any]) -> HealthFacts:
    return facts("east", sail.SPACE).judge(sail.live(*objects), Answers())


def test_a_version_is_that_of_the_revision_though_the_image_has_a_digest() -> None:
    (plane,) = seen(sail.istio(), sail.revision(), sail.istiod()).planes
    assert (plane.revision, plane.version, plane.ready, plane.reason) == ("stable", "1.30.3", 1, "")


def test_a_revision_of_which_nothing_runs_is_told_with_the_operator_s_reason() -> None:
    told = seen(sail.istio(said=sail.STARTING), sail.revision(said=sail.STARTING))
    (said,) = findings(told, Expected("stable", gateway=False))
    assert said.startswith("east: the control plane stable has 0 of 1 replicas ready: its IstioRevision says that Ready is False (IstiodNotReady")
    assert not lasting(told, Expected("stable"))


def test_what_the_operator_gives_up_does_not_pass() -> None:
    told = seen(sail.istio(said=sail.GIVEN_UP), sail.revision(said=sail.GIVEN_UP))
    assert lasting(told, Expected("stable"))
    assert [one for one in findings(told, Expected("stable", gateway=False)) if "the operator gives up Istio stable: validation error" in one]


def test_a_tag_that_leads_nowhere_is_a_fault() -> None:
    """Seen when an Istio was deleted that its tag still named."""
    said = (("Reconciled", "False", "RefNotFound", "referenced Istio resource does not exist"),)
    lost = sail.made("IstioRevisionTag", "prod", {"targetRef": {"kind": "Istio", "name": "gone"}}, said)
    assert seen(lost).faults == ["IstioRevisionTag prod says that Reconciled is False (RefNotFound: referenced Istio resource does not exist)"]


def test_a_tag_of_the_operator_lacks_nothing() -> None:
    """Whether there is a Service for it is the operator's to decide, by a version that no image with a digest shows."""
    hook = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "webhooks": [],
            "metadata": {"name": "istio-revision-tag-default", "labels": {"istio.io/rev": "stable", "istio.io/tag": "default"}}}
    told = seen(sail.revision(), sail.istiod(), sail.tag(), hook)
    assert [(tag.name, tag.webhook, tag.lacks) for tag in told.tags] == [("default", "stable", "")]


def owned(live: dict[str, Any], api: str, kind: str, name: str) -> dict[str, Any]:
    return {**live, "metadata": {**live["metadata"], "ownerReferences": [{"apiVersion": api, "kind": kind, "name": name, "controller": True}]}}


def test_what_the_operator_makes_is_managed_by_nobody_else() -> None:
    """It puts owners on each object of a chart. To tell somebody to remove the mesh there would be wrong; another owner is still told."""
    ours = owned(sail.istiod(), sail.API, "IstioRevision", "stable")
    assert seen(sail.revision(), ours).kept == []
    theirs = owned(sail.istiod(), "example.com/v1", "Widget", "one")
    assert [one for one in seen(sail.revision(), theirs).kept if "is managed by Widget one" in one]


def test_the_network_plugin_is_judged_too() -> None:
    assert seen(sail.cni()).faults == []
    assert seen(sail.cni(said=sail.UNJUDGED)).faults == ["IstioCNI default has not been judged by the operator yet (Reconciled)"]


def test_a_remote_cluster_has_a_revision_and_no_control_plane() -> None:
    remote = sail.revision()
    remote["spec"]["values"] = {"profile": "remote"}
    assert seen(remote).planes == []


def test_a_mesh_of_another_namespace_is_none_of_this_one() -> None:
    other = sail.revision("other")
    other["spec"]["namespace"] = "elsewhere"
    assert seen(other).planes == []
    said = (("Reconciled", "False", "RefNotFound", "referenced Istio resource does not exist"),)
    for space, faults in (("elsewhere", 0), (sail.SPACE, 1)):
        lost = sail.made("IstioRevisionTag", "prod", {"targetRef": {"kind": "Istio", "name": "gone"}}, said, istiodNamespace=space)
        assert len(seen(lost).faults) == faults, "a tag led to the namespace of its mesh before"


def test_a_version_for_upgrades_is_noticed() -> None:
    old = sail.revision(version="v1.29.0")
    assert [one for one in seen(old, sail.istiod(), sail.subscription()).noticed if "is supported with Istio 1.30" in one]
    assert seen(sail.revision(), sail.istiod(), sail.subscription()).noticed == []
