# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates gateways serve, and what else expires."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..gateways.certificates import Use
from ..objects.change import Ref
from ..objects.shapes import Live, Manifest
from ..question import Read
from ..trust.certificate import Material


class Serving(Protocol):
    """Which certificates gateways serve, where, and to whom."""

    def reads(self) -> list[Read]: ...
    def uses(self, live: Live) -> list[Use]: ...
    def served(self, secret: Mapping[str, Any]) -> Material: ...
    def patch(self, secret: Mapping[str, Any], certificate: bytes, key: bytes) -> Manifest: ...
    def permissions(self) -> list[dict[str, str]]: ...


class Certificates(Protocol):
    """What else expires beside what the CA issues."""

    def reads(self, namespace: str) -> list[Read]: ...
    def served(self, live: Live) -> list[Ref]: ...
    def certificate(self, secret: Mapping[str, Any]) -> bytes: ...
    def authorities(self, live: Live) -> list[tuple[str, bytes]]: ...
    def tokens(self, live: Live) -> list[tuple[str, str, str]]: ...
    def permissions(self, namespace: str) -> list[dict[str, str]]: ...
