# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a product keeps in a store of its own, saved as one piece and brought back."""

from __future__ import annotations

from typing import Protocol

from ..backup.snapshot import SnapshotContent
from ..objects.look import Look
from ..question import Question


class Backup(Protocol):
    """A snapshot of the product's store. It holds keys and tokens, so nobody writes it down as it is.

    `saved` gets one. `content` refuses one that is not whole, and says what it holds. `authority` is the CA that the product uses, as PEM, which a snapshot
    must hold to be of this mesh. `restoring` is the request that puts a snapshot in place of what the product keeps.
    """

    def saved(self, namespace: str) -> Look[bytes]: ...
    def content(self, cluster: str, snapshot: bytes) -> SnapshotContent: ...
    def authority(self, namespace: str) -> Look[bytes]: ...
    def restoring(self, namespace: str, snapshot: bytes) -> Look[Question]: ...
