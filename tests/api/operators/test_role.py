# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook operator against the stand-in of OLM on a real API server, by an account that has the rights of docs/rbac.yml and no others.

What is not proved: that a real catalogue is asked, that an image is pulled, and when OLM does what.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.tests.unit.support.running import Ran, ran

from .conftest import CRD, MARKET, PACKAGE, SPACE, V1, V2, V3, Market, Run, sentence


def test_from_nothing_to_the_pin_step_by_step_to_another_and_away(empty: Market, run: Run) -> None:
    """As a user does it: a plan, an install, the same again, an upgrade, a plan of the removal, the removal."""
    planned = run({"csv": V1}, operator_plan=True)
    assert planned.code == 0, planned.output
    assert f"apply Subscription {SPACE}/{PACKAGE}" in planned.output
    assert empty.list("Subscription") == []
    first = run({"csv": V1})
    assert first.code == 0, first.output
    assert (empty.phases(), empty.approved()) == ({V1: "Succeeded"}, [[V1]])
    again = run({"csv": V1})
    assert (again.code, again.recap["east"].get("changed")) == (0, None), again.output
    assert empty.until(empty.unapproved) == [[V2]], "the next version is offered, and not approved"
    upgraded = run({"csv": V3})
    assert upgraded.code == 0, upgraded.output
    assert empty.approved() == [[V1], [V2], [V3]]
    older = sentence(run({"csv": V1}))
    assert f"has installed {V3}, which is newer than the pin {V1}. An operator is never turned back: raise the pin" in older
    widget = {"apiVersion": "demo.example.com/v1", "kind": "Widget", "metadata": {"name": "one", "namespace": SPACE}, "spec": {}}
    empty.cluster.apply([widget])
    held = sentence(run({"csv": V3}, operator_state="absent"))
    assert f"{PACKAGE} still works for Widget {SPACE}/one. Remove them first, or set operator_remove_operands to true" in held
    away = run({"csv": V3}, operator_state="absent", operator_remove_operands=True, operator_remove_crds=True)
    assert away.code == 0, away.output
    assert (empty.list("Subscription"), empty.phases()) == ([], {})
    assert empty.cluster.get(Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", CRD)) is None
    over = run({"csv": V3}, operator_state="absent", operator_remove_operands=True, operator_remove_crds=True)
    assert (over.code, over.recap["east"].get("changed")) == (0, None), over.output


def test_a_wrong_pin_is_refused_before_the_first_write(empty: Market, run: Run) -> None:
    assert f"channel stable of {PACKAGE} has no {PACKAGE}.v9.9.9; it has" in sentence(run({"csv": f"{PACKAGE}.v9.9.9"}))
    assert (empty.list("Subscription"), empty.list("OperatorGroup", "operators.coreos.com/v1")) == ([], [])


def test_a_second_operators_subscription_comes_into_the_plan_and_nothing_is_approved(empty: Market, run: Run) -> None:
    """OLM resolves the namespace as a whole: both come in one InstallPlan, and the inventory means only one of them."""
    empty.offer(other={"channels": {"stable": ["other.v2.0.0"]}})
    empty.subscribe(package="other", name="other")
    empty.subscribe(name="demo", startingCSV=V1)
    empty.group()
    empty.until(empty.unapproved)
    done = sentence(run({"csv": V1}, operator_wait_timeout=3))
    (plan,) = empty.list("InstallPlan")
    assert sorted(plan["spec"]["clusterServiceVersionNames"]) == [V1, "other.v2.0.0"]
    said = f"It waits for an InstallPlan of {V1} alone; InstallPlan {SPACE}/{plan['metadata']['name']} would also install other.v2.0.0, which the inventory"
    assert said in done
    assert (empty.approved(), empty.phases()) == ([], {})


def test_an_install_plan_that_appears_twice_is_approved_once(empty: Market, run: Run) -> None:
    empty.offer(own={"faults": {V1: ["twice"]}})
    done = run({"csv": V1})
    assert done.code == 0, done.output
    assert (empty.approved(), empty.phases()) == ([[V1]], {V1: "Succeeded"})
    assert [V1] in empty.unapproved(), "the other one stays as it is"


def test_a_version_that_fails_is_named_with_olms_reason(empty: Market, run: Run) -> None:
    empty.offer(own={"faults": {V1: ["check"]}})
    empty.group()
    empty.subscribe(startingCSV=V1)
    empty.approve()
    empty.until(lambda: empty.phases() == {V1: "Failed"}, "the failure")
    done = sentence(run({"csv": V1}, operator_wait_timeout=3))
    assert f"It waits for ClusterServiceVersion {V1} is Failed (InstallCheckFailed: install failed: deployment {PACKAGE} not ready before timeout" in done


def test_an_install_plan_that_fails_ends_the_run_at_once(empty: Market, run: Run) -> None:
    empty.offer(own={"faults": {V1: ["plan"]}})
    done = sentence(run({"csv": V1}))
    assert f"for {V1} failed (InstallComponentFailed: error creating clusterserviceversion {V1}" in done
    assert "Delete it after the fault is mended." in done


def test_a_catalogue_that_does_not_answer_gets_no_subscription(empty: Market, run: Run) -> None:
    empty.withdraw()
    empty.until(lambda: empty.states() == ["TRANSIENT_FAILURE"], "a catalogue that does not answer")
    done = sentence(run({"csv": V1}, operator_wait_timeout=3))
    assert f"It waits for CatalogSource {MARKET}/demo to be READY; it is TRANSIENT_FAILURE" in done
    assert empty.list("Subscription") == []


def test_what_a_credential_lacks_is_said_before_the_first_write(empty: Market, run: Run, account: Path) -> None:
    role = Ref("rbac.authorization.k8s.io/v1", "ClusterRole", "meshops-lifecycle-operators")
    before = empty.cluster.get(role) or {}
    rules = [{**rule, "verbs": ["get", "list"]} if "installplans" in rule["resources"] else rule for rule in before["rules"]]
    whole = {key: before[key] for key in ("apiVersion", "kind")} | {"metadata": {"name": role.name}}
    empty.cluster.apply([{**whole, "rules": rules}], force=True)
    try:
        done = sentence(run({"csv": V1}))
    finally:
        empty.cluster.apply([{**whole, "rules": before["rules"]}], force=True)
    assert f"{PACKAGE}: the credential may not patch installplans.operators.coreos.com in namespace {SPACE}. Grant these rights" in done
    assert empty.list("Subscription") == []


def test_where_there_is_no_olm_helm_installs_the_chart(empty: Market, account: Path, tmp_path: Path) -> None:
    """The lab's Helm and a tiny chart. What the roles of the chart's tasks never showed before: the release is made, found again, upgraded and removed."""
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: tiny\nversion: 1.0.0\n")
    configured = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tiny}\ndata: {colour: {{ .Values.colour | quote }}}\n"
    (chart / "templates" / "configmap.yaml").write_text(configured)

    def run(colour: str, **options: Any) -> Ran:
        release = {"name": "tiny", "ref": str(chart), "values": {"colour": colour}}
        package = {"name": "tiny", "namespace": "tiny-space", "version": "1.0.0", "chart": release}
        kube = {"kubeconfig": empty.kubeconfig, **({"context": empty.context} if empty.context else {})}
        inventory = tmp_path / "inventory.yml"
        inventory.write_text(yaml.safe_dump({"all": {"vars": {"mesh_name": "shop", "mesh_kube": kube, "mesh_operators": [package]}, "hosts": {"east": None}}}))
        return ran("operator", "-i", str(inventory), "-e", json.dumps({"operator_api": "chart", **options}), home=tmp_path)

    def live() -> dict[str, Any]:
        return (empty.cluster.get(Ref("v1", "ConfigMap", "tiny", "tiny-space")) or {}).get("data", {})

    planned = run("blue", operator_plan=True)
    assert (planned.code, live()) == (0, {}), planned.output
    first, again = run("blue"), run("blue")
    assert (first.code, again.code, live()) == (0, 0, {"colour": "blue"}), first.output + again.output
    assert (first.recap["east"].get("changed"), again.recap["east"].get("changed")) == (1, None), again.output
    assert run("green").code == 0
    assert live() == {"colour": "green"}
    away, over = run("green", operator_state="absent"), run("green", operator_state="absent")
    assert (away.code, over.code, live()) == (0, 0, {}), away.output + over.output
    assert over.recap["east"].get("changed") is None
