# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/rbac.yml grants what the playbooks ask for; tests/e2e runs them with just that."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease import rights
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.lease import NAMESPACE, ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators import rights as operator_rights
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.departure import RemovalScope
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.package import Package
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.seen import OperatorsSeen
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install import install
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.gateways import expiring
from ansible_collections.meshops.lifecycle.tests.unit.support import olm, rbac
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_planes import DECLARED, declared
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT


@pytest.mark.parametrize("platform", ["", "openshift"])
def test_who_may_install_has_every_right_that_preflight_asks_for(platform: str) -> None:
    names = (*rbac.SITE, "install-multus") if platform else rbac.SITE
    root = rights.to_make_root(Ref("v1", "Secret", "meshops-root-ca", NAMESPACE))
    assert rbac.lacking(rbac.rules(*names), [*install.permissions("istio-system", platform, "meshops-probe"), *root]) == []


def test_a_right_that_is_missing_would_be_seen() -> None:
    assert "escalate clusterroles of rbac.authorization.k8s.io" in rbac.lacking(rbac.rules("read"), install.permissions("istio-system"))


@pytest.mark.parametrize("kind", ["root", "intermediate", "links", "gateways"])
@pytest.mark.parametrize("restart", [False, True])
def test_who_may_rotate_has_every_right_that_a_rotation_asks_for(kind: str, restart: bool) -> None:
    wanted = FILTERS["_rotation_permissions"]("istio", kind, "istio-system", restart, restart)
    assert rbac.lacking(rbac.rules(*rbac.ROTATE), wanted) == []


def test_who_may_rotate_may_keep_the_lease_and_the_root_and_report() -> None:
    active, upcoming = (Ref("v1", "Secret", name, NAMESPACE) for name in ("meshops-root-ca", "meshops-root-ca-next"))
    wanted = [*rights.to_lease(ref("shop", NAMESPACE)), *rights.to_root(active, upcoming, replaced=True), *expiring.permissions("istio-system")]
    assert rbac.lacking(rbac.rules(*rbac.ROTATE), wanted) == []


def test_who_may_cut_over_has_every_right_that_a_cutover_asks_for() -> None:
    wanted = [*FILTERS["_cutover_permissions"]("istio", "istio-system"), *install.permissions("istio-system", "", "meshops-cutover-target")]
    assert rbac.lacking(rbac.rules(*rbac.CUTOVER), [*wanted, *rights.to_lease(ref("shop", NAMESPACE))]) == []


def test_to_create_pods_opens_nothing_to_who_may_cut_over() -> None:
    """The page of rights says so: who may change the template of any Deployment may run any pod."""
    patch = [{"verb": "patch", "group": "apps", "resource": kind} for kind in ("deployments", "statefulsets", "daemonsets")]
    assert {"verb": "create", "group": "", "resource": "pods"} in FILTERS["_cutover_permissions"]("istio", "istio-system")
    assert [right for right in patch if right not in FILTERS["_cutover_permissions"]("istio", "istio-system")] == []
    assert rbac.lacking(rbac.rules("cutover"), patch) == []


@pytest.mark.parametrize("plane", DECLARED)
def test_who_may_cut_over_may_shift_a_plane(plane: str) -> None:
    wanted = PROVIDERS["istio"].cutover.permissions("istio-system", declared(plane))
    assert rbac.lacking(rbac.rules(*rbac.CUTOVER), wanted) == []


def test_probes_of_a_cutover_need_no_right_in_their_namespace_alone() -> None:
    """It goes with the cutover, and with it whatever was bound there."""
    inside = [right for right in install.permissions("istio-system", "", "meshops-cutover-target") if right.get("namespace") == "meshops-cutover-target"]
    assert inside
    assert rbac.lacking(rbac.rules("read", "install", "cutover"), inside) == []


@pytest.mark.parametrize("platform", ["", "openshift"])
def test_who_may_install_openshift_service_mesh_has_every_right_that_preflight_asks_for(platform: str) -> None:
    root = rights.to_make_root(Ref("v1", "Secret", "meshops-root-ca", NAMESPACE))
    wanted = PROVIDERS["ossm3"].install.permissions("istio-system", platform, "meshops-probe")
    assert rbac.lacking(rbac.rules(*rbac.OSSM3), [*wanted, *root]) == []
    assert "create istios of sailoperator.io" in rbac.lacking(rbac.rules(*rbac.SITE), wanted)


def test_who_may_cut_openshift_service_mesh_over_has_every_right_that_a_cutover_asks_for() -> None:
    wanted = [*FILTERS["_cutover_permissions"]("ossm3", "istio-system"), *PROVIDERS["ossm3"].install.permissions("istio-system", "", "meshops-cutover-target")]
    assert rbac.lacking(rbac.rules(*rbac.OSSM3, "cutover"), [*wanted, *rights.to_lease(ref("shop", NAMESPACE))]) == []


@pytest.mark.parametrize(("source", "more"), [("", ()), ("manifests", ()), ("repository", ("install", "install-namespace"))])
def test_who_may_install_consul_has_every_right_that_preflight_asks_for(source: str, more: tuple[str, ...]) -> None:
    root = rights.to_make_root(Ref("v1", "Secret", "meshops-root-ca", NAMESPACE))
    wanted = PROVIDERS["consul"].install.permissions("consul", "", "meshops-probe", source)
    assert rbac.lacking(rbac.rules(*rbac.CONSUL, *more), [*wanted, *root]) == []


def test_who_may_install_consul_on_openshift_may_let_its_pods_use_their_node() -> None:
    wanted = PROVIDERS["consul"].install.permissions("consul", "openshift")
    assert rbac.lacking(rbac.rules(*rbac.CONSUL, "consul-openshift"), wanted) == []
    assert {"use securitycontextconstraints of security.openshift.io"} <= set(rbac.lacking(rbac.rules(*rbac.CONSUL), wanted))
    (use,) = [rule for rule in rbac.rules("consul-openshift") if "use" in rule["verbs"]]
    assert use["resourceNames"] == [right["name"] for right in wanted if right["verb"] == "use"], "each by its name"


def test_consul_from_manifests_needs_no_cluster_role_of_its_own() -> None:
    wide = [rule for rule in rbac.rules("consul") if "rbac.authorization.k8s.io" in rule["apiGroups"] or "secrets" in rule["resources"]]
    assert wide == []


def test_who_may_give_workloads_sidecars_of_consul_has_every_right_for_it() -> None:
    assert rbac.lacking(rbac.rules("read", "consul-workloads"), PROVIDERS["consul"].workloads.permissions("consul")) == []


@pytest.mark.parametrize("kind", ["root", "intermediate", *sorted(PROVIDERS["consul"].stories.rotations)])
def test_who_may_rotate_consul_has_every_right_that_a_rotation_asks_for(kind: str) -> None:
    wanted = FILTERS["_rotation_permissions"]("consul", kind, "consul", True, True)
    assert rbac.lacking(rbac.rules(*rbac.ROTATE, "consul-namespace"), [*wanted, *rights.to_lease(ref("shop", NAMESPACE))]) == []


CONSUL = PROVIDERS["consul"]
OPERATOR = Package("demo-operator", "operators", csv="demo-operator.v1.0.0")


@pytest.mark.parametrize("api", ["v0", "v1"])
def test_who_may_install_operators_has_every_right_that_a_run_asks_for(api: str) -> None:
    wanted = list(operator_rights.to_install(OPERATOR, OperatorsSeen(), api))
    assert {"create namespaces of core"} <= set(rbac.lacking([], wanted))
    assert rbac.lacking(rbac.rules("read", "operators"), wanted) == []


def test_who_may_install_operators_may_see_whether_a_run_holds_the_mesh() -> None:
    """The role looks at the Lease before it asks for anything else."""
    held = [right for right in rights.to_lease(ref("shop", NAMESPACE)) if right["verb"] == "get" and right["resource"] == "leases"]
    assert held
    assert rbac.lacking(rbac.rules("read", "operators"), held) == []


def test_who_may_remove_operators_has_every_right_that_a_run_asks_for() -> None:
    label = {f"operators.coreos.com/{OPERATOR.name}.{OPERATOR.namespace}": ""}
    seen = OperatorsSeen(
        subscriptions=[olm.subscription(installed="demo-operator.v1.0.0")], csvs=[olm.csv("demo-operator.v1.0.0")], definitions={olm.CRD: True},
        components=[{"metadata": {"name": olm.CRD, "labels": label}}],
    )  # fmt: skip
    wanted = [
        *operator_rights.to_remove(OPERATOR, seen, RemovalScope(True, True)),
        *operator_rights.to_remove(OPERATOR, OperatorsSeen(extensions=[olm.extension()]), RemovalScope(True, True)),
    ]
    assert rbac.lacking(rbac.rules("read", "operators"), wanted) == [
        "delete subscriptions of operators.coreos.com", "delete clusterserviceversions of operators.coreos.com",
        "delete customresourcedefinitions of apiextensions.k8s.io", "delete clusterextensions of olm.operatorframework.io",
    ]  # fmt: skip
    assert rbac.lacking(rbac.rules("read", "operators", "operators-remove"), wanted) == []


@pytest.mark.parametrize("read", [CONSUL.backup.saved("consul"), CONSUL.backup.authority("consul"), CONSUL.backup.restoring("consul", b"")])
def test_who_reads_secrets_there_may_save_and_restore_what_consul_keeps(read: Look[Any]) -> None:
    kinds = {"Pod": ("", "pods"), "Secret": ("", "secrets"), "StatefulSet": ("apps", "statefulsets")}
    asked = [("get" if isinstance(one, Ref) else "list", *kinds[one.kind]) for one in read.reads] + [("create", "", "pods/portforward")]
    wanted = [{"verb": verb, "group": group, "resource": resource} for verb, group, resource in asked]
    assert rbac.lacking(rbac.rules(*rbac.STATUS), wanted) == []


def test_it_lies_in_what_is_built() -> None:
    ignored = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text("utf-8"))["build_ignore"]
    assert not {"docs", "docs/rbac.yml", "*.yml"} & set(ignored)


def test_nobody_is_given_everything() -> None:
    assert [rule for rule in rbac.rules() if "*" in rule["verbs"] or "*" in rule["apiGroups"]] == []
    writing = [rule for rule in rbac.rules(*rbac.STATUS) if {"create", "patch", "update", "delete"} & set(rule["verbs"])]
    assert [rule["resources"] for rule in writing] == [["pods/portforward"]]
