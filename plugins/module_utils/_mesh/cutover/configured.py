# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of a mesh that users label for one revision, and that a cutover lets another one read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LabelledObject:
    """An object of the mesh's configuration that only one revision reads. `copies` are the revisions that read a copy of it.

    `others` are those of them whose copy says something else: somebody changed only one of both.
    """

    name: str
    revision: str
    copies: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnlabelledObject:
    """An object of the mesh's configuration from which a cutover took the label of a `revision`, so that every revision reads it."""

    kind: str
    namespace: str
    name: str
    revision: str
