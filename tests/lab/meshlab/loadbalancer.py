# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives each Service of type LoadBalancer an address of its own from the cluster's pool.

kube-proxy does the rest, as the node answers for every address of the pool. Usage: python3 -m meshlab.loadbalancer SERVER PKI POOL
"""

from __future__ import annotations

import ipaddress
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .kubeapi import Api, ApiError
from .plan import next_free

SERVICES = "/api/v1/services"
Service = Mapping[str, Any]
Key = tuple[str, str]


def key(service: Service) -> Key:
    return service["metadata"]["namespace"], service["metadata"]["name"]


def wants_address(service: Service) -> bool:
    """Ours to serve: of the type, of no other controller's class, and not on its way out."""
    spec = service["spec"]
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass") and "deletionTimestamp" not in service["metadata"]


def addresses(service: Service) -> list[str]:
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return [entry["ip"] for entry in ingress if "ip" in entry]


def assignments(services: Mapping[Key, Service], pool: str) -> tuple[dict[Key, str | None], list[Key]]:
    """What to write: Service -> its new address, or None where an address is to be taken away. And who goes without."""
    inside = ipaddress.ip_network(pool)
    kept: dict[str, Key] = {}
    for name, service in sorted(services.items()):
        held = addresses(service)
        if wants_address(service) and held and ipaddress.ip_address(held[0]) in inside:
            kept.setdefault(held[0], name)
    writes: dict[Key, str | None] = {name: None for name, service in services.items()
                                     if addresses(service) and service["spec"].get("type") != "LoadBalancer"}
    taken, without = set(kept), []
    for name, service in sorted(services.items()):
        if not wants_address(service) or name in kept.values():
            continue
        asked = service["spec"].get("loadBalancerIP")
        free = asked if asked and asked not in taken and ipaddress.ip_address(asked) in inside else next_free(pool, taken)
        if free is None:
            without.append(name)
            continue
        taken.add(free)
        writes[name] = free
    return writes, without


class LoadBalancer:
    def __init__(self, api: Api, pool: str) -> None:
        self._api, self._pool = api, pool
        self._services: dict[Key, Service] = {}

    def follow(self) -> None:
        """Serve until the watch ends; the caller begins again."""
        listed = self._api.get(SERVICES)
        self._services = {key(service): service for service in listed["items"]}
        self._serve()
        for event in self._api.watch(SERVICES, listed["metadata"]["resourceVersion"]):
            if event["type"] == "ERROR":
                return
            if event["type"] == "DELETED":
                self._services.pop(key(event["object"]), None)
            elif event["type"] in ("ADDED", "MODIFIED"):
                self._services[key(event["object"])] = event["object"]
            self._serve()

    def _serve(self) -> None:
        writes, without = assignments(self._services, self._pool)
        for (namespace, name), address in writes.items():
            ingress = [{"ip": address}] if address else None
            try:
                self._services[namespace, name] = self._api.patch(f"/api/v1/namespaces/{namespace}/services/{name}/status",
                                                                  {"status": {"loadBalancer": {"ingress": ingress}}})
                print(f"{namespace}/{name}: {address or 'address taken back'}", flush=True)
            except ApiError as error:
                if error.status != 404:
                    raise
                self._services.pop((namespace, name), None)
        for namespace, name in without:
            print(f"{namespace}/{name}: no address left in {self._pool}", flush=True)


def main(server: str, pki: str, pool: str) -> None:
    balancer = LoadBalancer(Api(server, Path(pki)), pool)
    while True:
        try:
            balancer.follow()
        except (OSError, ValueError, ApiError) as error:
            print(f"begins again: {error}", flush=True)
            time.sleep(1)


if __name__ == "__main__":
    main(*sys.argv[1:4])
