# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task says of a mesh's CAs: the options that the modules ca, ca_info, rotation and rotation_target share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..._mesh.connection import Connection
from ..._mesh.errors import Refused
from ..._mesh.objects.change import Ref
from ..._mesh.trust import root_secret
from ..._mesh.trust.issuing import key_type_fault, wish_faults
from ..._mesh.trust.keys import ALL, UsableKeys
from ..._providers import provider

_PARTS = ("certificate", "private_key", "chain")


@dataclass(frozen=True)
class RootOptions:
    """Where the mesh's root is, and which keys its certificates may have. `trust_cluster` is None if that is the task's own cluster.

    `parts` are the certificate, its key and its chain: each as text, or as the path of a file under a name that ends with `_file`.
    """

    source: str
    trust_cluster: Connection | None
    namespace: str
    name: str
    parts: Mapping[str, str] = field(repr=False)
    command: tuple[str, ...] = ()
    timeout: int = 60
    vault: Mapping[str, Any] | None = field(default=None, repr=False)
    keys: UsableKeys = ALL

    @classmethod
    def of(cls, option: Mapping[str, Any], keys: UsableKeys = ALL) -> RootOptions:
        kube = option.get("kube")
        names = [name for part in _PARTS for name in (part, f"{part}_file")]
        return cls(
            source=option["source"],
            trust_cluster=Connection.of_task(kube, peer=True) if kube else None,
            namespace=option.get("namespace") or "",
            name=option.get("name") or "",
            parts={name: option[name] for name in names if option.get(name)},
            command=tuple(option.get("command") or ()),
            timeout=option.get("timeout", 60),
            vault=option.get("vault"),
            keys=keys,
        )

    @property
    def generated(self) -> bool:
        return self.source == "generated"

    @property
    def ref(self) -> Ref:
        return Ref("v1", "Secret", self.name, self.namespace)

    def upcoming(self) -> RootOptions:
        """Return where the root lies that a rotation goes to."""
        return replace(self, name=self.name + root_secret.UPCOMING)


@dataclass(frozen=True)
class AuthorityRequest:
    """The mesh, its root, and what new certificates are like. `key_types` are those that the mesh can use, and `path_length` is that of its CAs."""

    provider: str
    mesh: str
    trust_domain: str
    namespace: str
    network: str | None
    key_type: str
    key_types: tuple[str, ...]
    intermediate_days: int
    root_days: int
    root: RootOptions
    path_length: int = 0

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> AuthorityRequest:
        defaults = provider(params.get("provider") or "").defaults
        return cls(
            provider=params.get("provider") or "",
            mesh=params["mesh"],
            trust_domain=params["trust_domain"],
            namespace=params.get("namespace") or defaults.namespace,
            network=params.get("network"),
            key_type=params.get("key_type") or defaults.key_type,
            key_types=tuple(defaults.key_types),
            intermediate_days=params.get("intermediate_days") or 0,
            root_days=params.get("root_days") or 0,
            root=RootOptions.of(params["root"], defaults.keys),
            path_length=defaults.path_length,
        )

    def require_key_type(self, cluster: str) -> None:
        """Refuse a key type that the mesh cannot use."""
        fault = key_type_fault(self.key_type, self.key_types)
        if fault:
            raise Refused(f"{cluster}: {fault}.")

    def faults(self) -> list[str]:
        """Return what is wrong with the names, the key type and the lifetimes, as half sentences."""
        days = {"intermediate_days": self.intermediate_days, "root_days": self.root_days}
        return wish_faults(self.mesh, self.trust_domain, self.namespace, self.key_type, self.key_types, days)
