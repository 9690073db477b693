# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds of a mesh where the inventory says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """A mesh without a `revision` has no revisions at all, and so no `tags`.

    `key_types` are the kinds of key that its CAs may have, `key_type` the one that is made. `shares_root` says that all clusters of a mesh
    trust one root. `gateways` says that networks are joined by a gateway of the mesh's own.
    """

    namespace: str
    revision: str = ""
    tags: Sequence[str] = ()
    key_type: str = "P-256"
    key_types: Sequence[str] = ("P-256",)
    shares_root: bool = True
    gateways: bool = True

    @property
    def has_revisions(self) -> bool:
        return bool(self.revision)
