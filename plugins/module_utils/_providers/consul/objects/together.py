# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Consul asks of entries together: protocols, and the subsets and services that one entry names and another defines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .entry import Content, Key, State, shown
from .kinds import DEFAULTS, EXPORTED, HTTP_LIKE, INTENTIONS, MESH, PROXY_DEFAULTS, RESOLVER, ROUTER, SPLITTER

_TCP = "tcp"
Place = tuple[str, Content]


def protocol(state: State, service: str) -> str:
    """Return the protocol that entries give a service; empty if none says it."""
    own = (state.get((DEFAULTS, service)) or {}).get("protocol")
    shared = ((state.get((PROXY_DEFAULTS, "global")) or {}).get("config") or {}).get("protocol")
    return str(own or shared or "")


def faults(state: State, whole: bool) -> list[str]:
    """Return what is wrong with the entries together, as half sentences. If they are not the `whole` of what Consul keeps, what is missing may be there."""
    return [f"the entry {shown(key)}: {fault}" for key in state for fault in _of(key, state, whole)]


def _of(key: Key, state: State, whole: bool) -> Iterator[str]:
    kind, name = key
    content = state[key]
    if kind in (SPLITTER, ROUTER) or (kind == INTENTIONS and any(source.get("permissions") for source in content["sources"])):
        spoken = protocol(state, name) or (_TCP if whole else "")
        if spoken and spoken not in HTTP_LIKE:
            needed = "sources.permissions tell requests apart" if kind == INTENTIONS else f"a {kind} tells requests apart"
            yield f"{needed}, but the protocol of {name} is {spoken}; set protocol in {DEFAULTS}/{name} to {', '.join(HTTP_LIKE[:-1])} or {HTTP_LIKE[-1]}"
    allowed = (state.get((MESH, "mesh")) or {}).get("allowEnablingPermissiveMutualTLS")
    if content.get("mutualTLSMode") == "permissive" and not allowed and (whole or (MESH, "mesh") in state):
        yield "mutualTLSMode is permissive, which Consul takes only if allowEnablingPermissiveMutualTLS is true in mesh/mesh"
    if kind == RESOLVER and (state.get((DEFAULTS, name)) or {}).get("externalSNI"):
        yield from (f"{part} cannot be given, because {DEFAULTS}/{name} has externalSNI" for part in ("subsets", "redirect", "failover") if content.get(part))
    if kind == EXPORTED:
        yield from _exported(content, state)
    for place, target in _targets(kind, content):
        yield from _target(name, place, target, state, whole)


def _targets(kind: str, content: Content) -> Iterator[Place]:
    """Yield each place where an entry names a service of the same datacenter's configuration."""
    if kind == SPLITTER:
        yield from ((f"splits[{number}]", split) for number, split in enumerate(content.get("splits") or ()))
    elif kind == ROUTER:
        routes = enumerate(content.get("routes") or ())
        yield from ((f"routes[{number}].destination", route["destination"]) for number, route in routes if route.get("destination"))
    elif kind == RESOLVER:
        if content.get("redirect"):
            yield "redirect", content["redirect"]
        for subset, failover in (content.get("failover") or {}).items():
            yield f"failover[{subset}]", failover
            yield from ((f"failover[{subset}].targets[{number}]", target) for number, target in enumerate(failover.get("targets") or ()))


def _target(name: str, place: str, target: Mapping[str, Any], state: State, whole: bool) -> Iterator[str]:
    service, subset = str(target.get("service") or name), target.get("serviceSubset")
    if target.get("peer"):
        return
    resolver = state.get((RESOLVER, service))
    if subset and (resolver is not None or whole) and subset not in ((resolver or {}).get("subsets") or {}):
        yield f"{place}.serviceSubset is {subset}, but no {RESOLVER}/{service} defines this subset"
    mine, other = (protocol(state, each) or (_TCP if whole else "") for each in (name, service))
    if mine and other and mine != other:
        yield f"{place}.service is {service}, whose protocol is {other}, but the protocol of {name} is {mine}; Consul sends requests on only between equals"


def _exported(content: Content, state: State) -> Iterator[str]:
    """Yield a fault for each service that is exported to peers and leads to another datacenter, by whatever entries, which Consul refuses."""
    for service in content.get("services") or ():
        if not any(consumer.get("peer") for consumer in service.get("consumers") or ()):
            continue
        for other in sorted(_reached(str(service["name"]), state)):
            if any(way == "datacenter" for _place, way, _name in destinations(state.get((RESOLVER, other)) or {})):
                why = f"{RESOLVER}/{other} leads to another datacenter, and Consul exports no such service"
                yield f"services[{service['name']}] has a peer as a consumer, but {why}; use targets with a peer there"


def _reached(service: str, state: State) -> set[str]:
    """Return the services to which the entries of a service may lead, itself among them."""
    reached, new = {service}, [service]
    while new:
        name = new.pop()
        targets = [target for kind in (ROUTER, SPLITTER, RESOLVER) for _place, target in _targets(kind, state.get((kind, name)) or {})]
        more = {str(target.get("service") or name) for target in targets if not target.get("peer")} - reached
        reached |= more
        new += more
    return reached


def destinations(content: Content) -> Iterator[tuple[str, str, str]]:
    """Yield where a resolver leaves its datacenter: the place in it, `datacenter` or `peer`, and the name."""
    for place, target in _targets(RESOLVER, content):
        yield from ((f"{place}.{way}", way, str(target[way])) for way in ("datacenter", "peer") if target.get(way))
        yield from ((f"{place}.datacenters", "datacenter", str(name)) for name in target.get("datacenters") or ())
