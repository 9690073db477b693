# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the CA lies that the control plane signs with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..objects.change import Ref
from ..objects.shapes import Live, Manifest
from ..question import Read
from ..trust.certificate import Material


class Trust(Protocol):
    """Where the CA lies that the control plane signs with, and what it looks like."""

    def held(self, namespace: str) -> Ref: ...
    def self_signed(self, namespace: str) -> Ref: ...
    def sans(self, namespace: str) -> list[str]: ...
    def control_planes(self, namespace: str) -> list[Read]: ...
    def instead(self, live: Live) -> str: ...
    def namespace(self, name: str, network: str | None = None) -> Manifest: ...
    def secrets(self, material: Material, namespace: str, mesh: str = "") -> list[Manifest]: ...
    def read(self, secret: Mapping[str, Any]) -> Material: ...
