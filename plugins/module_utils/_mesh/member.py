# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The members of a mesh as the inventory describes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .connection import Connection
from .errors import Refused
from .names import domain_fault, label_fault, value_fault
from .spelling import TEXTS, misread

_LONGEST = 58  # the Service of a probe is named echo-<cluster>
ROLES = ("primary", "remote")


@dataclass(frozen=True)
class Member:
    """A cluster as part of one mesh. `primary` is set for a remote cluster and names the cluster whose control plane serves it."""

    name: str
    mesh: str = ""
    provider: str = ""
    network: str = ""
    role: str = "primary"
    primary: str = ""
    site: str = ""
    trust_domain: str = "cluster.local"
    api_server: str = ""
    api_ca: str = ""
    tls_server_name: str = ""
    cluster_uid: str = ""
    version: str = ""
    namespace: str = ""
    crds: str = "managed"
    misread: Mapping[str, str] = field(default_factory=dict)
    kube: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, name: str, variables: Mapping[str, Any]) -> Member:
        """Return a member with the values of a host's variables `mesh_*`. Unset variables keep their defaults."""
        known = {key: variables.get(variable) for key, variable in _VARIABLES.items()}
        given: dict[str, Any] = {key: value for key, value in known.items() if value not in (None, "")}
        if "kube" in given:
            given["kube"] = Connection.of(name, variables).options
        texts = {key: str(value) for key, value in given.items() if _VARIABLES[key] in TEXTS}
        return cls(name=name, misread=misread({_VARIABLES[key]: value for key, value in given.items()}), **{**given, **texts})

    @property
    def connection(self) -> Connection:
        return Connection(self.name, self.kube, self.cluster_uid)

    @property
    def serves(self) -> bool:
        """Whether a control plane of the mesh runs in this cluster."""
        return self.role == "primary"

    def faults(self) -> list[str]:
        """Return the faults of the names and the role, as half sentences. For a name that YAML misread, return only that fault."""
        checked = {
            "mesh_name": label_fault("mesh_name", self.mesh),
            "mesh_network": value_fault("mesh_network", self.network) if self.network else "mesh_network is not set; name the network that the pods are on",
            "mesh_trust_domain": domain_fault("mesh_trust_domain", self.trust_domain),
            "mesh_namespace": label_fault("mesh_namespace", self.namespace) if self.namespace else None,
            "mesh_role": None if self.role in ROLES else f"the mesh_role {self.role!r} is neither primary nor remote",
        }
        texts = [label_fault("cluster name", self.name, _LONGEST), *self.misread.values()]
        texts += [fault for variable, fault in checked.items() if variable not in self.misread]
        if self.role == "remote" and not self.primary:
            texts.append("mesh_role is remote but mesh_primary does not name the cluster that serves it")
        return [fault for fault in texts if fault]


_VARIABLES = {
    "mesh": "mesh_name",
    "provider": "mesh_provider",
    "network": "mesh_network",
    "role": "mesh_role",
    "primary": "mesh_primary",
    "site": "mesh_site",
    "trust_domain": "mesh_trust_domain",
    "api_server": "mesh_api_server",
    "api_ca": "mesh_api_ca",
    "tls_server_name": "mesh_tls_server_name",
    "cluster_uid": "mesh_cluster_uid",
    "version": "mesh_version",
    "namespace": "mesh_namespace",
    "crds": "mesh_crds",
    "kube": "mesh_kube",
}


def named(members: Iterable[Member], name: str) -> Member:
    """Return the member of that name. Raise Refused if there is none."""
    for member in members:
        if member.name == name:
            return member
    raise Refused(f"{name}: the inventory has no cluster of this name with a mesh_name and a mesh_kube.")


def of_mesh(members: Iterable[Member], mesh: str) -> list[Member]:
    """Return the members of one mesh, in the given order."""
    return [member for member in members if member.mesh == mesh]


def remotes_of(members: Iterable[Member], primary: Member) -> list[Member]:
    """Return the remote clusters that the control plane of `primary` serves."""
    return [m for m in of_mesh(members, primary.mesh) if m.role == "remote" and m.primary == primary.name]


def served_faults(members: Iterable[Member]) -> dict[str, list[str]]:
    """Find remote clusters whose primary does not exist or is itself a remote. Findings are half sentences by cluster."""
    everyone = list(members)
    by_cluster: dict[str, list[str]] = {}
    for member in everyone:
        if member.role != "remote" or not member.primary:
            continue
        peers = {m.name: m for m in of_mesh(everyone, member.mesh)}
        primary = peers.get(member.primary)
        if primary is None:
            by_cluster[member.name] = [f"mesh_primary names {member.primary}, which is not a cluster of the mesh {member.mesh}"]
        elif not primary.serves:
            by_cluster[member.name] = [f"mesh_primary names {member.primary}, which is itself a remote"]
    return by_cluster
