# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module operators while a stand-in plays OLM, on the API server in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Permission
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Change, Ref
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.olm import (
    PACKAGE,
    SPACE,
    WIDGETS,
    Olm,
    catalog,
    definition,
    definitions,
    group,
    manifest,
    source,
    subscription,
    widget,
)
from ansible_collections.meshops.lifecycle.tests.unit.support.operator_stories import V1, WISH, OperatorTroubles, ran, seeded

CHART = {"name": "sail", "ref": "sail-operator", "repository": "https://charts.example.com"}
WIDGET = {"api_version": "demo.example.com/v1", "kind": "Widget"}


class TestInMemory(OperatorTroubles):
    @pytest.fixture
    def admin(self) -> FakeCluster:
        return FakeCluster(*definitions())


class Undoing(FakeCluster):
    """Somebody else undoes each write at once, as a policy engine does, and lets it stand from the write `until` on."""

    until, times = 99, 0

    def _undo(self, *manifests: dict[str, Any]) -> None:
        self.times += 1
        if self.times < self.until:
            seeded(self, *manifests)

    def apply(self, manifests: Iterable[Mapping[str, Any]], force: bool = False) -> list[Change]:
        changes = super().apply(manifests, force)
        if changes[0].ref.kind == "Subscription":
            self._undo(subscription(spec={"channel": "theirs"}))
        return changes

    def delete(self, refs: Iterable[Ref], wait: float = 0) -> list[Change]:
        changes = super().delete(refs, wait)
        if changes[0].ref.kind == "Widget":
            self._undo(widget())
        return changes


class TestWritesThatSomebodyUndoes:
    """Nothing waits between two writes, so without an end the run would write as fast as it can, for good."""

    @pytest.fixture
    def cluster(self) -> Undoing:
        return Undoing(*definitions(), source(), group(), manifest("1.0.0"), WIDGETS)

    def test_a_run_that_writes_in_vain_stops_and_says_so(self, cluster: Undoing) -> None:
        with pytest.raises(NotReady, match=rf"east: Subscription {SPACE}/{PACKAGE} was written 3 times, and it is still not .* Leave {PACKAGE} out") as failed:
            ran(cluster, None, {**WISH, "csv": V1})
        assert (cluster.times, failed.value.facts["changed"]) == (3, True)

    def test_a_run_that_deletes_in_vain_stops_too(self, cluster: Undoing) -> None:
        seeded(cluster, widget())
        with pytest.raises(NotReady, match=rf"east: Widget {SPACE}/one was deleted 3 times, and it is there again\. Somebody else undoes that"):
            ran(cluster, None, {**WISH, "csv": V1, "operands": [WIDGET]}, state="absent", remove_operands=True)
        assert cluster.times == 3

    def test_who_gives_way_is_no_reason_to_stop(self, cluster: Undoing) -> None:
        cluster.until = 3
        seeded(cluster, widget())
        assert ran(cluster, None, {**WISH, "csv": V1, "operands": [WIDGET]}, state="absent", remove_operands=True)["changed"]
        assert cluster.times == 3


class TestMeans:
    def test_without_olm_a_chart_is_left_to_helm(self) -> None:
        cluster = FakeCluster()
        done = ran(cluster, None, {**WISH, "version": "1.30.3", "chart": CHART, "deprecated": "Nobody needs it."})
        release = {"name": "sail", "namespace": SPACE, "chart": "sail-operator", "values": {}, "repository": "https://charts.example.com", "version": "1.30.3"}
        assert (done["releases"], done["changed"], cluster.writes) == ([release], False, [])
        assert done["notices"] == [f"{PACKAGE}: Nobody needs it."]

    def test_operands_go_before_a_chart_too(self) -> None:
        cluster = FakeCluster(definition("Widget", "demo.example.com/v1"), widget())
        wish = {**WISH, "version": "1.30.3", "chart": CHART, "operands": [WIDGET]}
        with pytest.raises(Refused, match="still works for Widget operators/one"):
            ran(cluster, None, wish, state="absent")
        done = ran(cluster, None, wish, state="absent", remove_operands=True)
        assert [one["name"] for one in done["releases"]] == ["sail"]
        assert [one.rpartition("/")[2] for one in cluster.writes] == ["one"]

    def test_crds_of_a_chart_go_only_by_name_and_who_names_none_is_told(self) -> None:
        cluster = FakeCluster(definition("Widget", "demo.example.com/v1"))
        wish = {**WISH, "version": "1.30.3", "chart": CHART, "operands": [WIDGET]}
        told = ran(cluster, None, wish, state="absent", remove_crds=True)
        said = f"{PACKAGE}: no chart says which CRDs it brings, so they stay. To remove them too, name them in crds."
        assert (told["notices"], told["changed"]) == ([said], False)
        assert ran(cluster, None, wish, state="absent")["notices"] == []
        gone = ran(cluster, None, {**wish, "crds": ["widgets.demo.example.com"]}, state="absent", remove_crds=True)
        assert (gone["notices"], gone["changed"]) == ([], True)

    def test_operands_of_another_version_than_the_inventory_names_are_seen(self) -> None:
        newer = definition("Widget", "demo.example.com/v2")
        newer["metadata"]["labels"] = {f"operators.coreos.com/{PACKAGE}.{SPACE}": ""}
        one = {**widget(), "apiVersion": "demo.example.com/v2"}
        cluster = FakeCluster(newer, one)
        wish = {**WISH, "version": "1.30.3", "chart": CHART, "operands": [WIDGET]}
        with pytest.raises(Refused, match="still works for Widget operators/one"):
            ran(cluster, None, wish, state="absent")
        ran(cluster, None, wish, state="absent", remove_operands=True)
        assert cluster.list("demo.example.com/v2", "Widget") == []

    @pytest.mark.parametrize(("api", "says"), [
        ("auto", "the cluster serves neither Subscriptions nor ClusterExtensions, and there is no chart for it"),
        ("v0", "the API server has no Subscription, so OLM v0 is not there"),
        ("v1", "the API server has no ClusterExtension, so OLM v1 is not there"),
        ("chart", "the inventory has no chart for it"),
    ])  # fmt: skip
    def test_a_means_that_is_not_there(self, api: str, says: str) -> None:
        with pytest.raises(Refused, match=says):
            ran(FakeCluster(), None, {**WISH, "version": "1.0.0"}, api=api)

    def test_a_cluster_with_the_newer_olm_alone_uses_it(self) -> None:
        kinds = [definition(kind, "olm.operatorframework.io/v1", namespaced=False) for kind in ("ClusterExtension", "ClusterCatalog")]
        cluster = FakeCluster(*kinds, catalog())
        assert ran(cluster, Olm(cluster), {**WISH, "version": "1.0.0"})["operators"][0]["api"] == "v1"

    def test_a_package_that_stands_twice(self) -> None:
        with pytest.raises(Refused, match=f"the package {PACKAGE} stands in the set twice"):
            ran(FakeCluster(*definitions(), source(), group()), None, *[{**WISH, "csv": "demo-operator.v1.0.0"}] * 2)

    def test_the_next_package_begins_after_the_one_before(self) -> None:
        """OLM puts what is wanted at one time into one InstallPlan, and an order would be lost."""
        offered = [manifest("1.0.0", name=name) for name in ("one", "two")]
        admin = FakeCluster(*definitions(), source(), group(), *offered)
        olms = [Olm(admin, package=name, versions=("1.0.0",)) for name in ("one", "two")]

        def turn() -> None:
            for olm in olms:
                olm.turn()

        both = Olm(admin)
        both.turn = lambda _passed=0: turn()  # type: ignore[method-assign,misc]
        wishes = [{**WISH, "name": name, "csv": f"{name}.v1.0.0", "version": None} for name in ("one", "two")]
        changes = [one["object"] for one in ran(admin, both, *wishes)["changes"]]
        assert changes == [f"Subscription {SPACE}/one", f"InstallPlan {SPACE}/install-one-1", f"Subscription {SPACE}/two", f"InstallPlan {SPACE}/install-two-1"]


class TestRights:
    def test_what_is_missing_is_said_before_the_first_write(self) -> None:
        approve = Permission("patch", "operators.coreos.com", "installplans", SPACE)
        cluster = FakeCluster(*definitions(), source(), manifest("1.0.0"), refuses=[Permission("create", "", "namespaces"), approve])
        with pytest.raises(Refused) as refused:
            ran(cluster, None, {**WISH, "csv": "demo-operator.v1.0.0"})
        assert str(refused.value) == (
            f"east: {PACKAGE}: the credential may not create namespaces in all namespaces, patch installplans.operators.coreos.com in namespace {SPACE}. "
            "Grant these rights, as docs/rbac.yml does, or use another credential."
        )
        assert [line for line in cluster.writes if "selfsubjectaccessreviews" not in line] == []

    @pytest.mark.parametrize("crds", [False, True])
    def test_objects_that_are_no_operands_are_listed_only_if_their_crds_are_to_go(self, crds: bool) -> None:
        """The CRDs of an operator may have objects that a credential for removals may not list."""
        kinds = [definition(kind, "demo.example.com/v1") for kind in ("Widget", "Gadget")]
        for one in kinds:
            one["metadata"]["labels"] = {f"operators.coreos.com/{PACKAGE}.{SPACE}": ""}
        cluster = FakeCluster(*definitions(), *kinds)
        ran(cluster, None, {**WISH, "csv": "demo-operator.v1.0.0", "operands": [WIDGET]}, state="absent", remove_crds=crds)
        listed = {request.rpartition("/")[2] for request in cluster.transport.requests if request.startswith("GET /apis/demo.example.com/v1/")}
        assert listed == ({"widgets", "gadgets"} if crds else {"widgets"})

    def test_no_right_is_asked_for_that_the_run_does_not_need(self) -> None:
        """A chart is Helm's, and with automatic approval nobody approves."""
        cluster = FakeCluster(*definitions(), refuses=[Permission("patch", "operators.coreos.com", "installplans", SPACE)])
        ran(cluster, None, {**WISH, "version": "1.30.3", "chart": CHART}, api="chart")
        assert not [line for line in cluster.transport.requests if "selfsubjectaccessreviews" in line]
