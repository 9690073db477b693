# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints of a sidecar, from what Envoy 1.38 said of a pod in a mesh of two networks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Read
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.destinations import destinations


def pod(name: str, *containers: str, ready: bool = True, native: bool = False, admin: str = "") -> dict[str, Any]:
    states = [{"name": one, "ready": ready, "state": {"running": {}}} for one in containers]
    proxy = {"name": "istio-proxy", "env": [{"name": "PROXY_CONFIG", "value": json.dumps({"proxyAdminPort": int(admin)})}] if admin else []}
    spec = {"containers": [proxy if one == "istio-proxy" else {"name": one} for one in containers]}
    if native:
        spec = {"initContainers": [proxy], "containers": [one for one in spec["containers"] if one["name"] != "istio-proxy"]}
    status = {"phase": "Running", "containerStatuses": states}
    if native:
        status["initContainerStatuses"] = [one for one in states if one["name"] == "istio-proxy"]
        status["containerStatuses"] = [one for one in states if one["name"] != "istio-proxy"]
    return {"metadata": {"name": name, "namespace": "probes"}, "spec": spec, "status": status}


def entry(cluster: str, *addresses: dict[str, Any]) -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.admin.v3.EndpointsConfigDump.DynamicEndpointConfig"
    served = [{"locality": {}, "lb_endpoints": [{"endpoint": {"address": one}, "health_status": "HEALTHY"} for one in addresses]}]
    return {"@type": kind, "endpoint_config": {"cluster_name": cluster, **({"endpoints": served} if addresses else {})}}


def socket(address: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": port}}


def seen(text: str | None, *pods: dict[str, Any], clusters: str | None = '{"configs": []}') -> Any:
    wanted, live = destinations("probes"), {"Pod": list(pods or [pod("echo", "istio-proxy", "fortio")])}
    return wanted.judge(live, {question: {"endpoints": text, "clusters": clusters}[question.about] for question in wanted.questions(live)})


def test_outbound_clusters_are_read_by_service_and_port() -> None:
    tunnel = {"envoy_internal_address": {"server_listener_name": "connect_originate", "endpoint_id": "198.18.16.9:8080"}}
    told = seen(json.dumps({"configs": [
        entry("BlackHoleCluster"), entry("outbound|8080||empty.shop.svc.cluster.local"), entry("inbound|8080||", socket("127.0.0.1", 8080)),
        entry("outbound|8080||orders.shop.svc.cluster.local", socket("198.18.2.1", 15443), socket("198.18.16.4", 8080)),
        entry("outbound|8080|v2|orders.shop.svc.cluster.local", tunnel),
    ]}))  # fmt: skip
    assert told.known == {
        "empty.shop.svc.cluster.local:8080": frozenset(),
        "orders.shop.svc.cluster.local:8080": {"198.18.2.1:15443", "198.18.16.4:8080"},
        "orders.shop.svc.cluster.local:8080 subset v2": {"198.18.16.9:8080"},
    }
    assert told.relays == {"15443"}


NO_ADDRESS = {"configs": [{"endpoint_config": {"cluster_name": "outbound|1||a", "endpoints": [{"lb_endpoints": [{}]}]}}]}


@pytest.mark.parametrize("text", [None, "", "nonsense", "[]", json.dumps(NO_ADDRESS)])
def test_what_is_no_such_dump_says_nothing(text: str | None) -> None:
    assert seen(text).known is None


def test_one_sidecar_is_asked_at_its_own_port() -> None:
    wanted = destinations("probes")
    assert list(wanted.reads) == [Read("v1", "Pod", "probes")]
    pods = [pod("z", "istio-proxy", "fortio"), pod("b", "istio-proxy"), pod("c", "istio-proxy", "fortio", ready=False), pod("d", "fortio"),
            pod("e", "istio-proxy", "fortio", native=True, admin="15009")]  # fmt: skip
    assert [(one.pod, one.port, one.path) for one in wanted.questions({"Pod": pods})] == [
        ("e", 15009, "/config_dump?include_eds&resource=dynamic_endpoint_configs"), ("e", 15009, "/config_dump?resource=dynamic_active_clusters"),
    ]  # fmt: skip
    assert seen("{}", pod("b", "istio-proxy")).known is None


def accepting(*names: str, field: str = "match_subject_alt_names") -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    told = [{"exact": one} if field == "match_subject_alt_names" else {"san_type": "URI", "matcher": {"exact": one}} for one in names]
    context = {"default_validation_context": {field: told}, "validation_context_sds_secret_config": {"name": "ROOTCA"}}
    return {"typed_config": {"@type": kind, "common_tls_context": {"combined_validation_context": context}}}


def test_the_identities_that_it_accepts_are_read_by_service_and_port() -> None:
    """With auto mTLS they stand beside the plain socket, by a rule of its own alone; newer versions of Envoy have another field."""
    plain, name = {"typed_config": {"@type": "raw"}}, "spiffe://shop.example/ns/shop/sa/orders"
    of_both = [{"name": "tlsMode-istio", "transport_socket": accepting(name, "spiffe://old.example/ns/shop/sa/orders")}, {"transport_socket": plain}]
    told = seen('{"configs": []}', clusters=json.dumps({"configs": [
        {"cluster": {"name": "outbound|80||orders.shop.svc", "transport_socket_matches": of_both}},
        {"cluster": {"name": "outbound|80|v2|orders.shop.svc", "transport_socket": accepting(name, field="match_typed_subject_alt_names")}},
        {"cluster": {"name": "outbound|80||plain.shop.svc", "transport_socket": plain}}, {"cluster": {"name": "sds-grpc", "transport_socket": accepting("x")}},
    ]}))  # fmt: skip
    assert told.identities == {"orders.shop.svc:80": {name, "spiffe://old.example/ns/shop/sa/orders"}, "orders.shop.svc:80 subset v2": {name}}


@pytest.mark.parametrize("text", [None, "", "[]"])
def test_who_does_not_say_whom_it_accepts_has_said_nothing(text: str | None) -> None:
    assert seen('{"configs": []}', clusters='{"configs": []}').known == {}
    assert seen('{"configs": []}', clusters=text).known is None
