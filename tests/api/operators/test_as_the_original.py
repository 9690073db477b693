# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a watch sees of OLM v0, held against what was seen of OLM 0.46: the order of phases, and what is never at rest.

The same tests run against the original: MESHOPS_ORIGINALS in conftest.py. They do not prove when something comes, only in which order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref

from .conftest import PACKAGE, SPACE, V1, V2, V3, Market
from .watching import Watched, watching

API = "operators.coreos.com/v1alpha1"
CSV, PLAN, SUBSCRIPTION = "ClusterServiceVersion", "InstallPlan", "Subscription"
PLURALS = {SUBSCRIPTION: "subscriptions", PLAN: "installplans", CSV: "clusterserviceversions"}
INSTALLED = ["", "Pending/RequirementsUnknown", "Pending/RequirementsNotMet", "InstallReady/AllRequirementsMet", "Installing/InstallSucceeded",
             "Installing/InstallWaiting", "Succeeded/InstallSucceeded"]  # fmt: skip
REPLACED = ["Replacing/BeingReplaced", "Deleting/Replaced", "gone"]


@pytest.fixture
def watched(empty: Market) -> Iterator[Watched]:
    empty.group()
    with watching(empty.kubeconfig, empty.context, API, PLURALS, SPACE) as seen:
        yield seen


def phases(watched: Watched, kind: str, name: str) -> list[str]:
    """Each phase with its reason."""
    return watched.lines(kind, name, lambda said: "/".join(filter(None, (said.get("phase"), said.get("reason")))))


def states(said: Mapping[str, Any]) -> tuple[str, str, str]:
    """State, currentCSV and installedCSV of a Subscription."""
    return said.get("state", ""), said.get("currentCSV", ""), said.get("installedCSV", "")


def succeeded(market: Market, watched: Watched, csv: str, since: int = 0) -> int:
    """Wait until the watch has seen a version succeed after so many phases, and return how many it has seen."""

    def seen() -> int:
        told = phases(watched, CSV, csv)
        return len(told) if len(told) > since and told[-1] == INSTALLED[-1] else 0

    return int(market.until(seen, f"{csv} Succeeded"))


def test_manual_from_nothing_along_the_channel(empty: Market, watched: Watched) -> None:
    empty.subscribe(startingCSV=V1)
    assert empty.approve() == [V1]
    succeeded(empty, watched, V1)
    first = next(name for name, spec in watched.specs(PLAN).items() if spec["clusterServiceVersionNames"] == [V1])
    empty.until(lambda: phases(watched, PLAN, first)[-1] == "Complete")
    assert phases(watched, CSV, V1) == INSTALLED
    assert phases(watched, PLAN, first) == ["", "RequiresApproval", "Installing", "Complete"]
    assert watched.lines(SUBSCRIPTION, "demo", states)[:3] == [("", "", ""), ("UpgradePending", V1, ""), ("AtLatestKnown", V1, V1)]
    named = watched.first(SUBSCRIPTION, "demo", installedCSV=V1)
    assert named < watched.first(PLAN, first, phase="Complete"), "installedCSV is named before the InstallPlan is complete"
    assert empty.approve() == [V2], "one step, not the head of the channel"
    succeeded(empty, watched, V2)
    empty.until(lambda: phases(watched, CSV, V1)[-1] == "gone")
    assert phases(watched, CSV, V1)[-3:] == REPLACED
    assert ("UpgradePending", V2, V1) in watched.lines(SUBSCRIPTION, "demo", states)


def test_automatic_walks_on_by_itself(empty: Market) -> None:
    empty.group()
    empty.subscribe("Automatic", startingCSV=V2)
    empty.succeeded(V3)
    assert (empty.approved(), empty.unapproved()) == ([[V2], [V3]], [])


def test_one_subscription_to_nothing_fails_all_of_the_namespace(empty: Market) -> None:
    empty.group()
    empty.subscribe(startingCSV=V1)
    empty.until(empty.unapproved)
    empty.subscribe(package="none", name="other")

    def failed() -> dict[str, str]:
        told = {one["metadata"]["name"]: (one.get("status") or {}).get("conditions") or () for one in empty.list(SUBSCRIPTION)}
        return {name: one["reason"] for name, conditions in told.items() for one in conditions if one["type"] == "ResolutionFailed"}

    empty.until(lambda: failed() == {"demo": "ConstraintsNotSatisfiable", "other": "ConstraintsNotSatisfiable"})


def test_a_second_group_and_a_lost_deployment_fail_what_has_succeeded_and_heal(empty: Market, watched: Watched) -> None:
    empty.subscribe(startingCSV=V1)
    empty.approve()
    begun = succeeded(empty, watched, V1)
    empty.group("second")
    empty.until(lambda: empty.phases() == {V1: "Failed"})
    empty.cluster.delete([Ref("operators.coreos.com/v1", "OperatorGroup", "second", SPACE)])
    healed = succeeded(empty, watched, V1, begun + 1)
    assert phases(watched, CSV, V1)[begun:begun + 2] == ["Failed/TooManyOperatorGroups", "Pending/RequirementsUnknown"]
    empty.cluster.delete([Ref("apps/v1", "Deployment", PACKAGE, SPACE)])
    succeeded(empty, watched, V1, healed + 1)
    assert phases(watched, CSV, V1)[healed:healed + 2] == ["Failed/ComponentUnhealthy", "Pending/NeedsReinstall"]


def test_what_a_deletion_takes_with_it(empty: Market) -> None:
    def copies() -> list[dict[str, Any]]:
        return empty.cluster.list(API, CSV, "default")

    empty.group()
    empty.subscribe(startingCSV=V1)
    empty.approve()
    empty.succeeded(V1)
    empty.until(lambda: {(one.get("status") or {}).get("reason") for one in copies()} == {"Copied"})
    assert [one["metadata"]["labels"]["olm.copiedFrom"] for one in copies()] == [SPACE]
    empty.cluster.delete([Ref.of(one) for one in empty.list(SUBSCRIPTION)])
    empty.until(lambda: empty.list(PLAN) == [])
    assert empty.phases() == {V1: "Succeeded"}
    empty.cluster.delete([Ref.of(one) for one in empty.list(CSV)])
    empty.until(lambda: copies() == [])
    assert empty.cluster.get(Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.demo.example.com"))
