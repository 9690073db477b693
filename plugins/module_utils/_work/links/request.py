# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the tasks `links` and `link_rotation` as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._kube.cluster import Cluster
from ..._kube.connect import Connector
from ..._mesh.connection import Connection
from ..._mesh.objects.change import Ref
from ..lease.hold import LeaseShare


def reached(other: Connection, connect: Connector, dry_run: bool) -> Cluster:
    """Return a connection to another cluster that has answered."""
    cluster = connect(other, dry_run=dry_run)
    cluster.get(Ref("v1", "Namespace", "kube-system"))
    return cluster


@dataclass(frozen=True)
class Address:
    """The address at which pods of other clusters reach an API server, from the inventory. A part is empty if the inventory leaves it out."""

    server: str = ""
    tls_server_name: str = ""
    ca: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Address:
        return cls(entry.get("server") or "", entry.get("tls_server_name") or "", entry.get("ca") or "")


@dataclass(frozen=True)
class LinkWish:
    """A wished link to a source. `unread` says why its connection could not be read."""

    source: Connection
    address: Address
    unread: str = ""
    required: bool = True

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> LinkWish:
        return cls(Connection.of_entry(entry), Address.of(entry), entry.get("unread") or "", bool(entry.get("required", True)))


@dataclass(frozen=True)
class LinksRequest:
    """All links of a cluster as a consumer. `members` are the clusters that may have links to it; what it gave others goes."""

    provider: str
    namespace: str
    links: tuple[LinkWish, ...]
    prune: bool
    force: bool
    token_timeout: float
    members: frozenset[str] = frozenset()

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> LinksRequest:
        links, given = tuple(map(LinkWish.of, params["links"])), params.get("consumers")
        members = frozenset(given if given is not None else (one.source.cluster for one in links))
        return cls(params["provider"], params["namespace"], links, bool(params["prune"]), bool(params.get("force")), params["token_timeout"], members)


@dataclass(frozen=True)
class RotationRequest:
    """The wish to replace the credential of a source at all of its consumers."""

    provider: str
    mesh: str
    namespace: str
    consumers: tuple[Connection, ...]
    address: Address
    adopt: bool
    min_age: float
    may_restart: bool
    timeout: float
    token_timeout: float
    lease: LeaseShare | None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> RotationRequest:
        return cls(
            provider=params["provider"],
            mesh=params["mesh"],
            namespace=params["namespace"],
            consumers=tuple(map(Connection.of_entry, params["consumers"])),
            address=Address.of(params),
            adopt=bool(params["adopt"]),
            min_age=params["min_age"],
            may_restart=bool(params["may_restart"]),
            timeout=params["timeout"],
            token_timeout=params["token_timeout"],
            lease=LeaseShare.of(params),
        )
