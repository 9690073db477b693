# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a real API server says of manifests in a trial, that it stores nothing of them, and that a folder of CRDs alone says the same of fields."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.lint.lint_mesh import TASK, reconcile
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import as_somebody_else, config_map, namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.lint_demo import DEFECTS, crd_folder, crds, demo
from ansible_collections.meshops.lifecycle.tests.unit.support.running import ran
from ansible_collections.meshops.lifecycle.tests.unit.support.stored import difference, stored

from .conftest import Way
from .journal import Journal, dry, said, writes

DEFAULTS = {name: option.get("default") for name, option in TASK["argument_spec"].items()}
FOLDER = Path(os.environ.get("MESHOPS_CRDS") or Path(__file__).resolve().parents[3] / "shared" / "crds")
_NUMBERS = itertools.count(1)
GROUP = "sailoperator.io"


@pytest.fixture(scope="module")
def cluster(api_server: Any) -> Iterator[Cluster]:
    """A cluster that has the CRDs of the demo, and that publishes their schemas."""
    cluster = connect({"kubeconfig": str(api_server.kubeconfig), "context": api_server.context, "cluster": "east"}, environ={})
    definitions = crds()
    cluster.apply([*definitions, namespace("lint")])
    end = time.monotonic() + 30
    while not all(_published(cluster, crd) for crd in definitions):
        assert time.monotonic() < end, "the API server publishes no schema of the CRDs"
        time.sleep(0.2)
    yield cluster
    cluster.delete([Ref.of(crd) for crd in definitions], wait=30)


def _published(cluster: Cluster, crd: Mapping[str, Any]) -> bool:
    spec = crd["spec"]
    return spec["names"]["kind"] in json.dumps(cluster.trial().published(f"{spec['group']}/{spec['versions'][0]['name']}"))


@pytest.fixture
def lint(cluster: Cluster, admin: dict[str, Any], tmp_path: Path) -> Any:
    """Look at these manifests on the real server, and see that it stored nothing."""

    def look(*manifests: Mapping[str, Any], **given: Any) -> dict[str, Any]:
        (tmp_path / "given.yaml").write_text(yaml.safe_dump_all(manifests))
        params = {**DEFAULTS, **dict.fromkeys(("host", "api_key")), **admin, "src": [str(tmp_path / "given.yaml")], **given}
        before = stored(cluster)
        result = reconcile(None, params)
        assert difference(before, stored(cluster)) == {}
        return result

    return look


def istio(spec: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    return {"apiVersion": f"{GROUP}/v1", "kind": "Istio", "metadata": {"name": name or f"one-{next(_NUMBERS)}"}, "spec": {"version": "v1.24-latest", **spec}}


def told(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(finding["rule"], finding["path"]) for finding in result["findings"]]


def places(result: Mapping[str, Any], folder: Path) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for each in result["findings"]:
        found.setdefault(each["rule"], []).append((each["file"].removeprefix(f"{folder}/"), each["line"]))
    return found


def test_unknown_fields_are_all_named_with_what_is_near_and_the_rest_is_judged_too(lint: Any) -> None:
    wrong = {"meshConfig": {}, "value": {}, "version": "v1.24-latests", "values": {"meshConfig": {"accessLogFil": "x"}}}
    result = lint(istio({**wrong, "namespace": "mesh"}))
    assert sorted(told(result)) == [
        ("not-in-enum", "spec.version"),
        ("unknown-field", "spec.meshConfig"),
        ("unknown-field", "spec.value"),
        ("unknown-field", "spec.values.meshConfig.accessLogFil"),
    ], result
    messages = {finding["path"]: finding["message"] for finding in result["findings"]}
    assert messages["spec.meshConfig"].endswith("meshConfig is known at spec.values.meshConfig")
    assert messages["spec.value"].endswith("the nearest known one is values, a mapping")
    assert messages["spec.version"] == "spec.version is none of v1.24-latest, v1.27-latest; the nearest is v1.24-latest"
    assert result["judged"] == {"server": 1, "schema": 0, "nobody": 0}


def test_cel_rules_and_what_is_immutable_are_the_servers_to_tell(lint: Any, cluster: Cluster) -> None:
    live = istio({"namespace": "mesh"})
    cluster.apply([live])
    try:
        moved = lint({**live, "spec": {**live["spec"], "namespace": "elsewhere"}})
        assert told(moved) == [("immutable", "spec.namespace")]
        apart = lint(istio({"namespace": "mesh", "values": {"global": {"istioNamespace": "other"}}}))
        assert told(apart) == [("refused", "spec")]
        assert "spec.values.global.istioNamespace must match spec.namespace" in apart["findings"][0]["message"]
        assert told(lint(live)) == []
    finally:
        cluster.delete([Ref.of(live)], wait=10)


def test_types_and_built_in_kinds_are_judged(lint: Any) -> None:
    config = config_map("lint", "one", a="1")
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "one", "namespace": "lint"}, "spec": {"ports": [{"port": 80, "nam": "http"}]}}
    result = lint({**config, "data": {"a": 1}}, {**config, "dat": {}}, service, istio({"values": "text"}))
    assert sorted(told(result)) == [
        ("unknown-field", "dat"), ("unknown-field", "spec.ports[0].nam"), ("wrong-type", "data.a"), ("wrong-type", "spec.values"),
    ]  # fmt: skip
    near = {finding["path"]: finding["message"] for finding in result["findings"]}
    assert "the nearest known one is data" in near["dat"]
    assert "the nearest known one is name" in near["spec.ports[0].nam"]


def test_kinds_and_versions_that_are_not_served(lint: Any) -> None:
    old = {**istio({"meshConfig": {}}), "apiVersion": f"{GROUP}/v1alpha1"}
    result = lint(old, {**istio({}), "kind": "Istios"}, {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "x"}})
    assert sorted(told(result)) == [
        ("missing-kind", "kind"), ("sail-v1alpha1", "apiVersion"), ("unknown-field", "spec.meshConfig"), ("version-not-served", "apiVersion"),
    ]  # fmt: skip


def test_a_namespace_that_is_missing_is_said_and_the_schema_judges(lint: Any) -> None:
    config = config_map("not-there", "one", a="1")
    result = lint({**config, "dat": {}})
    assert told(result) == [("unknown-field", "dat"), ("missing-namespace", "metadata.namespace")]
    assert "no given file makes it" in result["findings"][1]["message"]
    assert result["judged"] == {"server": 0, "schema": 1, "nobody": 0}
    planned = lint(namespace("not-there"), config)
    assert told(planned) == [("missing-namespace", "metadata.namespace")]
    assert "the files make it" in planned["findings"][0]["message"]


def test_a_credential_without_the_right_is_said_and_the_schema_judges(lint: Any, way: Way) -> None:
    result = lint(istio({"meshConfig": {}}), context="reader")
    assert told(result) == [("unknown-field", "spec.meshConfig"), ("no-right", "")]
    assert "may not patch istios" in result["findings"][1]["message"]


def test_nothing_of_a_secret_is_told(lint: Any) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "lint"}, "type": "kubernetes.io/tls"}
    value = "hunter2-and-more"
    shapes = [{"stringData": {"password": value}}, {"data": {"password": value}}, {"data": value}, {"stringDatta": {"a": value}, "data": {"tls.key": [value]}}]
    for wrong in shapes:
        result = lint({**secret, **wrong})
        assert result["findings"]
        assert value not in json.dumps(result)


def test_a_live_object_of_which_fields_were_dropped(lint: Any, cluster: Cluster) -> None:
    live = istio({})
    note = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({**live, "spec": {**live["spec"], "meshConfig": {}}})}
    as_somebody_else(cluster, {**live, "metadata": {**live["metadata"], "annotations": note}})
    try:
        result = lint(live=True, groups=[GROUP])
        assert told(result) == [("dropped-field", "spec.meshConfig")]
        assert result["judged"] == {"server": 1, "schema": 0, "nobody": 0}
    finally:
        cluster.delete([Ref.of(live)], wait=10)


def test_the_servers_judgement_of_the_demo_is_that_of_its_crds_alone(lint: Any, tmp_path: Path) -> None:
    """Both find each defect at its line. Only the server can say that a namespace is missing."""
    folder = demo(tmp_path / "demo")
    asked = lint(src=[str(folder)])
    alone = lint(src=[str(folder)], crds=[str(crd_folder(tmp_path / "crds"))], offline=True)
    found = places(asked, folder)
    found.pop("missing-namespace")
    assert found == DEFECTS
    assert [each for each in asked["findings"] if each["rule"] != "missing-namespace"] == alone["findings"]


def test_a_playbook_shows_a_table_and_fails_from_a_severity_on(cluster: Cluster, admin: dict[str, Any], api_server: Any, tmp_path: Path) -> None:
    inventory = {"all": {"hosts": {"east": {"mesh_name": "shop", "mesh_kube": {key: admin[key] for key in ("kubeconfig", "context")}}}}}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
    folder, journal = demo(tmp_path / "demo"), Journal(api_server)
    journal.read()
    given = json.dumps({"lint_src": str(folder), "mesh_report_dir": str(tmp_path / "reports"), "lint_live": False})
    run = ran("lint", "-i", str(tmp_path / "inventory.yml"), "-e", given, home=tmp_path)
    assert run.code == 2, run.output
    assert "[peer-client-id]" in run.output
    assert "× FAULTY" in run.output
    events = journal.read()
    assert [said(event) for event in writes(events) if not dry(event)] == []
    assert [event for event in writes(events) if dry(event)]
    report = json.loads((tmp_path / "reports/lint.json").read_text())
    assert {each["rule"] for each in report["east"]["findings"]} >= set(DEFECTS)


def test_the_products_own_crds_find_the_defects_too(tmp_path: Path) -> None:
    """With the CRDs of the folder MESHOPS_CRDS, or else with small ones of our own."""
    folder = demo(tmp_path / "demo")
    real = [*(FOLDER / "ossm2").glob("*.json"), *(FOLDER / "sail").glob("*.json"), *(FOLDER / "olm").glob("*.json")]
    result = reconcile(None, {**DEFAULTS, "offline": True, "src": [str(folder)], "crds": [*map(str, real or [crd_folder(tmp_path / "crds")])]})
    assert places(result, folder) == DEFECTS
