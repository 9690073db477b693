# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold of a service-resolver: its subsets, where it sends requests when a service fails, and how it balances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...._mesh.names import label_fault
from .entry import ANY, Content

_ONLY_FOR = {"ringHashConfig": ("ring_hash",), "leastRequestConfig": ("least_request",), "hashPolicies": ("ring_hash", "maglev")}


def faults(name: str, content: Content) -> Iterator[str]:
    subsets = content.get("subsets") or {}
    for subset in subsets:
        if wrong := label_fault("name", subset):
            yield f"subsets: {wrong}"
    if content.get("defaultSubset", "") and content["defaultSubset"] not in subsets:
        yield f"defaultSubset is {content['defaultSubset']}, {_nobody(subsets)}"
    if content.get("redirect") and content.get("failover"):
        yield "redirect and failover cannot both be given: a service that is redirected never fails over here"
    if "redirect" in content:
        yield from _redirect(name, content["redirect"], subsets)
    for subset, failover in (content.get("failover") or {}).items():
        place = f"failover[{subset}]"
        if subset not in (ANY, *subsets):
            yield f"{place} is for the subset {subset}, {_nobody(subsets)}; * stands for all"
        yield from _failover(name, failover, subsets, place)
    yield from _balancer(content.get("loadBalancer") or {})


def _nobody(subsets: Content) -> str:
    return f"but the entry defines {'the subsets ' + ', '.join(subsets) if subsets else 'no subsets'}"


def _own(name: str, target: Content, subsets: Content, place: str) -> Iterator[str]:
    """Yield a fault if a target is a subset of the service itself that the entry does not define."""
    subset = target.get("serviceSubset")
    if subset and target.get("service", name) == name and subset not in subsets and not target.get("peer"):
        yield f"{place}.serviceSubset is {subset}, {_nobody(subsets)}"


def _beside_peer(target: Content, place: str) -> Iterator[str]:
    strange = [part for part in ("serviceSubset", "partition", "datacenter") if target.get(part)]
    if target.get("peer") and strange:
        yield f"{place} has a peer and {' and '.join(strange)}; a peer decides by itself, so leave {'it' if len(strange) == 1 else 'them'} out"


def _redirect(name: str, redirect: Content, subsets: Content) -> Iterator[str]:
    if not redirect.get("service"):
        for part in ("serviceSubset", "namespace", "partition", "peer"):
            if redirect.get(part):
                yield f"redirect.{part} needs redirect.service"
    yield from _beside_peer(redirect, "redirect")
    yield from _own(name, redirect, subsets, "redirect")
    if redirect.get("service") == name and not set(redirect) - {"service"}:
        yield "redirect.service is the service itself, so nothing is redirected"


def _failover(name: str, failover: Mapping[str, Any], subsets: Content, place: str) -> Iterator[str]:
    if not any(failover.get(part) for part in ("service", "serviceSubset", "namespace", "targets", "datacenters", "samenessGroup")):
        yield f"{place} names nowhere to go: give targets, datacenters, service or serviceSubset"
    beside = [part for part in ("datacenters", "service", "serviceSubset") if failover.get(part)]
    if failover.get("targets") and beside:
        yield f"{place} has targets and {' and '.join(beside)}; put everything into targets"
    if "" in (failover.get("datacenters") or ()):
        yield f"{place}.datacenters has an empty name"
    yield from _own(name, failover, subsets, place)
    for number, target in enumerate(failover.get("targets") or ()):
        where = f"{place}.targets[{number}]"
        if not target:
            yield f"{where} is empty"
        if target.get("partition") and target.get("datacenter"):
            yield f"{where} has a partition and a datacenter; give one of them"
        yield from _beside_peer(target, where)
        yield from _own(name, target, subsets, where)


def _balancer(balancer: Content) -> Iterator[str]:
    policy = balancer.get("policy", "")
    for part, policies in _ONLY_FOR.items():
        if balancer.get(part) and policy not in policies:
            yield f"loadBalancer.{part} is only for the policy {' and '.join(policies)}, and loadBalancer.policy is {policy or 'not given'}"
    for number, hashed in enumerate(balancer.get("hashPolicies") or ()):
        place = f"loadBalancer.hashPolicies[{number}]"
        if hashed.get("sourceIP") and (hashed.get("field") or hashed.get("fieldValue")):
            yield f"{place} has sourceIP and a field; give one of them"
        if bool(hashed.get("field")) != bool(hashed.get("fieldValue")):
            yield f"{place} needs both field and fieldValue"
        cookie = hashed.get("cookieConfig") or {}
        if cookie and hashed.get("field") != "cookie":
            yield f"{place}.cookieConfig is only for the field cookie"
        if cookie.get("session") and cookie.get("ttl"):
            yield f"{place}.cookieConfig has session and ttl; a cookie of a session has no ttl"
