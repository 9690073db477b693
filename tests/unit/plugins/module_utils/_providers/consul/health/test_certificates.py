# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What expires in a datacenter: the CA, and the certificates with which the Envoys of sidecars and gateways answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import PROXY, selector
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.report import certificates_info
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation.facts import facts
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation.observe import observe
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.rotation import test_rotation as forms
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import server, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import NOW
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

PARAMS = {"provider": "consul", "namespace": "mesh", "root_namespace": "meshops-system", "root_name": "meshops-root-ca",
          "ca_warn": 60, "ca_critical": 14, "leaf_warn": 40, "leaf_critical": 10, "gateway_warn": 25, "token_age": 365}  # fmt: skip
DAYS = 3
_LONG_AGO = NOW - timedelta(days=30)
CA = issue.new_intermediate(issue.new_root("root", "shop", "P-256", _LONG_AGO, 365), "east", "shop", ["connect.shop"], "P-256", _LONG_AGO, 100, 2)


def pod(name: str, labels: dict[str, str], owner: str, namespace: str = "shop") -> dict[str, Any]:
    owners = [{"kind": "ReplicaSet", "name": f"{owner}-5c9", "controller": True}]
    meta = {"name": name, "namespace": namespace, "labels": {**labels, "pod-template-hash": "5c9"}, "ownerReferences": owners}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {"phase": "Running"}}


GATEWAY = pod("gateway-1", selector("mesh-gateway"), "consul-mesh-gateway", "mesh")
SHOP = [pod(f"shop-{number}", {PROXY: "shop"}, "shop") for number in (1, 2)]


def leaf(left: float) -> str:
    """A certificate with so much of its lifetime left, in percent."""
    begin = NOW - timedelta(days=DAYS) * (100 - left) / 100
    return issue.new_leaf(CA, ["shop"], "shop", "P-256", begin, DAYS).certificate.decode()


class East(FakeCluster):
    """A datacenter whose Envoys say `dumps`, by the name of their pod."""

    dumps: dict[str, str]

    def ask_all(self, questions: Sequence[PodRequest]) -> list[Answer | MeshError]:
        return [self._said(one) for one in questions]

    def _said(self, question: PodRequest) -> Answer | MeshError:
        if question.path == "/v1/connect/ca/roots":
            return Answer(200, forms.roots((forms.NEW, True)).encode())
        if question.pod not in self.dumps:
            return MeshError("silent")
        resource = question.path.partition("=")[2]
        listed = [one for one in json.loads(self.dumps[question.pod])["configs"] if ("secret" in one) == (resource == "dynamic_active_secrets")]
        return Answer(200, json.dumps({"configs": listed}).encode())


def east(**dumps: str) -> East:
    known = [{"apiVersion": "v1", "kind": kind, **one} for kind, one in (("Pod", server()), ("Secret", tokens()))]
    servers = [{**one, "status": {"readyReplicas": 1}} for one in forms.live()["StatefulSet"]]
    made = East(namespace("mesh"), namespace("shop"), *known, *servers, GATEWAY, *SHOP, name="east")
    made.dumps = {name.replace("_", "-"): said for name, said in dumps.items()}
    return made


def expiring(cluster: East, **more: Any) -> dict[tuple[str, str], dict[str, Any]]:
    found = certificates_info.reconcile(cluster, {**PARAMS, **more}, clock=Ticking(start=NOW))
    return {(one["kind"], one["where"]): one for one in found["certificates"]}


def days_left(entry: dict[str, Any]) -> float:
    return round((datetime.fromisoformat(entry["end"]) - NOW) / timedelta(days=DAYS), 2)


def test_the_certificates_of_sidecars_and_gateways_are_listed_by_their_workload_the_first_to_expire() -> None:
    mixed = forms.said_of(forms.for_peers(leaf(80), forms.NEW), forms.for_peers(leaf(60), forms.NEW))
    found = expiring(east(shop_1=forms.dump(leaf(90), forms.NEW), shop_2=forms.dump(leaf(50), forms.NEW), gateway_1=mixed))
    shop, gateway = found["leaf", "shop/Deployment/shop"], found["leaf", "mesh/Deployment/consul-mesh-gateway"]
    assert [(days_left(one), one["number"], one["level"]) for one in (shop, gateway)] == [(0.5, 2, "ok"), (0.6, 1, "ok")]
    assert {("intermediate", "mesh"), ("root", "mesh")} <= found.keys()


def test_a_certificate_beside_the_listener_is_listed_too() -> None:
    named = json.dumps({"configs": [*json.loads(forms.said_of(forms.naming()))["configs"], *json.loads(forms.secrets(leaf(70), forms.NEW))["configs"]]})
    found = expiring(east(shop_1=named, shop_2=named, gateway_1=forms.PASSING))
    assert days_left(found["leaf", "shop/Deployment/shop"]) == 0.7
    assert ("leaf", "mesh/Deployment/consul-mesh-gateway") not in found, "a gateway that only passes on has none"


@pytest.mark.parametrize(("left", "level"), [(41, "ok"), (39, "ok"), (11, "ok"), (9, "critical"), (-1, "expired")])
def test_a_certificate_is_late_when_consul_would_have_renewed_it(left: float, level: str) -> None:
    """It does so by lot, when 40 to 10 percent are left."""
    said = forms.dump(leaf(left), forms.NEW)
    assert expiring(east(shop_1=said, shop_2=said))["leaf", "shop/Deployment/shop"]["level"] == level
    assert expiring(east(shop_1=said, shop_2=said), leaf_warn=5)["leaf", "shop/Deployment/shop"]["level"] == level


def test_who_does_not_answer_is_named() -> None:
    found = certificates_info.reconcile(east(shop_1=forms.dump(leaf(90), forms.NEW)), PARAMS, clock=Ticking(start=NOW))
    assert sorted(found["unseen"]) == [f"proxy {who} could not be seen: its Envoy did not answer" for who in ("mesh/gateway-1", "shop/shop-2")]


def test_a_rotation_knows_when_the_first_certificate_expires_and_whose_are_over() -> None:
    cluster = east(shop_1=forms.dump(leaf(90), forms.NEW), shop_2=forms.dump(leaf(-1), forms.NEW), gateway_1=forms.PASSING)
    seen = facts(observe(cluster, PROVIDERS["consul"], "mesh", Ticking(start=NOW)), 20, NOW)
    assert (seen["expired"], seen["leaf_expires"] < NOW.isoformat()) == (["shop/shop-2"], True)
    assert "PRIVATE" not in json.dumps(seen)
