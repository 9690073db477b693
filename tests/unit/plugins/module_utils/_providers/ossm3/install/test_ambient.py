# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ambient mode: what the inventory has to say, in which order agents of nodes come, and what one ztunnel for a cluster cannot serve."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.due import Due
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.health import operands
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install import ambient, control_plane, in_use, install, running, supply
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install.operator import able
from ansible_collections.meshops.lifecycle.tests.unit.support import sail

PLAIN = ControlPlane("east", "shop", network="lan", version="1.30.3", revision="stable", namespace=sail.SPACE)
WISH = replace(PLAIN, values={"ztunnel": {}})
OURS = {"multiCluster": {"clusterName": "east"}, "network": "lan", "istioNamespace": sail.SPACE, "revision": "stable"}


def ztunnel(said: Any = sail.HEALTHY[:2], **spec: Any) -> dict[str, Any]:
    return sail.made("ZTunnel", "default", {**ambient.manifest(WISH)["spec"], **spec}, said)


def crd(*fields: str, version: str = "v1") -> dict[str, Any]:
    spec = {"type": "object", "properties": {field: {} for field in ("namespace", "values", "version", *fields)}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    served = [{"name": version, "served": True, "storage": True, "schema": schema}]
    meta = {"name": "ztunnels.sailoperator.io"}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": meta, "spec": {"versions": served}}


def agents(ready: int = 1, name: str = "ztunnel") -> dict[str, Any]:
    status = {"observedGeneration": 1, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": ready}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": name, "namespace": "ztunnel", "generation": 1}, "spec": {}, "status": status}


def judged(*objects: dict[str, Any], wish: ControlPlane = WISH) -> Due:
    return ambient.running(wish).judge(sail.live(*objects), Answers())


def test_who_does_not_ask_for_it_gets_nothing_of_it() -> None:
    kinds = [one["kind"] for stage in install.stages(PLAIN) for one in stage.manifests]
    assert "ZTunnel" not in kinds
    assert "profile" not in control_plane.istio(PLAIN)["spec"]
    assert [stage.name for stage in install.stages(PLAIN)][:3] == ["operator", "namespaces", "revision"]


def test_the_control_plane_trusts_ztunnel_and_nodes_get_both_agents() -> None:
    spec = control_plane.istio(WISH)["spec"]
    assert (spec["profile"], spec["values"]["pilot"]["trustedZtunnelNamespace"], spec["values"]["pilot"]["cni"]) == ("ambient", "ztunnel", {"enabled": True})
    assert control_plane.cni(WISH)["spec"]["profile"] == "ambient"
    spaces = {one["metadata"]["name"]: one["metadata"]["labels"] for one in control_plane.spaces(WISH) if one["kind"] == "Namespace"}
    assert spaces["ztunnel"]["pod-security.kubernetes.io/enforce"] == "privileged"
    assert [image.upstream.rpartition("/")[2] for image in supply.images(WISH)][-2:] == ["install-cni:1.30.3", "ztunnel:1.30.3"]


def test_agents_of_nodes_are_never_ahead_of_their_control_plane() -> None:
    assert [stage.name for stage in install.stages(WISH)][:5] == ["operator", "namespaces", "revision", "network plugin", "ztunnel"]
    newer = sail.cni("v1.31.0")
    (made,) = running.plugin(WISH).judge(sail.live(newer), Answers()).manifests
    assert made["spec"]["version"] == "v1.30.3"


def test_the_revision_does_not_wait_for_agents_that_come_after_it() -> None:
    lacking = (*sail.HEALTHY[:2], ("DependenciesHealthy", "False", "ZTunnelNotFound", "ZTunnel resource does not exist"))
    objects = sail.istio(said=lacking), sail.revision(said=lacking), sail.istiod()
    assert running.revision(WISH).judge(sail.live(*objects), Answers()).complete
    assert "ZTunnelNotFound" in running.revision(PLAIN).judge(sail.live(*objects), Answers()).fault
    assert "ZTunnelNotFound" in judged(crd("targetRef"), ztunnel(), agents(), sail.istio(said=lacking)).fault


def test_ztunnel_is_made_with_its_istio_as_its_target_where_the_operator_knows_that() -> None:
    (made,) = judged(crd("targetRef")).manifests
    assert (made["apiVersion"], made["metadata"]["name"]) == ("sailoperator.io/v1", "default")
    assert made["spec"] == {"namespace": "ztunnel", "version": "v1.30.3", "values": {"ztunnel": OURS}, "targetRef": {"kind": "Istio", "name": "stable"}}
    (older,) = judged(crd()).manifests
    assert "targetRef" not in older["spec"]
    default = ambient.manifest(replace(WISH, revision="default"))["spec"]
    assert default["values"]["ztunnel"]["revision"] == "", "the operator gives the revision default no name"


@pytest.mark.parametrize(("objects", "told"), [
    pytest.param([ztunnel(sail.UNJUDGED), agents(), sail.istio()], "ZTunnel default has not been judged by the operator yet", id="not judged"),
    pytest.param([ztunnel(), agents(0), sail.istio()], "DaemonSet ztunnel: 0 of 1 replicas are ready", id="pods"),
    pytest.param([ztunnel(), agents(), sail.istio(said=sail.UNJUDGED)], "Istio stable has not been judged", id="istio"),
])  # fmt: skip
def test_what_passes_is_waited_for(objects: list[dict[str, Any]], told: str) -> None:
    due = judged(crd("targetRef"), *objects)
    assert told in due.fault
    assert not due.manifests


def test_it_runs_or_is_given_up() -> None:
    assert judged(crd("targetRef"), ztunnel(), agents(), sail.istio()).complete
    wrong = (("Reconciled", "False", "ReconcileError", "error reconciling resource: validation error: namespace \"ztunnel\" doesn't exist"),)
    assert judged(crd("targetRef"), ztunnel(wrong)).refusal.startswith("the operator gives up ZTunnel default: error reconciling resource: validation error")
    assert operands.faults(sail.live(ztunnel(wrong)), sail.SPACE)[0].startswith("ZTunnel default says that Reconciled is False (ReconcileError")
    assert judged(crd("targetRef"), ztunnel(version="v1.29.0"), agents(), sail.istio()).manifests, "an upgrade follows its control plane"


@pytest.mark.parametrize(("wish", "told"), [
    pytest.param(replace(WISH, role="remote", primary="west", primary_address="192.0.2.10"), "a control plane of their own", id="remote"),
    pytest.param(replace(WISH, revision="main-v1-30-3"), "a revision stands beside the one before", id="beside"),
    pytest.param(replace(WISH, values={"ztunnel": {}, "istiod": {"profile": "preview"}}), "ambient mode has a profile of its own", id="profile"),
])  # fmt: skip
def test_what_one_ztunnel_cannot_serve_is_refused(wish: ControlPlane, told: str) -> None:
    with pytest.raises(Refused, match=rf"^east: mesh_values has .*{told}"):
        control_plane.istio(wish)


@pytest.mark.parametrize(("values", "told"), [
    ({"network": "other"}, "ztunnel.network, but that has to be as the control plane has it"),
    ({"ztunnel": {"revision": "blue"}}, "ztunnel.revision, but that has to be"),
    ({"replicas": 2}, "ztunnel.replicas, which spec.values of ZTunnel does not have"),
])  # fmt: skip
def test_values_that_are_not_for_ztunnel_are_refused_by_name(values: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused, match=told):
        ambient.manifest(replace(WISH, values={"ztunnel": values}))


def test_values_of_the_chart_that_mean_the_same_are_taken() -> None:
    given = {"logLevel": "debug", "global": {"logAsJson": True}, "ztunnel": {"resources": {"requests": {"cpu": "1"}}}}
    made = ambient.manifest(replace(WISH, values={"ztunnel": given}))["spec"]["values"]
    assert made == {"ztunnel": {**OURS, "logLevel": "debug", "resources": {"requests": {"cpu": "1"}}}, "global": {"logAsJson": True}}


def test_an_operator_without_it_and_a_ztunnel_of_another_mesh_are_refused_before_the_first_write() -> None:
    def refusal(*objects: dict[str, Any]) -> str:
        return able(WISH).judge(sail.live(sail.crd(), *objects), Answers()).refusal

    assert refusal(crd("targetRef")) == ""
    assert refusal().startswith("the operator serves no ZTunnel of sailoperator.io/v1; upgrade it")
    assert refusal(crd(version="v1alpha1")).startswith("the operator serves no ZTunnel of sailoperator.io/v1; upgrade it")
    theirs = ztunnel(targetRef={"kind": "Istio", "name": "other"})
    assert refusal(crd("targetRef"), theirs).startswith("ZTunnel default belongs to Istio other, and a cluster has one")


APPLIED = {"manager": "meshops.lifecycle", "operation": "Apply", "fieldsType": "FieldsV1"}


def applied(one: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """An object of which an earlier run of ours wrote these fields."""
    return {**one, "metadata": {**one["metadata"], "managedFields": [{**APPLIED, "fieldsV1": {"f:spec": spec}}]}}


def test_a_value_that_nobody_asks_for_any_more_goes() -> None:
    before = ztunnel(values={"ztunnel": {**OURS, "logLevel": "debug"}})
    ours = {"f:values": {"f:ztunnel": {"f:logLevel": {}, "f:network": {}}}}
    (made,) = judged(crd("targetRef"), applied(before, **ours), agents(), sail.istio()).manifests
    assert "logLevel" not in made["spec"]["values"]["ztunnel"]
    assert judged(crd("targetRef"), before, agents(), sail.istio()).complete, "what others wrote is theirs"
    assert judged(crd("targetRef"), applied(ztunnel(), **{"f:values": {"f:ztunnel": {"f:network": {}}}}), agents(), sail.istio()).complete
    plugin = sail.made("IstioCNI", "default", {**control_plane.cni(WISH)["spec"], "values": {"cni": {"logLevel": "debug"}}}, sail.HEALTHY[:2])
    assert running.plugin(WISH).judge(sail.live(applied(plugin, **{"f:values": {"f:cni": {"f:logLevel": {}}}})), Answers()).manifests
    assert running.plugin(WISH).judge(sail.live(plugin), Answers()).complete


def test_a_mesh_does_not_leave_ambient_mode_under_its_ztunnel() -> None:
    def refusal(*objects: dict[str, Any], wish: ControlPlane = PLAIN) -> str:
        return able(wish).judge(sail.live(sail.crd(), crd("targetRef"), *objects), Answers()).refusal

    ours = ztunnel(targetRef={"kind": "Istio", "name": "stable"})
    said = refusal(sail.istio(), ours)
    assert said.startswith("ZTunnel default follows Istio stable, and mesh_values has no ztunnel, so its control plane would leave ambient mode")
    older, istio = ztunnel(), sail.istio()
    del older["spec"]["targetRef"]
    assert refusal(istio, older) == "", "a ZTunnel of another mesh, whose operator knows no targetRef"
    istio["spec"]["profile"] = "ambient"
    assert refusal(istio, older).startswith("ZTunnel default follows Istio stable")
    assert refusal(istio) == "", "who deleted the ZTunnel first may go on"
    assert refusal(istio, older, wish=WISH) == ""
    left = in_use.refused(PLAIN).judge(sail.live(istio, older), Answers()).refusal
    assert left.startswith("ZTunnel default follows Istio stable, and mesh_values has no ztunnel, so it would stay without a control plane.")


def test_it_goes_before_its_control_plane_and_only_when_nobody_uses_it() -> None:
    names = [stage.name for stage in install.teardown(WISH)]
    assert names.index("users") < names.index("ztunnel") < names.index("revision") < names.index("network plugin")
    led = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"istio.io/dataplane-mode": "ambient"}}}
    said = in_use.refused(WISH).judge(sail.live(led), Answers()).refusal
    assert said == "ztunnel serves namespace shop, whose traffic would go nowhere without it. Take the label istio.io/dataplane-mode off, and run again."
    assert not in_use.refused(PLAIN).judge(sail.live(led), Answers()).refusal
