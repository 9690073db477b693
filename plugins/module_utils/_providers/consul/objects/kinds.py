# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of entries, with the fields that Consul knows of each, and the order in which they depend on each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .shapes import DURATION, FLAG, FREE, NUMBER, WHOLE, FieldShape, enterprise, fields, listed, mapped, text, zero

PROXY_DEFAULTS, MESH, DEFAULTS, EXPORTED = "proxy-defaults", "mesh", "service-defaults", "exported-services"
RESOLVER, SPLITTER, ROUTER, INTENTIONS = "service-resolver", "service-splitter", "service-router", "service-intentions"
HTTP_LIKE = ("http", "http2", "grpc")

_FLAG, _WHOLE, _NUMBER, _DURATION, _FREE = FieldShape(FLAG), FieldShape(WHOLE), FieldShape(NUMBER), FieldShape(DURATION), FieldShape(FREE)
_NAMESPACE = enterprise(text(same="default"))
_GROUP = enterprise(text())
_GATEWAY = fields(mode=text("none", "local", "remote"))
_DIALED = fields(dialedDirectly=_FLAG, outboundListenerPort=_WHOLE)
_EXPOSED = fields(listenerPort=_WHOLE, localPathPort=_WHOLE, path=text(), protocol=text("http", "http2"))
_EXPOSE = fields(checks=_FLAG, paths=listed(_EXPOSED))
_EXTENSION = fields("name", name=text(), required=_FLAG, arguments=_FREE)
_PROXY_MODE, _MUTUAL = text("direct", "transparent"), text("strict", "permissive")
_LOCALITY = enterprise(fields(mode=text("none", "failover")))
_REGIONS = enterprise(fields(mode=text("sequential", "order-by-locality"), regions=listed(text())))
_VERSION = text("TLS_AUTO", "TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3")
_TLS = fields(cipherSuites=listed(text()), tlsMinVersion=_VERSION, tlsMaxVersion=_VERSION)
_METHODS = listed(text("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", case="upper"))
_MODIFIED = fields(add=mapped(text()), set=mapped(text()), remove=listed(text()))
_ACTION = text("allow", "deny")

_ACCESS_LOGS = fields(
    enabled=_FLAG, disableListenerLogs=_FLAG, type=text("stdout", "stderr", "file"), path=text(), jsonFormat=text(), textFormat=text()
)  # fmt: skip
_PROXY_DEFAULTS = fields(
    accessLogs=_ACCESS_LOGS, config=_FREE, envoyExtensions=listed(_EXTENSION), expose=_EXPOSE, failoverPolicy=_REGIONS, meshGateway=_GATEWAY,
    mode=_PROXY_MODE, mutualTLSMode=_MUTUAL, prioritizeByLocality=_LOCALITY, transparentProxy=_DIALED,
)  # fmt: skip
_NORMALIZATION = fields(
    headersWithUnderscoresAction=text("ALLOW", "REJECT_REQUEST", "DROP_HEADER"), insecureDisablePathNormalization=_FLAG, mergeSlashes=_FLAG,
    pathWithEscapedSlashesAction=text("IMPLEMENTATION_SPECIFIC_DEFAULT", "KEEP_UNCHANGED", "REJECT_REQUEST", "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD"),
)  # fmt: skip
_MESH = fields(
    allowEnablingPermissiveMutualTLS=_FLAG, peering=fields(peerThroughMeshGateways=_FLAG), tls=fields(incoming=_TLS, outgoing=_TLS),
    http=fields(sanitizeXForwardedClientCert=_FLAG, incoming=fields(requestNormalization=_NORMALIZATION)),
    transparentProxy=fields(meshDestinationsOnly=_FLAG), validateClusters=_FLAG,
)  # fmt: skip
_BREAKER = fields(
    interval=_DURATION, maxFailures=_WHOLE, enforcingConsecutive5xx=zero(_WHOLE), maxEjectionPercent=zero(_WHOLE), baseEjectionTime=_DURATION
)  # fmt: skip
_LIMITS = fields(maxConnections=zero(_WHOLE), maxPendingRequests=zero(_WHOLE), maxConcurrentRequests=zero(_WHOLE))
_UPSTREAM = fields(
    name=text(), namespace=_NAMESPACE, partition=_NAMESPACE, peer=text(), connectTimeoutMs=_WHOLE, envoyClusterJSON=text(), envoyListenerJSON=text(),
    limits=_LIMITS, meshGateway=_GATEWAY, passiveHealthCheck=_BREAKER, protocol=text(case="lower"),
)  # fmt: skip
_RATES = {"requestsPerSecond": _WHOLE, "requestsMaxBurst": _WHOLE}
_RATE_LIMITS = fields(instanceLevel=fields(routes=listed(fields(pathExact=text(), pathPrefix=text(), pathRegex=text(), **_RATES)), **_RATES))
_DEFAULTS = fields(
    balanceInboundConnections=text("exact_balance"), destination=fields(addresses=listed(text()), port=_WHOLE), envoyExtensions=listed(_EXTENSION),
    expose=_EXPOSE, externalSNI=text(), localConnectTimeoutMs=_WHOLE, localRequestTimeoutMs=_WHOLE, maxInboundConnections=_WHOLE, meshGateway=_GATEWAY,
    mode=_PROXY_MODE, mutualTLSMode=_MUTUAL, protocol=text("tcp", *HTTP_LIKE, case="lower"), rateLimits=enterprise(_RATE_LIMITS),
    transparentProxy=_DIALED, upstreamConfig=fields(defaults=_UPSTREAM, overrides=listed(_UPSTREAM)),
)  # fmt: skip
_TARGET = {"service": text(), "serviceSubset": text(), "namespace": _NAMESPACE, "partition": _NAMESPACE, "datacenter": text(), "peer": text()}
_FAILOVER = fields(
    service=text(), serviceSubset=text(), namespace=_NAMESPACE, datacenters=listed(text()), targets=listed(fields(**_TARGET)),
    policy=_REGIONS, samenessGroup=_GROUP,
)  # fmt: skip
_HASHED = fields(
    field=text("header", "cookie", "query_parameter"), fieldValue=text(), sourceIP=_FLAG, terminal=_FLAG,
    cookieConfig=fields(session=_FLAG, ttl=_DURATION, path=text()),
)  # fmt: skip
_BALANCER = fields(
    policy=text("random", "round_robin", "least_request", "ring_hash", "maglev"), hashPolicies=listed(_HASHED),
    leastRequestConfig=fields(choiceCount=_WHOLE), ringHashConfig=fields(minimumRingSize=_WHOLE, maximumRingSize=_WHOLE),
)  # fmt: skip
_RESOLVER = fields(
    connectTimeout=_DURATION, requestTimeout=_DURATION, defaultSubset=text(), subsets=mapped(fields(filter=text(), onlyPassing=_FLAG)),
    failover=mapped(_FAILOVER), redirect=fields(samenessGroup=_GROUP, **_TARGET), loadBalancer=_BALANCER, prioritizeByLocality=_LOCALITY,
)  # fmt: skip
_SPLIT = fields(
    "weight", weight=zero(_NUMBER), service=text(), serviceSubset=text(), namespace=_NAMESPACE, partition=_NAMESPACE,
    requestHeaders=_MODIFIED, responseHeaders=_MODIFIED,
)  # fmt: skip
_MATCHED = {"name": text(), "present": _FLAG, "exact": text(), "regex": text()}
_HEADER = {**_MATCHED, "prefix": text(), "suffix": text(), "invert": _FLAG}
_PATHS = {"pathExact": text(), "pathPrefix": text(), "pathRegex": text()}
_RETRIES = text(
    "5xx", "gateway-error", "reset", "connect-failure", "envoy-ratelimited", "retriable-4xx", "refused-stream", "cancelled", "deadline-exceeded",
    "internal", "resource-exhausted", "unavailable",
)  # fmt: skip
_DESTINATION = fields(
    service=text(), serviceSubset=text(), namespace=_NAMESPACE, partition=_NAMESPACE, prefixRewrite=text(), requestTimeout=_DURATION, idleTimeout=_DURATION,
    numRetries=_WHOLE, retryOn=listed(_RETRIES), retryOnConnectFailure=_FLAG, retryOnStatusCodes=listed(_WHOLE),
    requestHeaders=_MODIFIED, responseHeaders=_MODIFIED,
)  # fmt: skip
_MATCH = fields(
    caseInsensitive=_FLAG, header=listed(fields("name", **_HEADER)), queryParam=listed(fields("name", **_MATCHED)), methods=_METHODS, **_PATHS
)  # fmt: skip
_JWT = fields(providers=listed(fields("name", name=text(), verifyClaims=listed(fields(path=listed(text()), value=text())))))
_PERMITTED = fields(header=listed(fields("name", contains=text(), ignoreCase=_FLAG, **_HEADER)), methods=_METHODS, **_PATHS)
_SOURCE = fields(
    "name", name=text(), namespace=_NAMESPACE, partition=_NAMESPACE, peer=text(), samenessGroup=_GROUP, action=_ACTION, description=text(),
    permissions=listed(fields("action", action=_ACTION, http=_PERMITTED, jwt=_JWT)),
)  # fmt: skip
_CONSUMER = fields(peer=text(), partition=enterprise(text()), samenessGroup=_GROUP)
_EXPORTED = fields(services=listed(fields("name", name=text(), namespace=_NAMESPACE, consumers=listed(_CONSUMER, "peer", "partition")), "name"))


@dataclass(frozen=True)
class EntryKind:
    """A kind of entry: its name in Kubernetes, the plural that its API has there, the only name that its entry may have, and its fields."""

    name: str
    resource: str
    plural: str
    shape: FieldShape
    only: str = ""


# In the order in which they are written: an entry comes after those that Consul reads to judge it.
KINDS: Mapping[str, EntryKind] = {
    kind.name: kind
    for kind in (
        EntryKind(MESH, "Mesh", "meshes", _MESH, "mesh"),
        EntryKind(PROXY_DEFAULTS, "ProxyDefaults", "proxydefaults", _PROXY_DEFAULTS, "global"),
        EntryKind(DEFAULTS, "ServiceDefaults", "servicedefaults", _DEFAULTS),
        EntryKind(EXPORTED, "ExportedServices", "exportedservices", _EXPORTED, "default"),
        EntryKind(RESOLVER, "ServiceResolver", "serviceresolvers", _RESOLVER),
        EntryKind(SPLITTER, "ServiceSplitter", "servicesplitters", fields("splits", splits=listed(_SPLIT))),
        EntryKind(ROUTER, "ServiceRouter", "servicerouters", fields(routes=listed(fields(match=fields(http=_MATCH), destination=_DESTINATION)))),
        EntryKind(INTENTIONS, "ServiceIntentions", "serviceintentions", fields("sources", sources=listed(_SOURCE, "peer", "name"), jwt=_JWT)),
    )
}
