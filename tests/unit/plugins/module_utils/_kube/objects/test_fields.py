# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a write would change anything, with managedFields in the forms that API servers write."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects import fields

PORTS = 'k:{"containerPort":%d,"protocol":"TCP"}'


def owned(live, tree, operation="Apply"):
    entry = {"manager": fields.MANAGER, "operation": operation, "apiVersion": live["apiVersion"], "fieldsV1": tree}
    return {**live, "metadata": {**live["metadata"], "managedFields": [entry]}}


def thing(**spec):
    return {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a", "namespace": "b"}, "spec": spec}


def owner(**tree):
    return {"f:spec": {f"f:{key}": value for key, value in tree.items()}}


def port(number):
    return {".": {}, "f:containerPort": {}, "f:protocol": {}} if number > 99 else {".": {}, "f:containerPort": {}}


@pytest.mark.parametrize(("wish", "live", "tree", "expected"), [
    pytest.param(thing(a=1), thing(a=1, b=2), owner(a={}), True, id="others may add fields"),
    pytest.param(thing(a=1), thing(a=2), owner(a={}), False, id="another value"),
    pytest.param(thing(a=1), thing(a=1, b=2), owner(a={}, b={}), False, id="a field left the wish"),
    pytest.param(thing(a=1, b=2), thing(a=1, b=2), owner(a={}), False, id="a value that is there but not ours"),
    pytest.param(thing(a=[1, 2]), thing(a=[1, 2]), owner(a={}), True, id="a list owned as a whole"),
    pytest.param(thing(a={}), thing(a={}), owner(a={}), True, id="an empty map"),
    pytest.param(thing(a={}), thing(a={"x": 1}), owner(a={}), False, id="an empty map that was filled"),
    pytest.param(thing(a={"x": 1}), thing(a={"x": 1}), owner(a={".": {}, "f:x": {}}), True, id="the map itself too"),
    pytest.param(thing(a=["x", "y"]), thing(a=["x", "y", "z"]), owner(a={'v:"x"': {}, 'v:"y"': {}}), True, id="a set"),
    pytest.param(thing(a=["y", "x"]), thing(a=["x", "y"]), owner(a={'v:"x"': {}, 'v:"y"': {}}), False, id="its order"),
    pytest.param(thing(a=["x"]), thing(a=["x", "y"]), owner(a={'v:"x"': {}, 'v:"y"': {}}), False, id="one left it"),
    pytest.param(thing(a=None), thing(), owner(a={}), True, id="null that is not stored"),
    pytest.param(thing(a=[], b=False), thing(), owner(a={}, b={}), True, id="nothing that is not stored"),
    pytest.param(thing(a=[]), thing(), {"f:spec": {}}, False, id="nothing that was taken away"),
    pytest.param(thing(a=[]), thing(a=["x"]), owner(a={}), False, id="nothing where there is something"),
    pytest.param(thing(a=1), thing(), owner(a={}), False, id="something where there is nothing"),
])  # fmt: skip
def test_maps_and_lists(wish, live, tree, expected):
    assert fields.settled(wish, owned(live, tree)) is expected


@pytest.mark.parametrize(("wished", "expected"), [
    pytest.param([{"containerPort": 80}], True, id="a key that was defaulted"),
    pytest.param([{"containerPort": 80, "protocol": "TCP"}], False, id="which the wish says now"),
    pytest.param([{"containerPort": 81}], False, id="another key"),
    pytest.param([{"containerPort": 80, "name": "web"}], False, id="one more field"),
    pytest.param([{"containerPort": 80}, {"containerPort": 81}], False, id="one more item"),
    pytest.param([], False, id="none"),
    pytest.param(["http"], False, id="no map"),
])  # fmt: skip
def test_lists_that_are_merged_by_key(wished, expected):
    live = thing(ports=[{"containerPort": 443, "protocol": "TCP"}, {"containerPort": 80, "protocol": "TCP"}])
    assert fields.settled(thing(ports=wished), owned(live, owner(ports={PORTS % 80: port(80)}))) is expected


def test_the_order_of_merged_lists_counts():
    live = owned(
        thing(ports=[{"containerPort": number, "protocol": "TCP"} for number in (80, 81)]),
        owner(ports={PORTS % 80: port(80), PORTS % 81: port(81)}),
    )
    assert fields.settled(thing(ports=[{"containerPort": 80}, {"containerPort": 81}]), live)
    assert not fields.settled(thing(ports=[{"containerPort": 81}, {"containerPort": 80}]), live)


def test_who_owns_nothing_has_nothing_to_write():
    bare = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}
    assert fields.settled(bare, bare)
    assert not fields.settled({**bare, "metadata": {"name": "x", "labels": {"a": "b"}}}, bare)
    assert not fields.settled(bare, owned(bare, {"f:metadata": {"f:labels": {"f:a": {}}}}))
    assert not fields.settled(bare, owned(bare, {}, operation="Update"))


def test_another_version_of_the_api_is_for_the_server_to_judge():
    live = owned(thing(a=1), owner(a={}))
    assert not fields.settled({**thing(a=1), "apiVersion": "v2"}, live)


def test_a_wish_is_sent_without_what_only_the_server_may_say():
    given = {
        **thing(a=1),
        "metadata": {"name": "a", "creationTimestamp": None, "managedFields": [{}], "labels": {"x": "y"}},
        "status": {"ready": True},
    }
    kept = copy.deepcopy(given)
    assert fields.normal(given) == {**thing(a=1), "metadata": {"name": "a", "labels": {"x": "y"}}}
    assert fields.normal(given, has_status=False)["status"] == {"ready": True}
    assert given == kept


def test_a_write_that_only_met_a_moving_status_changed_nothing():
    before = owned({**thing(a=1), "status": {"n": 1}}, owner(a={}))
    after = copy.deepcopy(before)
    after["metadata"]["resourceVersion"], after["status"] = "2", {"n": 2}
    assert not fields.changed(before, after)
    after["spec"]["a"] = 2
    assert fields.changed(before, after)
    assert fields.changed(before, owned(before, owner(a={}, b={})))


def test_adoption_is_only_for_what_was_created_and_never_applied():
    created = owned(thing(a=1), owner(a={}), operation="Update")
    assert fields.adoption(created)[1]["path"] == "/metadata/managedFields/0/operation"
    assert fields.adoption(thing(a=1)) is None
    both = copy.deepcopy(created)
    both["metadata"]["managedFields"] += owned(thing(a=1), owner(a={}))["metadata"]["managedFields"]
    assert fields.adoption(both) is None


def resources(memory, api_version="apps/v1", within="requests"):
    return {**thing(**{within: {"memory": memory}}), "apiVersion": api_version}


@pytest.mark.parametrize(("wish", "live", "expected"), [
    pytest.param(resources("2048Mi"), resources("2Gi"), True, id="binary"),
    pytest.param(resources(0.5), resources("500m"), True, id="a number"),
    pytest.param(resources("1e3"), resources("1k"), True, id="an exponent"),
    pytest.param(resources("2G"), resources("2Gi"), False, id="another amount"),
    pytest.param(resources("0.0000000001"), resources("1n"), False, id="what the server rounds"),
    pytest.param(resources(True), resources("1"), False, id="no number"),
    pytest.param(resources("much"), resources("much"), True, id="no quantity"),
    pytest.param(resources("2048Mi", "example.com/v1"), resources("2Gi", "example.com/v1"), False, id="of a custom resource"),
    pytest.param(resources("2048Mi", within="data"), resources("2Gi", within="data"), False, id="a text"),
])  # fmt: skip
def test_quantities_are_compared_by_amount(wish, live, expected):
    (within,) = wish["spec"]
    assert fields.settled(wish, owned(live, owner(**{within: {"f:memory": {}}}))) is expected


def autoscaler(value, kind="Resource"):
    metric = {"type": kind, "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": value}}}
    return {**thing(metrics=[metric]), "apiVersion": "autoscaling/v2"}


@pytest.mark.parametrize(("wish", "expected"), [
    pytest.param(autoscaler("1024Mi"), True, id="the same amount"),
    pytest.param(autoscaler("1025Mi"), False, id="another"),
    pytest.param(autoscaler("1Gi", kind="Pods"), False, id="another value beside it"),
])  # fmt: skip
def test_quantities_in_lists_that_are_one_value(wish, expected):
    assert fields.settled(wish, owned(autoscaler("1Gi"), owner(metrics={}))) is expected


def webhooks(*rules):
    hook = {"name": "a", "rules": list(rules)}
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "a"}, "webhooks": [hook]}


def test_templates_of_claims_have_what_the_server_sets():
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    wish = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "x"}, "spec": {"volumeClaimTemplates": [claim], "replicas": 3}}
    spec = {"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem"}
    stored = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec, "status": {"phase": "Pending"}}
    assert fields.normal(wish)["spec"] == {"volumeClaimTemplates": [stored], "replicas": 3}
    assert wish["spec"]["volumeClaimTemplates"] == [claim]


def test_rules_of_webhooks_are_for_every_scope_unless_they_say_otherwise():
    wish = webhooks({"resources": ["*"]}, {"resources": ["pods"], "scope": "Namespaced"})
    assert fields.normal(wish)["webhooks"][0]["rules"] == [{"resources": ["*"], "scope": "*"}, {"resources": ["pods"], "scope": "Namespaced"}]
    assert "scope" not in wish["webhooks"][0]["rules"][0]
    assert fields.normal(webhooks("misfit"))["webhooks"][0]["rules"] == ["misfit"]
