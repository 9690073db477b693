# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries that together have each field that the community edition of Consul knows, for tests that show them to whoever judges fields."""

from __future__ import annotations

from typing import Any

_TLS = {"cipherSuites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], "tlsMinVersion": "TLSv1_2", "tlsMaxVersion": "TLSv1_3"}
_EXTENSION = {"name": "builtin/lua", "required": True, "arguments": {"ProxyType": "connect-proxy", "Listener": "inbound", "Script": "function f() end"}}
_EXPOSE = {"checks": True, "paths": [{"listenerPort": 21500, "localPathPort": 8080, "path": "/health", "protocol": "http2"}]}
_HEADERS = {"add": {"x-a": "1"}, "set": {"x-b": "2"}, "remove": ["x-c"]}
_UPSTREAM = {
    "connectTimeoutMs": 500, "meshGateway": {"mode": "none"}, "protocol": "http", "envoyListenerJSON": "{}", "envoyClusterJSON": "{}",
    "limits": {"maxConnections": 0, "maxPendingRequests": 2, "maxConcurrentRequests": 3},
    "passiveHealthCheck": {"interval": "10s", "maxFailures": 5, "enforcingConsecutive5xx": 0, "maxEjectionPercent": 50, "baseEjectionTime": "30s"},
}  # fmt: skip
_JWT = {"providers": [{"name": "login", "verifyClaims": [{"path": ["roles"], "value": "admin"}]}]}
_PERMISSIONS = [
    {"action": "deny", "http": {"pathPrefix": "/admin", "methods": ["get"], "header": [{"name": "a", "exact": "1", "invert": True}]}, "jwt": _JWT},
    {"action": "allow", "http": {"pathExact": "/a", "header": [{"name": "a", "prefix": "x"}, {"name": "b", "suffix": "y", "ignoreCase": True}]}},
    {"action": "allow", "http": {"pathRegex": "/b.*", "header": [{"name": "c", "regex": "z+"}, {"name": "d", "present": True}]}},
    {"action": "allow", "http": {"header": [{"name": "e", "contains": "q"}]}},
]
_HASHED = [
    {"field": "cookie", "fieldValue": "session", "cookieConfig": {"ttl": "60s", "path": "/"}, "terminal": True},
    {"field": "cookie", "fieldValue": "other", "cookieConfig": {"session": True}},
    {"sourceIP": True},
]
_MATCHES: list[dict[str, Any]] = [
    {"pathExact": "/a", "methods": ["PUT"], "caseInsensitive": True, "header": [{"name": "a", "exact": "1", "invert": True}, {"name": "b", "prefix": "x"}]},
    {"pathPrefix": "/b", "header": [{"name": "c", "suffix": "y"}, {"name": "d", "regex": "z+"}, {"name": "e", "present": True}]},
    {"pathRegex": "/c.*", "queryParam": [{"name": "f", "exact": "1"}, {"name": "g", "regex": "x+"}, {"name": "h", "present": True}]},
]
_DESTINATION = {
    "service": "api", "serviceSubset": "v1", "prefixRewrite": "/z", "requestTimeout": "90s", "idleTimeout": "1h", "numRetries": 3, "retryOn": ["reset", "5xx"],
    "retryOnConnectFailure": True, "retryOnStatusCodes": [503, 504], "requestHeaders": _HEADERS, "responseHeaders": _HEADERS,
}  # fmt: skip
_ROUTES = [{"match": {"http": match}} for match in _MATCHES]
_ROUTES[0]["destination"] = _DESTINATION

PROVIDER = {"Kind": "jwt-provider", "Name": "login", "Issuer": "me", "JSONWebKeySet": {"Local": {"JWKS": "eyJrZXlzIjpbXX0="}}}  # entries name it
FULL: list[dict[str, Any]] = [
    {"kind": "proxy-defaults", "config": {"protocol": "http", "local_connect_timeout_ms": 1000}, "envoyExtensions": [_EXTENSION], "expose": _EXPOSE,
     "meshGateway": {"mode": "local"}, "mode": "transparent", "mutualTLSMode": "permissive",
     "transparentProxy": {"outboundListenerPort": 22001, "dialedDirectly": True},
     "accessLogs": {"enabled": True, "disableListenerLogs": True, "type": "file", "path": "/dev/null", "textFormat": "x"}},
    {"kind": "mesh", "allowEnablingPermissiveMutualTLS": True, "validateClusters": True, "transparentProxy": {"meshDestinationsOnly": True},
     "tls": {"incoming": _TLS, "outgoing": _TLS}, "peering": {"peerThroughMeshGateways": True},
     "http": {"sanitizeXForwardedClientCert": True, "incoming": {"requestNormalization": {
         "insecureDisablePathNormalization": True, "mergeSlashes": True, "pathWithEscapedSlashesAction": "UNESCAPE_AND_FORWARD",
         "headersWithUnderscoresAction": "REJECT_REQUEST"}}}},
    {"kind": "service-defaults", "name": "web", "protocol": "HTTP", "balanceInboundConnections": "exact_balance", "envoyExtensions": [_EXTENSION],
     "expose": _EXPOSE, "localConnectTimeoutMs": 1, "localRequestTimeoutMs": 2, "maxInboundConnections": 3,
     "meshGateway": {"mode": "remote"}, "mode": "direct", "mutualTLSMode": "strict",
     "transparentProxy": {"outboundListenerPort": 22002, "dialedDirectly": True},
     "upstreamConfig": {"defaults": _UPSTREAM, "overrides": [{"name": "api", **_UPSTREAM}, {"name": "far", "peer": "west"}]}},
    {"kind": "service-defaults", "name": "api", "protocol": "http"},
    {"kind": "service-defaults", "name": "legacy", "externalSNI": "legacy.example"},
    {"kind": "service-defaults", "name": "outside", "protocol": "tcp", "destination": {"addresses": ["a.example", "b.example"], "port": 443}},
    {"kind": "exported-services", "services": [
        {"name": "shop", "consumers": [{"peer": "west"}, {"peer": "north"}]}, {"name": "legacy", "consumers": [{"peer": "west"}]}]},
    {"kind": "service-resolver", "name": "api", "subsets": {"v1": {"filter": "Service.Meta.version == v1", "onlyPassing": True}, "v2": {}},
     "defaultSubset": "v1", "connectTimeout": "1500ms", "requestTimeout": "1m", "failover": {
         "v1": {"serviceSubset": "v2"}, "v2": {"service": "web"}, "*": {"targets": [{"peer": "west", "service": "web"}, {"serviceSubset": "v2"}]}},
     "loadBalancer": {"policy": "ring_hash", "ringHashConfig": {"minimumRingSize": 1024, "maximumRingSize": 2048}, "hashPolicies": _HASHED}},
    {"kind": "service-resolver", "name": "web", "failover": {"*": {"datacenters": ["north"]}},
     "loadBalancer": {"policy": "least_request", "leastRequestConfig": {"choiceCount": 3}}},
    {"kind": "service-resolver", "name": "far", "failover": {"*": {"targets": [{"datacenter": "north"}, {"peer": "west"}]}}},
    {"kind": "service-resolver", "name": "alias", "redirect": {"service": "api", "serviceSubset": "v2", "datacenter": "east"}},
    {"kind": "service-resolver", "name": "abroad", "redirect": {"service": "api", "peer": "west"}},
    {"kind": "service-splitter", "name": "web", "splits": [
        {"weight": 79.5, "service": "web", "requestHeaders": _HEADERS, "responseHeaders": _HEADERS},
        {"weight": 20.5, "service": "api", "serviceSubset": "v1"}, {"weight": 0, "service": "api", "serviceSubset": "v2"}]},
    {"kind": "service-router", "name": "web", "routes": _ROUTES},
    {"kind": "service-intentions", "name": "web", "jwt": _JWT, "sources": [
        {"name": "*", "action": "deny"}, {"name": "shop", "action": "allow", "description": "orders"}, {"name": "far", "peer": "west", "action": "allow"},
        {"name": "told-apart", "permissions": _PERMISSIONS}]},
    {"kind": "service-intentions", "name": "*", "sources": [{"name": "guest", "action": "deny"}]},
]  # fmt: skip
