# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each state of an operator's installation by a Subscription leads to one write, one wait in words, or one sentence that ends the run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.package import Package
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.refusals import refusals, still_coming
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.seen import OperatorsSeen
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.step import Next
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.subscribed import decide
from ansible_collections.meshops.lifecycle.tests.unit.support.olm import (
    CRD,
    MARKET,
    PACKAGE,
    SPACE,
    csv,
    csv_name,
    group,
    manifest,
    on,
    plan,
    source,
    subscription,
)

V1, V2, V3 = (csv_name(version) for version in ("1.0.0", "1.1.0", "1.2.0"))
INGRESS = {"annotations": {"ingress.operator.openshift.io/owned": ""}}
WORK = {"ownerReferences": [{"apiVersion": "work.open-cluster-management.io/v1", "kind": "AppliedManifestWork", "name": "hub-addon-mesh", "uid": "1"}]}
FLUX = {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}, "managedFields": [{"manager": "kustomize-controller", "fieldsV1": {"f:spec": {}}}]}


def package(**given: Any) -> Package:
    return Package.of({"name": PACKAGE, "namespace": SPACE, "channel": "stable", "source": "demo", "source_namespace": MARKET, "csv": V1, **given})


def there(
    *objects: dict[str, Any], crds: Sequence[str] = (CRD,), groups: Sequence[Any] = (group(),), sources: Sequence[Any] = (source(),), **more: Any
) -> OperatorsSeen:
    kinds: dict[str, list[Any]] = {"Subscription": [], "InstallPlan": [], "ClusterServiceVersion": []}
    for one in objects:
        kinds[one["kind"]].append(one)
    return OperatorsSeen(
        served=frozenset({"Subscription"}),
        namespaces=frozenset({SPACE}),
        subscriptions=kinds["Subscription"],
        plans=kinds["InstallPlan"],
        csvs=kinds["ClusterServiceVersion"],
        groups=groups,
        sources=sources,
        definitions=dict.fromkeys(crds, True),
        **more,
    )


def next_of(seen: OperatorsSeen, others: Sequence[Package] = (), **given: Any) -> Next:
    own = package(**given)
    return decide(own, [own, *others], seen)


def wrote(next_: Next) -> list[str]:
    assert not (next_.waits or next_.failed)
    return [str(write) for write in next_.writes]


class TestInstall:
    def test_what_is_missing_is_written_at_once(self) -> None:
        nothing = OperatorsSeen(sources=[source()])
        assert wrote(next_of(nothing)) == [f"apply Namespace {SPACE}", f"apply OperatorGroup {SPACE}/{SPACE}", f"apply Subscription {SPACE}/{PACKAGE}"]
        (_place, own, wish) = next_of(nothing, targets=["shop"]).writes
        assert own.manifest["spec"] == {"targetNamespaces": ["shop"]}
        assert (wish.manifest["spec"]["startingCSV"], wish.manifest["spec"]["installPlanApproval"], wish.force) == (V1, "Manual", False)

    def test_a_channel_that_the_inventory_does_not_name_stays_with_the_next_pin(self) -> None:
        """An apply that leaves out what an earlier one had takes it away, and OLM would go to the default channel."""
        (wish,) = next_of(there(subscription(installed=V1, spec={"channel": "fast"}), csv(V1)), channel=None, csv=V2).writes
        assert wish.manifest["spec"]["channel"] == "fast"
        (first,) = next_of(there(), channel=None).writes
        assert "channel" not in first.manifest["spec"]

    @pytest.mark.parametrize("state", [None, "TRANSIENT_FAILURE"])
    def test_a_catalogue_that_does_not_answer_gets_no_subscription(self, state: str | None) -> None:
        seen = next_of(there(sources=[source(state)]))
        assert (seen.waits, seen.trouble) == (f"CatalogSource {MARKET}/demo to be READY; it is {state or 'not asked yet'}", True)

    def test_a_plan_is_approved_only_if_its_list_equals_the_pin(self) -> None:
        assert wrote(next_of(there(subscription(), plan(V1)))) == [f"approve InstallPlan {SPACE}/install-abcde ({V1})"]
        more = next_of(there(subscription(), plan(V1, "other-operator.v2.0.0")))
        assert (more.writes, more.trouble) == ((), True)
        assert more.waits == (
            f"an InstallPlan of {V1} alone; InstallPlan {SPACE}/install-abcde would also install other-operator.v2.0.0, which the inventory does not pin, "
            "so it is not approved. Pin them, or name them in dependencies"
        )

    def test_a_plan_for_another_version_is_not_approved(self) -> None:
        seen = next_of(there(subscription(current=V2), plan(V2)))
        assert (seen.writes, seen.trouble) == ((), True)
        assert seen.waits.startswith(f"an InstallPlan of {V1}; InstallPlan {SPACE}/install-abcde would install {V2}, which is no step to it")

    def test_named_dependencies_and_other_packages_of_the_run_are_meant(self) -> None:
        assert wrote(next_of(there(subscription(), plan(V1, "jaeger.v1.0.0")), dependencies=["jaeger.v1.0.0"]))
        other = package(name="kiali", csv="kiali.v2.4.0")
        assert wrote(next_of(there(subscription(), plan(V1, "kiali.v2.4.0")), [other]))
        elsewhere = package(name="kiali", csv="kiali.v2.4.0", namespace="monitoring")
        assert next_of(there(subscription(), plan(V1, "kiali.v2.4.0")), [elsewhere]).trouble

    def test_of_plans_alike_one_is_approved(self) -> None:
        twins = [plan(V1, name="install-1", generation=1), plan(V1, name="install-2", generation=2)]
        assert wrote(next_of(there(subscription(ref="install-1"), *twins))) == [f"approve InstallPlan {SPACE}/install-1 ({V1})"]
        assert wrote(next_of(there(subscription(), *twins))) == [f"approve InstallPlan {SPACE}/install-2 ({V1})"]
        begun = [plan(V1, name="install-1", approved=True, phase="Installing"), twins[1]]
        assert next_of(there(subscription(), *begun)).waits == f"InstallPlan {SPACE}/install-1 to install {V1}; it is Installing"

    def test_a_plan_without_a_phase_is_not_approved_yet(self) -> None:
        """OLM makes it and then writes its status, which an approval in between would prevent for good."""
        assert next_of(there(subscription(), plan(V1, phase=""))).waits == f"an InstallPlan of {V1}"
        early = next_of(there(subscription(), plan(V1, phase="", approved=True)))
        assert (early.waits.endswith("Delete it, and OLM makes another"), early.trouble) == (True, True)

    def test_a_plan_of_another_namespace_is_none_of_ours(self) -> None:
        assert next_of(there(subscription(), plan(V1, namespace="other"))).waits == f"an InstallPlan of {V1}"

    def test_unpacking_is_told(self) -> None:
        unpacking = subscription(conditions=[on("BundleUnpacking", reason="JobIncomplete", message="unpack job not completed")])
        assert next_of(there(unpacking)).waits == f"an InstallPlan of {V1} (JobIncomplete: unpack job not completed)"

    @pytest.mark.parametrize("phase", ["Pending", "InstallReady", "Installing"])
    def test_installed_counts_only_when_its_version_succeeded(self, phase: str) -> None:
        """OLM names installedCSV and AtLatestKnown as soon as the ClusterServiceVersion exists."""
        known = subscription(installed=V1, state="AtLatestKnown")
        seen = next_of(there(known, csv(V1, phase, "Because", "it is so")))
        assert (seen.waits, seen.trouble) == (f"ClusterServiceVersion {V1} is {phase} (Because: it is so)", False)

    def test_the_end_is_a_succeeded_version_whose_crds_are_served(self) -> None:
        known = subscription(installed=V1)
        assert next_of(there(known, csv(V1))).done
        assert next_of(there(known, csv(V1), crds=())).waits == f"the API server to serve {CRD}"
        assert next_of(there(known, csv(V1)), crds=["more.example.com"]).waits == "the API server to serve more.example.com"

    def test_a_version_that_is_named_and_gone(self) -> None:
        assert next_of(there(subscription(installed=V1))).trouble

    def test_what_is_deprecated_is_said(self) -> None:
        old = subscription(installed=V1, conditions=[on("Deprecated", message="olm.package/demo-operator: use another one")])
        seen = next_of(there(old, csv(V1)), deprecated="Nobody needs it any more.")
        assert seen.done
        assert seen.notices == (
            f"{PACKAGE}: Nobody needs it any more.",
            f"{PACKAGE} is deprecated: olm.package/demo-operator: use another one",
        )  # fmt: skip


AGAIN = "OLM does not try again soon: mend that, remove the failed Job or InstallPlan, and run again."


class TestTroubles:
    @pytest.mark.parametrize(("kind", "heals", "says"), [
        ("CatalogSourcesUnhealthy", True, "a catalogue is unhealthy: CatalogSourcesUnhealthy (Why: what)"),
        ("ResolutionFailed", True, "nothing fits together in its namespace: ResolutionFailed (Why: what)"),
        ("InstallPlanMissing", True, "its InstallPlan is gone: InstallPlanMissing (Why: what)"),
        ("BundleUnpackFailed", False, "its bundle could not be unpacked: BundleUnpackFailed (Why: what). " + AGAIN),
        ("InstallPlanFailed", False, "its InstallPlan failed: InstallPlanFailed (Why: what). " + AGAIN),
    ])  # fmt: skip
    def test_a_condition_is_told_in_words(self, kind: str, heals: bool, says: str) -> None:
        seen = next_of(there(subscription(conditions=[on(kind, reason="Why", message="what")])))
        assert (seen.waits if heals else seen.failed) == f"Subscription {SPACE}/{PACKAGE}: {says}"
        assert (seen.trouble, seen.writes) == (heals, ())
        assert not next_of(there(subscription(conditions=[on(kind, "False")]))).trouble

    def test_a_plan_that_failed(self) -> None:
        failed = plan(V1, phase="Failed", approved=True, conditions=[on("Installed", "False", "InstallComponentFailed", "no such secret")])
        assert next_of(there(subscription(), failed)).failed == (
            f"InstallPlan {SPACE}/install-abcde for {V1} failed (InstallComponentFailed: no such secret). Delete it after the fault is mended."
        )
        assert wrote(next_of(there(subscription(), failed, plan(V1, name="install-2", generation=2))))

    def test_a_plan_whose_steps_are_tried_again(self) -> None:
        trying = plan(V1, phase="Installing", approved=True)
        trying["status"]["message"] = "retrying execution due to error: secrets \"pull\" is forbidden"
        seen = next_of(there(subscription(current=V1), trying))
        assert seen.waits == f"InstallPlan {SPACE}/install-abcde to install {V1}: retrying execution due to error: secrets \"pull\" is forbidden"
        assert seen.trouble

    def test_a_version_that_fails_again_and_again_is_in_trouble_between_two_tries_too(self) -> None:
        failed = {"phase": "Failed", "reason": "InstallComponentFailed", "message": "install strategy failed: no"}
        again = csv(V1, "Pending", "NeedsReinstall", "installing: missing deployment")
        again["status"]["conditions"] = [{"phase": "Pending"}, failed, {"phase": "Pending"}, failed, {"phase": "Pending"}]
        seen = next_of(there(subscription(installed=V1), again))
        assert seen.trouble
        assert seen.waits == (
            f"ClusterServiceVersion {V1} is Pending (NeedsReinstall: installing: missing deployment); "
            "it has failed 2 times (InstallComponentFailed: install strategy failed: no)"
        )
        again["status"]["conditions"] = [failed, {"phase": "Succeeded"}, failed, {"phase": "Pending"}]
        assert not next_of(there(subscription(installed=V1), again)).trouble, "a lost Deployment is installed anew"

    @pytest.mark.parametrize("reason", ["TooManyOperatorGroups", "InstallCheckFailed", "ComponentUnhealthy", "UnsupportedOperatorGroup"])
    def test_a_version_that_failed(self, reason: str) -> None:
        seen = next_of(there(subscription(installed=V1), csv(V1, "Failed", reason, "so it says")))
        assert (seen.waits, seen.trouble) == (f"ClusterServiceVersion {V1} is Failed ({reason}: so it says)", True)

    def test_requirements_that_are_missing_are_named(self) -> None:
        lacking = [{"kind": "CustomResourceDefinition", "name": "a.b", "status": "NotPresent"}, {"kind": "ServiceAccount", "name": "c", "status": "Present"}]
        pending = csv(V1, "Pending", "RequirementsNotMet", "one or more requirements couldn't be found", requirements=lacking)
        seen = next_of(there(subscription(installed=V1), pending))
        assert seen.trouble
        assert seen.waits.endswith("couldn't be found); it lacks CustomResourceDefinition a.b")


class TestUpgrade:
    def wish(self, **given: Any) -> dict[str, Any]:
        return {"csv": V3, **given}

    def upgrading(self, installed: str, *more: dict[str, Any], **given: Any) -> OperatorsSeen:
        return there(subscription(installed=installed, spec={"startingCSV": V3}, **given), csv(installed), *more)

    def test_each_step_of_the_channel_is_approved(self) -> None:
        assert wrote(next_of(self.upgrading(V1, plan(V2)), csv=V3)) == [f"approve InstallPlan {SPACE}/install-abcde ({V2})"]
        assert wrote(next_of(self.upgrading(V2, plan(V3)), csv=V3)) == [f"approve InstallPlan {SPACE}/install-abcde ({V3})"]

    def test_the_next_step_waits_for_the_one_before(self) -> None:
        seen = there(subscription(installed=V2, spec={"startingCSV": V3}), csv(V2, "Installing"), plan(V3))
        assert next_of(seen, csv=V3).waits == f"ClusterServiceVersion {V2} is Installing, and the next version comes after it"

    def test_no_step_leads_beyond_the_pin(self) -> None:
        seen = next_of(there(subscription(installed=V1, current=V3, spec={"startingCSV": V2}), csv(V1), plan(V3)), csv=V2)
        assert (seen.writes, seen.trouble) == ((), True)
        assert f"would install {V3}, which is no step to it" in seen.waits

    def test_at_the_pin_the_next_plan_stays_unapproved(self) -> None:
        assert next_of(there(subscription(installed=V1, current=V2), csv(V1), plan(V2))).done

    def test_the_way_may_be_said(self) -> None:
        assert wrote(next_of(self.upgrading(V1, plan(V2)), csv=V3, through=[V2]))
        assert wrote(next_of(self.upgrading(V1, plan(V2)), csv=V3, through=["1.1.0"]))
        skipping = csv_name("1.1.1")
        assert not next_of(self.upgrading(V1, plan(skipping), current=skipping), csv=V3, through=[V2]).writes

    def test_a_step_of_another_operator_is_none(self) -> None:
        assert not next_of(self.upgrading(V1, plan("other.v1.1.0"), current="other.v1.1.0"), csv=V3).writes

    def test_a_second_operators_upgrade_in_the_same_plan_is_not_approved(self) -> None:
        """OLM puts all upgrades of a namespace into one InstallPlan, those of Subscriptions that the inventory does not know too."""
        seen = next_of(self.upgrading(V1, plan(V2, "other-operator.v3.0.0")), csv=V3)
        assert "other-operator.v3.0.0, which the inventory does not pin" in seen.waits

    def test_a_new_channel_is_written_to_the_subscription(self) -> None:
        (write,) = next_of(self.upgrading(V1), csv=V3, channel="fast").writes
        assert (write.manifest["spec"]["channel"], write.force) == ("fast", True)


class TestAdoption:
    def test_a_subscription_of_another_name_is_pinned(self) -> None:
        automatic = subscription(installed=V1, name="by-hand", spec={"installPlanApproval": "Automatic", "startingCSV": ""})
        (write,) = next_of(there(automatic, csv(V1))).writes
        assert (str(write), write.manifest["spec"]["installPlanApproval"], write.manifest["spec"]["startingCSV"], write.force) == (
            f"apply Subscription {SPACE}/by-hand", "Manual", V1, True,
        )  # fmt: skip

    def test_what_fits_is_not_written(self) -> None:
        assert next_of(there(subscription(installed=V1, name="by-hand", spec={"config": {"env": []}}), csv(V1))).done

    @pytest.mark.parametrize(("mark", "owner"), [
        (INGRESS, "OpenShift's own Gateway API (its ingress operator)"),
        (WORK, "a hub of Advanced Cluster Management, by AppliedManifestWork hub-addon-mesh (as its multicluster-mesh-addon does)"),
        (FLUX, "Flux, for its Kustomization apps"),
    ])  # fmt: skip
    def test_what_belongs_to_others_is_refused_by_name(self, mark: dict[str, Any], owner: str) -> None:
        live = subscription(installed=V2, name="theirs", **mark)
        (said,) = refusals(package(csv=V3), there(live, csv(V2)))
        assert said == (
            f"Subscription {SPACE}/theirs belongs to {owner} and has installed {V2}, but the inventory wants {V3}. "
            f"It stays as it is: pin {V2}, or leave {PACKAGE} out."
        )
        seen = there(subscription(installed=V2, name="theirs", spec={"channel": "other"}, **mark), csv(V2), groups=[])
        assert list(refusals(package(csv=V2), seen)) == []
        use = next_of(seen, csv=V2)
        assert (use.done, use.notices) == (True, (f"Subscription {SPACE}/theirs belongs to {owner} and has what is wanted. It stays as it is.",))


AUTOMATIC = {"approval": "Automatic", "csv": None}


class TestAutomatic:
    def live(self, **given: Any) -> dict[str, Any]:
        live = subscription(spec={"installPlanApproval": "Automatic"}, **given)
        del live["spec"]["startingCSV"]
        return live

    def test_the_newest_is_the_end(self) -> None:
        assert next_of(there(self.live(installed=V3), csv(V3)), **AUTOMATIC).done
        assert not next_of(there(self.live(installed=V2, current=V3), csv(V2)), **AUTOMATIC).done

    def test_nothing_is_approved(self) -> None:
        """OLM wants approval for all of a namespace if one Subscription in it is Manual."""
        seen = next_of(there(self.live(current=V3), plan(V3)), **AUTOMATIC)
        assert (seen.writes, seen.trouble) == ((), True)
        assert "another Subscription of operators wants Manual" in seen.waits


OFFERED = {PACKAGE: manifest("1.0.0", "1.1.0")}


@pytest.mark.parametrize(("given", "seen", "says"), [
    pytest.param({"csv": None}, {}, "has no pin, so no InstallPlan could be approved", id="no pin"),
    pytest.param({"csv": None, "version": "1.0.0"}, {}, "has no csv, and a Subscription is pinned by the name", id="version alone"),
    pytest.param({"approval": "Automatic"}, {}, f"has a pin ({V1}) and approval Automatic", id="automatic pin"),
    pytest.param({}, {"objects": [subscription(), subscription(name="two")]}, f"and Subscription {SPACE}/two are both", id="two"),
    pytest.param({}, {"objects": [subscription(namespace="other")]}, "Set its namespace to other to adopt it.", id="another namespace"),
    pytest.param({}, {"objects": [subscription(installed=V3), csv(V3)]}, f"has installed {V3}, which is newer than the pin {V1}", id="downgrade"),
    pytest.param({"source": "mirror"}, {"objects": [subscription()], "sources": [source(name="mirror")]}, "from the catalogue market/demo", id="source"),
    pytest.param({}, {"groups": [group("a"), group("b")]}, "has 2 OperatorGroups, a and b: with more than one", id="TooManyOperatorGroups"),
    pytest.param({"targets": ["shop"]}, {}, "serves all namespaces, and the inventory wants shop", id="another group"),
    pytest.param({}, {"sources": []}, f"CatalogSource {MARKET}/demo does not exist", id="no catalogue"),
    pytest.param({}, {"manifests": {PACKAGE: None}}, f"is ready, but no catalogue has a package {PACKAGE}", id="no package"),
    pytest.param({"channel": "fast"}, {"manifests": OFFERED}, "has no channel fast; it has stable", id="no channel"),
    pytest.param({"csv": csv_name("9.9.9")}, {"manifests": OFFERED}, f"has no {csv_name('9.9.9')}; it has {V1}, {V2}", id="wrong pin"),
])  # fmt: skip
def test_what_cannot_be_is_refused_in_one_sentence(given: dict[str, Any], seen: dict[str, Any], says: str) -> None:
    found = list(refusals(package(**given), there(*seen.pop("objects", []), **seen)))
    assert len(found) == 1, found
    assert says in found[0]
    assert found[0].endswith(".")


def test_an_installed_pin_needs_no_catalogue_any_more() -> None:
    assert list(refusals(package(), there(subscription(installed=V1), csv(V1), sources=[]))) == []
    assert list(refusals(package(), there(subscription(installed=V1), csv(V1), manifests={PACKAGE: manifest("1.1.0")}))) == []


def test_a_package_of_another_catalogue_of_the_same_name_says_nothing() -> None:
    other = manifest("5.0.0")
    other["status"]["catalogSource"] = "community"
    assert list(refusals(package(), there(manifests={PACKAGE: other}))) == []


@pytest.mark.parametrize(("objects", "connected", "manifests", "coming"), [
    ([], 10, {PACKAGE: None}, True),
    ([], -10, {PACKAGE: None}, True),  # by a clock that goes before ours
    ([], 300, {PACKAGE: None}, False),
    ([], 10, OFFERED, False),
    ([], 10, {}, False),  # nobody serves what catalogues offer
    ([subscription(installed=V1), csv(V1)], 10, {PACKAGE: None}, False),
    ([subscription()], 10, {PACKAGE: None}, True),
])  # fmt: skip
def test_a_package_may_come_after_its_catalogue(objects: list[Any], connected: float, manifests: dict[str, Any], coming: bool) -> None:
    now = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
    from_it = source()
    from_it["status"]["connectionState"]["lastConnect"] = (now - timedelta(seconds=connected)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert still_coming(package(), there(*objects, sources=[from_it], manifests=manifests), now) is coming
