# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the agents of datacenters that gossip: each has a keyring, some are down, some are slow. It was written from Consul's documentation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.store import Asked

_ALIVE, _LEFT = 1, 3


@dataclass
class Agent:
    """An agent with its keyring in a pool. `status` is that of its membership; a `slow` one does what it is told only when it is `woken`."""

    keys: set[str]
    primary: str
    status: int = _ALIVE
    slow: bool = False
    waiting: list[tuple[str, str]] = field(default_factory=list)

    @property
    def up(self) -> bool:
        return self.status == _ALIVE

    def told(self, method: str, key: str) -> None:
        if self.slow:
            self.waiting.append((method, key))
        elif self.up:
            self._do(method, key)

    def wake(self) -> None:
        self.slow = False
        while self.waiting:
            self._do(*self.waiting.pop(0))

    def _do(self, method: str, key: str) -> None:
        if method == "POST":
            self.keys.add(key)
        elif method == "PUT" and key in self.keys:
            self.primary = key
        elif method == "DELETE":
            assert key != self.primary, "Consul refuses to remove the key in use"
            self.keys.discard(key)


@dataclass
class Agents:
    """All pools of a federation, or of a single datacenter: `pools` by datacenter, and "" for the WAN pool. `expected` is the token that is asked for."""

    pools: dict[str, dict[str, Agent]]
    expected: Mapping[str, str]
    orders: list[str] = field(default_factory=list)
    quiet: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, key: str, expected: Mapping[str, str], clients: int = 2) -> Agents:
        """Three servers and some clients in each datacenter. A server has a keyring in each of its two pools."""
        servers = {name: [f"consul-server-{number}" for number in range(3)] for name in expected}
        pools = {name: {node: Agent({key}, key) for node in [*servers[name], *(f"node-{one}" for one in range(clients))]} for name in expected}
        pools[""] = {f"{node}.{name}": Agent({key}, key) for name, nodes in servers.items() for node in nodes}
        return cls(pools, expected)

    @property
    def everyone(self) -> list[Agent]:
        """Return all agents but those that left."""
        return [agent for pool in self.pools.values() for agent in pool.values() if agent.status != _LEFT]

    def answer(self, datacenter: str, asked: Asked) -> str | None:
        """Return what a server of a datacenter answers; None for a refusal."""
        if dict(asked.headers).get("X-Consul-Token") != self.expected[datacenter]:
            return None
        if asked.path.startswith("/v1/agent/members"):
            return json.dumps(list(self._members("" if "wan=1" in asked.path else datacenter)))
        assert asked.path == "/v1/operator/keyring"
        if asked.method == "GET":
            return json.dumps([self._pool(name) for name in self.pools if name not in self.quiet])
        return self._ordered(asked.method, json.loads(asked.body or b"")["Key"])

    def _ordered(self, method: str, key: str) -> str | None:
        reached = [agent for agent in self.everyone if agent.up]
        if method == "PUT" and not all(key in agent.keys for agent in reached):
            return None
        self.orders.append(method)
        for agent in self.everyone:
            agent.told(method, key)
        return "" if len(reached) == len(self.everyone) else None

    def _members(self, name: str) -> Iterator[dict[str, Any]]:
        for node, agent in self.pools[name].items():
            yield {"Name": node, "Status": agent.status, "Tags": {"dc": name or node.rpartition(".")[2]}}

    def _pool(self, name: str) -> dict[str, Any]:
        """Return what the nodes of a pool answer. Those that failed are not counted."""
        alive = [agent for agent in self.pools[name].values() if agent.up]
        return {
            "WAN": not name, "Datacenter": name or next(iter(self.expected)), "Segment": "", "NumNodes": len(alive),
            "Keys": _counted([key for agent in alive for key in agent.keys]), "PrimaryKeys": _counted([agent.primary for agent in alive]),
        }  # fmt: skip


def _counted(keys: Sequence[str]) -> dict[str, int]:
    return {key: keys.count(key) for key in dict.fromkeys(keys)}
