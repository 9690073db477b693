# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an inventory may set of Consul in mesh_values, typed, so that a typing error never silently means a default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from ..._mesh.errors import Refused
from ..._mesh.install.wish import ControlPlane

VERSION = "1.22.3"  # of Consul, installed if the inventory names none
SERVICES = ("LoadBalancer", "NodePort", "HostPort")
T = TypeVar("T")


@dataclass(frozen=True)
class Servers:
    """`host_path` keeps the data on the nodes, for clusters without a StorageClass. Another `restart` restarts the servers, one after the other.

    `restart_without_primary` is the reason why servers of a secondary may restart although its primary does not answer.
    """

    replicas: int = 3
    storage: str = "10Gi"
    storage_class: str = ""
    host_path: str = ""
    restart: str = ""
    restart_without_primary: str = ""
    resources: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Agents:
    """Client agents on every node, which sidecars register with. Without them a cluster has servers and a gateway only."""

    enabled: bool = True
    host_path: str = "/var/lib/consul-client"
    resources: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MeshGateway:
    """`service` is the Service of the gateway: its type, and for a NodePort its port. HostPort makes none.

    A gateway whose type or port of the nodes changes moves. `secondaries_know` says that they were given its new address before.
    """

    replicas: int = 2
    service: Mapping[str, Any] = field(default_factory=dict)
    secondaries_know: bool = False
    resources: Mapping[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return str(self.service.get("type") or SERVICES[0])

    @property
    def node_port(self) -> int:
        """Return the port of the nodes that is wished; 0 if Kubernetes chooses one."""
        return int(self.service.get("node_port") or 0) if self.type == "NodePort" else 0


@dataclass(frozen=True)
class Connect:
    """Lifetimes as Consul writes them. After a rotation, the former root stays for twice the lifetime of a leaf.

    `primary_addresses` are more addresses of the primary's gateways, such as one to which they will move.
    `gives_up` is the name of a datacenter that joins a federation although its own tokens, intentions and entries go.
    """

    leaf_ttl: str = "72h"
    intermediate_ttl: str = "8760h"
    primary_addresses: Sequence[str] = ()
    gives_up: str = ""


@dataclass(frozen=True)
class Images:
    consul: str = ""
    envoy: str = ""


@dataclass(frozen=True)
class ChartVersion:
    """Which version of HashiCorp's chart is installed, where it is not the newest one known for the version of Consul."""

    version: str = ""


@dataclass(frozen=True)
class Entries:
    """The configuration entries, as a whole set. `adopt` names entries of others that may be overwritten, as in service-resolver/web.

    `elsewhere` are datacenters and peers that the inventory does not know.
    """

    through: str = "api"
    declared: Sequence[Any] = field(default_factory=list)
    adopt: Sequence[str] = ()
    elsewhere: Sequence[str] = ()


PARTS = {
    "servers": Servers,
    "agents": Agents,
    "gateway": MeshGateway,
    "connect": Connect,
    "images": Images,
    "chart": ChartVersion,
    "entries": Entries,
}


@dataclass(frozen=True)
class Settings:
    servers: Servers
    agents: Agents
    gateway: MeshGateway
    connect: Connect
    images: Images
    chart: ChartVersion
    entries: Entries

    @classmethod
    def of(cls, wish: ControlPlane) -> Settings:
        """Return the settings of a wish. Refuse unknown keys, wrong types and impossible numbers, all at once."""
        read: dict[str, tuple[Any, list[str]]] = {name: _read(name, kind, wish.values.get(name) or {}) for name, kind in PARTS.items()}
        faults = [fault for _part, found in read.values() for fault in found]
        made = cls(**{name: part for name, (part, _faults) in read.items()})
        faults += [] if faults else _impossible(made)
        if faults:
            raise Refused(f"{wish.cluster}: {'; '.join(faults)}. Correct mesh_values, mesh_site_values or mesh_cluster_values.")
        return made


def _read(name: str, kind: type[T], given: Mapping[str, Any]) -> tuple[T, list[str]]:
    known = {each.name: getattr(kind(), each.name) for each in fields(kind)}  # type: ignore[arg-type]
    faults = [f"mesh_values.{name} has the unknown key {key} (known keys are {', '.join(known)})" for key in given if key not in known]
    faults += [f"mesh_values.{name}.{key} is not {_words(known[key])}" for key, value in given.items() if key in known and not _fits(value, known[key])]
    return (kind(), faults) if faults else (kind(**given), [])


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, list):
        return isinstance(value, (list, tuple))
    if isinstance(default, tuple):
        return isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value)
    return isinstance(value, Mapping) if isinstance(default, Mapping) else isinstance(value, type(default))


def _words(default: Any) -> str:
    kinds = {bool: "true or false", int: "a number", str: "a text", tuple: "a list of texts", list: "a list"}
    return next((words for kind, words in kinds.items() if isinstance(default, kind)), "a dictionary")


def _impossible(made: Settings) -> list[str]:
    servers, gateway = made.servers.replicas, made.gateway
    faults = []
    if servers not in (1, 3, 5, 7):
        faults.append(f"mesh_values.servers.replicas is {servers}, but a Raft quorum takes 1, 3, 5 or 7 servers")
    if gateway.type not in SERVICES:
        faults.append(f"mesh_values.gateway.service.type is {gateway.type}, but it must be {', '.join(SERVICES[:-1])} or {SERVICES[-1]}")
    if strange := sorted(set(gateway.service) - {"type", "node_port", "annotations"}):
        faults.append(f"mesh_values.gateway.service has the unknown keys {', '.join(strange)} (known keys are annotations, node_port, type)")
    if not isinstance(gateway.service.get("node_port", 0), int):
        faults.append("mesh_values.gateway.service.node_port is not a number")
    if gateway.replicas < 1:
        faults.append(f"mesh_values.gateway.replicas is {gateway.replicas}, so nothing would cross between the datacenters")
    return faults
