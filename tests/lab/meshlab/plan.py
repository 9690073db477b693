# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address plan: which addresses each cluster has. Everything lies in 198.18.0.0/15, the range for benchmarks.

    198.18.0.1            the machine itself, on the bridge
    198.18.0.(10+n)       the node of cluster n (1 to 15)
    198.18.n.0/24         load-balancer addresses of cluster n
    198.18.(16n).0/20     pods of cluster n
    198.19.(16n).0/20     services of cluster n
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .errors import LabError

RANGE = "198.18.0.0/15"
BRIDGE = "meshlab0"
BRIDGE_ADDRESS = "198.18.0.1"
NODE_PREFIX = 20
LARGEST = 15


@dataclass(frozen=True)
class Plan:
    """The addresses and the interface of cluster `index`."""

    name: str
    index: int

    @property
    def node(self) -> str:
        return f"198.18.0.{10 + self.index}"

    @property
    def server(self) -> str:
        return f"https://{self.node}:6443"

    @property
    def pool(self) -> str:
        return f"198.18.{self.index}.0/24"

    @property
    def pods(self) -> str:
        return f"198.18.{16 * self.index}.0/20"

    @property
    def services(self) -> str:
        return f"198.19.{16 * self.index}.0/20"

    @property
    def kubernetes_service(self) -> str:
        return f"198.19.{16 * self.index}.1"

    @property
    def dns_service(self) -> str:
        return f"198.19.{16 * self.index}.10"

    @property
    def link(self) -> str:
        """The machine's end of the cluster's cable; named by number, as interface names are at most 15 long."""
        return f"meshlab-{self.index}"

    @property
    def cgroup(self) -> str:
        return f"meshlab-{self.name}"


def check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z]([-a-z0-9]{0,28}[a-z0-9])?", name):
        raise LabError(f"`{name}` cannot name a cluster: use lower-case letters, digits and hyphens, a letter first, at most 30.")


def assign(names: Iterable[str], taken: Mapping[str, int]) -> list[Plan]:
    """A plan for each name: the number it already has, or the lowest free one."""
    numbers, plans = dict(taken), []
    for name in names:
        check_name(name)
        if name not in numbers:
            free = [n for n in range(1, LARGEST + 1) if n not in numbers.values()]
            if not free:
                raise LabError(f"The lab has room for {LARGEST} clusters and `{name}` is one too many: take some down with `make lab-down CLUSTERS=…`.")
            numbers[name] = free[0]
        plans.append(Plan(name, numbers[name]))
    return list(dict.fromkeys(plans))


def overlapping(routes: Iterable[Mapping[str, str]]) -> list[str]:
    """Those of the machine's routes (as `ip -j route` tells them) that collide with the lab's range."""
    ours = ipaddress.ip_network(RANGE)
    found = []
    for route in routes:
        destination, device = route.get("dst", ""), route.get("dev", "")
        refusal = destination == RANGE and route.get("type") == "unreachable"
        if destination in ("", "default", "0.0.0.0/0") or device == BRIDGE or refusal:
            continue
        if ipaddress.ip_network(destination, strict=False).overlaps(ours):
            found.append(f"{destination} on {device}")
    return found


def next_free(pool: str, used: Iterable[str]) -> str | None:
    """The lowest address of a pool that nobody has; None when the pool is exhausted."""
    taken = set(used)
    return next((str(host) for host in ipaddress.ip_network(pool).hosts() if str(host) not in taken), None)
