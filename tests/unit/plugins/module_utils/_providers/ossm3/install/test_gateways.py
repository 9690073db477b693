# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The east-west gateway as objects of our own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Answers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install import gateways, install, platform

WISH = ControlPlane("east", "shop", network="lan", revision="stable", namespace="istio-system")


def wish(**values: Any) -> ControlPlane:
    return replace(WISH, values={"gateway": values})


def of_kind(made: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (one,) = [each for each in made if each["kind"] == kind]
    return one


def test_its_pods_get_their_proxy_from_the_revision_and_open_the_network() -> None:
    template = of_kind(gateways.manifests(WISH), "Deployment")["spec"]["template"]
    assert template["metadata"]["annotations"] == {"inject.istio.io/templates": "gateway"}
    labels = {"sidecar.istio.io/inject": "true", "istio.io/rev": "stable", "topology.istio.io/network": "lan"}
    assert labels.items() <= template["metadata"]["labels"].items()
    (container,) = template["spec"]["containers"]
    assert (container["name"], container["image"]) == ("istio-proxy", "auto")
    assert container["env"] == [{"name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": "lan"}]


def test_both_revisions_serve_behind_one_service() -> None:
    service = gateways.service(WISH, "")
    assert "istio.io/rev" not in service["spec"]["selector"]
    assert service["metadata"]["labels"]["topology.istio.io/network"] == "lan"
    assert [port["port"] for port in service["spec"]["ports"]] == [15021, 15443, 15012, 15017]


def test_replicas_are_named_nowhere() -> None:
    """A cutover takes the pods of a gateway that another one replaces, and the next run must not bring them back."""
    assert "replicas" not in of_kind(gateways.manifests(WISH), "Deployment")["spec"]
    assert "replicas" not in of_kind(gateways.manifests(wish(replicaCount=3)), "Deployment")["spec"]
    assert [one for one in gateways.manifests(wish(autoscaling={"enabled": False, "minReplicas": 2})) if one["kind"] == "HorizontalPodAutoscaler"] == []
    scaled = gateways.manifests(wish(replicaCount=3, autoscaling={"minReplicas": 2, "maxReplicas": 4}))
    assert "replicas" not in of_kind(scaled, "Deployment")["spec"]
    spec = of_kind(scaled, "HorizontalPodAutoscaler")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"], spec["scaleTargetRef"]["name"]) == (2, 4, "istio-eastwestgateway")


def test_values_of_the_chart_that_mean_the_same_are_taken() -> None:
    made = gateways.manifests(wish(nodeSelector={"a": "b"}, resources={"requests": {"cpu": "1"}}, podDisruptionBudget={"minAvailable": 1}, labels={"x": "y"}))
    spec = of_kind(made, "Deployment")["spec"]["template"]["spec"]
    assert (spec["nodeSelector"], spec["containers"][0]["resources"]) == ({"a": "b"}, {"requests": {"cpu": "1"}})
    assert of_kind(made, "PodDisruptionBudget")["spec"]["minAvailable"] == 1
    assert all(one["metadata"]["labels"]["x"] == "y" for one in made)
    assert gateways.service(wish(service={"type": "ClusterIP", "externalIPs": ["192.0.2.1"]}), "")["spec"]["externalIPs"] == ["192.0.2.1"]


@pytest.mark.parametrize("values", [{"kind": "DaemonSet"}, {"service": {"clusterIP": "None"}}])
def test_what_it_does_not_take_is_refused_by_name(values: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"^east: mesh_values has gateway\.(kind|service\.clusterIP)"):
        gateways.service(wish(**values), "")


def test_a_scaler_and_a_budget_that_nobody_asks_for_any_more_go() -> None:
    """The scaler would go on to decide how many pods there are, and each run would set another number."""
    made = gateways.manifests(wish(autoscaling={"enabled": True}, podDisruptionBudget={"minAvailable": 1}))
    there = {kind: [of_kind(made, kind)] for kind in ("HorizontalPodAutoscaler", "PodDisruptionBudget")}
    (stage,) = [one for one in install.stages(wish(replicaCount=3)) if one.name == "gateway"]
    assert stage.then
    assert sorted(ref.kind for ref in stage.then.reads if isinstance(ref, Ref)) == sorted(there)
    assert sorted(ref.kind for ref in stage.then.judge(there, Answers()).removes) == sorted(there)
    assert stage.then.judge({}, Answers()).complete
    theirs = {kind: [{**one, "metadata": {**one["metadata"], "labels": {}}} for one in live] for kind, live in there.items()}
    assert stage.then.judge(theirs, Answers()).complete
    (kept,) = gateways.surplus(wish(podDisruptionBudget={"maxUnavailable": 1})).reads
    assert isinstance(kept, Ref) and kept.kind == "HorizontalPodAutoscaler", "what is asked for is not even read"


def test_what_the_values_of_its_service_do_not_name_any_more_goes() -> None:
    asked = gateways.service(WISH, platform.OTHER)
    owned = {"f:spec": {"f:type": {}, "f:loadBalancerSourceRanges": {}}}
    entry = {"manager": "meshops.lifecycle", "operation": "Apply", "fieldsV1": owned}
    there = {**asked, "spec": {**asked["spec"], "loadBalancerSourceRanges": ["192.0.2.0/24"]}}
    door = gateways.door(WISH)
    (made,) = door.judge({"Service": [{**there, "metadata": {**asked["metadata"], "managedFields": [entry]}}]}, Answers()).manifests
    assert "loadBalancerSourceRanges" not in made["spec"]
    assert door.judge({"Service": [there]}, Answers()).complete, "what others wrote is theirs"


def test_everything_that_may_have_been_made_goes() -> None:
    left = {(one["kind"], one["metadata"]["name"]) for one in gateways.leftovers(wish(kind="wrong"))}
    made = gateways.manifests(wish(autoscaling={"enabled": True}, podDisruptionBudget={"minAvailable": 1}))
    assert left >= {(one["kind"], one["metadata"]["name"]) for one in made}
    assert ("Service", "istio-eastwestgateway") in left
