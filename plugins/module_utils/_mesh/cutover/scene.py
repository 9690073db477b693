# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read of one cluster during a cutover: the state that is decided by, and the objects that are written."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..objects.shapes import Live
from .observed import ClusterState


@dataclass(frozen=True)
class Scene:
    """`live` holds the objects by kind; each Order of the state finds its object there."""

    state: ClusterState
    live: Live = field(repr=False)
