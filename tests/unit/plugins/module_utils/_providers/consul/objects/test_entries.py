# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries are read in each of Consul's spellings, and whatever is wrong with them is named with the entry and the field, all at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects import entries
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects.durations import nanoseconds, written
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects.entry import Entry, declared
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.settings import Settings
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER

HTTP = {"kind": "service-defaults", "name": "web", "protocol": "http"}


def judged(*given: Any, **more: Any) -> list[Entry]:
    wish = replace(PEER, values={"entries": {"declared": list(given), **more}})
    return entries.judged(wish, Settings.of(wish).entries)


@pytest.mark.parametrize("given", [
    pytest.param({"kind": "service-resolver", "name": "web", "connect_timeout": "1500ms", "subsets": {"v1": {"only_passing": True}}}, id="as in HCL"),
    pytest.param({"Kind": "service-resolver", "Name": "web", "ConnectTimeout": "1.5s", "Subsets": {"v1": {"OnlyPassing": True}}}, id="as in the API"),
    pytest.param({"kind": "ServiceResolver", "name": "web", "connectTimeout": "0m1.5s", "subsets": {"v1": {"onlyPassing": True}}}, id="as in Kubernetes"),
])
def test_an_entry_may_be_spelled_as_consuls_pages_spell_it(given: dict[str, Any]) -> None:
    (entry,) = judged(given)
    assert entry.content == {"connectTimeout": "1.5s", "subsets": {"v1": {"onlyPassing": True}}}
    assert entry.in_api() == {"Kind": "service-resolver", "Name": "web", "ConnectTimeout": "1.5s", "Subsets": {"v1": {"OnlyPassing": True}}}


def test_names_that_are_abbreviations_keep_their_capitals_in_the_api() -> None:
    (mesh,) = judged({"kind": "mesh", "tls": {"incoming": {"tlsMinVersion": "TLSv1_2"}}, "http": {"sanitizeXForwardedClientCert": True}})
    assert mesh.in_api() == {"Kind": "mesh", "TLS": {"Incoming": {"TLSMinVersion": "TLSv1_2"}}, "HTTP": {"SanitizeXForwardedClientCert": True}}
    one = {"kind": "service-defaults", "name": "web", "externalSNI": "web.example", "mutualTLSMode": "strict", "localRequestTimeoutMs": 5}
    assert judged(one)[0].in_api() == {
        "Kind": "service-defaults", "Name": "web", "ExternalSNI": "web.example", "LocalRequestTimeoutMs": 5, "MutualTLSMode": "strict",
    }  # fmt: skip


@pytest.mark.parametrize(("text", "long"), [
    ("5s", "5s"), ("90s", "1m30s"), ("1h", "1h0m0s"), ("250ms", "250ms"),
    ("0.25s", "250ms"), ("1m0.5s", "1m0.5s"), ("0s", "0s"), ("1500us", "1.5ms"), ("7ns", "7ns"),
])  # fmt: skip
def test_durations_of_one_length_are_one_text(text: str, long: str) -> None:
    nanos = nanoseconds(text)
    assert nanos is not None
    assert written(nanos) == long
    assert nanoseconds(long) == nanos


@pytest.mark.parametrize("text", ["5", "s", "-5s", "5 s", "5d", ""])
def test_what_is_no_duration(text: str) -> None:
    assert nanoseconds(text) is None


def test_what_says_nothing_is_left_out_and_zero_stays_where_it_says_something() -> None:
    nothing = {"kind": "service-defaults", "name": "web", "maxInboundConnections": 0, "externalSNI": "", "expose": {"checks": False}}
    assert judged(nothing)[0].content == {}
    limits = {"upstreamConfig": {"defaults": {"limits": {"maxPendingRequests": 0}, "passiveHealthCheck": {"enforcingConsecutive5xx": 0}}}}
    assert judged({"kind": "service-defaults", "name": "web", **limits})[0].content == limits


def resolver(**fields: Any) -> dict[str, Any]:
    return {"kind": "service-resolver", "name": "web", "subsets": {"v1": {}}, **fields}


def splits(*given: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "service-splitter", "name": "web", "splits": list(given)}


def route(**fields: Any) -> dict[str, Any]:
    return {"kind": "service-router", "name": "web", "routes": [fields]}


def allow(*sources: dict[str, Any], name: str = "web") -> dict[str, Any]:
    return {"kind": "service-intentions", "name": name, "sources": list(sources)}


def exported(**fields: Any) -> dict[str, Any]:
    return {"kind": "exported-services", "services": [{"name": "web", **fields}]}


def permitted(**fields: Any) -> dict[str, Any]:
    return allow({"name": "shop", "permissions": [fields]})


def upstream(**fields: Any) -> dict[str, Any]:
    return {"kind": "service-defaults", "name": "web", "upstreamConfig": fields}


def failover(**fields: Any) -> dict[str, Any]:
    return resolver(failover={"*": fields})


def balancer(**fields: Any) -> dict[str, Any]:
    return resolver(loadBalancer=fields)


@pytest.mark.parametrize(("given", "says"), [
    (["web"], r"declared\[0\] is not a dictionary"),
    ([{"name": "web"}], r"declared\[0\] has no kind; the kinds are mesh, proxy-defaults"),
    ([{"kind": "service-spliter", "name": "web"}], "kind service-spliter, .*did you mean service-splitter"),
    ([{"kind": "sameness-group", "name": "all"}], "only Consul Enterprise has"),
    ([{"kind": "jwt-provider", "name": "a"}], "kind jwt-provider, which this collection does not write"),
    ([{"kind": "service-defaults"}], "the service-defaults has no name"),
    ([{"kind": "proxy-defaults", "name": "web"}], "the only proxy-defaults is named global, not web"),
    ([{"kind": "service-defaults", "name": "*"}], r"service-defaults \* has a wildcard, but only service-intentions may"),
    ([{"kind": "service-intentions", "name": "web-*"}], "the whole name of a service-intentions may be"),
    ([{"kind": "service-defaults", "name": "Web"}], "'Web' is not a DNS label"),
    ([HTTP, HTTP], "service-defaults/web is declared twice"),
    ([{**HTTP, "protokol": "http"}], r"service-defaults/web: protokol is no field that Consul knows \(did you mean protocol\?\)"),
    ([{**HTTP, "Protocol": "tcp"}], "Protocol is given twice, also as protocol"),
    ([{**HTTP, "protocol": "https"}], "protocol is https, but it must be tcp, http, http2 or grpc"),
    ([{**HTTP, "protocol": 1}], "protocol is not a text; put it in quotes"),
    ([{**HTTP, "maxInboundConnections": "5"}], "maxInboundConnections is not a whole number"),
    ([{**HTTP, "maxInboundConnections": True}], "maxInboundConnections is not a whole number"),
    ([{**HTTP, "maxInboundConnections": -1}], "is -1, but it must not be negative"),
    ([{**HTTP, "expose": ["/"]}], "expose is not a dictionary"),
    ([{**HTTP, "destination": {"port": 70000}}], "destination.addresses is missing.*destination.port is not between"),
    ([upstream(defaults={"name": "api"})], "upstreamConfig.defaults.name is given"),
    ([upstream(overrides=[{"protocol": "tcp"}])], r"upstreamConfig.overrides\[0\].name is missing"),
    ([upstream(overrides=[{"name": "api"}, {"name": "api"}])], "upstreamConfig.overrides has api twice"),
    ([upstream(defaults={"passiveHealthCheck": {"maxEjectionPercent": 200}})], "maxEjectionPercent is 200, but it is a percentage"),
    ([upstream(defaults={"passiveHealthCheck": {"interval": 10}})], "passiveHealthCheck.interval is not a duration such as 5s"),
    ([{"kind": "proxy-defaults", "accessLogs": {"type": "file"}}], "accessLogs.path is missing"),
    ([{"kind": "proxy-defaults", "accessLogs": {"jsonFormat": "a", "textFormat": "b"}}], "both jsonFormat and textFormat"),
    ([{"kind": "mesh", "tls": {"incoming": {"tlsMinVersion": "TLSv1_3", "tlsMaxVersion": "TLSv1_2"}}}], "tlsMinVersion is TLSv1_3, which is above"),
    ([HTTP, splits({"weight": 80})], "splits: the weights sum up to 80, but they must sum up to 100"),
    ([HTTP, splits({"weight": 33.3}, {"weight": 66.6, "service": "api"})], "sum up to 99.9,"),
    ([HTTP, splits({"weight": 50}, {"weight": 50})], r"splits\[1\] goes to the same place as splits\[0\]"),
    ([HTTP, splits({"service": "api"})], r"splits\[0\].weight is missing"),
    ([HTTP, splits()], "splits is missing"),
    ([{**HTTP, "protocol": "tcp"}, splits({"weight": 100})], "service-splitter/web: .* the protocol of web is tcp; set protocol in service-defaults/web"),
    ([{"kind": "proxy-defaults", "config": {"protocol": "tcp"}}, route()], "service-router/web: .* the protocol of web is tcp"),
    ([HTTP, resolver(), splits({"weight": 100, "serviceSubset": "v2"})], "serviceSubset is v2, but no service-resolver/web defines this subset"),
    ([HTTP, {**HTTP, "name": "api", "protocol": "grpc"}, splits({"weight": 100, "service": "api"})], "whose protocol is grpc, but the protocol of web is http"),
    ([resolver(subsets={"V1": {}})], "subsets: the name 'V1' is not a DNS label"),
    ([resolver(defaultSubset="v2")], "defaultSubset is v2, but the entry defines the subsets v1"),
    ([resolver(redirect={"service": "api"}, failover={"*": {"datacenters": ["west"]}})], "redirect and failover cannot both be given"),
    ([resolver(redirect={"peer": "west"})], "redirect.peer needs redirect.service"),
    ([resolver(failover={"v2": {"datacenters": ["west"]}})], r"failover\[v2\] is for the subset v2"),
    ([failover()], r"failover\[\*\] names nowhere to go"),
    ([failover(targets=[{"peer": "west"}], datacenters=["west"])], r"failover\[\*\] has targets and datacenters"),
    ([failover(targets=[{}])], r"targets\[0\] is empty"),
    ([failover(targets=[{"peer": "west", "datacenter": "west"}])], r"targets\[0\] has a peer and datacenter"),
    ([failover(serviceSubset="v9")], r"failover\[\*\].serviceSubset is v9"),
    ([balancer(policy="random", ringHashConfig={"minimumRingSize": 8})], "ringHashConfig is only for the policy ring_hash"),
    ([balancer(policy="maglev", hashPolicies=[{"field": "header"}])], r"hashPolicies\[0\] needs both field and fieldValue"),
    ([balancer(policy="maglev", hashPolicies=[{"sourceIP": True, "field": "header", "fieldValue": "a"}])], "sourceIP and a field"),
    ([balancer(policy="maglev", hashPolicies=[{"field": "header", "fieldValue": "a", "cookieConfig": {"ttl": "5s"}}])], "only for the field cookie"),
    ([HTTP, route(match={"http": {"pathExact": "/a", "pathPrefix": "/"}})], r"routes\[0\].match.http has pathExact and pathPrefix"),
    ([HTTP, route(match={"http": {"pathPrefix": "a"}})], "a path begins with /"),
    ([HTTP, route(match={"http": {"methods": ["get", "GET"]}})], "methods has GET more than once"),
    ([HTTP, route(match={"http": {"methods": ["FETCH"]}})], r"methods\[0\] is FETCH, but it must be GET"),
    ([HTTP, route(match={"http": {"header": [{"name": "a"}]}})], r"header\[0\] \(a\) has nothing to compare with"),
    ([HTTP, route(match={"http": {"queryParam": [{"name": "a", "exact": "1", "present": True}]}})], r"queryParam\[0\] \(a\) has present and exact"),
    ([HTTP, route(destination={"prefixRewrite": "/"})], "prefixRewrite needs match.http.pathExact or pathPrefix"),
    ([HTTP, route(destination={"retryOn": ["4xx"]})], r"retryOn\[0\] is 4xx, but it must be 5xx"),
    ([HTTP, route(destination={"retryOnStatusCodes": [50]})], "has 50, which is no status of HTTP"),
    ([HTTP, {"kind": "service-router", "name": "web", "routes": [{}, {"match": {"http": {"pathPrefix": "/"}}}]}], r"routes\[0\] matches every request"),
    ([allow()], "sources is missing"),
    ([allow({"action": "allow"})], r"sources\[0\].name is missing"),
    ([allow({"name": "shop"})], r"sources\[shop\] has neither action nor permissions"),
    ([allow({"name": "shop", "action": "allow", "permissions": [{"action": "deny", "http": {"pathPrefix": "/"}}]})], "has both action and permissions"),
    ([allow({"name": "shop", "action": "Allow"})], r"action is Allow, but it must be allow or deny"),
    ([allow({"name": "shop", "action": "allow"}, {"name": "shop", "action": "deny"})], r"sources\[shop\] is given twice"),
    ([allow({"name": "sh*", "action": "allow"})], "has a wildcard in a part of it"),
    ([allow({"name": "*", "peer": "*", "action": "allow"})], "peer has a wildcard; name each peer"),
    ([allow({"name": "shop", "permissions": [{"action": "deny", "http": {"pathPrefix": "/"}}]}, name="*")], r"permissions cannot be given for \*"),
    ([permitted(action="allow")], r"permissions\[0\].http is missing"),
    ([{**HTTP, "protocol": "tcp"}, permitted(action="allow", http={"pathPrefix": "/"})],
     "sources.permissions tell requests apart, but the protocol of web is tcp"),
    ([{"kind": "mesh"}, {**HTTP, "mutualTLSMode": "permissive"}], "mutualTLSMode is permissive, which Consul takes only if allowEnabling"),
    ([{**HTTP, "externalSNI": "a.example"}, resolver()], "subsets cannot be given, because service-defaults/web has externalSNI"),
    ([exported(consumers=[{"peer": "west"}]), failover(datacenters=["west"])], "service-resolver/web leads to another datacenter, and Consul exports no such"),
    ([exported(consumers=[{"peer": "west"}]), HTTP, {**HTTP, "name": "api"}, splits({"weight": 100, "service": "api"}),
      {**failover(datacenters=["west"]), "name": "api"}], r"services\[web\] has a peer as a consumer, but service-resolver/api leads"),
    ([exported()], r"services\[web\].consumers is missing"),
    ([exported(consumers=[{"peer": "*"}])], r"consumers\[0\].peer has a wildcard"),
    ([exported(consumers=[{"peer": "west", "samenessGroup": "all"}])], "must name a peer, and nothing beside it"),
    ([{"kind": "exported-services", "services": [{"name": "consul", "consumers": [{"peer": "west"}]}]}], "exports Consul itself"),
])  # fmt: skip
def test_a_fault_is_named_with_the_entry_and_the_field(given: list[Any], says: str) -> None:
    with pytest.raises(Refused, match=rf"^east: .*{says}.*Correct mesh_values.entries\.$"):
        judged(*given)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(Refused, match="protokol.*service-splitter/web"):
        judged({**HTTP, "protokol": "x"}, splits({"weight": 80}))


def test_a_deny_that_a_wider_allow_outranks_is_refused() -> None:
    with pytest.raises(Refused, match=r"service-intentions/\*: sources\[shop\] denies shop everywhere, but service-intentions/web allows \*, which takes prec"):
        judged(allow({"name": "shop", "action": "deny"}, name="*"), allow({"name": "*", "action": "allow"}))
    judged(allow({"name": "shop", "action": "deny"}, name="*"), allow({"name": "*", "action": "allow"}, {"name": "shop", "action": "deny"}))


@pytest.mark.parametrize(("more", "says"), [
    ({"through": "helm"}, "entries.through is helm, but it must be api or crds"),
    ({"through": "crds"}, "nobody makes entries of objects without HashiCorp's chart"),
    ({"adopt": ["web"]}, "adopt has web, which is not <kind>/<name>"),
])  # fmt: skip
def test_settings_that_cannot_be(more: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        judged(HTTP, **more)


def test_what_may_lie_in_consul_already_is_not_judged_before_it_is_asked() -> None:
    assert declared([splits({"weight": 100, "serviceSubset": "v1"})])[1] == []
    judged(splits({"weight": 100, "serviceSubset": "v1"}))
