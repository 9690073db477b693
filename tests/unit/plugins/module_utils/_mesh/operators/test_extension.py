# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each state of an operator's installation by a ClusterExtension, and of its removal."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators import departure
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.backend import backend
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.departure import RemovalScope
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.extension import decide, refusals
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.package import Package
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.seen import OperatorsSeen
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.step import PATCHES
from ansible_collections.meshops.lifecycle.tests.unit.support.olm import (
    CRD,
    GROUP,
    PACKAGE,
    SPACE,
    catalog,
    csv,
    csv_name,
    extension,
    made,
    on,
    subscription,
)  # fmt: skip

WIDGETS = (f"{GROUP}/v1", "Widget")
ONE = Ref(*WIDGETS, "one", SPACE)
WORK = {"ownerReferences": [{"kind": "AppliedManifestWork", "name": "hub-addon"}]}


def package(**given: Any) -> Package:
    return Package.of({"name": PACKAGE, "namespace": SPACE, "channel": "stable", "version": "1.0.0", **given})


def there(*extensions: dict[str, Any], **more: Any) -> OperatorsSeen:
    held = {"catalogs": [catalog()], **more}
    return OperatorsSeen(served=frozenset({"ClusterExtension"}), namespaces=frozenset({SPACE}), extensions=extensions, **held)


def deployment(ready: int = 1, **more: Any) -> dict[str, Any]:
    status = {"observedGeneration": 1, "updatedReplicas": 1, "replicas": 1, "availableReplicas": ready, **more}
    return made("Deployment", PACKAGE, {"replicas": 1}, status, api="apps/v1", generation=1)


def retrying(message: str, reason: str = "Retrying", status: str = "True", generation: int = 1) -> dict[str, Any]:
    return on("Progressing", status, reason, message, observedGeneration=generation)


class TestInstall:
    def test_from_nothing(self) -> None:
        place, wish = decide(package(catalog="operators", service_account="installer"), OperatorsSeen(catalogs=[catalog()])).writes
        assert (str(place), str(wish)) == (f"apply Namespace {SPACE}", f"apply ClusterExtension {PACKAGE}")
        assert wish.manifest["spec"] == {
            "namespace": SPACE, "serviceAccount": {"name": "installer"},
            "source": {"sourceType": "Catalog", "catalog": {
                "packageName": PACKAGE, "version": "1.0.0", "channels": ["stable"], "upgradeConstraintPolicy": "CatalogProvided",
                "selector": {"matchLabels": {"olm.operatorframework.io/metadata.name": "operators"}},
            }},
        }  # fmt: skip

    def test_the_end_is_the_pin_with_both_conditions_about_this_generation(self) -> None:
        assert decide(package(), there(extension(installed="1.0.0"))).done
        stale = extension(installed="1.0.0")
        stale["metadata"]["generation"] = 2
        assert decide(package(), there(stale)).waits == f"ClusterExtension {PACKAGE} to be looked at"
        assert decide(package(crds=[CRD]), there(extension(installed="1.0.0"))).waits == f"the API server to serve {CRD}"

    @pytest.mark.parametrize(("progressing", "waits", "failed"), [
        (retrying("no bundles found"), f"ClusterExtension {PACKAGE} (Retrying: no bundles found)", ""),
        (retrying("rolling out", "RollingOut"), f"ClusterExtension {PACKAGE} (RollingOut: rolling out)", ""),
        (retrying("needs a person", "Blocked", "False"), "", f"ClusterExtension {PACKAGE} is stopped (Blocked: needs a person)"),
    ])  # fmt: skip
    def test_what_it_says_is_told(self, progressing: dict[str, Any], waits: str, failed: str) -> None:
        seen = decide(package(), there(extension(progressing=progressing)))
        assert seen.waits == waits
        assert seen.failed.startswith(failed)
        assert bool(seen.failed) == bool(failed)
        assert seen.trouble == (progressing["reason"] == "Retrying")

    def test_installed_is_not_the_end_while_a_deployment_does_not_run(self) -> None:
        """OLM says Installed as soon as the objects are written."""
        seen = decide(package(), there(extension(installed="1.0.0"), workloads={PACKAGE: [deployment(0)]}))
        assert (seen.waits, seen.trouble) == (f"Deployment {SPACE}/{PACKAGE} of {PACKAGE}: 0 of 1 replicas are ready", False)
        late = on("Progressing", "False", "ProgressDeadlineExceeded", "it has timed out progressing")
        seen = decide(package(), there(extension(installed="1.0.0"), workloads={PACKAGE: [deployment(0, conditions=[late])]}))
        assert (seen.waits.endswith("are ready (ProgressDeadlineExceeded: it has timed out progressing)"), seen.trouble) == (True, True)
        assert decide(package(), there(extension(installed="1.0.0"), workloads={PACKAGE: [deployment()]})).done

    @pytest.mark.parametrize(("reason", "status"), [("Retrying", "True"), ("Blocked", "False"), ("InvalidConfiguration", "False")])
    def test_another_pin_mends_what_the_one_before_cannot_reach(self, reason: str, status: str) -> None:
        """OLM tries the wrong one again and again, or not at all, until somebody writes another."""
        (write,) = decide(package(), there(extension("9.9.9", progressing=retrying("no bundles found", reason, status)))).writes
        assert write.manifest["spec"]["source"]["catalog"]["version"] == "1.0.0"

    def test_what_rolls_out_comes_to_its_end_first(self) -> None:
        seen = decide(package(version="1.1.0"), there(extension(installed="1.0.0", progressing=retrying("Revision 1.0.0 is rolling out.", "RollingOut"))))
        assert seen.waits.startswith(f"ClusterExtension {PACKAGE} to end what it has begun (RollingOut: Revision 1.0.0 is rolling out.)")

    def test_a_catalogue_serves_before_anything_is_written(self) -> None:
        seen = decide(package(), there(catalogs=[catalog(), catalog("other", False)]))
        assert (seen.waits, seen.trouble) == ("ClusterCatalog other to serve what it has (Unavailable: told)", True)
        assert decide(package(catalog="operators"), there(catalogs=[catalog(), catalog("other", False)])).writes
        assert decide(package(), there(catalogs=[catalog(), catalog("other", False, availabilityMode="Unavailable")])).writes

    def test_an_upgrade_goes_through_what_is_named(self) -> None:
        way = package(version="1.2.0", through=["demo-operator.v1.1.0", "1.0.0"])
        (write,) = decide(way, there(extension(installed="1.0.0"))).writes
        assert write.manifest["spec"]["source"]["catalog"]["version"] == "1.1.0"
        (write,) = decide(way, there(extension("1.1.0", installed="1.1.0"))).writes
        assert write.manifest["spec"]["source"]["catalog"]["version"] == "1.2.0"
        assert decide(way, there(extension("1.1.0", installed="1.0.0", progressing=retrying("not yet")))).writes == ()
        starting = there(extension("1.1.0", installed="1.1.0"), workloads={PACKAGE: [deployment(0)]})
        assert decide(way, starting).waits == f"Deployment {SPACE}/{PACKAGE} of {PACKAGE}: 0 of 1 replicas are ready", "a step runs before the next one"
        assert decide(package(version="1.2.0"), starting).writes, "what does not run is left by an upgrade"

    def test_without_a_pin_the_pin_of_an_earlier_run_goes_whoever_wrote_it(self) -> None:
        newest = package(version=None, approval="Automatic")
        (unpin,) = decide(newest, there(extension("1.0.0", installed="1.0.0"))).writes
        assert (str(unpin), PATCHES[unpin.verb]) == (f"unpin ClusterExtension {PACKAGE}", {"spec": {"source": {"catalog": {"version": None}}}})
        free = extension(installed="1.2.0")
        del free["spec"]["source"]["catalog"]["version"]
        assert decide(newest, there(free)).done
        waiting = there(extension("1.0.0", installed="1.0.0"), catalogs=[catalog(serving=False)])
        assert "to serve what it has" in decide(newest, waiting).waits

    def test_what_the_inventory_does_not_name_stays_with_the_next_version(self) -> None:
        live = extension("1.0.0", installed="1.0.0", catalog={"selector": {"matchLabels": {"olm.operatorframework.io/metadata.name": "operators"}}})
        live["spec"]["serviceAccount"] = {"name": "installer"}
        (wish,) = decide(package(channel=None, version="1.1.0"), there(live, catalogs=[catalog(), catalog("broken", serving=False)])).writes
        assert wish.manifest["spec"] == {
            **live["spec"], "source": {"sourceType": "Catalog", "catalog": {**live["spec"]["source"]["catalog"], "version": "1.1.0"}},
        }  # fmt: skip

    def test_what_is_deprecated_is_said(self) -> None:
        old = extension(installed="1.0.0", conditions=[on("PackageDeprecated", message="use another one")])
        assert decide(package(), there(old)).notices == (f"{PACKAGE} is deprecated: use another one",)

    def test_somebody_elses_is_left_alone(self) -> None:
        theirs = extension(installed="1.0.0", catalog={"channels": ["fast"]}, **WORK)
        seen = decide(package(), there(theirs))
        assert seen.done
        assert "belongs to a hub of Advanced Cluster Management, by AppliedManifestWork hub-addon" in seen.notices[0]


SERVED = extension()
SERVED["spec"]["serviceAccount"] = {"name": "installer"}


@pytest.mark.parametrize(("given", "seen", "says"), [
    pytest.param({"version": None}, there(), "has no pin", id="no pin"),
    pytest.param({}, there(subscriptions=[subscription()]), f"Subscription {SPACE}/{PACKAGE} installs {PACKAGE} already", id="both kinds of OLM"),
    pytest.param({}, there(extension(), extension(name="two")), "are both for demo-operator", id="two"),
    pytest.param({}, there(extension(installed="1.2.0")), "has installed 1.2.0, which is newer than the pin 1.0.0", id="downgrade"),
    pytest.param({"version": "1.3.0"}, there(extension(installed="1.2.0", **WORK)), "and has installed 1.2.0, but the inventory wants 1.3.0", id="foreign"),
    pytest.param({"namespace": "other"}, there(extension()), "installs into operators, the inventory into other", id="namespace"),
    pytest.param({"version": "1.2"}, there(), f"{PACKAGE}: 1.2 is no whole version, so OLM would choose one by itself", id="range"),
    pytest.param({"version": None, "csv": "demo"}, there(), f"{PACKAGE}: demo is no whole version", id="no version in the name"),
    pytest.param({"version": "1.2.0", "through": ["v1.1.0"]}, there(), "1.0 is no whole version", id="step"),
    pytest.param({"service_account": "other"}, there(SERVED, accounts=frozenset({(SPACE, "other")})),
                 "with the rights of ServiceAccount installer, and the inventory names other, but OLM lets nobody change it", id="another account"),
    pytest.param({"service_account": "installer"}, there(), f"ServiceAccount {SPACE}/installer does not exist", id="no account"),
    pytest.param({}, there(needs_account=True), f"Make one in {SPACE} with the rights that it needs, and give service_account", id="account needed"),
    pytest.param({}, there(catalogs=[]), f"no ClusterCatalog is switched on, so {PACKAGE} comes from nowhere", id="no catalogue"),
    pytest.param({"catalog": "other"}, there(), "ClusterCatalog other does not exist, so demo-operator comes from nowhere; the cluster has operators",
                 id="catalogue unknown"),
    pytest.param({"catalog": "operators"}, there(catalogs=[catalog(availabilityMode="Unavailable")]), "is switched off (availabilityMode Unavailable)",
                 id="catalogue off"),
])  # fmt: skip
def test_what_cannot_be_is_refused_in_one_sentence(given: dict[str, Any], seen: OperatorsSeen, says: str) -> None:
    (found,) = refusals(package(**given), seen)
    assert says in found


def test_an_account_that_is_named_already_is_kept() -> None:
    live = extension()
    live["spec"]["serviceAccount"] = {"name": "theirs"}
    assert list(refusals(package(), there(live, needs_account=True))) == []


def test_what_installs_a_package_already_goes_before_what_the_cluster_serves() -> None:
    both = frozenset({"Subscription", "ClusterExtension"})
    assert backend(package(), OperatorsSeen(served=both), "auto") == "v0"
    assert backend(package(), OperatorsSeen(served=both, extensions=[extension()]), "auto") == "v1"
    assert backend(package(), OperatorsSeen(served=both), "v1") == "v1"


ELSEWHERE = extension()
ELSEWHERE["spec"]["namespace"] = "other"


class TestRemoval:
    def seen(self, **more: Any) -> OperatorsSeen:
        held = {"subscriptions": [subscription(installed=csv_name("1.0.0"))], "csvs": [csv(csv_name("1.0.0"))], "definitions": {CRD: True}}
        return OperatorsSeen(**{**held, **more})

    def writes(self, seen: OperatorsSeen, **consent: bool) -> list[str]:
        return [str(write) for write in departure.decide(package(), seen, RemovalScope(**consent)).writes]

    def test_one_after_the_other(self) -> None:
        assert self.writes(self.seen(operands={WIDGETS: [ONE]}), operands=True) == [f"delete Widget {SPACE}/one"]
        assert self.writes(self.seen()) == [f"delete Subscription {SPACE}/{PACKAGE}"]
        labelled = csv(csv_name("1.0.0"), labels={f"operators.coreos.com/{PACKAGE}.{SPACE}": ""})
        left = self.seen(subscriptions=[], csvs=[labelled])
        assert self.writes(left) == [f"delete ClusterServiceVersion {SPACE}/{csv_name('1.0.0')}"]
        crd = {"metadata": {"name": CRD, "labels": {f"operators.coreos.com/{PACKAGE}.{SPACE}": ""}}}
        bare = self.seen(subscriptions=[], csvs=[], components=[crd])
        assert self.writes(bare, crds=True) == [f"delete CustomResourceDefinition {CRD}"]
        assert departure.decide(package(), bare, RemovalScope()).done

    def test_what_is_being_deleted_is_waited_for(self) -> None:
        seen = self.seen(operands={WIDGETS: [ONE]}, leaving=frozenset({ONE}))
        assert departure.decide(package(), seen, RemovalScope(operands=True)).waits == f"Widget {SPACE}/one to be gone"

    @pytest.mark.parametrize(("more", "consent", "says"), [
        ({"operands": {WIDGETS: [ONE]}}, {"crds": True}, "still works for Widget operators/one"),
        ({"remaining": {CRD: [ONE]}}, {"crds": True}, "would take Widget operators/one with them"),
        ({"subscriptions": [], "csvs": [], "extensions": [extension()]}, {"operands": True}, "a ClusterExtension takes the CRDs of demo-operator with it"),
    ], ids=["operands", "objects of its CRDs", "CRDs"])  # fmt: skip
    def test_what_users_made_since_the_run_began_does_not_go_without_a_word(self, more: dict[str, Any], consent: dict[str, bool], says: str) -> None:
        found = departure.decide(package(), self.seen(**more), RemovalScope(**consent))
        assert found.writes == () and says in found.failed

    def test_a_crd_that_another_operator_brings_stays(self) -> None:
        other = csv("other.v1.0.0", namespace="elsewhere")
        assert departure.definitions(package(), self.seen(csvs=[csv(csv_name("1.0.0")), other])) == []

    def test_a_crd_of_the_same_operator_in_another_namespace_stays_too(self) -> None:
        same = csv(csv_name("1.0.0"), namespace="elsewhere")
        assert departure.definitions(package(), self.seen(csvs=[csv(csv_name("1.0.0")), same])) == []

    @pytest.mark.parametrize(("more", "consent", "says"), [
        ({"operands": {WIDGETS: [ONE]}}, {}, "still works for Widget operators/one"),
        ({"subscriptions": [subscription(**WORK)]}, {}, "belongs to a hub of Advanced Cluster Management"),
        ({"subscriptions": [subscription(namespace="other")]}, {}, "installs demo-operator, and the inventory has it in operators"),
        ({"remaining": {CRD: [ONE]}}, {"crds": True}, "would take Widget operators/one with them"),
        ({"subscriptions": [], "csvs": [], "extensions": [ELSEWHERE]}, {"crds": True}, "ClusterExtension demo-operator installs demo-operator, and the inv"),
        ({"subscriptions": [], "csvs": [], "extensions": [extension()]}, {}, "a ClusterExtension takes the CRDs of demo-operator with it"),
    ])  # fmt: skip
    def test_what_speaks_against_it(self, more: dict[str, Any], consent: dict[str, bool], says: str) -> None:
        (found,) = departure.refusals(package(), self.seen(**more), RemovalScope(**consent))
        assert says in found

    def test_with_the_word_for_both_operands_are_no_reason_against(self) -> None:
        seen = self.seen(operands={WIDGETS: [ONE]}, remaining={CRD: [ONE]})
        assert list(departure.refusals(package(), seen, RemovalScope(operands=True, crds=True))) == []
