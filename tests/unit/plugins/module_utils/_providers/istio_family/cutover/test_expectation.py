# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trust domains of an istiod's endpoints, from what istiod 1.32 said in a mesh of two clusters."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.expectation import Expectation
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.expectation import expectation


def pod(name: str, ready: bool = True) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "istio-system"}, "status": {"phase": "Running", "containerStatuses": [{"ready": ready}]}}


def endpoint(identity: str) -> dict[str, Any]:
    return {"Addresses": ["198.18.16.21"], "ServiceAccount": identity, "Network": "onprem", "Locality": {"ClusterID": "east"}}


SHARDS = {
    "orders.shop.svc.cluster.local": {"shop": {"Shards": {
        "Kubernetes/east": [endpoint("spiffe://shop.example/ns/shop/sa/orders"), endpoint("")],
        "Kubernetes/west": [endpoint("spiffe://cluster.local/ns/shop/sa/x")],
    }, "ServiceAccounts": {"spiffe://shop.example/ns/shop/sa/orders": {}}}},
    "api.example.com": {"shop": {"Shards": {"External/east": [endpoint("spiffe://outside.example/x")], "Kubernetes/north": None}}},
    "empty.shop.svc.cluster.local": {"shop": {"Shards": {}, "ServiceAccounts": {}}},
}  # fmt: skip
PLANE = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "istiod-green", "namespace": "istio-system"}}


def told(*texts: str | None) -> Expectation:
    wanted = expectation("istio-system", "green")
    live = {"Pod": [*(pod(f"istiod-{number}") for number, _text in enumerate(texts)), pod("late", ready=False)], "Deployment": [PLANE]}
    return wanted.judge(live, dict(zip(wanted.questions(live), texts, strict=True)))  # type: ignore[arg-type]


def test_the_trust_domains_of_kubernetes_endpoints_are_read_by_cluster() -> None:
    other = {"orders.shop.svc.cluster.local": {"shop": {"Shards": {"Kubernetes/west": [endpoint("spiffe://shop.example/ns/shop/sa/x")]}}}}
    seen = told(json.dumps(SHARDS), None, "nonsense", "[1]", json.dumps(other))
    assert seen.domains == {"east": {"shop.example"}, "west": {"cluster.local", "shop.example"}}
    assert seen.planes == (Ref("apps/v1", "Deployment", "istiod-green", "istio-system"),)


def test_istiods_of_that_revision_alone_are_asked() -> None:
    assert {getattr(one, "labels", "") for one in expectation("istio-system", "green").reads} == {"app=istiod,istio.io/rev=green"}
