# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a schema says of an object, and which known name is near a field that is not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint import schema, verdict
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint.given import Document, written
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint.schema_tree import Schema, of_definitions, published
from ansible_collections.meshops.lifecycle.tests.unit.support.lint_demo import definition, free, mapping, several, text

PORT = {**mapping(name={**text(), "pattern": "^[a-z]+$"}, number={"type": "integer", "minimum": 1, "maximum": 65535}), "required": ["number"]}
SPEC = mapping(
    mode={**text(), "enum": ["SIMPLE", "MUTUAL", "PASSTHROUGH"]},
    ports={**several(PORT), "maxItems": 2},
    labels=free(),
    identity=mapping(thirdParty=mapping(audience=text())),
    weight={"x-kubernetes-int-or-string": True},
    config={"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"known": text()}},
    ratio={"type": "number"},
    on={"type": "boolean"},
    closed={"type": "object"},
)


def misfits(spec: Any, **more: Any) -> dict[str, tuple[str, str]]:
    known = next(iter(of_definitions([definition("a.example", "Door", SPEC)]).values()))
    manifest = {"apiVersion": "a.example/v1", "kind": "Door", "metadata": {"name": "x"}, "spec": spec, **more}
    return {written(each.way): (each.rule, each.says) for each in schema.misfits(manifest, known)}


def test_an_object_that_fits_has_no_misfit() -> None:
    good = {
        "mode": "SIMPLE", "ports": [{"name": "http", "number": 80}], "labels": {"any": "thing"}, "weight": "10%", "ratio": 1, "on": True,
        "config": {"whatever": {"deep": 1}}, "identity": None,
    }  # fmt: skip
    assert misfits(good) == {}


@pytest.mark.parametrize(("spec", "path", "rule", "says"), [
    ({"modes": "SIMPLE"}, "spec.modes", "unknown-field", "the nearest known one is mode"),
    ({"port": []}, "spec.port", "unknown-field", "the nearest known one is ports, a list"),
    ({"identity": {"audience": "x"}}, "spec.identity.audience", "unknown-field", "audience is known at spec.identity.thirdParty.audience"),
    ({"audience": "x"}, "spec.audience", "unknown-field", "audience is known at spec.identity.thirdParty.audience"),
    ({"identity": {"zzz": 1}}, "spec.identity.zzz", "unknown-field", "known there: thirdParty"),
    ({"closed": {"inside": 1}}, "spec.closed.inside", "unknown-field", "drops or refuses"),
    ({"mode": "SIMPEL"}, "spec.mode", "not-in-enum", "is none of SIMPLE, MUTUAL, PASSTHROUGH; the nearest is SIMPLE"),
    ({"ports": [{"number": "80"}]}, "spec.ports[0].number", "wrong-type", "must be a whole number and is text"),
    ({"ports": {"number": 80}}, "spec.ports", "wrong-type", "must be a list and is a mapping"),
    ({"labels": {"on": True}}, "spec.labels.on", "wrong-type", "must be text and is true or false"),
    ({"ports": [{"name": "http"}]}, "spec.ports[0].number", "required-field", "is required"),
    ({"ports": [{"number": 0}]}, "spec.ports[0].number", "out-of-range", "must be at least 1"),
    ({"ports": [{"number": 1}] * 3}, "spec.ports", "out-of-range", "a list of at most 2"),
    ({"ports": [{"name": "HTTP", "number": 1}]}, "spec.ports[0].name", "out-of-range", "does not match ^[a-z]+$"),
    ({"on": "yes"}, "spec.on", "wrong-type", "must be true or false and is text"),
])  # fmt: skip
def test_a_misfit_is_named_with_its_place(spec: Any, path: str, rule: str, says: str) -> None:
    found = misfits(spec)
    assert list(found) == [path]
    assert found[path][0] == rule
    assert says in found[path][1]


def test_metadata_is_that_of_every_object() -> None:
    found = misfits({}, metadata={"name": "x", "label": {"a": "b"}, "annotations": {"a": 1}})
    assert found["metadata.label"][1].endswith("the nearest known one is labels, a mapping")
    assert found["metadata.annotations.a"][0] == "wrong-type"


def test_no_value_is_in_a_sentence() -> None:
    for spec in ({"mode": "hunter2"}, {"on": "hunter2"}, {"ports": [{"name": "HUNTER2", "number": 1}]}, {"labels": {"a": ["hunter2"]}}):
        assert not [said for _rule, said in misfits(spec).values() if "hunter2" in said.lower()]


def test_a_pattern_that_only_go_understands_is_left_to_the_server() -> None:
    assert schema.misfits({"spec": "x"}, Schema(mapping(spec={**text(), "pattern": r"\p{Lu}[[:alpha:]]("}))) == []


def test_what_the_server_publishes_is_followed_through_its_references() -> None:
    parts = {
        "Pod": {**mapping(spec={"allOf": [{"$ref": "#/components/schemas/PodSpec"}], "default": {}}), "x-kubernetes-group-version-kind": [
            {"group": "", "version": "v1", "kind": "Pod"}]},
        "PodSpec": mapping(nodeName=text(), again={"$ref": "#/components/schemas/PodSpec"}, anything={"type": "object"}),
    }  # fmt: skip
    known = published({"components": {"schemas": parts}}, "", "v1", "Pod")
    assert known is not None
    (misfit,) = schema.misfits({"spec": {"again": {"nodename": "x"}, "anything": {"free": 1}}}, known)
    assert written(misfit.way) == "spec.again.nodename"
    assert misfit.says.endswith("the nearest known one is nodeName")
    assert published({}, "", "v1", "Pod") is None


def test_a_version_that_is_not_served_has_no_schema() -> None:
    crd = definition("a.example", "Door", SPEC, ("v1", "v2"))
    crd["spec"]["versions"][1]["served"] = False
    assert set(of_definitions([crd])) == {("a.example/v1", "Door")}


def test_what_is_taken_away_leaves_the_rest() -> None:
    manifest = {"spec": {"a": 1, "list": [{"x": 1, "y": 2}, {"z": 3}]}}
    assert verdict.without(manifest, [("spec", "a"), ("spec", "list", 0, "x"), ("spec", "list", 1)]) == {"spec": {"list": [{"y": 2}]}}
    assert manifest["spec"]["a"] == 1


def test_a_finding_has_the_line_of_its_field_or_of_what_holds_it() -> None:
    document = Document({"kind": "Door", "metadata": {"name": "x"}}, "a.yaml", {(): 1, ("spec",): 4, ("spec", "mode"): 5})
    assert [document.line(way) for way in (("spec", "mode"), ("spec", "ports", 0), ("status",))] == [5, 4, 1]
