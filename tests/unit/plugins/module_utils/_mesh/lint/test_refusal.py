# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an API server answers, in the words of Kubernetes 1.34, and that no value of it is kept."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint import refusal
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint.given import written

DOOR = {"metadata": {"annotations": {"a.b/c": "d"}}, "spec": {
    "ports": [{"port": 80, "protocol": "TCP"}, {"port": 90, "protocol": "UDP"}], "x.y": {"z": 1}, "loose": [{"port": 80}, {"port": 90}],
}}  # fmt: skip


def causes(*given: tuple[str, str]) -> dict[str, Any]:
    return {"message": "is invalid", "details": {"causes": [{"reason": "FieldValueInvalid", "field": field, "message": message} for field, message in given]}}


@pytest.mark.parametrize(("text", "way"), [
    (".spec.ports[0].port", ("spec", "ports", 0, "port")),
    ('.spec.ports[port=90,protocol="UDP"].nam', ("spec", "ports", 1, "nam")),
    ('.spec.loose[port=90,protocol="TCP"].nam', ("spec", "loose", 1, "nam")),
    (".metadata.annotations.a.b/c", ("metadata", "annotations", "a.b/c")),
    ("metadata.annotations[a.b/c]", ("metadata", "annotations", "a.b/c")),
    (".spec.x.y.z", ("spec", "x.y", "z")),
    ("spec.unknown.deep", ("spec", "unknown", "deep")),
    ("", ()),
])  # fmt: skip
def test_a_way_in_the_servers_notation_is_found_in_the_object(text: str, way: tuple[Any, ...]) -> None:
    assert refusal.way_of(text, DOOR) == way


def test_all_unknown_fields_and_wrong_types_of_an_apply_are_read() -> None:
    begin = "failed to create typed patch object (shop/one; a.example/v1, Kind=Door): "
    one = refusal.typed(f"{begin}.spec.foo: field not declared in schema", DOOR)
    assert [(each.rule, written(each.way)) for each in one] == [("unknown-field", "spec.foo")]
    both = refusal.typed(
        f'{begin}errors:\n  .spec.foo: field not declared in schema\n  .spec.ports[port=80,protocol="TCP"].bar: field not declared in schema\n'
        "  .spec.size: expected numeric (int or float), got hunter2: x", DOOR,
    )  # fmt: skip
    assert [(each.rule, written(each.way), each.says) for each in both] == [
        ("unknown-field", "spec.foo", "is unknown"),
        ("unknown-field", "spec.ports[0].bar", "is unknown"),
        ("wrong-type", "spec.size", "must be a number"),
    ]


def test_what_names_no_field_is_told_without_the_value() -> None:
    (misfit,) = refusal.typed("failed to convert new object (lint/a; /v1, Kind=Secret): illegal base64 data of hunter2", DOOR)
    assert (misfit.rule, misfit.way) == ("wrong-type", ())
    assert "hunter2" not in misfit.says


@pytest.mark.parametrize(("message", "rule", "says"), [
    ('Invalid value: "string": Value is immutable', "immutable", "Value is immutable"),
    ('Invalid value: {"secret":"hunter2: x"}: field is immutable', "immutable", "field is immutable"),
    ('Invalid value: "object": spec.values.global.istioNamespace must match spec.namespace', "refused", "must match spec.namespace"),
    ('Unsupported value: "hunter2": supported values: "a", "b"', "not-in-enum", "supported values are a, b"),
    ("Required value", "required-field", "is required and not given"),
    ('Invalid value: "hunter2": spec.x in body should match \'^a$\'', "out-of-range", "should match"),
    ('Invalid value: v1.Foo{Bar:"hunter2: y"}: is wrong', "refused", "is refused by the API server"),
    ("Forbidden: may not be set", "refused", "may not be set"),
])  # fmt: skip
def test_a_cause_becomes_a_rule_and_a_sentence_without_the_value(message: str, rule: str, says: str) -> None:
    (misfit,) = refusal.refused(causes(("spec.x", message)), DOOR)
    assert misfit.rule == rule
    assert says in misfit.says
    assert "hunter2" not in misfit.says


def test_that_rules_were_not_checked_is_no_fault_of_its_own() -> None:
    unchecked = "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"
    (misfit,) = refusal.refused(causes(("spec.x", "Required value"), ("<nil>", unchecked)), DOOR)
    assert misfit.way == ("spec", "x")


def test_of_a_secret_only_the_field_is_named() -> None:
    (one,) = refusal.refused(causes(("data.key", "Invalid value: hunter2: is hunter2")), DOOR, secret=True)
    (whole,) = refusal.refused({"message": 'admission webhook "a.example" denied the request: hunter2'}, DOOR, secret=True)
    assert one.way == ("data", "key")
    assert "hunter2" not in one.says + whole.says


def test_a_refusal_of_the_whole_names_who_refuses() -> None:
    (misfit,) = refusal.refused({"message": 'admission webhook "a.example" denied the request: no such host.'}, DOOR)
    assert (misfit.rule, misfit.way, misfit.says) == ("refused", (), "is refused by the webhook a.example: no such host")


def test_a_lacking_right_is_told_from_other_refusals() -> None:
    said = 'istios.sailoperator.io "x" is forbidden: User "system:serviceaccount:default:reader" cannot patch resource "istios" in API group "sailoperator.io"'
    assert refusal.denied_to(said) == "patch istios"
    assert refusal.denied_to('pods "x" is forbidden: violates PodSecurity') == ""
