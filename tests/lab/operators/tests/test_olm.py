# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in of OLM v0, turn by turn: the sequences and the traps that were seen of OLM v0.46. What these tests do not prove: when OLM does what."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from standins.objects import Object, condition, made, name, spec, status

from .world import World, ns

SPACE, MARKET, PACKAGE = "operators", "market", "demo-operator"
V1, V2, V3 = (f"{PACKAGE}.v{version}" for version in ("1.0.0", "1.1.0", "1.2.0"))
WIDGET = {"group": "demo.example.com", "version": "v1", "kind": "Widget", "plural": "widgets"}
PLAYS = frozenset({"v0", "rollouts"})
THE_WAY = ["Pending/RequirementsUnknown", "Pending/RequirementsNotMet", "InstallReady/AllRequirementsMet", "Installing/InstallSucceeded",
           "Installing/InstallWaiting", "Succeeded/InstallSucceeded"]  # fmt: skip


def catalogue(**more: Any) -> Object:
    told = {PACKAGE: {"channels": {"stable": [V1, V2, V3]}, "kinds": [WIDGET], "image": "demo:1", **more}}
    return {**made("ConfigMap", "demo", MARKET), "data": {"catalog": yaml.safe_dump(told)}}


def subscription(approval: str = "Manual", starting: str = V1, package: str = PACKAGE, **more: Any) -> Object:
    told = {"name": package, "channel": "stable", "source": "demo", "sourceNamespace": MARKET, "installPlanApproval": approval}
    return made("Subscription", more.pop("called", "demo"), SPACE, {**told, **({"startingCSV": starting} if starting else {}), **more})


@pytest.fixture
def world() -> World:
    """A catalogue that answers, and one OperatorGroup for all namespaces."""
    world = World()
    for one in (*ns(SPACE, MARKET, "shop"), catalogue(), made("CatalogSource", "demo", MARKET, {"sourceType": "grpc", "address": "demo:50051"}),
                made("OperatorGroup", "global", SPACE, {})):  # fmt: skip
        world.put(one)
    world.settle(plays=PLAYS)
    world.diary.clear()
    return world


def approved(world: World) -> str:
    """Approve the InstallPlan that waits, and return what it installs."""
    (plan,) = [one for one in world.all("InstallPlan") if not spec(one)["approved"]]
    world.put({**plan, "spec": {**spec(plan), "approved": True}})
    return ",".join(spec(plan)["clusterServiceVersionNames"])


def csvs(world: World) -> dict[str, str]:
    return {name(one): status(one).get("phase", "") for one in world.all("ClusterServiceVersion", SPACE)}


def test_a_catalogue_is_asked_before_it_is_ready() -> None:
    world = World()
    world.put(catalogue())
    world.put(made("CatalogSource", "demo", MARKET, {"sourceType": "grpc", "address": "demo:50051"}))
    states = []
    for _turn in range(3):
        world.turn(plays=PLAYS)
        states.append(status(world.get("CatalogSource", "demo", MARKET) or {})["connectionState"]["lastObservedState"])
    assert states == ["CONNECTING", "READY", "READY"]
    (offered,) = world.all("PackageManifest")
    assert [one["name"] for one in status(offered)["channels"][0]["entries"]] == [V3, V2, V1]
    world.remove("ConfigMap", "demo", MARKET)
    world.settle(plays=PLAYS)
    assert status(world.get("CatalogSource", "demo", MARKET) or {})["connectionState"]["lastObservedState"] == "TRANSIENT_FAILURE"


def test_manual_approval_from_the_subscription_to_the_version(world: World) -> None:
    world.put(subscription())
    world.settle(plays=PLAYS)
    healthy = "CatalogSourcesUnhealthy=False/AllCatalogSourcesHealthy"
    assert world.said("Subscription") == [
        "demo", "demo: CatalogSourcesUnhealthy=False/CatalogSourcesAdded", f"demo: {healthy}", f"demo: UpgradePending {V1} {healthy}",
        f"demo: UpgradePending {V1} {healthy} InstallPlanPending=True/RequiresApproval",
    ]  # fmt: skip
    assert [line.partition(": ")[2] for line in world.said("InstallPlan")] == ["", "RequiresApproval"]
    world.diary.clear()
    assert approved(world) == V1
    world.settle(plays=PLAYS)
    assert world.said("ClusterServiceVersion", V1)[:7] == [V1, *(f"{V1}: {step}" for step in THE_WAY)]
    assert [line.partition(": ")[2] for line in world.said("InstallPlan")] == ["Installing", "Complete", "", "RequiresApproval"]
    assert csvs(world) == {V1: "Succeeded"}


def test_the_installed_version_is_named_before_it_runs(world: World) -> None:
    """The trap: `installedCSV` and AtLatestKnown come as soon as the version exists, before the InstallPlan is complete."""
    world.put(subscription())
    world.settle(plays=PLAYS)
    approved(world)
    while status(world.get("Subscription", "demo", SPACE) or {}).get("installedCSV") != V1:
        assert world.turn(plays=PLAYS)
    assert status(world.get("Subscription", "demo", SPACE) or {})["state"] == "AtLatestKnown"
    assert csvs(world)[V1] in ("", "Pending")
    assert [status(one)["phase"] for one in world.all("InstallPlan")] == ["Installing"]


def test_an_upgrade_is_one_step_and_the_version_before_goes_when_the_next_has_succeeded(world: World) -> None:
    world.put(subscription())
    world.settle(plays=PLAYS)
    approved(world)
    world.settle(plays=PLAYS)
    world.diary.clear()
    assert approved(world) == V2, "one step along the channel, not its head"
    world.settle(plays=PLAYS)
    assert world.said("ClusterServiceVersion", V1)[:3] == [
        f"{V1}: Replacing/BeingReplaced", f"{V1}: Deleting/Replaced", f"{V1}: gone",
    ]  # fmt: skip
    order = world.diary.index
    assert order(f"ClusterServiceVersion {V2}: Succeeded/InstallSucceeded") < order(f"ClusterServiceVersion {V1}: Deleting/Replaced")
    said = [line for line in world.said("Subscription") if "ResolutionFailed=True/ConstraintsNotSatisfiable" in line]
    assert said, "right after an upgrade a resolution fails"
    assert not condition(world.get("Subscription", "demo", SPACE) or {}, "ResolutionFailed"), "and it heals by itself"


def test_automatic_approval_walks_on_by_itself(world: World) -> None:
    """The trap: startingCSV pins nothing there."""
    world.put(subscription("Automatic"))
    world.settle(120, plays=PLAYS)
    assert csvs(world) == {V3: "Succeeded"}
    assert [spec(one)["clusterServiceVersionNames"] for one in world.all("InstallPlan")] == [[V1], [V2], [V3]]


def test_a_package_that_is_not_there_fails_every_subscription_of_the_namespace(world: World) -> None:
    world.put(subscription())
    world.settle(plays=PLAYS)
    world.put(subscription(package="none", called="other"))
    world.settle(plays=PLAYS)
    failed = {name(one): condition(one, "ResolutionFailed") for one in world.all("Subscription")}
    assert {one["reason"] for one in failed.values()} == {"ConstraintsNotSatisfiable"}
    assert len(failed) == 2
    assert "no operators found in package none in the catalog referenced by subscription other" in failed["demo"]["message"]
    world.remove("Subscription", "other", SPACE)
    approved(world)
    world.settle(plays=PLAYS)
    assert not condition(world.get("Subscription", "demo", SPACE) or {}, "ResolutionFailed")


@pytest.mark.parametrize(("given", "why"), [
    ({"starting": f"{PACKAGE}.v9.9.9"}, f"no operators found with name {PACKAGE}.v9.9.9 in channel stable of package {PACKAGE}"),
    ({"channel": "beta"}, f"no operators found in channel beta of package {PACKAGE}"),
    ({"source": "nobody"}, "no operators found from catalog nobody in namespace market"),
])  # fmt: skip
def test_what_cannot_be_resolved_is_said(world: World, given: dict[str, str], why: str) -> None:
    world.put(subscription(**given))
    world.settle(plays=PLAYS)
    assert why in condition(world.all("Subscription")[0], "ResolutionFailed")["message"]
    assert world.all("InstallPlan") == []


def test_a_catalogue_without_an_answer_is_unhealthy_and_nothing_is_resolved(world: World) -> None:
    world.remove("ConfigMap", "demo", MARKET)
    world.put(subscription())
    world.settle(plays=PLAYS)
    (live,) = world.all("Subscription")
    assert condition(live, "CatalogSourcesUnhealthy")["message"] == "targeted catalogsource market/demo unhealthy"
    assert condition(live, "ResolutionFailed")["reason"] == "ErrorPreventedResolution"
    world.put(catalogue())
    world.settle(plays=PLAYS)
    assert status(world.all("Subscription")[0])["currentCSV"] == V1


def test_a_second_operator_group_fails_what_has_succeeded_and_heals(world: World) -> None:
    world.put(subscription())
    world.settle(plays=PLAYS)
    approved(world)
    world.settle(plays=PLAYS)
    world.diary.clear()
    world.put(made("OperatorGroup", "second", SPACE, {}))
    world.settle(plays=PLAYS)
    assert csvs(world) == {V1: "Failed"}
    assert [condition(one, "MultipleOperatorGroup")["status"] for one in world.all("OperatorGroup")] == ["True", "True"]
    world.remove("OperatorGroup", "second", SPACE)
    world.settle(plays=PLAYS)
    assert world.said("ClusterServiceVersion", V1) == [
        f"{V1}: {step}" for step in ("Failed/TooManyOperatorGroups", "Pending/RequirementsUnknown", "InstallReady/AllRequirementsMet",
                                     "Installing/InstallSucceeded", "Succeeded/InstallSucceeded")
    ]  # fmt: skip


def test_a_lost_deployment_is_installed_anew(world: World) -> None:
    world.put(subscription())
    world.settle(plays=PLAYS)
    approved(world)
    world.settle(plays=PLAYS)
    world.diary.clear()
    world.remove("Deployment", PACKAGE, SPACE)
    world.settle(plays=PLAYS)
    assert world.said("ClusterServiceVersion", V1)[:2] == [
        f"{V1}: Failed/ComponentUnhealthy", f"{V1}: Pending/NeedsReinstall",
    ]  # fmt: skip
    assert csvs(world) == {V1: "Succeeded"}


def test_a_group_for_all_namespaces_copies_the_version_into_each(world: World) -> None:
    world.put(subscription())
    world.settle(plays=PLAYS)
    approved(world)
    world.settle(plays=PLAYS)
    copies = {one["metadata"]["namespace"]: one for one in world.all("ClusterServiceVersion") if one["metadata"]["namespace"] != SPACE}
    assert sorted(copies) == [MARKET, "shop"]
    assert {status(one)["reason"] for one in copies.values()} == {"Copied"}
    assert {one["metadata"]["labels"]["olm.copiedFrom"] for one in copies.values()} == {SPACE}
    world.remove("ClusterServiceVersion", V1, SPACE)
    world.settle(plays=PLAYS)
    assert world.all("ClusterServiceVersion") == [], "copies go with what they copy"


def test_what_a_removal_leaves(world: World) -> None:
    world.put(subscription())
    world.settle(plays=PLAYS)
    approved(world)
    world.settle(plays=PLAYS)
    world.remove("Subscription", "demo", SPACE)
    world.settle(plays=PLAYS)
    assert (world.all("InstallPlan"), csvs(world)) == ([], {V1: "Succeeded"}), "InstallPlans go with the Subscription, versions stay"
    world.remove("ClusterServiceVersion", V1, SPACE)
    world.settle(plays=PLAYS)
    assert (world.all("Deployment"), [name(one) for one in world.all("CustomResourceDefinition")]) == ([], ["widgets.demo.example.com"])


def test_one_manual_subscription_makes_the_plan_of_all_of_them_manual(world: World) -> None:
    world.put(catalogue(beside=["other-operator.v2.0.0"]))
    world.put(subscription())
    world.put(subscription("Automatic", called="second", package="second", starting=""))
    content = yaml.safe_load((world.get("ConfigMap", "demo", MARKET) or {})["data"]["catalog"])
    content["second"] = {"channels": {"stable": ["second.v3.0.0"]}}
    world.put({**made("ConfigMap", "demo", MARKET), "data": {"catalog": yaml.safe_dump(content)}})
    world.settle(plays=PLAYS)
    (plan,) = world.all("InstallPlan")
    assert (spec(plan)["approval"], spec(plan)["approved"]) == ("Manual", False)
    assert spec(plan)["clusterServiceVersionNames"] == [V1, "second.v3.0.0", "other-operator.v2.0.0"]


@pytest.mark.parametrize(("fault", "where", "end"), [
    ("check", "ClusterServiceVersion", "Failed/InstallCheckFailed"),
    ("unmet", "ClusterServiceVersion", "Pending/RequirementsNotMet"),
    ("plan", "InstallPlan", "Failed"),
])  # fmt: skip
def test_faults_on_request(world: World, fault: str, where: str, end: str) -> None:
    world.put(catalogue(faults={V1: [fault]}))
    world.put(subscription())
    world.settle(plays=PLAYS)
    approved(world)
    world.settle(plays=PLAYS, retry=0.0)
    said = [line.partition(": ")[2] for line in world.said(where)]
    assert said[-1] == end
    if fault == "plan":
        assert condition(world.all("Subscription")[0], "InstallPlanFailed")["reason"] == "InstallComponentFailed"


def test_a_bundle_that_cannot_be_unpacked_and_a_plan_that_appears_twice(world: World) -> None:
    world.put(catalogue(faults={V1: ["unpack"]}))
    world.put(subscription())
    world.settle(plays=PLAYS)
    failed = condition(world.all("Subscription")[0], "BundleUnpackFailed")
    assert failed["message"].startswith("Bundle unpacking failed - DeadlineExceeded: Job was active longer than specified deadline. Auto-retry in ~5 min")
    world.put(catalogue(faults={V1: ["twice"]}))
    world.settle(plays=PLAYS)
    assert [spec(one)["clusterServiceVersionNames"] for one in world.all("InstallPlan")] == [[V1], [V1]]
    assert not condition(world.all("Subscription")[0], "BundleUnpackFailed")


def test_an_install_that_waits_too_long_fails_for_a_moment_and_begins_anew(world: World) -> None:
    """OLM: after five minutes Failed/InstallCheckFailed, and at the next look Pending/NeedsReinstall: a run must not take the phases for progress."""
    world.put(subscription())
    alone = frozenset({"v0"})
    world.settle(plays=alone)
    approved(world)
    world.settle(plays=alone)
    assert world.said("ClusterServiceVersion", V1)[-1] != f"{V1}: Succeeded/InstallSucceeded"
    world.diary.clear()
    for _turn in range(3):
        world.turn(seconds=301, plays=alone)
    lines = world.said("ClusterServiceVersion", V1)
    assert lines[:3] == [f"{V1}: Failed/InstallCheckFailed", f"{V1}: Pending/NeedsReinstall", f"{V1}: InstallReady/AllRequirementsMet"]


def test_a_strategy_that_fails_is_tried_again_and_again(world: World) -> None:
    """The trap: between two tries the version is not Failed, so a run that looks at the phase alone waits for ever."""
    world.put(catalogue(faults={V1: ["install"]}))
    world.put(subscription())
    world.settle(plays=PLAYS)
    approved(world)
    for _turn in range(20):
        world.turn(plays=PLAYS)
    said = [line.partition(": ")[2] for line in world.said("ClusterServiceVersion", V1)]
    first = said.index("Failed/InstallComponentFailed")
    assert said[first + 1 : first + 4] == ["Pending/NeedsReinstall", "InstallReady/AllRequirementsMet", "Failed/InstallComponentFailed"]


def test_the_steps_of_a_plan_are_tried_for_a_minute(world: World) -> None:
    world.put(catalogue(faults={V1: ["plan"]}))
    world.put(subscription())
    world.settle(plays=PLAYS)
    approved(world)
    for _turn in range(4):
        world.turn(seconds=10, plays=PLAYS)
    (plan,) = world.all("InstallPlan")
    assert (status(plan)["phase"], status(plan)["message"][:32]) == ("Installing", "retrying execution due to error:")
    world.turn(seconds=60, plays=PLAYS)
    (plan,) = world.all("InstallPlan")
    assert (status(plan)["phase"], condition(plan, "Installed")["reason"]) == ("Failed", "InstallComponentFailed")


def test_a_plan_that_somebody_deletes_comes_anew(world: World) -> None:
    world.put(subscription())
    world.settle(plays=PLAYS)
    (first,) = world.all("InstallPlan")
    world.remove("InstallPlan", name(first), SPACE)
    world.settle(plays=PLAYS)
    (second,) = world.all("InstallPlan")
    assert (spec(second)["clusterServiceVersionNames"], name(second) != name(first)) == ([V1], True)
    assert not condition(world.all("Subscription")[0], "InstallPlanMissing")
    approved(world)
    world.settle(plays=PLAYS)
    for one in world.all("InstallPlan"):
        if spec(one)["clusterServiceVersionNames"] == [V1]:
            world.remove("InstallPlan", name(one), SPACE)
    world.settle(plays=PLAYS)
    assert csvs(world) == {V1: "Succeeded"}


def test_a_plan_that_is_approved_before_it_has_a_phase_never_gets_one(world: World) -> None:
    """The trap: OLM makes the plan and then writes its status, which is refused if somebody wrote in between. After that it only refers to the plan."""
    world.put(subscription())
    while not world.all("InstallPlan"):
        world.turn(plays=PLAYS)
    assert approved(world) == V1
    world.settle(plays=PLAYS)
    (plan,) = world.all("InstallPlan")
    assert (status(plan), csvs(world)) == ({}, {})
    assert status(world.all("Subscription")[0])["installPlanRef"]["name"] == name(plan)


def test_what_is_installed_and_deprecated_says_so(world: World) -> None:
    world.put(catalogue(deprecated="use another one"))
    world.put(subscription())
    world.settle(plays=PLAYS)
    assert not condition(world.all("Subscription")[0], "Deprecated")
    approved(world)
    world.settle(plays=PLAYS)
    (live,) = world.all("Subscription")
    assert {condition(live, kind)["message"] for kind in ("Deprecated", "PackageDeprecated")} == {f"olm.package/{PACKAGE}: use another one"}
    world.put(catalogue())
    world.settle(plays=PLAYS)
    assert not condition(world.all("Subscription")[0], "Deprecated")


def test_a_requirement_that_goes_is_waited_for_and_met_again(world: World) -> None:
    world.put(subscription())
    world.settle(plays=PLAYS)
    approved(world)
    world.settle(plays=PLAYS)
    world.diary.clear()
    crd = world.get("CustomResourceDefinition", "widgets.demo.example.com") or {}
    world.remove("CustomResourceDefinition", "widgets.demo.example.com")
    world.settle(plays=PLAYS)
    world.put(crd)
    world.settle(plays=PLAYS)
    assert world.said("ClusterServiceVersion", V1)[:3] == [
        f"{V1}: Failed/RequirementsNotMet", f"{V1}: Pending/RequirementsNotMet", f"{V1}: InstallReady/AllRequirementsMet",
    ]  # fmt: skip
