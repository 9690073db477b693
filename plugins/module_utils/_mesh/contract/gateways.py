# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates gateways serve, and what else expires."""

from __future__ import annotations

from typing import Protocol

from ..gateways.certificates import Expires, Use
from ..objects.look import Look
from ..objects.shapes import Manifest, Object
from ..trust.certificate import Material


class Gateways(Protocol):
    """Which certificates gateways serve, where, and to whom; and what else expires beside what the CA issues.

    `uses` names the Secrets, `served` reads one, and `patch` gives it another certificate and leaves what else is there. `expiring` is for a report.
    """

    def uses(self) -> Look[list[Use]]: ...
    def served(self, secret: Object) -> Material: ...
    def patch(self, secret: Object, certificate: bytes, key: bytes) -> Manifest: ...
    def expiring(self, namespace: str) -> Look[Expires]: ...
    def permissions(self) -> list[dict[str, str]]: ...
