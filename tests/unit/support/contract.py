# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every Cluster must do, on the API server in memory and on a real one.

A test class inherits from it and gives the fixtures `cluster` and `checking`: the same API server, the second in check
mode. Each test has a namespace of its own.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster, Permission
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import (
    Conflict,
    MeshError,
    NotReady,
    Outdated,
    Refused,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.condition import Condition

_NUMBERS = itertools.count(1)
APPLY = "application/apply-patch+yaml"
HOOKS = "admissionregistration.k8s.io/v1"


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def config_map(place: str, name: str = "settings", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": place}, "data": data}


def secret(place: str, **plain: str) -> dict[str, Any]:
    meta = {"name": "key", "namespace": place}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "stringData": plain}


def crd(group: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def widget(group: str, place: str, size: int = 1) -> dict[str, Any]:
    meta = {"name": "one", "namespace": place}
    return {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": meta, "spec": {"size": size}}


def webhook(name: str, revision: str) -> dict[str, Any]:
    return {
        "name": name, "clientConfig": {"service": {"name": revision, "namespace": "none", "path": "/inject", "port": 443}}, "sideEffects": "None",
        "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore", "namespaceSelector": {"matchLabels": {"none": "none"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*"}],
    }  # fmt: skip


def pod(place: str) -> dict[str, Any]:
    """Nothing runs it, so it is gone as soon as it is deleted."""
    meta = {"name": "one", "namespace": place, "labels": {"app": "one"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "main", "image": "nothing"}]}}


def version_of(cluster: Cluster, manifest: dict[str, Any]) -> str:
    live = cluster.get(Ref.of(manifest))
    assert live is not None
    return str(live["metadata"]["resourceVersion"])


def as_somebody_else(cluster: Cluster, manifest: dict[str, Any]) -> None:
    """What a colleague does with kubectl apply --server-side."""
    ref = Ref.of(manifest)
    kind = cluster._server.discovery.find(ref.api_version, ref.kind)
    assert kind
    query = {"fieldManager": "colleague", "force": "true"}
    answer = cluster._server.transport.request("PATCH", kind.path(ref.namespace, ref.name), query, manifest, content_type=APPLY)
    assert answer.ok


class Contract:
    @pytest.fixture
    def place(self, cluster: Cluster) -> str:
        name = f"contract-{next(_NUMBERS)}"
        cluster.apply([namespace(name)])
        return name

    @pytest.fixture
    def group(self) -> str:
        return f"g{next(_NUMBERS)}.example.com"

    @pytest.fixture
    def actions(self) -> Callable[[Cluster, list[dict[str, Any]]], list[str]]:
        return lambda cluster, manifests: [change.action for change in cluster.apply(manifests)]

    def test_a_new_object_is_created_and_then_left_alone(self, cluster, place, actions):
        wish = config_map(place, a="1")
        assert actions(cluster, [wish]) == ["created"]
        before = version_of(cluster, wish)
        assert actions(cluster, [wish]) == ["unchanged"]
        assert version_of(cluster, wish) == before

    def test_the_wish_is_not_touched(self, cluster, place, actions):
        wish = secret(place, token="abc")
        kept = copy.deepcopy(wish)
        actions(cluster, [wish])
        assert wish == kept

    def test_changes_come_in_the_order_of_the_manifests(self, cluster, actions):
        place = f"contract-{next(_NUMBERS)}"
        wishes = [config_map(place, a="1"), namespace(place)]
        assert [change.ref for change in cluster.apply(wishes)] == [Ref.of(wish) for wish in wishes]

    def test_a_change_is_made_and_shown(self, cluster, place):
        cluster.apply([config_map(place, a="1")])
        (change,) = cluster.apply([config_map(place, a="2")])
        assert change.action == "updated"
        assert (change.before["data"], change.after["data"]) == ({"a": "1"}, {"a": "2"})

    def test_a_key_that_left_the_wish_leaves_the_object(self, cluster, place, actions):
        cluster.apply([config_map(place, a="1", b="2")])
        assert actions(cluster, [config_map(place, a="1")]) == ["updated"]
        assert cluster.get(Ref.of(config_map(place)))["data"] == {"a": "1"}
        assert actions(cluster, [config_map(place, a="1")]) == ["unchanged"]

    def test_a_key_of_somebody_else_stays(self, cluster, place, actions):
        cluster.apply([config_map(place, a="1")])
        as_somebody_else(cluster, config_map(place, b="2"))
        assert actions(cluster, [config_map(place, a="1")]) == ["unchanged"]
        assert actions(cluster, [config_map(place, a="3")]) == ["updated"]
        assert cluster.get(Ref.of(config_map(place)))["data"] == {"a": "3", "b": "2"}

    def test_a_field_of_somebody_else_is_a_conflict_that_names_both(self, cluster, place):
        as_somebody_else(cluster, config_map(place, a="1"))
        with pytest.raises(Conflict, match=rf"ConfigMap {place}/settings: \.data\.a belongs to colleague"):
            cluster.apply([config_map(place, a="2")])
        assert [change.action for change in cluster.apply([config_map(place, a="2")], force=True)] == ["updated"]

    def test_check_mode_says_the_same_and_stores_nothing(self, cluster, checking, place, actions):
        wish = config_map(place, a="1")
        assert actions(checking, [wish]) == ["created"]
        assert cluster.get(Ref.of(wish)) is None
        cluster.apply([wish])
        before = version_of(cluster, wish)
        assert actions(checking, [wish]) == ["unchanged"]
        (change,) = checking.apply([config_map(place, b="1")])
        assert (change.action, change.after["data"]) == ("updated", {"b": "1"})
        assert version_of(cluster, wish) == before

    def test_check_mode_before_the_namespace_exists(self, checking, actions):
        place = f"contract-{next(_NUMBERS)}"
        assert actions(checking, [namespace(place), config_map(place, a="1")]) == ["created", "created"]
        assert actions(checking, [config_map(place, a="1")]) == ["created"]
        assert checking.create(config_map(place, a="1")).action == "created"

    def test_check_mode_before_the_definition_exists(self, checking, place, group, actions):
        assert actions(checking, [crd(group), widget(group, place)]) == ["created", "created"]
        assert actions(checking, [widget(group, place)]) == ["created"]

    def test_a_definition_and_its_objects_in_one_set(self, cluster, checking, place, group, actions):
        wishes = [widget(group, place), crd(group)]
        assert actions(cluster, wishes) == ["created", "created"]
        assert actions(cluster, wishes) == ["unchanged", "unchanged"]
        assert actions(checking, [widget(group, place, size=2), crd(group)]) == ["updated", "unchanged"]
        assert actions(cluster, [widget(group, place, size=2)]) == ["updated"]
        deleted = cluster.delete([Ref.of(wish) for wish in wishes], wait=30)
        assert [change.action for change in deleted] == ["deleted", "deleted"]

    def test_plain_text_of_a_secret_is_stored_and_compared(self, cluster, place, actions):
        assert actions(cluster, [secret(place, token="abc")]) == ["created"]
        assert cluster.get(Ref.of(secret(place)))["data"] == {"token": "YWJj"}
        assert actions(cluster, [secret(place, token="abc")]) == ["unchanged"]
        assert actions(cluster, [secret(place, token="abd")]) == ["updated"]

    def test_an_unknown_field_is_an_error(self, cluster, checking, place):
        for each in (cluster, checking):
            with pytest.raises(MeshError, match=rf"ConfigMap {place}/settings: .*\.dta: field not declared"):
                each.apply([{**config_map(place, a="1"), "dta": {}}])

    @pytest.mark.parametrize("wishes", [
        pytest.param(lambda place: [config_map(place), config_map(place)], id="twice"),
        pytest.param(lambda place: [config_map(place), widget("nowhere.example.com", place)], id="not served"),
        pytest.param(lambda place: [config_map(place), config_map("")], id="no namespace"),
        pytest.param(lambda place: [config_map(place), {"kind": "ConfigMap"}], id="no name"),
    ])  # fmt: skip
    def test_a_wrong_set_is_refused_before_the_first_write(self, cluster, place, wishes):
        with pytest.raises(Refused):
            cluster.apply(wishes(place))
        assert cluster.get(Ref.of(config_map(place))) is None

    @pytest.mark.parametrize("name", ["", "..", "../secrets/key", "a/b", "a%2fb"])
    def test_a_name_is_one_step_of_a_path(self, cluster, place, name):
        cluster.apply([secret(place, token="abc")])
        wrong = config_map(place, name)
        for verb in (cluster.get, lambda ref: cluster.delete([ref]), lambda _ref: cluster.create(wrong), lambda _ref: cluster.apply([wrong])):
            with pytest.raises(Refused):
                verb(Ref.of(wrong))
        assert cluster.get(Ref.of(secret(place)))

    def test_a_missing_namespace_is_named(self, cluster):
        with pytest.raises(MeshError, match='namespaces "nowhere" not found'):
            cluster.apply([config_map("nowhere", a="1")])

    def test_of_two_that_create_one_wins(self, cluster, checking, place):
        assert checking.create(config_map(place, a="1")).action == "created"
        assert cluster.create(config_map(place, a="1")).action == "created"
        assert cluster.create(config_map(place, a="2")) is None
        assert checking.create(config_map(place, a="2")) is None
        assert cluster.get(Ref.of(config_map(place)))["data"] == {"a": "1"}

    def test_what_was_created_can_be_applied_later(self, cluster, checking, place, actions):
        cluster.create(config_map(place, a="1", b="2"))
        assert actions(checking, [config_map(place, a="3")]) == ["updated"]
        assert actions(cluster, [config_map(place, a="3")]) == ["updated"]
        assert cluster.get(Ref.of(config_map(place)))["data"] == {"a": "3"}
        assert actions(cluster, [config_map(place, a="3")]) == ["unchanged"]

    def test_only_what_was_read_is_replaced(self, cluster, checking, place):
        cluster.create(config_map(place, a="1"))
        read = cluster.get(Ref.of(config_map(place)))
        wish = {**read, "data": {"a": "2"}}
        assert checking.replace(wish)["data"] == {"a": "2"}
        assert cluster.replace(wish)["data"] == {"a": "2"}
        assert cluster.replace({**read, "data": {"a": "3"}}) is None
        assert checking.replace({**read, "data": {"a": "3"}}) is None
        assert cluster.get(Ref.of(config_map(place)))["data"] == {"a": "2"}
        cluster.delete([Ref.of(wish)])
        assert cluster.replace(wish) is None
        cluster.create(config_map(place, a="1"))
        assert cluster.replace(wish) is None
        with pytest.raises(Refused, match="was not read from this cluster"):
            cluster.replace(config_map(place, a="4"))

    def test_what_we_applied_is_still_applied_by_us_after_it_was_replaced(self, cluster, checking, place, actions):
        """Otherwise the next apply of the same values would take the fields back, and call that a change."""
        hooks = [webhook(name, "blue") for name in (f"b.{place}.example.com", f"a.{place}.example.com")]
        wish = {"apiVersion": HOOKS, "kind": "MutatingWebhookConfiguration", "metadata": {"name": place, "labels": {"rev": "blue"}}, "webhooks": hooks}
        cluster.apply([wish])
        as_somebody_else(cluster, {"apiVersion": HOOKS, "kind": wish["kind"], "metadata": {"name": place, "labels": {"theirs": "1"}}})
        read = cluster.get(Ref.of(wish))
        led = copy.deepcopy(read)
        led["metadata"]["labels"]["rev"] = "green"
        for each in led["webhooks"]:
            each["clientConfig"]["service"]["name"] = "green"
        assert checking.replace(led, read)["metadata"]["labels"]["rev"] == "green"
        after = cluster.replace(led, read)
        assert after["metadata"]["labels"] == {"rev": "green", "theirs": "1"}
        assert [each["name"] for each in after["webhooks"]] == [each["name"] for each in hooks]
        assert {each["clientConfig"]["service"]["name"] for each in after["webhooks"]} == {"green"}
        again = {**wish, "metadata": {"name": place, "labels": {"rev": "green"}}, "webhooks": [webhook(each["name"], "green") for each in hooks]}
        assert actions(cluster, [again]) == ["unchanged"]
        red = {**led, "metadata": {**led["metadata"], "labels": {**led["metadata"]["labels"], "rev": "red"}}}
        assert cluster.replace(red, read) is None
        cluster.delete([Ref.of(wish)])
        assert (cluster.replace(red, read), cluster.get(Ref.of(wish))) == (None, None)
        cluster.apply([wish])
        assert cluster.replace(red, read) is None
        assert cluster.get(Ref.of(wish))["metadata"]["labels"] == {"rev": "blue"}
        cluster.delete([Ref.of(wish)])

    def test_to_take_over_our_own_field_is_no_change(self, cluster, checking, place, actions):
        wish = config_map(place, a="1", b="2")
        cluster.apply([wish])
        for value in ("3", "1"):
            cluster.amend(cluster.get(Ref.of(wish)), {"data": {"a": value}})
        assert (actions(checking, [wish]), actions(cluster, [wish])) == (["unchanged"], ["unchanged"])

    def test_what_we_patched_we_may_apply_otherwise(self, cluster, checking, place, actions):
        """An API server takes whoever patches for another manager than who applies. What somebody else wrote since stays a conflict."""
        cluster.apply([config_map(place, a="1", b="1")])
        cluster.amend(cluster.get(Ref.of(config_map(place))), {"data": {"a": "2"}})
        wish = config_map(place, a="3", b="1")
        assert (actions(checking, [wish]), actions(cluster, [wish]), actions(cluster, [wish])) == (["updated"], ["updated"], ["unchanged"])
        assert cluster.get(Ref.of(wish))["data"] == {"a": "3", "b": "1"}
        cluster.amend(cluster.get(Ref.of(wish)), {"data": {"a": "4"}})
        as_somebody_else(cluster, config_map(place, b="2"))
        with pytest.raises(MeshError, match="belongs to colleague"):
            cluster.apply([config_map(place, a="5", b="5")])
        assert cluster.get(Ref.of(wish))["data"] == {"a": "4", "b": "2"}

    def test_what_we_added_to_an_object_of_others_is_no_patch_of_ours(self, cluster, checking, place):
        """The sidecar of a workload, for example: an apply of the workload without it, or with another one, may not take it over."""
        cluster.apply_part([config_map(place, p="1")], "meshops.lifecycle/parts")
        for one in (checking, cluster):
            with pytest.raises(MeshError, match="data.p belongs to meshops.lifecycle/parts"):
                one.apply([config_map(place, p="2", a="1")])
        assert cluster.get(Ref.of(config_map(place)))["data"] == {"p": "1"}

    def test_to_take_over_the_field_of_somebody_else_is_a_change(self, cluster, place):
        wish = config_map(place, a="1", b="2")
        cluster.apply([config_map(place, b="2")])
        as_somebody_else(cluster, config_map(place, a="1"))
        assert [change.action for change in cluster.apply([wish], force=True)] == ["updated"]

    def test_what_others_own_is_replaced_as_a_whole(self, cluster, place):
        cluster.apply([config_map(place, a="1")])
        as_somebody_else(cluster, config_map(place, b="2"))
        read = cluster.get(Ref.of(config_map(place)))
        assert cluster.replace({**read, "data": {"a": "3", "b": "4"}}, read)["data"] == {"a": "3", "b": "4"}

    def test_what_was_read_is_amended_in_one_step(self, cluster, checking, place):
        cluster.apply([config_map(place, a="1", b="2")])
        read = cluster.get(Ref.of(config_map(place)))
        patch = {"metadata": {"annotations": {"note": "x"}}, "data": {"a": "3", "b": None}}
        assert checking.amend(read, patch).action == "updated"
        assert cluster.get(Ref.of(config_map(place))) == read
        assert cluster.amend(read, patch).action == "updated"
        live = cluster.get(Ref.of(config_map(place)))
        assert live["data"] == {"a": "3"}
        assert live["metadata"]["annotations"]["note"] == "x"
        # An answer was lost and the request came twice: what it wanted is there.
        assert cluster.amend(read, patch).action == "updated"
        assert cluster.amend(live, patch).action == "unchanged"
        assert version_of(cluster, config_map(place)) == live["metadata"]["resourceVersion"]

    def test_what_somebody_else_wrote_since_is_not_amended(self, cluster, place):
        cluster.apply([config_map(place, a="1")])
        read = cluster.get(Ref.of(config_map(place)))
        as_somebody_else(cluster, config_map(place, c="1"))
        with pytest.raises(Refused, match="settings has changed since it was read, so it was not written"):
            cluster.amend(read, {"data": {"a": "3"}})
        # Where only the object matters, and not what else is in it.
        assert cluster.amend(read, {"data": {"a": "4"}}, exact=False).action == "updated"
        assert cluster.get(Ref.of(config_map(place)))["data"] == {"a": "4", "c": "1"}

    def test_a_status_that_was_reported_since_is_no_reason_to_leave_it(self, cluster, place):
        cluster.apply([namespace(place), pod(place)])
        read = cluster.get(Ref.of(pod(place)))
        path, running = f"/api/v1/namespaces/{place}/pods/one/status", {"status": {"phase": "Running"}}
        cluster._server.transport.request("PATCH", path, {"fieldManager": "kubelet"}, running, content_type="application/merge-patch+json")
        assert version_of(cluster, pod(place)) != read["metadata"]["resourceVersion"]
        assert cluster.amend(read, {"metadata": {"labels": {"colour": "green"}}}).action == "updated"
        live = cluster.get(Ref.of(pod(place)))
        assert (live["metadata"]["labels"]["colour"], live["status"]["phase"]) == ("green", "Running")
        with pytest.raises(Outdated, match="Pod .*/one has changed since it was read, so it was not written"):
            cluster.amend(read, {"metadata": {"labels": {"colour": "blue"}}})

    def test_another_object_of_that_name_is_not_amended(self, cluster, place):
        cluster.apply([config_map(place, a="1")])
        read = cluster.get(Ref.of(config_map(place)))
        cluster.delete([Ref.of(config_map(place))])
        cluster.apply([config_map(place, a="1")])
        with pytest.raises(Refused, match="has changed since it was read"):
            cluster.amend(read, {"data": {"a": "3"}}, exact=False)

    def test_deleted_once(self, cluster, checking, place):
        wish = config_map(place, a="1")
        cluster.apply([wish])
        assert [change.action for change in checking.delete([Ref.of(wish)], wait=5)] == ["deleted"]
        assert cluster.get(Ref.of(wish))
        assert [change.action for change in cluster.delete([Ref.of(wish)], wait=5)] == ["deleted"]
        assert [change.action for change in cluster.delete([Ref.of(wish)], wait=5)] == ["unchanged"]
        assert [change.action for change in checking.delete([Ref.of(wish)])] == ["unchanged"]

    def test_what_is_not_served_needs_no_deletion(self, cluster, place):
        (change,) = cluster.delete([Ref.of(widget("nowhere.example.com", place))], wait=5)
        assert change.action == "unchanged"

    def test_a_finalizer_that_holds_an_object_is_named(self, cluster, place):
        wish = config_map(place, a="1")
        wish["metadata"]["finalizers"] = ["example.com/hold"]
        cluster.apply([wish])
        with pytest.raises(NotReady, match=rf"ConfigMap {place}/settings: its deletion waits for example.com/hold"):
            cluster.delete([Ref.of(wish)], wait=0.3)
        assert [change.action for change in cluster.delete([Ref.of(wish)])] == ["unchanged"]

    def test_a_pod_is_evicted_once_and_no_other_one_of_its_name(self, cluster, checking, place):
        cluster.apply([namespace(place), pod(place)])
        ref = Ref("v1", "Pod", "one", place)
        read = cluster.get(ref)
        assert checking.evict(read).action == "deleted"
        assert cluster.get(ref)
        assert cluster.evict(read).action == "deleted"
        assert cluster.get(ref) is None
        cluster.apply([pod(place)])
        assert [cluster.evict(read).action, bool(cluster.get(ref))] == ["unchanged", True]

    def test_a_pod_is_not_evicted_while_its_budget_forbids_it(self, cluster, place):
        selector = {"matchLabels": {"app": "one"}}
        budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "all", "namespace": place}, "spec": {"selector": selector}}
        cluster.apply([namespace(place), pod(place), {**budget, "spec": {"minAvailable": 1, **budget["spec"]}}])
        path, ready = f"/api/v1/namespaces/{place}/pods/one/status", {"status": {"phase": "Running"}}
        cluster._server.transport.request("PATCH", path, {"fieldManager": "kubelet"}, ready, content_type="application/merge-patch+json")
        ref = Ref("v1", "Pod", "one", place)
        assert cluster.evict(cluster.get(ref)) is None
        assert cluster.get(ref)

    def test_reading(self, cluster, place):
        one, two = config_map(place, "one", a="1"), config_map(place, "two", a="1")
        two["metadata"]["labels"] = {"colour": "red"}
        cluster.apply([one, two])
        assert cluster.get(Ref.of(config_map(place, "three"))) is None
        assert cluster.get(Ref.of(widget("nowhere.example.com", place))) is None
        assert cluster.list("nowhere.example.com/v1", "Widget") == []
        names = {live["metadata"]["name"] for live in cluster.list("v1", "ConfigMap", place)}
        assert {"one", "two"} <= names
        red = cluster.list("v1", "ConfigMap", place, labels={"colour": "red"})
        assert [(live["kind"], live["metadata"]["name"]) for live in red] == [("ConfigMap", "two")]
        assert cluster.serves("v1", "ConfigMap")
        assert not cluster.serves("nowhere.example.com/v1", "Widget")

    @pytest.mark.parametrize(
        ("selector", "found"),
        [
            ("", ["blue", "plain", "red"]),
            ("colour=red", ["red"]),
            ("colour in (red,blue)", ["blue", "red"]),
            ("colour", ["blue", "red"]),
            ("colour in (red,blue),size=1", ["blue"]),
            ("size=1,colour", ["blue"]),
            ("colour=green", []),
        ],
    )
    def test_selecting_by_labels(self, cluster, place, selector, found):
        labels = {"plain": {}, "red": {"colour": "red"}, "blue": {"colour": "blue", "size": "1"}}
        wishes = [{**config_map(place, name), "metadata": {"name": name, "namespace": place, "labels": given}} for name, given in labels.items()]
        cluster.apply([namespace(place), *wishes])
        listed = [live["metadata"]["name"] for live in cluster.list("v1", "ConfigMap", place, labels=selector)]
        assert sorted(name for name in listed if name != "kube-root-ca.crt") == found

    def test_what_is_not_needed_is_left_out_of_a_list(self, cluster, place):
        cluster.apply([namespace(place), config_map(place, "settings", a="1", b="2")])
        paths = ("data.b", "data.c", "nothing.at.all", "metadata.managedFields")
        (seen,) = [live for live in cluster.list("v1", "ConfigMap", place, without=paths) if live["metadata"]["name"] == "settings"]
        assert (seen["data"], "managedFields" in seen["metadata"]) == ({"a": "1"}, False)
        assert cluster.get(Ref("v1", "ConfigMap", "settings", place))["data"] == {"a": "1", "b": "2"}

    def test_waiting_ends_when_all_is_there_or_says_what_is_not(self, cluster, checking, place):
        wish = config_map(place, a="1")
        cluster.apply([wish])
        met = [Condition(Ref.of(wish)), Condition(Ref.of(wish), "field", path="data.a", value="1")]
        cluster.settle(met, 5)
        late = [*met, Condition(Ref.of(wish), "field", path="data.a", value="2")]
        with pytest.raises(NotReady, match=rf"ConfigMap {place}/settings: data.a is 1, not 2"):
            cluster.settle(late, 0.3)
        checking.settle(late, 5)

    def test_who_it_is_and_what_we_may(self, cluster):
        kube_system = cluster.get(Ref("v1", "Namespace", "kube-system"))
        identity = cluster.identity()
        assert identity.uid == kube_system["metadata"]["uid"]
        assert identity.version.startswith("v1.")
        assert abs(identity.skew) < 3
        assert not identity.openshift
        assert cluster.denied([Permission("create", "", "secrets", "default"), Permission("get", "", "pods/log")]) == []
