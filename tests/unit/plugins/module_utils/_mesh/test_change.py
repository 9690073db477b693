# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results and diffs that a person wants to read, and may."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.change import Change, Ref, as_result, presentable

NOISE = {
    "managedFields": [{}],
    "resourceVersion": "1",
    "uid": "u",
    "generation": 3,
    "creationTimestamp": "2026",
    "selfLink": "/x",
}
LAST_APPLIED = {"kubectl.kubernetes.io/last-applied-configuration": '{"data": "secret"}'}


def secret(**data):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cacerts", "namespace": "istio-system"}, "data": data}


@pytest.mark.parametrize(("manifest", "text"), [
    (secret(), "Secret istio-system/cacerts"),
    ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}, "Namespace x"),
    ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "namespace": ""}}, "Namespace x"),
])  # fmt: skip
def test_an_object_is_named_as_people_name_it(manifest, text):
    assert str(Ref.of(manifest)) == text


def test_a_manifest_without_metadata_is_still_an_object():
    assert Ref.of({"kind": "Secret"}) == Ref("", "Secret", "", None)


def test_only_what_differs_is_in_the_diff():
    one, two = Ref.of(secret()), Ref("v1", "Namespace", "x")
    changes = [Change(one, "updated", secret(a="1"), secret(a="2")), Change(two, "unchanged", {}, {})]
    result = as_result(changes)
    assert result["changed"]
    assert result["changes"] == [
        {"object": "Secret istio-system/cacerts", "action": "updated"},
        {"object": "Namespace x", "action": "unchanged"},
    ]
    (diff,) = result["diff"]
    assert diff["before_header"] == "Secret istio-system/cacerts"
    assert diff["after_header"] == "Secret istio-system/cacerts (updated)"


def test_nothing_changed():
    assert as_result([Change(Ref("v1", "Namespace", "x"), "unchanged")]) == {
        "changed": False,
        "changes": [{"object": "Namespace x", "action": "unchanged"}],
        "diff": [],
    }


def test_created_and_deleted_objects_have_one_side_only():
    created = as_result([Change(Ref.of(secret()), "created", None, secret())])["diff"][0]
    deleted = as_result([Change(Ref.of(secret()), "deleted", secret(), None)])["diff"][0]
    assert (created["before"], deleted["after"]) == ({}, {})


def test_a_diff_shows_no_bookkeeping_and_no_secret():
    live = secret(**{"ca-key.pem": "c2VjcmV0"}) | {"stringData": {"password": "secret"}, "status": {"x": 1}}
    live["metadata"] |= {**NOISE, "annotations": dict(LAST_APPLIED), "labels": {"a": "b"}}
    kept = copy.deepcopy(live)
    shown = presentable(live)
    assert live == kept
    assert shown["metadata"] == {"name": "cacerts", "namespace": "istio-system", "labels": {"a": "b"}}
    assert shown["data"]["ca-key.pem"].startswith("sha256:")
    assert len(shown["data"]["ca-key.pem"]) == len("sha256:") + 12
    assert "secret" not in json.dumps(shown).replace("Secret", "")
    assert "status" not in shown


def test_digests_tell_values_apart():
    one, two = presentable(secret(a="1", b="1")), presentable(secret(a="1", b="2"))
    assert one["data"]["a"] == two["data"]["a"]
    assert one["data"]["b"] != two["data"]["b"]


def test_other_annotations_stay():
    live = {**secret(), "kind": "ConfigMap"}
    live["metadata"] = {"name": "x", "annotations": {**LAST_APPLIED, "a": "b"}}
    assert presentable(live)["metadata"]["annotations"] == {"a": "b"}
