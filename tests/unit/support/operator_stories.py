# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module operators from beginning to end while a stand-in plays OLM, on the API server in memory and on a real one.

A test class inherits from it and gives the fixture `admin`: a cluster that serves the kinds of OLM, whose writes are not counted. Time passes only
while the module sleeps, and the stand-in takes its turn then.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.step import DEFINITIONS, EXTENSIONS, GROUPS, PACKAGES, SUBSCRIPTIONS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.operators.operators import TASK, reconcile

from .contract import as_somebody_else
from .olm import CRD, MARKET, PACKAGE, SPACE, WIDGETS, Olm, catalog, csv, csv_name, group, manifest, plan, source, subscription, widget
from .ticking import Ticking

V1, V2, V3 = (csv_name(version) for version in ("1.0.0", "1.1.0", "1.2.0"))
WISH = {"name": PACKAGE, "namespace": SPACE, "channel": "stable", "source": "demo", "source_namespace": MARKET}
ALL = {"remove_operands": True, "remove_crds": True}


class Killed(BaseException):
    """The end of a run, at once."""


class Counted(Cluster):
    """A cluster that remembers its writes. The run ends before or after the write number `kill`."""

    writes: list[str]
    kill: tuple[int, bool] | None = None

    @classmethod
    def of(cls, known: Cluster, dry_run: bool = False) -> Counted:
        made = cls.__new__(cls)
        made.__dict__ = {**known.__dict__, "writes": [], "dry_run": dry_run}
        made._server = copy.copy(known._server)
        made._server.dry_run = dry_run
        made._server.transport = copy.copy(known._server.transport)
        send, counting = known._server.transport.request, threading.Lock()

        def request(method: str, path: str, query: Any = None, body: Any = None, *args: Any, **how: Any) -> Any:
            asks = path.endswith("/selfsubjectaccessreviews")
            writes = method != "GET" and not (asks or dict(query or {}).get("dryRun") or (method == "DELETE" and (body or {}).get("dryRun")))
            if not writes:
                return send(method, path, query, body, *args, **how)
            with counting:  # writes of one wave are sent at once
                number = len(made.writes)
                if made.kill == (number, False):
                    raise Killed
                made.writes.append(f"{method} {path.rpartition('/')[2] if method != 'POST' else path}")
            answer = send(method, path, query, body, *args, **how)
            if made.kill == (number, True):
                raise Killed
            return answer

        made._server.transport.request = request  # type: ignore[method-assign]
        return made


def filled(spec: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The options with the defaults of the argument spec."""
    return {**{name: option.get("default") for name, option in spec.items()}, **given}


def params(packages: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    option = TASK["argument_spec"]
    return filled(option, {"packages": [filled(option["packages"]["options"], one) for one in packages], **more})


def ran(cluster: Cluster, olm: Olm | None, *packages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return reconcile(cluster, params(packages or [{**WISH, "csv": V1}], **more), Ticking(olm.turn if olm else lambda _passed: None))


def seeded(cluster: Cluster, *manifests: dict[str, Any]) -> None:
    """Objects that stood there before, with their status."""
    for one in manifests:
        as_somebody_else(cluster, {key: value for key, value in one.items() if key != "status"})
        if one.get("status"):
            Olm(cluster).status(one, **one["status"])


def changed(result: dict[str, Any]) -> list[str]:
    return [f"{one['action']} {one['object']}" for one in result["changes"] if one["action"] != "unchanged"]


def phases(cluster: Cluster) -> dict[str, str]:
    return {one["metadata"]["name"]: one["status"].get("phase", "") for one in cluster.list(SUBSCRIPTIONS, "ClusterServiceVersion", SPACE)}


def unapproved(cluster: Cluster) -> list[str]:
    return [one["metadata"]["name"] for one in cluster.list(SUBSCRIPTIONS, "InstallPlan", SPACE) if not one["spec"]["approved"]]


class OperatorStories:
    """Each test begins with a catalogue, and without an operator."""

    @pytest.fixture
    def olm(self, admin: Cluster) -> Olm:
        self.swept(admin)
        admin.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in (SPACE, MARKET)])
        seeded(admin, source(), manifest("1.0.0", "1.1.0", "1.2.0"), catalog())
        return Olm(admin)

    @staticmethod
    def swept(admin: Cluster) -> None:
        kinds = [(SUBSCRIPTIONS, kind) for kind in ("Subscription", "InstallPlan", "ClusterServiceVersion", "CatalogSource")]
        kinds += [(GROUPS, "OperatorGroup"), (PACKAGES, "PackageManifest"), (EXTENSIONS, "ClusterExtension"), (EXTENSIONS, "ClusterCatalog")]
        kinds += [("demo.example.com/v1", "Widget")]
        for kind in kinds:
            for live in admin.list(*kind):
                if live["metadata"].get("finalizers"):
                    admin.amend(live, {"metadata": {"finalizers": None}})
            admin.delete([Ref.of(live) for live in admin.list(*kind)], wait=10)
        admin.delete([Ref(DEFINITIONS, "CustomResourceDefinition", CRD)], wait=10)

    def test_from_nothing_to_the_pin_and_again(self, admin: Cluster, olm: Olm) -> None:
        cluster = Counted.of(admin)
        first = ran(cluster, olm)
        made = [f"created OperatorGroup {SPACE}/{SPACE}", f"created Subscription {SPACE}/{PACKAGE}"]
        assert changed(first) == [*made, f"updated InstallPlan {SPACE}/install-00001"]
        assert first["operators"] == [{"package": PACKAGE, "namespace": SPACE, "api": "v0", "csv": V1, "version": ""}]
        assert (phases(admin), olm.approvals) == ({V1: "Succeeded"}, [V1])
        for _look in range(3):
            olm.turn()
        assert unapproved(admin) == ["install-00002"], "the next version is offered, and not approved"
        again = Counted.of(admin)
        assert (ran(again, olm)["changed"], again.writes) == (False, [])

    def test_an_upgrade_goes_step_by_step(self, admin: Cluster, olm: Olm) -> None:
        ran(Counted.of(admin), olm)
        upgraded = ran(Counted.of(admin), olm, {**WISH, "csv": V3})
        assert (olm.approvals, upgraded["operators"][0]["csv"]) == ([V1, V2, V3], V3)
        olm.turn()
        assert phases(admin) == {V3: "Succeeded"}
        with pytest.raises(Refused, match=f"has installed {V3}, which is newer than the pin {V2}. An operator is never turned back: raise the pin"):
            ran(Counted.of(admin), olm, {**WISH, "csv": V2})

    def test_a_plan_that_appears_twice_is_approved_once(self, admin: Cluster, olm: Olm) -> None:
        olm.twice = True
        ran(Counted.of(admin), olm)
        assert (olm.approvals, phases(admin)) == ([V1], {V1: "Succeeded"})
        assert "install-00001" in unapproved(admin)

    def test_everything_that_speaks_against_any_package_is_said_before_the_first_write(self, admin: Cluster, olm: Olm) -> None:
        seeded(admin, group("one"), group("two"), subscription(name="theirs", annotations={"ingress.operator.openshift.io/owned": ""}))
        cluster = Counted.of(admin)
        with pytest.raises(Refused) as refused:
            ran(cluster, olm, {**WISH, "csv": V1}, {**WISH, "name": "other", "csv": "other.v1.0.0"})
        assert [one.partition(" ")[0] for one in refused.value.facts["findings"]] == ["Subscription", "namespace", "CatalogSource"]
        assert "belongs to OpenShift's own Gateway API" in str(refused.value)
        assert "TooManyOperatorGroups" in str(refused.value)
        assert cluster.writes == []

    def test_what_stands_there_is_adopted(self, admin: Cluster, olm: Olm) -> None:
        by_hand = subscription(installed=V1, name="by-hand", spec={"installPlanApproval": "Automatic", "config": {"resources": {}}})
        admin.apply([WIDGETS])
        seeded(admin, group("global"), by_hand, csv(V1))
        assert changed(ran(Counted.of(admin), olm)) == [f"updated Subscription {SPACE}/by-hand"]
        live = admin.get(Ref.of(by_hand)) or {}
        assert (live["spec"]["installPlanApproval"], live["spec"]["config"]) == ("Manual", {"resources": {}})
        assert not ran(Counted.of(admin), olm)["changed"]

    def test_automatic_goes_to_the_newest_by_itself(self, admin: Cluster, olm: Olm) -> None:
        wish = {**WISH, "approval": "Automatic"}
        assert ran(Counted.of(admin), olm, wish)["operators"][0]["csv"] == V3
        assert not ran(Counted.of(admin), olm, wish)["changed"]

    def test_check_mode_writes_nothing_and_tells_the_next_write(self, admin: Cluster, olm: Olm) -> None:
        cluster = Counted.of(admin, dry_run=True)
        planned = ran(cluster, olm)
        assert planned["plan"] == [f"{PACKAGE}: apply OperatorGroup {SPACE}/{SPACE}", f"{PACKAGE}: apply Subscription {SPACE}/{PACKAGE}"]
        seeded(admin, group(), subscription(), plan(V1))
        assert ran(cluster, olm)["plan"] == [f"{PACKAGE}: approve InstallPlan {SPACE}/install-abcde ({V1})"]
        assert (cluster.writes, unapproved(admin)) == ([], ["install-abcde"])

    def installed(self, admin: Cluster, olm: Olm) -> None:
        ran(Counted.of(admin), olm)
        seeded(admin, widget())

    def test_a_removal_takes_operands_only_if_it_may_and_first(self, admin: Cluster, olm: Olm) -> None:
        self.installed(admin, olm)
        cluster = Counted.of(admin)
        with pytest.raises(Refused, match="still works for Widget operators/one. Remove them first, or set operator_remove_operands"):
            ran(cluster, olm, state="absent")
        assert cluster.writes == []
        ran(cluster, olm, state="absent", remove_operands=True)
        assert cluster.writes == ["DELETE one", f"DELETE {PACKAGE}", f"DELETE {V1}"]
        olm.turn()
        assert (phases(admin), admin.list(SUBSCRIPTIONS, "InstallPlan", SPACE)) == ({}, [])
        assert admin.get(Ref(DEFINITIONS, "CustomResourceDefinition", CRD))
        again = Counted.of(admin)
        assert (ran(again, olm, state="absent")["changed"], again.writes) == (False, [])
        assert changed(ran(again, olm, state="absent", remove_crds=True)) == [f"deleted CustomResourceDefinition {CRD}"]

    def test_operands_end_while_their_operator_still_runs(self, admin: Cluster, olm: Olm) -> None:
        ran(Counted.of(admin), olm)
        held_back = widget()
        held_back["metadata"]["finalizers"] = ["demo.example.com/wait"]
        seeded(admin, held_back)
        cluster = Counted.of(admin)
        with pytest.raises(NotReady, match="was not ready after .* It waits for Widget operators/one to be gone"):
            ran(cluster, olm, state="absent", wait_timeout=20, **ALL)
        assert cluster.writes == ["DELETE one"]
        admin.amend(admin.get(Ref.of(held_back)) or {}, {"metadata": {"finalizers": None}})
        ran(cluster, olm, state="absent", **ALL)
        assert cluster.writes[1:] == [f"DELETE {PACKAGE}", f"DELETE {V1}", f"DELETE {CRD}"]

    @pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
    def test_a_run_that_was_killed_at_any_write_is_finished_by_the_next(self, admin: Cluster, olm: Olm, after: bool) -> None:
        kills = 0
        for packages, more, end in (
            ([{**WISH, "csv": V1}], {}, {V1: "Succeeded"}),
            ([{**WISH, "csv": V3}], {}, {V3: "Succeeded"}),
            ([{**WISH, "csv": V3}], {"state": "absent", **ALL}, {}),
        ):
            number, over = 0, False
            while not over:
                cluster = Counted.of(admin)
                cluster.kill = (0, after)
                try:
                    ran(cluster, olm, *packages, **more)
                    over = True
                except Killed:
                    kills, number = kills + 1, number + 1
                assert number < 12, "a run that is killed at its first write again and again gets on only after it"
                if not after:
                    break
            ran(Counted.of(admin), olm, *packages, **more)
            olm.turn()
            assert phases(admin) == end
        assert kills >= (8 if after else 3)
        assert olm.approvals == [V1, V2, V3]

    def test_the_other_olm(self, admin: Cluster, olm: Olm) -> None:
        wish = {**WISH, "version": "1.0.0", "crds": [CRD]}
        cluster = Counted.of(admin)
        assert changed(ran(cluster, olm, wish, api="v1")) == [f"created ClusterExtension {PACKAGE}"]
        again = Counted.of(admin)
        assert (ran(again, olm, wish)["changed"], again.writes) == (False, []), "what installs a package already says by which means"
        upgraded = ran(cluster, olm, {**wish, "version": "1.2.0", "through": ["1.1.0"]})
        assert changed(upgraded) == [f"updated ClusterExtension {PACKAGE}"] * 2
        assert upgraded["operators"] == [{"package": PACKAGE, "namespace": SPACE, "api": "v1", "csv": "", "version": "1.2.0"}]
        with pytest.raises(NotReady, match=r"Retrying: no bundles found for package .* matching version .9.9.9."):
            ran(cluster, olm, {**wish, "version": "9.9.9"})
        assert changed(ran(cluster, olm, {**wish, "version": "1.2.0"})) == [f"updated ClusterExtension {PACKAGE}"], "another pin mends it"

    def test_the_other_olm_goes_to_the_newest_when_nobody_pins_it_any_more(self, admin: Cluster, olm: Olm) -> None:
        ran(Counted.of(admin), olm, {**WISH, "version": "1.0.0"}, api="v1")
        newest = {**WISH, "approval": "Automatic"}
        assert ran(Counted.of(admin, dry_run=True), olm, newest)["plan"] == [f"{PACKAGE}: unpin ClusterExtension {PACKAGE}"]
        assert ran(Counted.of(admin), olm, newest)["operators"][0]["version"] == "1.2.0"
        again = Counted.of(admin)
        assert (ran(again, olm, newest)["changed"], again.writes) == (False, [])
        assert changed(ran(Counted.of(admin), olm, {**WISH, "version": "1.2.0"})) == [f"updated ClusterExtension {PACKAGE}"]

    def test_the_other_olm_takes_its_crds_with_it(self, admin: Cluster, olm: Olm) -> None:
        wish = {**WISH, "version": "1.0.0", "operands": [{"api_version": "demo.example.com/v1", "kind": "Widget"}]}
        ran(Counted.of(admin), olm, wish, api="v1")
        seeded(admin, widget())
        cluster = Counted.of(admin)
        with pytest.raises(Refused, match="a ClusterExtension takes the CRDs of demo-operator with it"):
            ran(cluster, olm, wish, state="absent", remove_operands=True)
        assert cluster.writes == []
        ran(cluster, olm, wish, state="absent", **ALL)
        assert cluster.writes == ["DELETE one", f"DELETE {PACKAGE}"]


class OperatorTroubles(OperatorStories):
    """What ends in an error after a minute, which a real server would only make slower."""

    def test_a_plan_with_more_than_the_pin_is_not_approved(self, admin: Cluster, olm: Olm) -> None:
        olm.beside = ["other-operator.v2.0.0"]
        with pytest.raises(NotReady, match=r"has waited 6\d s for an InstallPlan of .* would also install other-operator.v2.0.0, which the inv"):
            ran(Counted.of(admin), olm)
        assert (olm.approvals, unapproved(admin), phases(admin)) == ([], ["install-00001"], {})

    def test_a_wrong_pin(self, admin: Cluster, olm: Olm) -> None:
        cluster, wrong = Counted.of(admin), {**WISH, "csv": csv_name("9.9.9")}
        with pytest.raises(Refused, match=f"channel stable of {PACKAGE} has no {PACKAGE}.v9.9.9; it has {V1}, {V2}, {V3}. Correct the pin"):
            ran(cluster, olm, wrong)
        assert cluster.writes == []
        known = manifest("1.0.0")["status"]
        olm.status(manifest("1.0.0"), **{**known, "channels": [{"name": "stable", "currentCSV": V1}]})  # an older OLM lists no versions
        with pytest.raises(NotReady, match=r"ResolutionFailed \(ConstraintsNotSatisfiable: .* no operators found with name demo-operator.v9.9.9"):
            ran(cluster, olm, wrong)
        assert (olm.approvals, phases(admin)) == ([], {})

    def test_a_version_that_fails(self, admin: Cluster, olm: Olm) -> None:
        olm.fails = "1.0.0"
        with pytest.raises(NotReady, match=rf"ClusterServiceVersion {V1} is Failed \(InstallCheckFailed: install timeout\). Mend it and run again.") as failed:
            ran(Counted.of(admin), olm)
        assert failed.value.facts["changed"]

    def test_a_bundle_that_cannot_be_unpacked_ends_the_run_at_once(self, admin: Cluster, olm: Olm) -> None:
        olm.unpack = "1.0.0"
        with pytest.raises(NotReady, match=r"its bundle could not be unpacked: BundleUnpackFailed \(DeadlineExceeded: "):
            ran(Counted.of(admin), olm)

    def test_a_catalogue_that_does_not_answer(self, admin: Cluster, olm: Olm) -> None:
        olm.status(source(), connectionState={"lastObservedState": "TRANSIENT_FAILURE"})
        cluster = Counted.of(admin)
        with pytest.raises(NotReady, match=f"CatalogSource {MARKET}/demo to be READY; it is TRANSIENT_FAILURE"):
            ran(cluster, olm)
        assert cluster.writes == []

    def test_a_catalogue_that_has_just_connected_is_given_time_to_offer_its_packages(self, admin: Cluster, olm: Olm) -> None:
        """OLM serves packages by another server than the one that calls a catalogue READY."""
        offered = manifest("1.0.0", "1.1.0", "1.2.0")
        admin.delete([Ref.of(offered)])
        olm.status(source(), connectionState={"lastObservedState": "READY", "lastConnect": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")})
        turn = olm.turn

        def later(passed: float = 0) -> None:
            if passed == 3.0:
                seeded(admin, offered)
            turn()

        olm.turn = later  # type: ignore[method-assign]
        assert ran(Counted.of(admin), olm)["operators"][0]["csv"] == V1

    @pytest.mark.parametrize(("connected", "looked"), [(timedelta(0), 60), (timedelta(minutes=-5), 0)], ids=["a moment ago", "long ago"])
    def test_a_package_that_never_comes_is_refused(self, admin: Cluster, olm: Olm, connected: timedelta, looked: float) -> None:
        admin.delete([Ref.of(manifest("1.0.0"))])
        at = (datetime.now(UTC) + connected).strftime("%Y-%m-%dT%H:%M:%SZ")
        olm.status(source(), connectionState={"lastObservedState": "READY", "lastConnect": at})
        cluster, clock = Counted.of(admin), Ticking()
        with pytest.raises(Refused, match=f"is ready, but no catalogue has a package {PACKAGE}. Correct its name."):
            reconcile(cluster, params([{**WISH, "csv": V1}]), clock)
        assert (cluster.writes, clock.passed) == ([], looked)
