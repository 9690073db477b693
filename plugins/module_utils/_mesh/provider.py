# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mesh must be able to tell. A provider is a frozen table of its capabilities, each a module of pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .certificate import Material
from .change import Ref
from .control_plane import ControlPlane
from .errors import Refused
from .estate import Limits, Owned
from .federation import Credential
from .health import Health
from .probe import ProbeWish
from .question import Question, Read
from .release import Release

Manifest = dict[str, Any]
Live = Mapping[str, Sequence[Mapping[str, Any]]]  # objects by kind


class Requirements(Protocol):
    """What must hold in a cluster before this mesh is installed."""

    def limits(self, version: str) -> Limits: ...
    def permissions(self, namespace: str, platform: str = ...) -> list[dict[str, str]]: ...
    def owned(self, namespace: str) -> Owned: ...


class Installed(Protocol):
    """Something installed by charts and manifests: a control plane, or its gateways."""

    def releases(self, wish: ControlPlane) -> list[Release]: ...
    def manifests(self, wish: ControlPlane) -> list[Manifest]: ...
    def leftovers(self, wish: ControlPlane) -> list[Manifest]: ...


class Trust(Protocol):
    """Where the CA lies that the control plane signs with, and what it looks like."""

    def held(self, namespace: str) -> Ref: ...
    def self_signed(self, namespace: str) -> Ref: ...
    def sans(self, namespace: str) -> list[str]: ...
    def namespace(self, name: str, network: str | None = None) -> Manifest: ...
    def secrets(self, material: Material, namespace: str, mesh: str = "") -> list[Manifest]: ...
    def read(self, secret: Mapping[str, Any]) -> Material: ...


class Federation(Protocol):
    """How one cluster's control plane comes to discover another cluster."""

    def account(self, namespace: str) -> list[Manifest]: ...
    def credential(self, cluster: str, server: str, tls_server_name: str, token_secret: Mapping[str, Any] | None) -> Credential | None: ...
    def token_secret(self, namespace: str) -> tuple[str, str]: ...
    def link(self, credential: Credential, namespace: str) -> Manifest: ...
    def links(self, namespace: str) -> Read: ...
    def linked(self, secret: Mapping[str, Any]) -> str: ...
    def ours(self, secret: Mapping[str, Any]) -> bool: ...
    def roots(self, namespace: str) -> list[Ref]: ...
    def root_pem(self, objects: Sequence[Mapping[str, Any] | None]) -> str: ...


class Observation(Protocol):
    """What runs, as facts."""

    def reads(self, namespace: str) -> list[Read]: ...
    def config(self, namespace: str) -> list[Read]: ...
    def ours(self, manifest: Mapping[str, Any]) -> bool: ...
    def handed_out(self) -> list[Read]: ...
    def leftovers(self, namespace: str, revision: str, live: Live) -> list[Ref]: ...
    def questions(self, live: Live) -> list[Question]: ...
    def health(self, cluster: str, live: Live, answers: Mapping[Question, str | None]) -> Health: ...


class Probe(Protocol):
    """Workloads that ask each other across clusters."""

    def manifests(self, wish: ProbeWish) -> list[Manifest]: ...
    def pods(self, wish: ProbeWish) -> Read: ...
    def question(self, wish: ProbeWish, pod: str, target: str) -> Question: ...
    def fault(self, wish: ProbeWish, target: str, status: int, body: str) -> str | None: ...


@dataclass(frozen=True)
class Provider:
    """A mesh. A capability that it does not have is None."""

    name: str
    requirements: Requirements | None = None
    control_plane: Installed | None = None
    gateways: Installed | None = None
    trust: Trust | None = None
    federation: Federation | None = None
    observation: Observation | None = None
    probe: Probe | None = None

    def capability(self, name: str) -> Any:
        """One of the capabilities, or the sentence that this mesh has none."""
        found = getattr(self, name, None)
        if found is None:
            raise Refused(f"The provider {self.name} has no {name.replace('_', ' ')}.")
        return found
