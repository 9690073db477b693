# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a hub says about its clusters, and which parts of it become variables."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.fleet.contexts import DiscoveredCluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.fleet.hub import facts, of_hub, pin

UID = "0d6f4c8e-3a51-4b7e-9d0f-1c2b3a4d5e6f"
URL = "https://api.east.example:6443"


def live(name: str = "east", *, available: str = "True", accepted: bool = True, url: str = URL, ca: str = "", **more: Any) -> dict[str, Any]:
    claims = [{"name": key, "value": value} for key, value in more.get("claims", {}).items()]
    ways = [{"url": url, **({"caBundle": ca} if ca else {})}] if url else []
    return {
        "metadata": {"name": name, "labels": more.get("labels", {}), "managedFields": [{}]},
        "spec": {"hubAcceptsClient": accepted, "managedClusterClientConfigs": ways},
        "status": {"conditions": [{"type": "ManagedClusterConditionAvailable", "status": available}], "clusterClaims": claims},
    }


def found(*clusters: dict[str, Any], **wish: Any) -> list[DiscoveredCluster]:
    return of_hub(json.loads(json.dumps([facts(cluster) for cluster in clusters])), {"context": "acm", **wish})


def variables(wish: dict[str, Any] | None = None, **cluster: Any) -> dict[str, Any]:
    (one,) = found(live(**cluster), **(wish or {}))
    return {key: value for key, value in one.variables.items() if not key.startswith("ocm_")}


@pytest.mark.parametrize(("claims", "pinned"), [
    pytest.param({"id.k8s.io": UID}, UID, id="the UID of kube-system"),
    pytest.param({"id.k8s.io": UID, "product.open-cluster-management.io": "EKS"}, UID, id="of a cloud"),
    pytest.param({"id.k8s.io": UID, "id.openshift.io": UID}, "", id="OpenShift's own ID"),
    pytest.param({"id.k8s.io": UID, "product.open-cluster-management.io": "ROSA"}, "", id="of a managed OpenShift"),
    pytest.param({"id.k8s.io": "east"}, "", id="a name, as in OCM's documentation"),
    pytest.param({}, "", id="none"),
])  # fmt: skip
def test_a_claim_pins_only_where_it_is_the_uid_of_kube_system(claims: dict[str, str], pinned: str) -> None:
    assert pin(claims) == pinned
    assert variables(claims=claims).get("mesh_cluster_uid", "") == pinned
    assert "mesh_cluster_uid" not in variables({"pin": False}, claims=claims)


@pytest.mark.parametrize(("told", "known"), [
    pytest.param({}, {}, id="nothing"),
    pytest.param({"labels": {"meshops.lifecycle/mesh": "shop", "meshops.lifecycle/site": "dc1"}}, {"mesh_name": "shop", "mesh_site": "dc1"}, id="labels"),
    pytest.param({"labels": {"team": "a"}}, {"mesh_network": "a"}, id="a label of one's own"),
    pytest.param({"claims": {"region.open-cluster-management.io": "eu-1"}}, {"mesh_locality": {"region": "eu-1"}}, id="region by claim"),
    pytest.param({"claims": {"region.open-cluster-management.io": "eu-1,eu-2"}}, {}, id="several regions are no locality"),
    pytest.param({"labels": {"region": "eu-1", "topology.kubernetes.io/zone": "a"}}, {"mesh_locality": {"region": "eu-1", "zone": "a"}}, id="labels win"),
    pytest.param({"claims": {"product.open-cluster-management.io": "ARO"}}, {"mesh_platform": "openshift"}, id="OpenShift"),
    pytest.param({"claims": {"product.open-cluster-management.io": "GKE"}}, {"mesh_platform": "gke"}, id="GKE"),
    pytest.param({"claims": {"product.open-cluster-management.io": "EKS"}}, {}, id="a platform that Istio has no name for"),
])  # fmt: skip
def test_labels_and_claims_become_variables(told: dict[str, Any], known: dict[str, Any]) -> None:
    assert variables({"labels": {"mesh_network": "team"}}, **told) == known


@pytest.mark.parametrize(("kube", "ca", "reached"), [
    pytest.param({}, "", None, id="not at all"),
    pytest.param({"kubeconfig": "k"}, "Q0E=", {"kubeconfig": "k", "context": "east"}, id="a context of its name"),
    pytest.param({"kubeconfig": "k", "context": "{{ x }}"}, "", {"kubeconfig": "k", "context": "{{ x }}"}, id="another context"),
    pytest.param({"api_key": "{{ t }}"}, "", {"host": URL, "api_key": "{{ t }}"}, id="the hub's URL"),
    pytest.param({"api_key": "{{ t }}", "ca_cert": "f"}, "Q0E=", {"host": URL, "api_key": "{{ t }}", "ca_cert": "f"}, id="a CA of one's own"),
])  # fmt: skip
def test_how_it_is_reached(kube: dict[str, str], ca: str, reached: Any) -> None:
    assert variables({"kube": kube}, ca=ca).get("mesh_kube") == reached


def test_the_hub_s_ca_is_trusted_without_a_file() -> None:
    kube = variables({"kube": {"api_key": "{{ t }}"}}, ca="Q0E=")["mesh_kube"]
    assert kube["kubeconfig"]["clusters"] == [{"name": "east", "cluster": {"server": URL, "certificate-authority-data": "Q0E="}}]
    assert kube["kubeconfig"]["users"] == [{"name": "east", "user": {"token": "{{ t }}"}}]
    assert kube["context"] == kube["kubeconfig"]["contexts"][0]["name"] == "east"


def test_a_url_is_needed_for_a_token() -> None:
    assert "mesh_kube" not in variables({"kube": {"api_key": "{{ t }}"}}, url="")


def test_who_is_accepted_and_who_is_available() -> None:
    clusters = live("a"), live("b", available="Unknown"), live("c", accepted=False)
    assert {one.name: one.variables["ocm_available"] for one in found(*clusters)} == {"a": True, "b": False}
    assert [one.name for one in found(*clusters, unavailable="skip")] == ["a"]


def test_a_managed_cluster_cannot_make_ansible_evaluate_anything() -> None:
    evil = "{{ lookup('pipe', 'id') }}"
    told = facts(live(url=f"https://{evil}", labels={"a": "b"}, claims={"x": evil, evil: "x", "y": "z"}))
    assert told == {"name": "east", "accepted": True, "available": True, "labels": {"a": "b"}, "claims": {"y": "z"}, "ways": []}


def test_ids_and_urls_show_that_two_names_are_one_cluster() -> None:
    (one,) = found(live(claims={"id.k8s.io": UID, "id.openshift.io": UID}))
    assert one.leads == {("id", UID), ("server", URL, "")}
    assert found(live(claims={"id.k8s.io": "east"}, url=""))[0].leads == frozenset()


def test_a_cluster_that_has_only_just_been_made_is_none_yet() -> None:
    assert found({"metadata": {"name": "new"}}) == []
