# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Consul would refuse of a single entry, or would take and not do. Faults are half sentences that begin with the field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from . import intentions, resolvers
from .entry import ANY, Content, Entry
from .kinds import DEFAULTS, EXPORTED, INTENTIONS, MESH, PROXY_DEFAULTS, RESOLVER, ROUTER, SPLITTER
from .matches import match_faults, named_faults

_ALL = 100
_TLS = ("TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3")


def faults(entry: Entry) -> list[str]:
    """Return what is wrong with an entry by itself."""
    return [f"the entry {entry.kind}/{entry.name}: {fault}" for fault in _RULES[entry.kind](entry.name, entry.content)]


def _proxy_defaults(_name: str, content: Content) -> Iterator[str]:
    logs = content.get("accessLogs") or {}
    if logs.get("type") == "file" and not logs.get("path"):
        yield "accessLogs.path is missing, and the type file needs it"
    if logs.get("path") and logs.get("type") != "file":
        yield "accessLogs.path is given, but the type is not file"
    if logs.get("jsonFormat") and logs.get("textFormat"):
        yield "accessLogs has both jsonFormat and textFormat; choose one"


def _mesh(_name: str, content: Content) -> Iterator[str]:
    for side, limits in (content.get("tls") or {}).items():
        low, high = limits.get("tlsMinVersion"), limits.get("tlsMaxVersion")
        if low in _TLS and high in _TLS and _TLS.index(low) > _TLS.index(high):
            yield f"tls.{side}.tlsMinVersion is {low}, which is above tlsMaxVersion, {high}"


def _defaults(_name: str, content: Content) -> Iterator[str]:
    upstream = content.get("upstreamConfig") or {}
    if (upstream.get("defaults") or {}).get("name"):
        yield "upstreamConfig.defaults.name is given, but defaults hold for all upstreams; put it under overrides"
    yield from named_faults(upstream.get("overrides") or (), "upstreamConfig.overrides", ("peer", "namespace", "partition"))
    destination = content.get("destination")
    if destination is not None and not destination.get("addresses"):
        yield "destination.addresses is missing"
    if destination is not None and not 1 <= destination.get("port", 0) <= 65535:
        yield "destination.port is not between 1 and 65535"
    each = {"upstreamConfig.defaults": upstream.get("defaults") or {}}
    each |= {f"upstreamConfig.overrides[{number}]": one for number, one in enumerate(upstream.get("overrides") or ())}
    for place, one in each.items():
        yield from _breaker(one.get("passiveHealthCheck") or {}, f"{place}.passiveHealthCheck")


def _breaker(check: Content, place: str) -> Iterator[str]:
    for name in ("enforcingConsecutive5xx", "maxEjectionPercent"):
        if check.get(name, 0) > _ALL:
            yield f"{place}.{name} is {check[name]}, but it is a percentage"


def _splitter(_name: str, content: Content) -> Iterator[str]:
    splits = content["splits"]
    total = sum((Decimal(str(split["weight"])) for split in splits), Decimal(0))
    if total != _ALL:
        yield f"splits: the weights sum up to {total.normalize():f}, but they must sum up to 100"
    seen: dict[tuple[Any, ...], int] = {}
    for number, split in enumerate(splits):
        target = tuple(split.get(part) for part in ("service", "serviceSubset", "namespace", "partition"))
        if target in seen:
            yield f"splits[{number}] goes to the same place as splits[{seen[target]}]; give it one weight"
        seen.setdefault(target, number)


def _router(_name: str, content: Content) -> Iterator[str]:
    for number, route in enumerate(content.get("routes") or ()):
        place, match = f"routes[{number}]", (route.get("match") or {}).get("http") or {}
        yield from match_faults(match, f"{place}.match.http")
        yield from named_faults(match.get("queryParam") or (), f"{place}.match.http.queryParam", (), ("present", "exact", "regex"))
        yield from _destination(route.get("destination") or {}, match, f"{place}.destination")
        last = number == len(content["routes"]) - 1
        if not match and not last:
            yield f"{place} matches every request, so the routes below it are never used; put it last"


def _destination(destination: Content, match: Content, place: str) -> Iterator[str]:
    if destination.get("prefixRewrite") and not (match.get("pathExact") or match.get("pathPrefix")):
        yield f"{place}.prefixRewrite needs match.http.pathExact or pathPrefix"
    for code in destination.get("retryOnStatusCodes") or ():
        if not 100 <= code <= 599:
            yield f"{place}.retryOnStatusCodes has {code}, which is no status of HTTP"


def _exported(_name: str, content: Content) -> Iterator[str]:
    services: Sequence[Mapping[str, Any]] = content.get("services") or ()
    yield from named_faults(services, "services", ("namespace",))
    for service in services:
        place = f"services[{service['name']}]"
        if service["name"] == "consul":
            yield f"{place} exports Consul itself, which Consul refuses"
        if ANY in service["name"] and service["name"] != ANY:
            yield f"{place}.name has a wildcard in a part of it; give * or a whole name"
        if not service.get("consumers"):
            yield f"{place}.consumers is missing, so nobody would see the service"
        for number, consumer in enumerate(service.get("consumers") or ()):
            if len(consumer) != 1:
                yield f"{place}.consumers[{number}] must name a peer, and nothing beside it"
            if ANY in consumer.get("peer", ""):
                yield f"{place}.consumers[{number}].peer has a wildcard; name each peer"


_RULES: Mapping[str, Callable[[str, Content], Iterator[str]]] = {
    PROXY_DEFAULTS: _proxy_defaults,
    MESH: _mesh,
    DEFAULTS: _defaults,
    EXPORTED: _exported,
    RESOLVER: resolvers.faults,
    SPLITTER: _splitter,
    ROUTER: _router,
    INTENTIONS: intentions.faults,
}
