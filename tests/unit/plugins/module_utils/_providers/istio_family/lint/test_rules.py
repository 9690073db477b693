# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each defect of a demo is found by its name and at its line, and nothing is found where it is mended."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.objects import marked
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint import refusal, rule, schema, served, verdict
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint.finding import SEVERITIES, Finding
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint.given import LintScene
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import LINT_RULES
from ansible_collections.meshops.lifecycle.tests.unit.support.lint_demo import DEFECTS, FILES, demo
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

BALANCER = "service.beta.kubernetes.io/aws-load-balancer-type"
NAMES = [each.name for each in LINT_RULES]
# What mends each defect: in a file, this text in place of that one.
MENDED = {
    "export-alias": [("south/exports.yaml", "alias:\n                  - {", "aliases:\n                  - {")],
    "peer-client-id": [("north/peer.yaml", "suth-mesh", "south-mesh")],
    "missing-file": [("federate.sh", "north/south-root-ca.yaml", "north/imports.yaml")],
    "placeholder-address": [("north/peer.yaml", "south-ingress-address", "gateway.south.internal")],
    "load-balancer-type": [("north/control-plane.yaml", "metadata: {labels", f"metadata: {{annotations: {{{BALANCER}: nlb}}, labels")],
    "identity-audience": [("south/control-plane.yaml", "audience: istio-ca", "thirdParty: {audience: istio-ca}")],
    "operator-namespace": [("look.sh", "openshift-operators-of-old", "openshift-operators")],
    "not-repeatable": [("federate.sh", "/tmp/root.pem", "/tmp/root.pem --dry-run=client -o yaml | oc apply -f -")],
    "platform-sed": [("federate.sh", "gsed -i", "echo")],
    "cleanup-unknown-namespace": [("clean.sh", "shop-of-north", "north-shop"), ("clean.sh", "northshop", "south-shop")],
    "cleanup-order": [("clean.sh", "oc delete project north-mesh\n", "")],
    "cleanup-leaves-operator": [("clean.sh", "subscription servicemeshoperator -n", "csv a -n openshift-operators; oc delete subscription x -n")],
    "import-as-local-comment": [("north/imports.yaml", "bypasses the mesh", "stays in the mesh")],
    "sail-v1alpha1": [("sail.yaml", "v1alpha1", "v1")],
}  # fmt: skip


def scene(folder: Path, platform: str = "") -> LintScene:
    given = marked.read([str(folder)])
    return LintScene(given.documents, (), given.scripts, frozenset(given.files), platform)


def places(findings: Iterable[Finding], folder: Path) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for each in findings:
        found.setdefault(each.rule, []).append((each.file.removeprefix(f"{folder}/"), each.line))
    return {name: sorted(where) for name, where in found.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return demo(tmp_path / "demo")


@pytest.mark.parametrize("name", NAMES)
def test_each_defect_is_found_by_its_name_and_line(folder: Path, name: str) -> None:
    assert places(rule.broken(LINT_RULES, scene(folder)), folder)[name] == DEFECTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_mended_is_not_found_and_all_others_are(folder: Path, name: str) -> None:
    for file, before, after in MENDED[name]:
        text = (folder / file).read_text()
        wrong, right = (dedent(part.replace("\n        ", "\n")) if "\n        " in part else part for part in (before, after))
        assert wrong in text, (file, text)
        (folder / file).write_text(text.replace(wrong, right))
    found = places(rule.broken(LINT_RULES, scene(folder)), folder)
    assert name not in found
    assert set(found) == set(NAMES) - {name}


def test_a_rule_is_skipped_by_its_name(folder: Path) -> None:
    assert set(places(rule.broken(LINT_RULES, scene(folder), ["export-alias"]), folder)) == set(NAMES) - {"export-alias"}


def test_rules_have_names_of_their_own_and_stand_on_the_page() -> None:
    page = (CHECKOUT / "docs/docsite/rst/lint.rst").read_text("utf-8")
    assert len(set(NAMES)) == len(NAMES)
    for each in LINT_RULES:
        assert each.severity in SEVERITIES
        assert each.about.endswith(".")
        row = next(line for line in page.splitlines() if line.startswith(f"``{each.name}``"))
        assert row.split()[1] == each.severity


def test_the_other_names_of_findings_stand_on_the_page_too() -> None:
    page = (CHECKOUT / "docs/docsite/rst/lint.rst").read_text("utf-8")
    values = [value for code in (refusal, schema, served, verdict) for name, value in vars(code).items() if name[0].isupper() and name.isupper()]
    known = [value for value in values if isinstance(value, str) and re.fullmatch("[a-z]+(-[a-z]+)+", value)]
    assert len(known) >= 12
    assert [name for name in known if f"``{name}``" not in page] == []


def test_an_alias_that_nobody_counts_on_has_no_more_to_say(folder: Path) -> None:
    (folder / "north/imports.yaml").unlink()
    (finding,) = [each for each in rule.broken(LINT_RULES, scene(folder)) if each.rule == "export-alias"]
    assert finding.message.endswith("the field is aliases, a list")


@pytest.mark.parametrize(("platform", "severity"), [("", "warning"), ("rosa", "warning"), ("azure", None)])
def test_a_load_balancer_is_judged_by_the_platform(folder: Path, platform: str, severity: str | None) -> None:
    found = [each.severity for each in rule.broken(LINT_RULES, scene(folder, platform)) if each.rule == "load-balancer-type"]
    assert found == ([severity] if severity else [])


def test_without_a_platform_it_is_a_notice_where_nothing_speaks_for_aws(folder: Path) -> None:
    path = folder / "north/control-plane.yaml"
    path.write_text(path.read_text().replace("type: ThirdParty, ", ""))
    assert [each.severity for each in rule.broken(LINT_RULES, scene(folder)) if each.rule == "load-balancer-type"] == ["notice"]


@pytest.mark.parametrize("address", ["10.0.0.1", "2001:db8::1", "a.elb.eu-west-1.amazonaws.com"])
def test_an_address_is_none_that_stands_for_one(folder: Path, address: str) -> None:
    path = folder / "north/peer.yaml"
    path.write_text(path.read_text().replace("[south-ingress-address]", f"['{address}']"))
    assert "placeholder-address" not in places(rule.broken(LINT_RULES, scene(folder)), folder)


@pytest.mark.parametrize("address", ["<address of the gateway>", "${SOUTH}", "changeme", "gateway.south.example"])
def test_a_word_for_an_address_is_found(folder: Path, address: str) -> None:
    path = folder / "north/peer.yaml"
    path.write_text(path.read_text().replace("[south-ingress-address]", f"['{address}']"))
    assert "placeholder-address" in places(rule.broken(LINT_RULES, scene(folder)), folder)


def test_files_beside_are_known_and_not_judged(folder: Path) -> None:
    given, beside = marked.read([str(folder / "north")]), marked.read([str(folder / "south")])
    one = LintScene(given.documents, beside.documents, (), frozenset(), "")
    found = places(rule.broken(LINT_RULES, one), folder)
    assert "export-alias" not in found
    assert found["peer-client-id"] == DEFECTS["peer-client-id"]


def test_a_peer_of_an_unknown_mesh_is_not_judged(folder: Path) -> None:
    """Files of one cluster alone do not say where the other mesh lives."""
    given = marked.read([str(folder / "north")])
    assert "peer-client-id" not in places(rule.broken(LINT_RULES, LintScene(given.documents)), folder)


def test_a_rule_stands_for_the_unknown_field_of_the_same_place() -> None:
    unknown, other = (Finding("error", "unknown-field", "x", "A b", path, "a.yaml") for path in "ab")
    named = Finding("error", "rule", "x", "A b", "a", "a.yaml")
    assert rule.without_those_known_by_name([unknown, other], [named]) == [other, named]


def test_objects_of_any_shape_break_no_rule(tmp_path: Path) -> None:
    """Files of users are of any shape: fields that are lists or texts where mappings belong."""
    kinds = ("ServiceMeshControlPlane", "ServiceMeshPeer", "ExportedServiceSet", "ImportedServiceSet", "Subscription")
    texts: Any = {"exportRules": 1, "importRules": "x", "remote": {"addresses": 5}, "gateways": {"additionalIngress": ["x"]}, "security": {"identity": "x"}}
    lists: Any = {"exportRules": ["x", {"labelSelector": "y"}], "gateways": {"additionalIngress": {"a": None}}, "security": []}
    documents = [
        {"apiVersion": group, "kind": kind, "metadata": meta, "spec": spec}
        for group in ("maistra.io/v2", "federation.maistra.io/v1") for kind in kinds for spec in (None, [], "text", texts, lists)
        for meta in ({"name": 1, "namespace": 2}, "text", [])
    ]  # fmt: skip
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(documents))
    given = marked.read([str(tmp_path)])
    assert len(given.documents) == len(documents)
    assert isinstance(rule.broken(LINT_RULES, scene(tmp_path)), list)


def test_every_file_of_the_demo_is_used() -> None:
    assert {file for where in DEFECTS.values() for file, _line in where} == set(FILES) - {"operators.yaml"}
