# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results and diffs are short enough to read, and show no secret."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Change, Ref, as_result, presentable

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
    assert shown["data"] == {"ca-key.pem": "(hidden)"}
    assert "secret" not in json.dumps(shown).replace("Secret", "")
    assert "status" not in shown


def diff(before, after):
    (told,) = as_result([Change(Ref.of(after), "updated", before, after)])["diff"]
    return told["before"], told["after"]


def test_a_diff_tells_which_values_changed_and_gives_nothing_to_guess_by():
    """A digest would let somebody who reads the log try guesses for a short password."""
    was, now = diff(secret(same="MTIzNDU2", other="aHVudGVyMg==", gone="eA=="), secret(same="MTIzNDU2", other="aHVudGVyMw==", new="eA=="))
    assert was["data"] == {"same": "(hidden)", "other": "(hidden)", "gone": "(hidden)"}
    assert now["data"] == {"same": "(hidden)", "other": "(hidden, another value)", "new": "(hidden)"}


PLAIN, CODED = "hunter2-of-the-old", "aHVudGVyMi1vZi10aGUtb2xk"


@pytest.mark.parametrize("annotation", [
    pytest.param({"objectset.rio.cattle.io/applied": "H4sIAAAAAAAA/4yRzWrrMBCF32XWsoMdJ7EN"}, id="the whole Secret, compressed"),
    pytest.param({"kapp.k14s.io/original": json.dumps({"kind": "Secret", "data": {"p": "b3RoZXI="}})}, id="the Secret as it was long ago"),
    pytest.param({"a.example/copy": f"value: {CODED}"}, id="a value in base64"),
    pytest.param({"a.example/copy": f"value: {PLAIN}"}, id="a value as it is"),
])  # fmt: skip
def test_an_annotation_that_may_hold_the_secret_is_hidden_on_both_sides(annotation):
    def at(value, **more):
        made = secret(p=value)
        return {**made, "metadata": {**made["metadata"], "annotations": {**annotation, "team": "mesh", **more}}}

    was, now = diff(at(CODED), at("bmV3"))
    (name,) = annotation
    assert was["metadata"]["annotations"] == now["metadata"]["annotations"] == {name: "(hidden)", "team": "mesh"}
    _was, other = diff(at(CODED), at(CODED, **{name: json.dumps({"data": {}})}))
    assert other["metadata"]["annotations"] == {name: "(hidden, another value)", "team": "mesh"}


def test_a_secret_whose_data_is_text_is_not_shown_either():
    assert presentable({**secret(), "data": PLAIN})["data"] == "(hidden)"


def test_other_annotations_stay():
    live = {**secret(), "kind": "ConfigMap"}
    live["metadata"] = {"name": "x", "annotations": {**LAST_APPLIED, "a": "b"}}
    assert presentable(live)["metadata"]["annotations"] == {"a": "b"}
