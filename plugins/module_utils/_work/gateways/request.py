# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the task `gateway_certificates` as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._mesh.objects.change import Ref
from ..._providers import provider
from ..lease.hold import LeaseShare
from ..trust.request import RootOptions

_PARTS = ("certificate", "private_key", "chain")


@dataclass(frozen=True)
class Given:
    """A Secret that the task names. `parts` are its new contents, each as text and as the path of a file; one of the two is empty."""

    secret: Ref
    parts: Mapping[str, tuple[str, str]] = field(repr=False)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Given:
        parts = {part: (entry[part] or "", entry[f"{part}_file"] or "") for part in _PARTS}
        return cls(Ref("v1", "Secret", entry["name"], entry["namespace"]), parts)

    @property
    def holds_any(self) -> bool:
        """Return whether the task gives a certificate or a key. A chain alone does not count."""
        return any(any(self.parts[part]) for part in ("certificate", "private_key"))


@dataclass(frozen=True)
class Request:
    """`certificates` are those for this cluster. If there is one, the run replaces nothing else. `key_types` are those that the mesh can use."""

    provider: str
    mesh: str
    trust_domain: str
    key_type: str
    key_types: tuple[str, ...]
    root: RootOptions
    certificates: tuple[Given, ...]
    issue_days: int
    min_age: float
    timeout: float
    lease: LeaseShare | None

    @classmethod
    def of(cls, params: Mapping[str, Any], cluster: str) -> Request:
        defaults = provider(params["provider"]).defaults
        return cls(
            provider=params["provider"],
            mesh=params["mesh"],
            trust_domain=params["trust_domain"],
            key_type=params["key_type"],
            key_types=tuple(defaults.key_types),
            root=RootOptions.of(params["root"], defaults.keys),
            certificates=tuple(Given.of(entry) for entry in params["certificates"] if entry["cluster"] in (None, "", cluster)),
            issue_days=params["issue_days"],
            min_age=params["min_age"],
            timeout=params["timeout"],
            lease=LeaseShare.of(params),
        )

    def names(self, ref: Ref) -> bool:
        return any(one.secret == ref for one in self.certificates)
