# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mesh needs of a cluster, what installs it, and where its charts and images come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ..install.claim import Claim
from ..install.helm_release import Release
from ..install.supply import Gone, Named
from ..install.versions import VersionLimits, Versions
from ..install.wish import ControlPlane
from ..objects.shapes import Live, Manifest
from ..preflight.estate import Owned
from ..question import Read


class Requirements(Protocol):
    """What must hold in a cluster before this mesh is installed."""

    def limits(self, version: str) -> VersionLimits: ...
    def known(self) -> Versions: ...
    def permissions(self, namespace: str, platform: str = ..., probe: str = ...) -> list[dict[str, str]]: ...
    def owned(self, namespace: str) -> Owned: ...
    def closed(self, labels: Mapping[str, str]) -> str: ...
    def platforms(self) -> Sequence[str]: ...
    def charts(self) -> Sequence[str]: ...


class Claims(Protocol):
    """What an installation will write, by name."""

    def claims(self, wish: ControlPlane, peers: Iterable[str] = ..., gateway: bool = ...) -> list[Claim]: ...


class Installed(Protocol):
    """Something installed by charts and manifests: a control plane, or its gateways."""

    def releases(self, wish: ControlPlane) -> list[Release]: ...
    def manifests(self, wish: ControlPlane) -> list[Manifest]: ...
    def leftovers(self, wish: ControlPlane) -> list[Manifest]: ...


class Supply(Protocol):
    """Where its charts and images come from, and what names a place that goes away."""

    def gone(self) -> list[Gone]: ...
    def chart(self, release: Release) -> str: ...
    def images(self, releases: Sequence[Release], version: str) -> list[tuple[str, str]]: ...
    def reads(self, namespace: str) -> list[Read]: ...
    def named(self, live: Live) -> list[Named]: ...
