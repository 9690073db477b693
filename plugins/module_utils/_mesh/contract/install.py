# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mesh needs of a cluster, what installs it, stage by stage, and the way back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ..install.claim import Claim
from ..install.mirror import Needed
from ..install.stage import Stage
from ..install.supply import RetiredReference
from ..install.wish import ControlPlane
from ..objects.change import Ref
from ..objects.look import Look
from ..preflight.requirements import Requirements


class Install(Protocol):
    """How a mesh comes into a cluster, and out of it."""

    def requirements(self) -> Requirements: ...
    def permissions(self, namespace: str, platform: str = ..., probe: str = ..., source: str = ...) -> list[dict[str, str]]: ...
    def claims(self, wish: ControlPlane, peers: Iterable[str] = ..., gateway: bool = ...) -> list[Claim]: ...
    def stages(self, wish: ControlPlane) -> list[Stage]: ...
    def teardown(self, wish: ControlPlane) -> list[Stage]: ...
    def leftovers(self, namespace: str, revision: str) -> Look[list[Ref]]: ...
    def supplies(self, wish: ControlPlane) -> list[Needed]: ...
    def retired(self, namespace: str) -> Look[list[RetiredReference]]: ...
