# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module lint_mesh without a cluster, and what it does with each answer of one. tests/api/test_lint.py asks a real API server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.discovery import Kind
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects.tried import Tried
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Denied
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.lint.lint_mesh import TASK, loaded, reconcile
from ansible_collections.meshops.lifecycle.tests.unit.support.lint_demo import DEFECTS, crd_folder, crds, demo

DEFAULTS = {name: option.get("default") for name, option in TASK["argument_spec"].items()}
ISTIO = {"apiVersion": "sailoperator.io/v1", "kind": "Istio", "metadata": {"name": "one"}, "spec": {"version": "v1.24-latest", "meshConfig": {}}}
TYPED = "failed to create typed patch object (/one; sailoperator.io/v1, Kind=Istio): .spec.meshConfig: field not declared in schema"


def lint(**given: Any) -> dict[str, Any]:
    return reconcile(None, {**DEFAULTS, **given})


def rules(result: Mapping[str, Any]) -> list[str]:
    return [finding["rule"] for finding in result["findings"]]


def test_offline_all_defects_of_the_demo_are_found_at_their_lines(tmp_path: Path) -> None:
    result = lint(src=[str(demo(tmp_path / "demo"))], crds=[str(crd_folder(tmp_path / "crds"))], offline=True)
    found: dict[str, list[tuple[str, int]]] = {}
    for each in result["findings"]:
        found.setdefault(each["rule"], []).append((each["file"].removeprefix(f"{tmp_path}/demo/"), each["line"]))
    assert found == DEFECTS
    assert not result["changed"]
    assert result["judged"] == {"server": 0, "schema": 6, "nobody": 4}


def test_a_field_at_another_depth_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(ISTIO))
    (finding,) = lint(src=[str(tmp_path / "a.yaml")], crds=[str(crd_folder(tmp_path / "crds"))], offline=True)["findings"]
    assert finding["message"] == "spec.meshConfig is unknown, and the API server drops or refuses it; meshConfig is known at spec.values.meshConfig"


def test_secrets_of_files_are_handed_over_to_be_hidden(tmp_path: Path) -> None:
    hidden = "hunter2-and-more"
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"password": hidden}, "datta": {"a": hidden}}
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(secret))
    params = loaded({**DEFAULTS, "src": [str(tmp_path)], "offline": True})
    assert params["secrets"] == [secret]
    assert "hunter2" not in str(reconcile(None, params))


class Cluster:
    """A cluster that serves what the CRDs of the demo say, and gives the answers that a test wants: those of each object in turn."""

    name = "east"

    def __init__(self, answers: Sequence[Tried], objects: Sequence[dict[str, Any]] = (), denied: bool = False) -> None:
        self.answers, self.objects, self.denied = list(answers), list(objects), denied
        self.asked: list[Mapping[str, Any]] = []

    def trial(self) -> Cluster:
        return self

    def served(self) -> dict[tuple[str, str], tuple[str, ...]]:
        return {("sailoperator.io", "Istio"): ("v1",), ("", "Secret"): ("v1",), ("", "ConfigMap"): ("v1",)}

    def silent(self) -> frozenset[str]:
        return frozenset({"silent.example/v1"})

    def find(self, api_version: str, kind: str) -> Kind | None:
        return Kind(api_version, kind, f"{kind.lower()}s", kind != "Istio") if kind in ("Istio", "Secret", "ConfigMap") else None

    def published(self, api_version: str) -> dict[str, Any]:
        (istio,) = [crd for crd in crds() if crd["spec"]["names"]["kind"] == "Istio"]
        schema = istio["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        named = [{"group": "sailoperator.io", "version": "v1", "kind": "Istio"}]
        return {"components": {"schemas": {"istio": {**schema, "x-kubernetes-group-version-kind": named}}}}

    def ask(self, manifests: Sequence[Mapping[str, Any]]) -> list[Tried]:
        self.asked += manifests
        return [self.answers.pop(0) for _manifest in manifests]

    def list(self, api_version: str, kind: str, **_how: Any) -> list[dict[str, Any]]:
        if self.denied:
            raise Denied("east: not allowed to list istios: User x cannot.")
        return self.objects


def online(folder: Path, cluster: Cluster, *manifests: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    (folder / "given.yaml").write_text(yaml.safe_dump_all(manifests))
    return reconcile(None, {**DEFAULTS, "src": [str(folder / "given.yaml")], **given}, lambda _params, dry_run: cluster)  # type: ignore[arg-type, return-value]


def status(code: int, message: str, **details: Any) -> Tried:
    return Tried(code, {"message": message, "details": details}, mistyped=code == 500 and "typed patch" in message)


def test_what_is_left_without_unknown_fields_is_asked_again(tmp_path: Path) -> None:
    refused = status(422, "is invalid", causes=[{"reason": "FieldValueInvalid", "field": "spec", "message": 'Invalid value: "object": must match'}])
    cluster = Cluster([status(500, TYPED), refused])
    result = online(tmp_path, cluster, ISTIO)
    assert [dict(each["spec"]) for each in cluster.asked] == [ISTIO["spec"], {"version": "v1.24-latest"}]
    assert rules(result) == ["refused", "unknown-field"]
    assert "spec.values.meshConfig" in result["findings"][1]["message"]
    assert result["judged"] == {"server": 1, "schema": 0, "nobody": 0}


@pytest.mark.parametrize(("answer", "rule"), [
    (status(404, 'namespaces "x" not found', kind="namespaces", name="x"), "missing-namespace"),
    (status(403, 'istios "one" is forbidden: User "x" cannot patch resource "istios" in API group "sailoperator.io"'), "no-right"),
    (status(400, 'admission webhook "a.example" does not support dry run'), "no-trial"),
    (status(500, 'Internal error occurred: failed calling webhook "a.example": connection refused'), "no-trial"),
])  # fmt: skip
def test_where_the_server_cannot_be_asked_the_schema_judges_and_a_notice_says_so(tmp_path: Path, answer: Tried, rule: str) -> None:
    result = online(tmp_path, Cluster([answer]), ISTIO)
    assert rules(result) == ["unknown-field", rule]
    assert result["judged"] == {"server": 0, "schema": 1, "nobody": 0}


def test_a_webhooks_refusal_and_warnings_are_told_and_never_those_of_a_secret(tmp_path: Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"key": "hunter2"}}
    denied = status(400, 'admission webhook "a.example" denied the request: hunter2 is wrong')
    assert rules(online(tmp_path, Cluster([Tried(200, warnings=("hunter2 is old",))]), secret)) == []
    (finding,) = online(tmp_path, Cluster([denied]), secret)["findings"]
    assert finding["message"] == "the object is refused by the webhook a.example; what it says of a Secret is not shown"
    assert rules(online(tmp_path, Cluster([Tried(200, warnings=("v1 is old",))]), ISTIO)) == ["deprecated"]


def test_objects_get_the_namespace_and_the_name_that_they_would_get(tmp_path: Path) -> None:
    cluster = Cluster([Tried(200)] * 3)
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-"}}
    online(tmp_path, cluster, config, {**ISTIO, "metadata": {"name": "one", "namespace": "x"}, "spec": {}}, default_namespace="shop")
    assert [each["metadata"] for each in cluster.asked] == [{"generateName": "a-", "name": "a-lint", "namespace": "shop"}, {"name": "one"}]


def test_what_nothing_serves_is_not_asked_for_and_what_is_silent_is_not_missing(tmp_path: Path) -> None:
    cluster = Cluster([])
    old, silent = {**ISTIO, "apiVersion": "sailoperator.io/v1beta1"}, {"apiVersion": "silent.example/v1", "kind": "Thing", "metadata": {"name": "x"}}
    result = online(tmp_path, cluster, old, silent)
    assert sorted(rules(result)) == ["unknown-field", "version-not-served"]
    assert result["judged"]["nobody"] == 2
    assert cluster.asked == []


def test_live_objects_are_judged_without_those_of_controllers_and_what_was_dropped_is_told(tmp_path: Path) -> None:
    applied = '{"apiVersion":"sailoperator.io/v1","kind":"Istio","metadata":{"name":"one"},"spec":{"meshConfig":{}}}'
    meta = {"name": "one", "uid": "1", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied}}
    live = {**ISTIO, "metadata": meta, "spec": {"version": "x"}}
    made = {**ISTIO, "metadata": {"name": "two", "ownerReferences": [{"controller": True}]}}
    cluster = Cluster([Tried(200)], [live, made])
    result = reconcile(None, {**DEFAULTS, "live": True}, lambda _params, dry_run: cluster)  # type: ignore[arg-type, return-value]
    assert [each["metadata"] for each in cluster.asked] == [{"name": "one"}]
    (finding,) = result["findings"]
    assert (finding["rule"], finding["severity"], finding["file"]) == ("dropped-field", "warning", "")
    assert finding["message"].startswith("spec.meshConfig was applied and is unknown, and the API server dropped it")


def test_live_objects_that_may_not_be_listed_are_a_notice(tmp_path: Path) -> None:
    result = reconcile(None, {**DEFAULTS, "live": True}, lambda _params, dry_run: Cluster([], denied=True))  # type: ignore[arg-type, return-value]
    assert rules(result) == ["unread-objects"]


def test_rules_are_skipped(tmp_path: Path) -> None:
    assert rules(online(tmp_path, Cluster([Tried(200)]), {**ISTIO, "apiVersion": "sailoperator.io/v1alpha1"}, skip=["sail-v1alpha1", "unknown-field"])) == [
        "version-not-served"
    ]
