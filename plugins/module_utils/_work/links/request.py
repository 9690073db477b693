# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks `links` and `link_rotation` ask for, as their options say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.objects.change import Ref

Connector = Callable[..., Cluster]


@dataclass(frozen=True)
class Named:
    """Another cluster, and how it is reached."""

    name: str
    kube: Mapping[str, Any] = field(repr=False)
    cluster_uid: str | None = None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Named:
        return cls(entry["name"], entry["kube"], entry["cluster_uid"])

    def reached(self, connect: Connector, dry_run: bool) -> Cluster:
        """Connected to, and seen to answer."""
        cluster = connect({**self.kube, "cluster": self.name, "cluster_uid": self.cluster_uid}, dry_run=dry_run)
        cluster.get(Ref("v1", "Namespace", "kube-system"))
        return cluster


@dataclass(frozen=True)
class Address:
    """Where pods of other clusters find an API server, as the inventory says it; empty where it says nothing."""

    server: str = ""
    tls_server_name: str = ""
    ca: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Address:
        return cls(entry.get("server") or "", entry.get("tls_server_name") or "", entry.get("ca") or "")


@dataclass(frozen=True)
class Wish:
    """A link to a source. `unread` is why its connection could not be read."""

    source: Named
    address: Address
    unread: str = ""
    required: bool = True

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Wish:
        return cls(Named.of(entry), Address.of(entry), entry.get("unread") or "", bool(entry.get("required", True)))


@dataclass(frozen=True)
class LinksRequest:
    """All links of a consumer."""

    provider: str
    namespace: str
    links: tuple[Wish, ...]
    prune: bool
    force: bool
    token_timeout: float

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> LinksRequest:
        links = tuple(map(Wish.of, params["links"]))
        return cls(params["provider"], params["namespace"], links, bool(params["prune"]), bool(params.get("force")), params["token_timeout"])


@dataclass(frozen=True)
class RotationRequest:
    """The credential of a source replaced at all of its consumers."""

    provider: str
    mesh: str
    namespace: str
    consumers: tuple[Named, ...]
    address: Address
    adopt: bool
    min_age: float
    may_restart: bool
    timeout: float
    token_timeout: float

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> RotationRequest:
        return cls(
            provider=params["provider"],
            mesh=params["mesh"],
            namespace=params["namespace"],
            consumers=tuple(map(Named.of, params["consumers"])),
            address=Address.of(params),
            adopt=bool(params["adopt"]),
            min_age=params["min_age"],
            may_restart=bool(params["may_restart"]),
            timeout=params["timeout"],
            token_timeout=params["token_timeout"],
        )
